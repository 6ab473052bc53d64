import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { allowInProcessManager, protectedByAuthSec, type AuthSecAppOptions } from '../../src/index.js'
import { freePort } from '../support/database-gate.js'
import { listenInProcess, type TestServer } from '../support/listening-app.js'
import { listenForHits, type TestListener } from '../support/test-listener.js'
import { TrustingSite } from '../support/trusting-site.js'

const tools = [protectedByAuthSec('hello', {}, () => 'hello')]
const options: AuthSecAppOptions = { tools, clientId: 'ledger', login: 'oauth', tenants: 'any' }

let site: TrustingSite
let servers: Readonly<Record<'development' | 'production', TestServer>>
let stranger: TestListener

beforeAll(async () => {
  site = await TrustingSite.create()
  const port = await freePort()
  const address = { PORT: String(port), AUTHSEC_PUBLIC_URL: `http://127.0.0.1:${port}` }
  servers = {
    development: await listenInProcess(options),
    production: await listenInProcess(
      { ...options, [allowInProcessManager]: true },
      { ...site.env, ...address, NODE_ENV: 'production' },
    ),
  }
  stranger = await listenForHits()
}, 60_000)

afterAll(async () => {
  await stranger.close()
  for (const server of Object.values(servers)) await server.close()
  await site.close()
})

/** How often somebody on this computer was called on behalf of a client whose document is said to be there. */
async function callsMadeBy(mode: 'development' | 'production'): Promise<number> {
  const before = stranger.hits()
  const query = new URLSearchParams({
    ...{
      client_id: `https://127.0.0.1:${stranger.port}/${mode}.json`,
      redirect_uri: 'https://client.example/callback',
    },
    ...{ response_type: 'code', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' },
  })
  const answer = await fetch(new URL(`/oauth/authorize?${query.toString()}`, servers[mode].url))
  expect(answer.status).toBe(400)
  expect(await answer.text()).toContain('the client_id metadata document cannot be fetched')
  return stranger.hits() - before
}

describe('a server', () => {
  it('looks for the document of a client on this computer in development, and not in production', async () => {
    expect(await callsMadeBy('development')).toBe(1)
    expect(await callsMadeBy('production')).toBe(0)
  })
})
