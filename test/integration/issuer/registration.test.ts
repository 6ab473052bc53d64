import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { IssuerHarness } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock, storageClock: clock })
})

afterAll(() => harness.close())
afterEach(() => clock.advance(61))

describe('registration', () => {
  it('gives a public client an id and pins everything that matters', async () => {
    const { status, body } = await harness.register({
      scope: 'read write admin',
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code', 'code id_token'],
      token_endpoint_auth_method: 'none',
      logo_uri: 'https://evil.example/pixel.png',
      jwks_uri: 'http://169.254.169.254/latest',
      sector_identifier_uri: 'https://169.254.169.254/',
      id_token_signed_response_alg: 'none',
      default_max_age: 1,
      require_auth_time: true,
      software_statement: 'x.y.z',
    })
    expect(status).toBe(201)
    expect(body).toEqual({
      application_type: 'web',
      backchannel_logout_session_required: false,
      client_id: expect.stringMatching(/^.{43}$/),
      client_id_issued_at: expect.any(Number),
      client_name: 'Test client',
      grant_types: ['authorization_code', 'refresh_token'],
      id_token_signed_response_alg: 'ES256',
      post_logout_redirect_uris: [],
      redirect_uris: ['https://client.example/callback'],
      require_auth_time: false,
      response_types: ['code'],
      subject_type: 'public',
      token_endpoint_auth_method: 'none',
    })
  })

  it('gives a secret to a client that wants one, and then wants it', async () => {
    const { body } = await harness.register({ token_endpoint_auth_method: 'client_secret_post' })
    expect(body['client_secret']).toEqual(expect.stringMatching(/^.{40,}$/))
    const client_id = String(body['client_id'])
    const answer = await harness.token({ grant_type: 'refresh_token', client_id, refresh_token: 'x' })
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  it.each([
    ['https', ['https://client.example/cb']],
    ['loopback http, any of its names', ['http://127.0.0.1/cb', 'http://localhost:1234/cb', 'http://[::1]:9/cb']],
    ['a private-use scheme with a dot', ['com.example.app:/oauth']],
    ['a mix, as editors send', ['https://vscode.dev/redirect', 'http://127.0.0.1:33418/', 'http://localhost/']],
    ['one site and names below it', ['https://insiders.vscode.dev/redirect', 'https://vscode.dev/redirect']],
    ['the scheme of an editor', ['cursor://anysphere.cursor-mcp/oauth/callback', 'vscode://x.y/cb']],
    ['another such scheme', ['vscode-insiders://x.y/cb', 'windsurf://x.y/cb']],
  ])('takes %s', async (_title, redirect_uris) => {
    const { status, body } = await harness.register({ redirect_uris })
    expect(status).toBe(201)
    expect(body['redirect_uris']).toEqual(redirect_uris)
  })

  it.each([
    ['a script', ['javascript:alert(1)']],
    ['a script with a dot', ['javascript://a.b/%0aalert(1)']],
    ['data', ['data:text/html,x']],
    ['a file', ['file:///etc/passwd']],
    ['http elsewhere', ['http://client.example/cb']],
    ['http on a name that starts like loopback', ['http://localhost.evil.example/cb']],
    ['http on loopback before an @', ['http://127.0.0.1@evil.example/cb']],
    ['http on a private address', ['http://10.0.0.1/cb']],
    ['a fragment', ['https://client.example/cb#x']],
    ['an empty fragment', ['https://client.example/cb#']],
    ['user information', ['https://user:pass@client.example/cb']],
    ['a backslash', ['https:\\\\client.example\\cb']],
    ['a scheme without a dot', ['myapp:/cb']],
    ['a line break', ['https://client.example/\ncb']],
    ['other letters', ['https://clíent.example/cb']],
    ['a relative one', ['/cb']],
    ['one bad among good', ['https://client.example/cb', 'http://evil.example/cb']],
    ['two sites', ['https://client.example/cb', 'https://evil.example/cb']],
    ['two ports of one site', ['https://client.example/cb', 'https://client.example:8443/cb']],
    ['two names below one that is not among them', ['https://a.client.example/cb', 'https://b.client.example/cb']],
    ['a name that only ends like another', ['https://client.example/cb', 'https://evilclient.example/cb']],
    ['an asterisk for a host', ['https://*.client.example/cb']],
    ['the scheme of a file with a dot', ['file.x:///etc']],
    ['the scheme of an office program', ['ms-word.x:ofe|u']],
    ['the scheme of a search', ['search-ms.x:q']],
    ['the scheme of system settings', ['x-apple.systempreferences:x']],
    ['the scheme of a vendor', ['vnd.ms-word:x']],
    ['the scheme of a page source', ['view-source.x:y']],
    ['the scheme of a script with a dot', ['javascript.x:y']],
    ['a word like that of an editor', ['vscodium://x.y/cb']],
    ['none', []],
    ['a number', [1]],
    ['text instead of a list', 'https://client.example/cb'],
    ['seventeen', Array.from({ length: 17 }, (_, index) => `https://client.example/${index}`)],
    ['a very long one', [`https://client.example/${'x'.repeat(2048)}`]],
  ])('refuses redirect_uris with %s', async (_title, redirect_uris) => {
    const { status, body } = await harness.register({ redirect_uris })
    expect(status).toBe(400)
    expect(body['error']).toMatch(/^invalid_(redirect_uri|client_metadata)$/)
  })

  it.each([
    ['that turns text around', 'evil\u202Etxt.exe'],
    ['with invisible letters', 'Goo\u200Bgle'],
    ['with controls', 'a\u0000b'],
    ['of two lines', 'a\nb'],
    ['that is blank', '   '],
    ['of 61 characters', 'x'.repeat(61)],
    ['of letters that are not seen', '\u3164'],
    ['with a letter that is not seen', 'a\u115Fb'],
    ['of blank patterns', '\u2800\u2800'],
    ['with a heap of accents', `Z${'\u0335'.repeat(3)}`],
    ['with quotes of its own', 'Claude” (verified) “x'],
    ['that is no text', { $ne: 1 }],
  ])('refuses a name %s', async (_title, client_name) => {
    expect(await harness.register({ client_name })).toMatchObject({
      status: 400,
      body: { error: 'invalid_client_metadata' },
    })
  })

  it.each<[string, unknown]>([
    ['grant_types', {}],
    ['grant_types', 'refresh_token'],
    ['grant_types', [1]],
    ['post_logout_redirect_uris', {}],
    ['backchannel_logout_uri', ['https://client.example/hear']],
    ['backchannel_logout_session_required', 'true'],
    ['token_endpoint_auth_method', {}],
  ])('refuses %s of a wrong type, with the reason', async (member, value) => {
    expect(await harness.register({ [member]: value })).toMatchObject({
      status: 400,
      body: { error: 'invalid_client_metadata', error_description: expect.any(String) },
    })
  })

  it.each(['x'.repeat(60), 'Zoë’s "Notes" <beta>', 'ノート', 'e\u0301te\u0301', 'Ứng dụng', '😀 Notes'])(
    'takes the name %s',
    async (client_name) => {
      expect(await harness.register({ client_name })).toMatchObject({ status: 201, body: { client_name } })
    },
  )

  it('refuses redirect_uris that lead back to the authorization server, by whatever name', async () => {
    const { port } = new URL(harness.origin)
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      expect((await harness.register({ redirect_uris: [`http://${host}:${port}/cb`] })).status).toBe(400)
      expect((await harness.register({ redirect_uris: [`http://${host}:1/cb`] })).status).toBe(201)
    }
  })

  it.each(['private_key_jwt', 'client_secret_jwt', 'tls_client_auth', 'made_up'])(
    'refuses the authentication method %s',
    async (token_endpoint_auth_method) => {
      expect((await harness.register({ token_endpoint_auth_method })).status).toBe(400)
    },
  )

  it.each([
    ['no JSON', 'not json'],
    ['a list', '[]'],
    ['null', 'null'],
  ])('refuses %s', async (_title, body) => {
    const headers = { 'content-type': 'application/json', accept: 'text/html' }
    const response = await fetch(`${harness.issuer}/register`, { method: 'POST', headers, body })
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toContain('application/json')
  })

  it('refuses more than 16 KB', async () => {
    const response = await fetch(`${harness.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://a.example/'], contacts: ['x'.repeat(17_000)] }),
    })
    expect(response.status).toBe(413)
  })

  it.each(['/register', '/token', '/revoke'])('%s refuses more than 16 KB that come in pieces', async (path) => {
    const send = (bytes: number) =>
      fetch(harness.issuer + path, {
        method: 'POST',
        headers: { 'content-type': path === '/register' ? 'application/json' : 'application/x-www-form-urlencoded' },
        body: new Blob(['x'.repeat(bytes)]).stream(),
        duplex: 'half',
      } as RequestInit)
    expect((await send(17_000)).status).toBe(413)
    expect((await send(15_000)).status).toBe(400)
  })

  it('takes a body that comes in pieces', async () => {
    const response = await fetch(`${harness.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([JSON.stringify({ redirect_uris: ['https://a.example/'] })]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(201)
  })

  it('takes thirty a minute from one address, and then more in the next', async () => {
    const answers = []
    for (let count = 0; count < 31; count += 1) answers.push(await harness.register())
    expect(answers.slice(0, 30).every(({ status }) => status === 201)).toBe(true)
    expect(answers[30]).toMatchObject({ status: 429 })
    for (const spelled of ['/REGISTER', '/register/', '/./register', '/reg%69ster', '//register']) {
      const answer = await fetch(harness.origin + '/oauth' + spelled, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ redirect_uris: ['https://client.example/callback'] }),
      })
      expect([404, 429]).toContain(answer.status)
    }
    clock.advance(61)
    expect((await harness.register()).status).toBe(201)
  })

  it('is forgotten after an hour without consent', async () => {
    const client_id = await harness.registeredClient()
    const answer = () => harness.token({ grant_type: 'refresh_token', client_id, refresh_token: 'x' })
    expect((await answer()).body['error']).toBe('invalid_grant')
    clock.advance(60 * 60 - 60)
    expect((await answer()).body['error']).toBe('invalid_grant')
    clock.advance(120)
    expect((await answer()).body['error']).toBe('invalid_client')
  })

  it('is kept longer than any grant once somebody consented', async () => {
    await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
    const { clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    clock.advance(31 * 24 * 60 * 60)
    const answer = await harness.token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: 'x' })
    expect(answer.body['error']).toBe('invalid_grant')
  })
})

describe('other origins', () => {
  const endpoints = [
    ['POST', '/oauth/token'],
    ['POST', '/oauth/register'],
    ['POST', '/oauth/revoke'],
    ['GET', '/oauth/jwks'],
    ['GET', '/.well-known/oauth-authorization-server/oauth'],
    ['GET', '/.well-known/openid-configuration/oauth'],
  ]

  it.each(endpoints)('may call %s %s without credentials', async (method, path) => {
    const origin = 'https://app.example'
    const preflight = await fetch(harness.origin + path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': String(method), 'access-control-request-headers': 'x' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toContain(method)
    const answer = await fetch(harness.origin + path, { method: String(method), headers: { origin } })
    for (const { headers } of [preflight, answer]) {
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    }
  })

  it.each(['/oauth/authorize', `/authsec/signin/${'x'.repeat(43)}`])('may not read %s', async (path) => {
    const answer = await fetch(harness.origin + path, { headers: { origin: 'https://app.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect((await fetch(harness.origin + path, { method: 'OPTIONS' })).status).toBe(405)
  })
})
