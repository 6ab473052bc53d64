import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { protectedByAuthSec } from '../../src/index.js'
import { BrowserJar } from '../support/browser-jar.js'
import { runAuthorization, type RunResult } from '../support/conformance/run-authorization.js'
import { freePort } from '../support/database-gate.js'
import { listenInProcess, type TestServer } from '../support/listening-app.js'

let server: TestServer
let origin: string
let port: number
let clientId: string

beforeAll(async () => {
  server = await listenInProcess({ tools: [protectedByAuthSec('look', {}, () => 'seen')], clientId: 'suite' })
  origin = new URL(server.url).origin
  port = await freePort()
  const registered = await fetch(`${origin}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Suite', redirect_uris: [`http://127.0.0.1:${port}/callback`] }),
  })
  clientId = String(((await registered.json()) as Record<string, unknown>)['client_id'])
}, 60_000)

afterAll(() => server.close())

/** The user of the development server, with the password that it has written down. */
async function visit(url: URL, action: 'allow' | 'deny'): Promise<URL | undefined> {
  const [account] = JSON.parse(await readFile(join(server.home, 'accounts.json'), 'utf8')) as Record<string, string>[]
  const jar = new BrowserJar()
  const fields = { email: account?.['email'], password: account?.['password'] }
  const consent = await jar.press(await jar.open(url), 'sign-in', { fields })
  return (await jar.press(consent, action)).left
}

function run(action: 'allow' | 'deny'): Promise<RunResult> {
  const [issuer, resource] = [`${origin}/oauth`, `${origin}/mcp/oauth`]
  return runAuthorization({ issuer, resource, clientId, port, visit: (url) => visit(url, action) })
}

describe('@modelcontextprotocol/conformance, authorization, with a public client', () => {
  it('passes, with every check of every scenario', async () => {
    const { code, output, scenarios } = await run('allow')
    expect({ code, scenarios, output: code === 0 ? '' : output }).toEqual({
      code: 0,
      scenarios: { 'authorization-server-metadata-endpoint': [2, 0], 'authorization-code-grant': [1, 0] },
      output: '',
    })
  }, 60_000)

  it('fails where the user denies it, so that a pass says something', async () => {
    const { code, scenarios } = await run('deny')
    expect(code).not.toBe(0)
    expect(scenarios).toMatchObject({ 'authorization-code-grant': [0, 1] })
  }, 60_000)
})
