import { createServer, request as send, type Server } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createIssuer, type IssuerOptions } from '../../../src/adapter/issuer/create-issuer.js'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import type { Account } from '../../../src/core/identity/account-store.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import {
  callbackUri,
  IssuerHarness,
  password,
  pkcePair,
  relyingPartySecret,
  type TokenAnswer,
} from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
let ana: Account
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock, storageClock: clock })
  ana = await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
})

afterAll(() => harness.close())
afterEach(() => {
  harness.audit.available = true
  clock.advance(16 * 60)
})

const { challenge, verifier } = pkcePair()

function urlWith(parameters: Readonly<Record<string, string | undefined>> = {}): URL {
  return harness.authorizeUrl({
    ...{ client_id: 'app', redirect_uri: harness.loginCallback, scope: 'openid mcp read write' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256', resource: `${harness.origin}/mcp`, ...parameters },
  })
}

async function signIn(jar: BrowserJar, url = urlWith()): Promise<URL> {
  return callbackOf(await harness.signIn(jar, url, 'ana@acme.test'))
}

function callbackOf({ url }: Shown): URL {
  expect(url.startsWith(`${harness.loginCallback}?`)).toBe(true)
  return new URL(url)
}

async function redeem(
  callback: URL,
  fields: Readonly<Record<string, string>> = {},
  basic: string | undefined = `app:${relyingPartySecret}`,
): Promise<TokenAnswer> {
  const response = await fetch(`${harness.issuer}/token`, {
    method: 'POST',
    headers: basic === '' ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: harness.loginCallback,
      code_verifier: verifier,
      ...fields,
    }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const grantOf = ({ body }: TokenAnswer) => String(decodeJwt(String(body['access_token']))['gid'])
const isActive = (answer: TokenAnswer) => harness.running.registry.isActive(grantOf(answer))

describe('the sign-in of this server itself', () => {
  it('asks for no consent, and gets tokens without a refresh token', async () => {
    const jar = new BrowserJar()
    const page = await jar.open(urlWith())
    expect(page.html).toContain('<h1>Sign in</h1>')
    expect(page.html).not.toContain('asks for access')
    const shown = await jar.press(page, 'sign-in', { fields: { email: 'ana@acme.test', password } })
    const answer = await redeem(callbackOf(shown))
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'mcp read' } })
    expect(answer.body['refresh_token']).toBeUndefined()
    expect(decodeJwt(String(answer.body['access_token']))).toMatchObject({ client_id: 'app', sub: ana.id })
    expect(decodeJwt(String(answer.body['id_token']))).toMatchObject({ aud: 'app', sub: ana.id, tenant_id: 'acme' })
  })

  it('is refused where the user of this browser has not asked for it, signed in or not, and leaves no grant', async () => {
    const jar = new BrowserJar()
    await signIn(jar)
    const seen: (readonly [string | undefined, string | undefined])[] = []
    harness.awaits = (state, browser) => seen.push([state, browser]) === 0
    const before = harness.audit.ofType('signin.completed').length
    try {
      const refused = await jar.open(urlWith())
      expect(refused).toMatchObject({ status: 400, left: undefined })
      expect(refused.html).toContain('was not begun in this browser')
      jar.plant({ name: `authsec_login_${new URL(harness.origin).port}`, value: 'c'.repeat(43), path: '/' })
      expect((await jar.open(urlWith())).status).toBe(400)
    } finally {
      harness.awaits = () => true
    }
    expect(seen).toEqual([
      ['st4te', undefined],
      ['st4te', 'c'.repeat(43)],
    ])
    expect(harness.audit.ofType('signin.completed')).toHaveLength(before)
    expect(callbackOf(await jar.open(urlWith())).searchParams.get('code')).toBeTruthy()
  })

  it('gets no refresh token by asking for offline access either', async () => {
    const answer = await redeem(await signIn(new BrowserJar(), urlWith({ scope: 'openid mcp offline_access' })))
    expect(answer.status).toBe(200)
    expect(answer.body['refresh_token']).toBeUndefined()
    const refreshing = { grant_type: 'refresh_token', refresh_token: 'x' }
    const refused = await redeem(new URL(harness.loginCallback), refreshing)
    expect(refused.status).toBe(400)
    expect(refused.body['error_description']).toBe('requested grant type is not allowed for this client')
  })

  it('has a grant of its own, which stands for the twelve hours of a session and ends then', async () => {
    const jar = new BrowserJar()
    const first = await redeem(await signIn(jar))
    const second = await redeem(callbackOf(await jar.open(urlWith())))
    expect(grantOf(first)).not.toBe(grantOf(second))
    clock.advance(12.5 * 60 * 60)
    expect([await isActive(first), await isActive(second)]).toEqual([true, true])
    clock.advance(60 * 60)
    expect([await isActive(first), await isActive(second)]).toEqual([false, false])
  })

  it('shows the sign-in page again where another account is wanted', async () => {
    const jar = new BrowserJar()
    await signIn(jar)
    const page = await jar.open(urlWith({ prompt: 'login' }))
    expect(page.html).toContain('<h1>Sign in</h1>')
    const shown = await jar.press(page, 'sign-in', { fields: { email: 'ana@acme.test', password } })
    expect(callbackOf(shown).searchParams.get('code')).toBeTruthy()
  })

  it('asks again once the account that the browser is signed in with was disabled', async () => {
    const account = await harness.addAccount(harness.acme, 'dee@acme.test', ['read'])
    const jar = new BrowserJar()
    await harness.signIn(jar, urlWith(), 'dee@acme.test')
    await harness.accounts.change(harness.acme, account.id, { disabled: true })
    expect((await jar.open(urlWith())).html).toContain('<h1>Sign in</h1>')
  })

  it('is told when the user cancels', async () => {
    const jar = new BrowserJar()
    const { searchParams } = callbackOf(await jar.press(await jar.open(urlWith()), 'deny'))
    expect(Object.fromEntries(searchParams)).toMatchObject({ error: 'access_denied', state: 'st4te' })
    expect(searchParams.has('code')).toBe(false)
  })

  it('says nothing about the consent to others: they are asked about each by itself', async () => {
    const jar = new BrowserJar()
    await signIn(jar)
    const client_id = await harness.registeredClient()
    const other = { client_id, redirect_uri: callbackUri }
    const asked = await jar.open(urlWith(other))
    expect(asked).toMatchObject({ status: 200, left: undefined })
    expect(asked.html).toContain('<h1>Allow')
    await jar.press(asked, 'allow')
    expect(callbackOf(await jar.open(urlWith())).searchParams.get('code')).toBeTruthy()
    expect((await jar.open(urlWith({ ...other, scope: 'mcp' }))).left?.searchParams.get('code')).toBeTruthy()
  })
})

describe('the record of such a sign-in', () => {
  it('has the consent like any other, in one line with the sign-in', async () => {
    harness.audit.events.length = 0
    const answer = await redeem(await signIn(new BrowserJar()))
    const common = { issuer: harness.issuer, clientId: 'app' }
    const ours = { ...common, tenant: harness.acme, subject: ana.id }
    const { events } = harness.audit
    expect(events).toMatchObject([
      { ...common, type: 'signin.started' },
      { ...ours, type: 'signin.completed', reason: undefined },
      { ...ours, type: 'signin.completed', reason: 'consent_allowed' },
      { ...ours, type: 'signin.completed', reason: 'token_issued' },
    ])
    const [started, completed, consent, issued] = events
    expect([completed?.requestId, consent?.requestId]).toEqual([started?.requestId, started?.requestId])
    expect(consent?.detail).toEqual({
      destination: new URL(harness.origin).host,
      resource: `${harness.origin}/mcp`,
      scopes: ['mcp', 'read', 'write', 'openid'],
      grant: issued?.requestId,
    })
    expect(JSON.stringify(events)).not.toContain(grantOf(answer))
  })

  it('has the consent also where no page was shown', async () => {
    const jar = new BrowserJar()
    await signIn(jar)
    harness.audit.events.length = 0
    await redeem(callbackOf(await jar.open(urlWith())))
    expect(harness.audit.events.map(({ reason }) => reason)).toEqual(['consent_allowed', 'token_issued'])
    const [consent, issued] = harness.audit.events
    expect(consent?.requestId).toBe(issued?.requestId)
  })

  it('has to be written before there is a code', async () => {
    const jar = new BrowserJar()
    await signIn(jar)
    harness.audit.available = false
    const refused = await jar.open(urlWith())
    expect(refused).toMatchObject({ status: 503, left: undefined })
    expect(refused.url).not.toContain('/authsec/login/callback')
    harness.audit.available = true
    expect(callbackOf(await jar.open(urlWith())).searchParams.get('code')).toBeTruthy()
  })
})

describe('the redirect URI of this server', () => {
  it.each([
    {},
    { client_id: 'app' },
    { client_id: 'app', client_secret: relyingPartySecret, token_endpoint_auth_method: 'client_secret_basic' },
  ])('cannot be registered by anybody, whatever else they say: %j', async (more) => {
    const { status, body } = await harness.register({ redirect_uris: [harness.loginCallback], ...more })
    expect(status).toBe(400)
    expect(body).toEqual({ error: 'invalid_redirect_uri', error_description: expect.stringContaining('lead back') })
  })

  it('gives nobody else its client id', async () => {
    const { status, body } = await harness.register({ client_id: 'app' })
    expect(status).toBe(201)
    expect(body['client_id']).not.toBe('app')
  })

  it('is not taken over by a client of that id in the database', async () => {
    const records = new SealedRecords(harness.storage, harness.keyring)
    const payload = { client_id: 'app', redirect_uris: [callbackUri], token_endpoint_auth_method: 'none' }
    await records.put({ model: 'Client', id: 'app', payload, expiresIn: 3600 })
    expect(await new BrowserJar().open(urlWith({ redirect_uri: callbackUri }))).toMatchObject({ status: 400 })
    const callback = await signIn(new BrowserJar())
    expect((await redeem(callback, { client_id: 'app' }, '')).status).toBe(401)
    await records.destroy('Client', 'app')
  })

  it('answers no other client', async () => {
    const client_id = await harness.registeredClient({ redirect_uris: ['http://127.0.0.1:9/authsec/login/callback'] })
    const jar = new BrowserJar()
    await signIn(jar)
    expect(await jar.open(urlWith({ client_id }))).toMatchObject({ status: 400, left: undefined })
  })

  it.each([
    ['on another port', (uri: string) => uri.replace(/:\d+\//, ':9/')],
    ['under another name of this computer', (uri: string) => uri.replace('127.0.0.1', 'localhost')],
    ['with a slash at the end', (uri: string) => `${uri}/`],
    ['with a query', (uri: string) => `${uri}?a=b`],
    ['with a fragment', (uri: string) => `${uri}#a`],
    ['in upper case', (uri: string) => uri.replace('callback', 'CALLBACK')],
    ['with a dot segment', (uri: string) => uri.replace('/callback', '/x/../callback')],
    ['of another path', (uri: string) => uri.replace('/authsec/login/callback', '/oauth/authorize')],
    ['of another site', () => callbackUri],
    ['left out', () => undefined],
  ])('%s is refused on a page, without a redirect', async (_title, change) => {
    const jar = new BrowserJar()
    await signIn(jar)
    const shown = await jar.open(urlWith({ redirect_uri: change(harness.loginCallback) }))
    expect(shown).toMatchObject({ status: 400, left: undefined })
    expect(shown.url).toContain('/oauth/authorize?')
  })

  it.each(['none', 'consent', 'login consent', 'select_account', ''])(
    'is not asked for with prompt %j',
    async (prompt) => {
      expect(await new BrowserJar().open(urlWith({ prompt }))).toMatchObject({ status: 400, left: undefined })
    },
  )
})

describe('a code of this server', () => {
  it.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['with a wrong secret', {}, `app:${relyingPartySecret.toUpperCase()}`],
    ['with half of the secret', {}, `app:${relyingPartySecret.slice(0, 20)}`],
    ['without a secret', { client_id: 'app' }, ''],
    ['with an empty secret', {}, 'app:'],
  ])('is not redeemed %s', async (_title, fields, basic) => {
    const callback = await signIn(new BrowserJar())
    const { status, body } = await redeem(callback, fields, basic)
    expect([400, 401]).toContain(status)
    expect(body['access_token']).toBeUndefined()
    expect((await redeem(callback)).status).toBe(200)
  })

  it('is not redeemed by another client, public or with a secret of its own', async () => {
    const confidential = await harness.register({ token_endpoint_auth_method: 'client_secret_basic' })
    const { client_id: id, client_secret: secret } = confidential.body
    const thieves = [
      [{ client_id: await harness.registeredClient() }, ''],
      [{}, `${String(id)}:${String(secret)}`],
      [{ client_id: 'app' }, `${String(id)}:${String(secret)}`],
    ] as const
    for (const [fields, basic] of thieves) {
      const { status, body } = await redeem(await signIn(new BrowserJar()), fields as Record<string, string>, basic)
      expect({ status, token: body['access_token'] }).toEqual({ status: 400, token: undefined })
    }
  })

  it('is not redeemed without its verifier, with another, or for another redirect URI', async () => {
    for (const fields of [
      { code_verifier: '' },
      { code_verifier: pkcePair().verifier },
      { redirect_uri: callbackUri },
    ] as const) {
      expect((await redeem(await signIn(new BrowserJar()), fields)).status).toBe(400)
    }
  })

  it('is good once; a second use ends what the first one got, and no other sign-in', async () => {
    const jar = new BrowserJar()
    const callback = await signIn(jar)
    const first = await redeem(callback)
    const other = await redeem(callbackOf(await jar.open(urlWith())))
    expect(await redeem(callback)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect([await isActive(first), await isActive(other)]).toEqual([false, true])
  })
})

/** Another authorization server over the same databases, asked under its public name. */
class OtherIssuer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(changes: Pick<IssuerOptions, 'issuer' | 'relyingParty'>): Promise<OtherIssuer> {
    const issuer = await createIssuer({ ...harness.options, ...changes })
    const server = createServer((request, response) => void issuer.handle(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new OtherIssuer(server)
  }

  /** Status and location of the answer to an authorization request. */
  authorize({ host, pathname, search }: URL): Promise<readonly [number, string | undefined]> {
    const address = this.#server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    return new Promise((resolve, reject) => {
      const headers = { host, accept: 'text/html' }
      const sent = send({ host: '127.0.0.1', port, path: pathname + search, headers, agent: false }, (response) => {
        response.resume().on('end', () => resolve([response.statusCode ?? 0, response.headers.location]))
      })
      sent.on('error', reject).end()
    })
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe('an authorization server on the internet', () => {
  const origin = 'https://mcp.example.com'
  const redirectUri = `${origin}/authsec/login/callback`
  let other: OtherIssuer

  beforeAll(async () => {
    const isAwaited = () => Promise.resolve(true)
    const relyingParty = { clientId: 'app', clientSecret: relyingPartySecret, redirectUri, isAwaited }
    other = await OtherIssuer.start({ issuer: `${origin}/oauth`, relyingParty })
  })

  afterAll(() => other.close())

  const authorize = (parameters: Readonly<Record<string, string>>) => {
    const query = new URLSearchParams({ response_type: 'code', state: 'st4te', ...parameters })
    return other.authorize(new URL(`${origin}/oauth/authorize?${query}`))
  }

  it('tells its own sign-in about an error at once, where a stranger’s site is not told', async () => {
    const [status, location] = await authorize({ client_id: 'app', redirect_uri: redirectUri })
    expect(status).toBe(303)
    expect(location).toContain(`${redirectUri}?error=invalid_request`)
    const client_id = await harness.registeredClient()
    expect(await authorize({ client_id, redirect_uri: callbackUri })).toEqual([400, undefined])
    expect(await authorize({ client_id, redirect_uri: redirectUri })).toEqual([400, undefined])
  })

  it('leads its own sign-in to the sign-in page', async () => {
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    const [status, location] = await authorize({ client_id: 'app', redirect_uri: redirectUri, ...pkce })
    expect(status).toBe(303)
    expect(location).toMatch(/^\/authsec\/signin\/[A-Za-z0-9_-]+$/)
  })
})

describe('an issuer', () => {
  const create = (changes: object) => {
    const { options, issuer, loginCallback: redirectUri } = harness
    const isAwaited = () => Promise.resolve(true)
    const relyingParty = { clientId: 'app', clientSecret: relyingPartySecret, redirectUri, isAwaited, ...changes }
    return createIssuer({ ...options, issuer, relyingParty })
  }

  it.each([
    ['at another origin', { redirectUri: 'https://elsewhere.example/callback' }],
    ['that is no URL', { redirectUri: '/authsec/login/callback' }],
    ['with a query', { redirectUri: 'ORIGIN/authsec/login/callback?a=b' }],
    ['with a fragment', { redirectUri: 'ORIGIN/authsec/login/callback#a' }],
    ['in another spelling', { redirectUri: 'ORIGIN/authsec/login/../callback' }],
  ])('is not made for a relying party %s', async (_title, { redirectUri }) => {
    const given = redirectUri.replace('ORIGIN', harness.origin)
    await expect(create({ redirectUri: given })).rejects.toMatchObject({ code: 'ERR_CONFIG_URL' })
  })

  it.each([{ clientId: '' }, { clientId: 'a b' }, { clientSecret: 'short' }, { clientSecret: ` ${'x'.repeat(40)}` }])(
    'is not made for a relying party with %j',
    async (changes) => {
      await expect(create(changes)).rejects.toMatchObject({ code: 'ERR_CONFIG_OPTION' })
    },
  )

  it('without a relying party knows no client of its own', async () => {
    const alone = await OtherIssuer.start({ issuer: harness.issuer, relyingParty: undefined })
    const answered = await alone.authorize(urlWith())
    await alone.close()
    expect(answered).toEqual([400, undefined])
  })
})
