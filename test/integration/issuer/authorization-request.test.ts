import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, pkcePair } from '../../support/issuer-harness.js'

let harness: IssuerHarness
let clientId: string
let localClientId: string
const localUri = 'http://127.0.0.1:9/callback'

beforeAll(async () => {
  harness = await IssuerHarness.start()
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read', 'write'])
  clientId = await harness.registeredClient()
  localClientId = await harness.registeredClient({ redirect_uris: [localUri] })
})

afterAll(() => harness.close())

const { challenge } = pkcePair()

function urlWith(parameters: Readonly<Record<string, string | undefined>> = {}): URL {
  return harness.authorizeUrl({
    client_id: clientId,
    redirect_uri: callbackUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...parameters,
  })
}

const local = () => ({ client_id: localClientId, redirect_uri: localUri })

describe('an authorization request', () => {
  it('leads to the sign-in page', async () => {
    const shown = await new BrowserJar().open(urlWith())
    expect(shown.status).toBe(200)
    expect(shown.html).toContain('<h1>Sign in</h1>')
  })

  it.each([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with the plain method', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with a challenge and no method', { code_challenge_method: undefined }, 'invalid_request'],
    ['with a challenge of 42 characters', { code_challenge: 'a'.repeat(42) }, 'invalid_request'],
    ['with a challenge of 129 characters', { code_challenge: 'a'.repeat(129) }, 'invalid_request'],
    ['for a resource that is not ours', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['for our resource with a slash at the end', { resource: 'RESOURCE/' }, 'invalid_target'],
    ['with a request object', { request: 'x.y.z' }, 'request_not_supported'],
    ['with a request object by reference', { request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
    ['that must not prompt when nobody is signed in', { prompt: 'none' }, 'login_required'],
  ])('is refused to the client %s', async (_title, parameters, error) => {
    const given = Object.entries(parameters).map(([name, value]) => [
      name,
      value?.replace('RESOURCE', harness.resource),
    ])
    const { left } = await new BrowserJar().open(urlWith({ ...local(), ...Object.fromEntries(given) }))
    expect(left?.origin + String(left?.pathname)).toBe(localUri)
    expect(left?.searchParams.get('error')).toBe(error)
    expect(left?.searchParams.get('iss')).toBe(harness.issuer)
    expect(left?.searchParams.get('code')).toBeNull()
  })

  it('is refused for an ID token from the front channel', async () => {
    const { left } = await new BrowserJar().open(urlWith({ ...local(), response_type: 'code id_token' }))
    expect(left?.hash).toContain('error=unsupported_response_type')
  })

  it.each([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }],
    ['for a resource that is not ours', { resource: 'https://other.example/mcp' }],
    ['for an ID token from the front channel', { response_type: 'code id_token' }],
    ['that must not prompt', { prompt: 'none' }],
  ])('sends nobody to the site of a client that they never allowed anything: %s', async (_title, parameters) => {
    const shown = await new BrowserJar().open(urlWith(parameters))
    expect(shown).toMatchObject({ status: 400, left: undefined })
    expect(shown.html).toContain('<h1>Sign-in stopped</h1>')
  })

  it('starts no program on its own for an error', async () => {
    const redirect_uri = 'com.example.app:/cb'
    const client_id = await harness.registeredClient({ redirect_uris: [redirect_uri] })
    expect(await new BrowserJar().open(urlWith({ client_id, redirect_uri, prompt: 'none' }))).toMatchObject({
      status: 400,
      left: undefined,
    })
  })

  it('tells an error to the site of a client that this user has allowed', async () => {
    const { jar } = await harness.obtainCode('ana@acme.test', { client_id: clientId, scope: 'read' })
    const { left } = await jar.open(urlWith({ scope: 'read write', prompt: 'none' }))
    expect(left?.origin + String(left?.pathname)).toBe(callbackUri)
    expect(left?.searchParams.get('error')).toBe('consent_required')
  })

  it('is refused when it leads back to this server, though any port of this computer is the client’s', async () => {
    const own = new URL('/callback', harness.origin).href
    expect(await new BrowserJar().open(urlWith({ ...local(), redirect_uri: own }))).toMatchObject({ status: 400 })
    const other = await new BrowserJar().open(urlWith({ ...local(), redirect_uri: 'http://127.0.0.1:10/callback' }))
    expect(other.html).toContain('<h1>Sign in</h1>')
  })

  it('of more than 4 KB is refused', async () => {
    expect((await new BrowserJar().open(urlWith({ state: 'x'.repeat(3000) }))).status).toBe(200)
    expect((await new BrowserJar().open(urlWith({ state: 'x'.repeat(4096) }))).status).toBe(400)
  })

  it.each([
    ['another path', `${callbackUri}/more`],
    ['an added parameter', `${callbackUri}?a=b`],
    ['another host', 'https://client.example.evil.example/callback'],
    ['a prefix of it', 'https://client.example/call'],
    ['user information', 'https://client.example@evil.example/callback'],
    ['another scheme', 'http://client.example/callback'],
    ['a fragment', `${callbackUri}#x`],
    ['a script', 'javascript:alert(1)'],
    ['upper case', 'https://client.example/CALLBACK'],
    ['a dot segment', 'https://client.example/x/../callback'],
    ['nothing', ''],
  ])('is refused on a page, without a redirect, for a redirect_uri with %s', async (_title, redirect_uri) => {
    const shown = await new BrowserJar().open(urlWith({ redirect_uri }))
    expect(shown).toMatchObject({ status: 400, left: undefined })
    expect(shown.html).not.toContain('<script')
  })

  it('is refused on a page for an unknown client, which is not shown unescaped', async () => {
    const shown = await new BrowserJar().open(urlWith({ client_id: '"><script>alert(1)</script>' }))
    expect(shown).toMatchObject({ status: 400, left: undefined })
    expect(shown.html).not.toContain('<script')
    expect(shown.html).toContain('Remove the connection in the app and add it again.')
  })

  it.each(['client_id', 'redirect_uri', 'scope', 'resource', 'state', 'unheard_of'])(
    'is refused when %s comes twice',
    async (name) => {
      const url = urlWith({ scope: 'mcp', unheard_of: 'x' })
      url.searchParams.append(name, url.searchParams.get(name) ?? '')
      expect(await new BrowserJar().open(url)).toMatchObject({ status: 400, left: undefined })
    },
  )

  it.each([
    ['response_mode', 'form_post'],
    ['response_mode', 'fragment'],
    ['id_token_hint', 'x.y.z'],
  ])('is refused with %s %s', async (name, value) => {
    expect(await new BrowserJar().open(urlWith({ [name]: value }))).toMatchObject({ status: 400, left: undefined })
  })

  it('that came in by another loopback name goes on at the public one, where the cookies are', async () => {
    const elsewhere = urlWith()
    elsewhere.hostname = 'localhost'
    const response = await fetch(elsewhere, { redirect: 'manual' })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe(urlWith().href)
    expect(response.headers.getSetCookie()).toEqual([])
  })
})

describe('paths', () => {
  it.each([
    ['GET', '/oauth/AUTHORIZE'],
    ['GET', '/oauth/authorize/'],
    ['GET', '/oauth//authorize'],
    ['GET', '/oauth/./authorize'],
    ['GET', '/oauth/%61uthorize'],
    ['GET', '/oauth'],
    ['GET', '/oauth/me'],
    ['GET', '/oauth/session/end'],
    ['POST', '/oauth/session/end/confirm'],
    ['POST', '/oauth/REGISTER'],
    ['POST', '/oauth/register/'],
    ['GET', '/oauth/register/some-client'],
    ['POST', '/oauth/request'],
    ['POST', '/oauth/device/auth'],
    ['POST', '/oauth/token/introspection'],
    ['GET', '/authsec/signin/short'],
    ['GET', '/authsec/signin/../../oauth/authorize'],
  ])('answers 404 to %s %s', async (method, path) => {
    expect(await rawStatus(method, path)).toBe(404)
  })

  it.each([
    ['TRACE', '/oauth/token'],
    ['GET', '/oauth/token'],
    ['PUT', '/oauth/register'],
    ['HEAD', '/oauth/authorize'],
    ['POST', '/oauth/authorize'],
    ['DELETE', '/oauth/jwks'],
    ['POST', '/.well-known/oauth-authorization-server/oauth'],
  ])('answers 405 to %s %s', async (method, path) => {
    expect(await rawStatus(method, path)).toBe(405)
  })

  it.each([
    '/',
    '/mcp',
    '/oauthx',
    '/OAUTH/token',
    '/authsec',
    '/authsec/other',
    '/.well-known/oauth-authorization-server',
  ])('leaves %s to others', async (path) => {
    expect(await (await fetch(harness.origin + path)).text()).toBe('not the issuer')
  })
})

/** Without the normalisation that `fetch` does to paths. */
function rawStatus(method: string, path: string): Promise<number> {
  const { hostname, port } = new URL(harness.origin)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.end()
  })
}
