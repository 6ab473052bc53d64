import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { HeadlessClient } from '../../support/headless-client.js'
import { IssuerHarness } from '../../support/issuer-harness.js'
import type { TestServer } from '../../support/listening-app.js'
import { oauthClients, type OAuthClient } from '../../support/oauth-clients.js'
import { TokenForge } from '../../support/token-forge.js'
import { TrustingSite } from '../../support/trusting-site.js'

let site: TrustingSite
let issuer: IssuerHarness
let server: TestServer
let ada: string
const open: OAuthClient[] = []

/** An authorization server elsewhere that lets clients register, and a server that trusts nobody else. */
beforeAll(async () => {
  site = await TrustingSite.create()
  issuer = await IssuerHarness.start()
  ada = (await issuer.addAccount(issuer.acme, 'ada@acme.example', ['read'])).id
  await site.name(site.acme, issuer.issuer, 'acme')
  server = await site.start([
    { issuer: issuer.issuer, audience: 'resource', tenant: { claim: 'tenant_id' }, network: 'private' },
  ])
  const origin = new URL(server.url).origin
  const resources = ['/mcp', '/mcp/oauth'].map((path) => ({
    resource: origin + path,
    name: 'Ledger',
    scopes: ['read'],
  }))
  Object.assign(issuer.options, { resources })
  await issuer.restart()
}, 60_000)

afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
})

afterAll(async () => {
  await site?.close()
  await issuer?.close()
})

const user = (): HeadlessClient => new HeadlessClient((jar, url) => issuer.signIn(jar, url, 'ada@acme.example'))

describe('the scopes that clients are told to ask for', () => {
  it('are those that the tools name: none that only an authorization server of our own knows', async () => {
    const place = new URL('/.well-known/oauth-protected-resource/mcp/oauth', server.url)
    expect(await (await fetch(place)).json()).not.toHaveProperty('scopes_supported')
    const { headers, status } = await fetch(server.url, { method: 'POST' })
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).not.toContain('scope=')
  })
})

describe.each(oauthClients)('%s, and a server that trusts an issuer elsewhere', (_name, connect) => {
  async function connected(provider: HeadlessClient): Promise<OAuthClient> {
    const client = await connect(new URL(server.oauthUrl ?? ''), provider)
    open.push(client)
    return client
  }

  it('finds the issuer by itself, registers and signs in there, and calls', async () => {
    const provider = user()
    const client = await connected(provider)
    expect(provider.asked[0]?.origin).toBe(issuer.origin)
    expect(provider.asked[0]?.searchParams.get('resource')).toBe(server.oauthUrl)
    expect(await client.call('who_am_i')).toBe(`${ada} of acme`)
  })

  it('refreshes there by itself when its token has ended', async () => {
    const provider = user()
    const client = await connected(provider)
    const before = provider.saved
    if (before === undefined) throw new TypeError('no tokens')
    const [key] = await issuer.keys.list()
    if (key === undefined) throw new TypeError('no key')
    const forge = new TokenForge({ issuer: issuer.issuer, resource: server.oauthUrl ?? '', key, now: () => 1_000 })
    provider.saved = { ...before, access_token: forge.sign({ claims: { sub: ada } }) }
    expect(await client.call('who_am_i')).toBe(`${ada} of acme`)
    expect(provider.asked).toHaveLength(1)
    expect(provider.saved.refresh_token).not.toBe(before.refresh_token)
  })
})
