import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { allowInProcessManager, allowPastedTokens, type IssuerOptions } from '../../../src/index.js'
import type { TestServer } from '../../support/listening-app.js'
import { postMcp } from '../../support/mcp-post.js'
import { mintTokens } from '../../support/mint-tokens.js'
import { OutsideIssuer } from '../../support/outside-issuer.js'
import { TrustingSite } from '../../support/trusting-site.js'

const email = 'ada@acme.example'

let site: TrustingSite
let issuer: OutsideIssuer
let server: TestServer

beforeAll(async () => {
  site = await TrustingSite.create()
  issuer = await OutsideIssuer.start()
  await site.database.postgres.accounts.create(site.acme, { email, grants: grantsOf({}) })
  const trust: IssuerOptions = {
    issuer: issuer.issuer,
    audience: 'resource',
    tenant: { slug: 'acme' },
    network: 'private',
  }
  server = await site.start([trust], { login: 'both', [allowInProcessManager]: true, [allowPastedTokens]: true })
}, 60_000)
afterAll(async () => {
  await site?.close()
  await issuer?.close()
})

const ownToken = async (audience: string): Promise<string> => {
  const { postgres } = site.database
  const minting = { audience, tenant: 'acme', emails: [email], methods: ['pwd'] }
  return (await mintTokens({ postgres, keyring: postgres.keys }, minting)).get(email) ?? ''
}
const oauthUrl = () => server.oauthUrl ?? ''
const statusOf = async (token: string) => (await postMcp(oauthUrl(), token, 'tools/list')).status

/** What the five tools say to a token that is pasted. */
async function paste(token: string): Promise<string> {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(server.url)))
  await client.callTool({ name: 'oauth_start', arguments: {} })
  const answer = await client.callTool({ name: 'oauth_authenticate', arguments: { jwt_token: token } })
  await client.close()
  return JSON.stringify(answer)
}

describe('a server that is its own authorization server beside issuers of others', () => {
  it('tells clients of all of them, its own last', async () => {
    const metadata = await fetch(new URL('/.well-known/oauth-protected-resource/mcp/oauth', server.url))
    const own = `${new URL(server.url).origin}/oauth`
    const described: unknown = await metadata.json()
    expect(described).toMatchObject({ authorization_servers: [issuer.issuer, own] })
    // What clients ask for has to be known to whichever they choose.
    expect(described).not.toHaveProperty('scopes_supported')
  })

  it('takes the tokens of each from bearers', async () => {
    // The SDK answers a request outside a session with 400, and an unknown token with 401 before that.
    expect(await statusOf(await ownToken(oauthUrl()))).toBe(400)
    expect(await statusOf(await issuer.token({ audience: oauthUrl(), subject: 'ada' }))).toBe(400)
    expect(await statusOf(await issuer.token({ audience: 'https://elsewhere.example', subject: 'ada' }))).toBe(401)
  })

  it('signs nobody in to the five tools with a token of another issuer', async () => {
    expect(await paste(await ownToken(server.url))).toContain(email)
    const refused = await paste(await issuer.token({ audience: server.url, subject: 'ada' }))
    expect(refused).toContain('"isError":true')
  })

  it('is not taken for one of the others', async () => {
    const own = `${new URL(server.url).origin}/oauth`
    const { trustedIssuers } = site.database.postgres
    const options = { issuer: own, audience: 'resource', tenant: { slug: 'acme' }, network: 'private' }
    await trustedIssuers.apply({ presence: 'new', options }, 'cli:test')
    expect(await statusOf(await ownToken(oauthUrl()))).toBe(400)
    await trustedIssuers.apply({ presence: 'absent', issuer: own }, 'cli:test')
  })
})
