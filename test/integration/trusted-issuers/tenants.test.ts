import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { grantsOf } from '../../../src/core/permission/grants.js'
import type { IssuerOptions } from '../../../src/index.js'
import type { TestServer } from '../../support/listening-app.js'
import { postMcp } from '../../support/mcp-post.js'
import { mintTokens } from '../../support/mint-tokens.js'
import { OutsideIssuer } from '../../support/outside-issuer.js'
import { TrustingSite } from '../../support/trusting-site.js'
import { until } from '../../support/until.js'

let site: TrustingSite
let first: OutsideIssuer
let second: OutsideIssuer
let fixed: OutsideIssuer
let server: TestServer

const trust = (issuer: OutsideIssuer, changes: Partial<IssuerOptions> = {}): IssuerOptions => ({
  ...{ issuer: issuer.issuer, audience: 'resource', tenant: { claim: 'org' }, network: 'private' },
  ...changes,
})

beforeAll(async () => {
  site = await TrustingSite.create()
  ;[first, second, fixed] = await Promise.all([OutsideIssuer.start(), OutsideIssuer.start(), OutsideIssuer.start()])
  // The same claim says one tenant at one issuer and the other at the other.
  await site.name(site.acme, first.issuer, 'org-1')
  await site.name(site.globex, second.issuer, 'org-1')
  await site.name(site.globex, second.issuer, 'org-2')
  server = await site.start(
    [trust(first), trust(second), trust(fixed, { tenant: { slug: 'acme' }, advertised: false })],
    { sessions: 'stateless' },
  )
}, 60_000)
afterAll(async () => {
  await site?.close()
  for (const issuer of [first, second, fixed]) await issuer?.close()
})

const tokenOf = (issuer: OutsideIssuer, org: string, audience = server.url) =>
  issuer.token({ audience, subject: 'ada', claims: { org } })
const call = async (token: string, url = server.url) => {
  const { body, status } = await postMcp(url, token, 'tools/call', { name: 'who_am_i', arguments: {} })
  return body.result?.content?.[0]?.text ?? status
}

describe('two issuers and two tenants', () => {
  it('go together only as the registry has it for each issuer', async () => {
    expect(await call(await tokenOf(first, 'org-1'))).toBe('ada of acme')
    expect(await call(await tokenOf(second, 'org-1'))).toBe('ada of globex')
    expect(await call(await tokenOf(second, 'org-2'))).toBe('ada of globex')
    expect(await call(await tokenOf(first, 'org-2'))).toBe(403)
  })

  it('know no tenant by its slug or id, which nobody has registered', async () => {
    for (const org of ['acme', 'globex', site.globex.id, ''])
      expect([401, 403]).toContain(await call(await tokenOf(first, org)))
  })

  it('are for the path that is called, and for no other', async () => {
    const oauth = `${server.url}/oauth`
    expect(await call(await tokenOf(first, 'org-1', oauth), oauth)).toBe('ada of acme')
    expect(await call(await tokenOf(first, 'org-1', oauth))).toBe(401)
    expect(await call(await tokenOf(first, 'org-1', 'https://elsewhere.example/mcp'))).toBe(401)
  })
})

describe('an issuer with a fixed tenant', () => {
  it('lets its users into that tenant, whatever their tokens say', async () => {
    expect(await call(await tokenOf(fixed, 'org-1'))).toBe('ada of acme')
    expect(await call(await tokenOf(fixed, 'globex'))).toBe('ada of acme')
  })

  it('lets nobody in while that tenant is suspended', async () => {
    const token = await tokenOf(fixed, 'org-1')
    await site.database.sql(`update tenant set suspended_at = now() where slug = 'acme'`)
    expect(await call(token)).toBe(403)
    await site.database.sql('update tenant set suspended_at = null')
    expect(await call(token)).toBe('ada of acme')
  })
})

describe('a server without an authorization server of its own', () => {
  it('tells clients of the issuers that are advertised, in their order, and of nobody else (RFC 9728 §2)', async () => {
    const metadata = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', server.url))
    expect(await metadata.json()).toMatchObject({ authorization_servers: [first.issuer, second.issuer] })
  })

  it.each([
    '/oauth/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/oauth',
    '/oauth/jwks',
    '/oauth/token',
  ])('has nothing at %s', async (path) => {
    expect((await fetch(new URL(path, server.url))).status).toBe(404)
  })

  it('refuses the tokens of the issuer that it could have been', async () => {
    const { postgres } = site.database
    await postgres.accounts.create(site.acme, { email: 'ada@acme.example', grants: grantsOf({}) })
    const minting = { audience: server.url, tenant: 'acme', emails: ['ada@acme.example'], methods: ['pwd'] }
    const token = (await mintTokens({ postgres, keyring: postgres.keys }, minting)).get('ada@acme.example')
    expect(await call(token ?? '')).toBe(401)
  })

  it('does not start without anybody whose tokens could be accepted', async () => {
    await expect(site.start([])).rejects.toMatchObject({ code: 'ERR_CONFIG_AUTHENTICATOR' })
  })

  it('does not start with the five tools', async () => {
    await expect(site.start([trust(first)], { login: 'both' })).rejects.toMatchObject({ code: 'ERR_CONFIG_LOGIN' })
  })

  it('does not start with an issuer that is not what was written', async () => {
    const wrong = trust(first, { issuer: `${first.issuer}/realms/none` })
    await expect(site.start([wrong])).rejects.toMatchObject({ code: 'ERR_CONFIG_ISSUER' })
  })
})

describe('an issuer in the database', () => {
  it('is trusted within a second or so after it was put there, and no longer than that after it was taken out', async () => {
    const added = await OutsideIssuer.start()
    await site.name(site.acme, added.issuer, 'org-9')
    const token = await tokenOf(added, 'org-9')
    expect(await call(token)).toBe(401)
    const { trustedIssuers } = site.database.postgres
    await trustedIssuers.apply({ presence: 'new', options: { ...trust(added) } }, 'cli:test')
    await until(async () => (await call(token)) === 'ada of acme', 3_000)
    await trustedIssuers.apply({ presence: 'absent', issuer: added.issuer }, 'cli:test')
    await until(async () => (await call(token)) === 401, 3_000)
    await added.close()
  })

  it('stops the start where it is wrong, or is there twice', async () => {
    const { trustedIssuers } = site.database.postgres
    await trustedIssuers.apply({ presence: 'new', options: { ...trust(second) } }, 'cli:test')
    await expect(site.start([trust(second)])).rejects.toMatchObject({ code: 'ERR_CONFIG_ISSUER' })
    await site.database.sql(`update trusted_issuer set options = options - 'audience'`)
    await expect(site.start([trust(first)])).rejects.toThrow('audience is missing')
    await trustedIssuers.apply({ presence: 'absent', issuer: second.issuer }, 'cli:test')
  })
})
