import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { MemoryLog } from '../../support/memory-ports.js'
import { newSecrets } from '../../support/relying-party.js'
import { codeOf, openTestUpstream, signInAt } from '../../support/upstream/open-test-upstream.js'
import { OutsideProvider } from '../../support/upstream/outside-provider.js'

let outside: OutsideProvider

beforeAll(async () => {
  outside = await OutsideProvider.start()
})
afterEach(() => outside.reset())
afterAll(() => outside.close())

type Metadata = Readonly<Record<string, unknown>>

function fill(metadata: Metadata): Metadata {
  const { issuer } = outside
  const filled = (value: unknown) => (typeof value === 'string' ? value.replace('ISSUER', issuer) : value)
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, filled(value)]))
}

/** Of a provider that nobody has asked yet. */
function start(settings: Parameters<OutsideProvider['settings']>[0] = {}, log = new MemoryLog()): Promise<string> {
  const upstream = openTestUpstream(outside.settings(settings), { log })
  return codeOf(upstream.authorizationUrl({ secrets: newSecrets(), otherAccount: false }))
}

describe('O5: a provider that does not advertise PKCE with S256', () => {
  it.each<readonly [string, Metadata]>([
    ['at all', { code_challenge_methods_supported: undefined }],
    ['but plain', { code_challenge_methods_supported: ['plain'] }],
    ['in a list', { code_challenge_methods_supported: 'S256' }],
  ])(
    '%s is not used, unless somebody has looked that up: that is on record, and S256 is sent',
    async (_title, metadata) => {
      outside.metadata = metadata
      expect(await start()).toBe('ERR_IDP_UNAVAILABLE')
      const log = new MemoryLog()
      const upstream = openTestUpstream(outside.settings({ pkce: 'assumed' }), { log })
      const url = await upstream.authorizationUrl({ secrets: newSecrets(), otherAccount: false })
      expect(url.searchParams.get('code_challenge_method')).toBe('S256')
      expect(log.lines).toEqual([expect.objectContaining({ level: 'info', fields: { issuer: outside.issuer } })])
    },
  )

  it('is not believed to check it: a verifier that is another one is refused there', async () => {
    const upstream = openTestUpstream(outside.settings())
    const secrets = newSecrets()
    const { searchParams } = await outside.signIn(await upstream.authorizationUrl({ secrets, otherAccount: false }))
    const mixed = { ...secrets, codeVerifier: newSecrets().codeVerifier }
    expect(await codeOf(upstream.exchange(searchParams, mixed))).toBe('ERR_LOGIN_PROVIDER')
  })
})

describe('O8: a discovery document', () => {
  it.each<readonly [string, Metadata]>([
    ['of another issuer', { issuer: 'https://evil.example' }],
    ['of the issuer with a slash at its end', { issuer: 'ISSUER/' }],
    ['of the issuer in other case', { issuer: 'HTTP://127.0.0.1' }],
    ['of all directories of Entra ID', { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }],
    ['without issuer', { issuer: undefined }],
    ['with the authorization endpoint elsewhere', { authorization_endpoint: 'https://evil.example/auth' }],
    ['with a script for an authorization endpoint', { authorization_endpoint: 'javascript:alert(1)' }],
    ['with the token endpoint elsewhere', { token_endpoint: 'https://evil.example/token' }],
    ['with the token endpoint on another port', { token_endpoint: 'http://127.0.0.1:9/token' }],
    ['with a user in the token endpoint', { token_endpoint: 'http://me@127.0.0.1/token' }],
    ['without a token endpoint', { token_endpoint: undefined }],
    ['with keys at a metadata service', { jwks_uri: 'http://169.254.169.254/latest/meta-data' }],
    ['with keys in a file', { jwks_uri: 'file:///etc/passwd' }],
    ['with userinfo elsewhere', { userinfo_endpoint: 'https://evil.example/me' }],
    ['with userinfo over http elsewhere', { userinfo_endpoint: 'http://localhost:9/me' }],
  ])('%s is not used, and nobody is sent there', async (_title, metadata) => {
    outside.metadata = fill(metadata)
    expect(await start()).toBe('ERR_IDP_UNAVAILABLE')
    expect(outside.asked).toEqual(['GET /.well-known/openid-configuration'])
    outside.reset()
    expect(await start()).toBe('accepted')
  })

  it('may name other origins that an administrator has written down, and no others', async () => {
    outside.metadata = { userinfo_endpoint: 'https://api.acme.example/me' }
    expect(await start({ origins: ['https://api.acme.example'] })).toBe('accepted')
    expect(await start({ origins: ['https://api.acme.example:8443'] })).toBe('ERR_IDP_UNAVAILABLE')
  })

  it('says in the log what is wrong with it, and nothing of that to the user', async () => {
    outside.metadata = { issuer: 'https://evil.example/<script>' }
    const log = new MemoryLog()
    const upstream = openTestUpstream(outside.settings(), { log })
    const failure: unknown = await upstream
      .authorizationUrl({ secrets: newSecrets(), otherAccount: false })
      .catch((error: unknown) => error)
    expect(String(failure)).not.toContain('evil')
    expect(log.lines).toEqual([
      expect.objectContaining({
        level: 'error',
        fields: { reason: 'the metadata is of another issuer: "https://evil.example/<script>"' },
      }),
    ])
  })

  it('that says it is a page is none, whatever is in it', async () => {
    const path = '/.well-known/openid-configuration'
    const document = await (await fetch(outside.origin + path)).text()
    for (const [type, code] of [
      ['text/html', 'ERR_IDP_UNAVAILABLE'],
      ['Application/JSON; charset=utf-8', 'accepted'],
    ] as const) {
      outside.instead.set(path, (response) => response.writeHead(200, { 'content-type': type }).end(document))
      expect(await start()).toBe(code)
    }
  })

  it.each<readonly [string, Parameters<OutsideProvider['instead']['set']>[1]]>([
    ['status 500', (response) => response.writeHead(500).end()],
    ['status 404', (response) => response.writeHead(404).end()],
    ['a closed connection', (response) => response.destroy()],
    ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('{}')],
    ['a list', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('[]')],
    ['300 KB', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(' '.repeat(300_000))],
  ])('that is %s is an outage, and is asked for again the next time', async (_title, answer) => {
    const upstream = openTestUpstream(outside.settings())
    outside.instead.set('/.well-known/openid-configuration', answer)
    const first = upstream.authorizationUrl({ secrets: newSecrets(), otherAccount: false })
    expect(await codeOf(first)).toBe('ERR_IDP_UNAVAILABLE')
    outside.instead.clear()
    expect(await codeOf(signInAt(upstream, outside))).toBe('accepted')
    expect(outside.askedFor('GET /elsewhere')).toBe(0)
  })
})
