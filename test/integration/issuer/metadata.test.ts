import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createIssuer, type Issuer } from '../../../src/adapter/issuer/create-issuer.js'
import { callbackUri, IssuerHarness, pkcePair } from '../../support/issuer-harness.js'

let harness: IssuerHarness

beforeAll(async () => {
  harness = await IssuerHarness.start()
})

afterAll(() => harness.close())

const wellKnown = [
  '/.well-known/oauth-authorization-server/oauth',
  '/.well-known/openid-configuration/oauth',
  '/oauth/.well-known/openid-configuration',
]

const poison = {
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'gopher',
  'x-forwarded-for': '6.6.6.6',
  'x-forwarded-prefix': '/evil',
  'x-forwarded-port': '666',
  forwarded: 'host=evil.example;proto=https',
  'x-original-url': '/evil',
}

/** Every header as it is, `Host` too, which `fetch` does not let through. */
async function rawGet(origin: string, path: string, headers: Readonly<Record<string, string>>) {
  const { get } = await import('node:http')
  const { hostname, port } = new URL(origin)
  return new Promise<{ status: number; body: string; headers: Readonly<Record<string, unknown>> }>(
    (resolve, reject) => {
      const sent = get({ hostname, port, path, headers, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const { statusCode = 0, headers: answered } = response
          resolve({ status: statusCode, body: Buffer.concat(chunks).toString(), headers: answered })
        })
      })
      sent.on('error', reject)
    },
  )
}

describe('the metadata', () => {
  it.each(wellKnown)('at %s names this issuer and only what works', async (path) => {
    const { status, body } = await rawGet(harness.origin, path, {})
    const { issuer } = harness
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      revocation_endpoint: `${issuer}/revoke`,
      introspection_endpoint: `${issuer}/introspect`,
      end_session_endpoint: `${issuer}/logout`,
      jwks_uri: `${issuer}/jwks`,
      code_challenge_methods_supported: ['S256'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      response_types_supported: ['code'],
      scopes_supported: ['mcp', 'read', 'write', 'openid', 'email', 'profile'],
      authorization_response_iss_parameter_supported: true,
    })
  })

  it.each(wellKnown)('at %s stays the same whatever a request says', async (path) => {
    const honest = await rawGet(harness.origin, path, {})
    const poisoned = await rawGet(harness.origin, path, poison)
    expect(poisoned.body).toBe(honest.body)
    expect(poisoned.body).not.toContain('evil')
  })
})

describe('a Host that is not ours', () => {
  const evil = { host: 'evil.example' }

  it.each([
    ...wellKnown,
    '/oauth/jwks',
    '/oauth/authorize',
    '/oauth/token',
    '/authsec/signin.css',
    '/authsec/signin.svg',
  ])('gets nothing at %s', async (path) => {
    const refused = await rawGet(harness.origin, path, evil)
    expect(refused.status).toBe(421)
    expect(refused.body).toContain('misdirected_request')
    expect(refused.headers['set-cookie']).toBeUndefined()
    expect((await rawGet(harness.origin, path, {})).status).not.toBe(421)
  })

  it('gets no sign-in page, also with the cookies of the sign-in', async () => {
    const client_id = await harness.registeredClient()
    const { challenge } = pkcePair()
    const url = harness.authorizeUrl({
      ...{ client_id, redirect_uri: callbackUri, code_challenge: challenge, code_challenge_method: 'S256' },
    })
    const { headers } = await rawGet(harness.origin, url.pathname + url.search, {})
    const cookie = ((headers['set-cookie'] ?? []) as string[]).map((line) => line.split(';')[0]).join('; ')
    const page = String(headers['location'])
    expect((await rawGet(harness.origin, page, { cookie, ...evil })).status).toBe(421)
    expect((await rawGet(harness.origin, page, { cookie })).status).toBe(200)
  })

  it('is not another loopback name of this computer with the same port', async () => {
    const { port } = new URL(harness.origin)
    const [path = ''] = wellKnown
    expect((await rawGet(harness.origin, path, { host: `localhost:${port}` })).status).toBe(200)
    expect((await rawGet(harness.origin, path, { host: 'localhost:1' })).status).toBe(421)
  })
})

describe('the key set', () => {
  it('shows the public halves only', async () => {
    const { body } = await rawGet(harness.origin, '/oauth/jwks', {})
    const [key] = await harness.keys.list()
    expect(JSON.parse(body)).toEqual({ keys: [{ ...key?.publicJwk, kid: key?.kid, alg: 'ES256', use: 'sig' }] })
    expect(body).not.toContain(String(key?.privateJwk['d']))
  })

  it('is the same after a restart, and tokens and refresh tokens go on', async () => {
    await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    const before = await rawGet(harness.origin, '/oauth/jwks', {})
    await harness.restart()
    expect((await rawGet(harness.origin, '/oauth/jwks', {})).body).toBe(before.body)
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(200)
  })
})

describe('a sign-in with poisoned headers', () => {
  it('stays on the public URL', async () => {
    const client_id = await harness.registeredClient()
    const { challenge } = pkcePair()
    const url = harness.authorizeUrl({
      ...{ client_id, redirect_uri: callbackUri, code_challenge: challenge, code_challenge_method: 'S256' },
    })
    const { status, headers } = await rawGet(harness.origin, url.pathname + url.search, poison)
    expect(status).toBe(303)
    expect(JSON.stringify(headers)).not.toMatch(/evil|gopher/)
    expect(headers['location']).toMatch(/^\/authsec\/signin\/[A-Za-z0-9_-]{43}$/)
  })
})

describe('an issuer with a public https URL behind a proxy', () => {
  const issuer = 'https://mcp.example.com/oauth'
  const host = 'mcp.example.com'
  let server: Server
  let proxied: Issuer
  let origin = ''

  beforeAll(async () => {
    const resources = [{ resource: 'https://mcp.example.com/mcp', name: 'Invoices', scopes: [] }]
    proxied = await createIssuer({ ...harness.options, issuer, resources, relyingParty: undefined })
    server = createServer((request, response) => void proxied.handle(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    origin = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
  })

  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('sends cookies that only its own https origin can set and read', async () => {
    const client_id = await harness.registeredClient()
    const query = new URLSearchParams({
      ...{ client_id, redirect_uri: callbackUri, response_type: 'code' },
      ...{ code_challenge: pkcePair().challenge, code_challenge_method: 'S256' },
    })
    const started = await rawGet(origin, `/oauth/authorize?${query.toString()}`, { host })
    expect(started.status).toBe(303)
    const first = (started.headers['set-cookie'] ?? []) as string[]
    const cookie = first.map((line) => line.split(';')[0]).join('; ')
    const page = await rawGet(origin, String(started.headers['location']), { cookie, host })
    expect(page.status).toBe(200)
    const lines = [...first, ...((page.headers['set-cookie'] ?? []) as string[])]
    expect(lines.length).toBeGreaterThan(4)
    for (const line of lines) {
      expect(line).toMatch(/^__(Host|Secure)-authsec_/)
      expect(line).toMatch(/; secure/i)
      if (line.startsWith('__Host-')) expect(line).toMatch(/; path=\/;/i)
    }
    expect(lines.some((line) => line.startsWith('__Host-authsec_browser='))).toBe(true)
  })

  it('names its public URL in the metadata', async () => {
    const { body } = await rawGet(origin, wellKnown[0] ?? '', { ...poison, host })
    expect(JSON.parse(body)).toMatchObject({ issuer, token_endpoint: `${issuer}/token` })
  })

  it('answers to no other Host, such as the proxy’s own name for it', async () => {
    expect((await rawGet(origin, wellKnown[0] ?? '', { host: 'internal:3005' })).status).toBe(421)
  })
})

describe('an issuer identifier', () => {
  it.each([
    'http://mcp.example.com/oauth',
    'http://192.168.0.1/oauth',
    'https://mcp.example.com',
    'https://mcp.example.com/',
    'https://mcp.example.com/oauth/',
    'https://mcp.example.com/oauth?x=1',
    'https://mcp.example.com/oauth#x',
    'https://MCP.example.com/oauth',
    'https://mcp.example.com:443/oauth',
    'https://user@mcp.example.com/oauth',
    'ftp://mcp.example.com/oauth',
    'oauth',
  ])('stops the start as %s', async (issuer) => {
    await expect(createIssuer({ ...harness.options, issuer })).rejects.toMatchObject({ code: 'ERR_CONFIG_URL' })
  })

  it('needs at least one resource', async () => {
    const { issuer } = harness
    await expect(createIssuer({ ...harness.options, issuer, resources: [] })).rejects.toMatchObject({
      code: 'ERR_CONFIG_OPTION',
    })
  })
})
