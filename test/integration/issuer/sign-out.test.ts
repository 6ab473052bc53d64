import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { Account } from '../../../src/core/identity/account-store.js'
import { BrowserJar } from '../../support/browser-jar.js'
import { DocumentSite } from '../../support/document-site.js'
import { callbackUri, IssuerHarness, pkcePair } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'
import { until } from '../../support/until.js'

let harness: IssuerHarness
let site: DocumentSite
let ana: Account
const clock = new ShiftableClock()
const afterUri = 'https://client.example/goodbye'

beforeAll(async () => {
  site = await DocumentSite.start('client.test')
  const outgoing = { fetcher: site.fetcher, reach: 'private' as const }
  harness = await IssuerHarness.start({ clock, storageClock: clock, outgoing })
  ana = await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
})

afterAll(async () => {
  await harness.close()
  await site.close()
})

afterEach(() => {
  site.hangs = false
  clock.advance(61)
})

/** A client, and a browser that is signed in for it. */
async function signedIn(metadata: Readonly<Record<string, unknown>> = {}) {
  const { status, body: registered } = await harness.register({ post_logout_redirect_uris: [afterUri], ...metadata })
  expect(status).toBe(201)
  const client_id = String(registered['client_id'])
  const redirect_uri = String((registered['redirect_uris'] as readonly string[])[0])
  const { code, verifier, jar } = await harness.obtainCode('ana@acme.test', {
    ...{ client_id, redirect_uri, scope: 'openid read' },
  })
  const { body } = await harness.exchange({ client_id, redirect_uri, code, code_verifier: verifier })
  return { client_id, jar, body, idToken: String(body['id_token']) }
}

function logoutUrl(parameters: Readonly<Record<string, string>> = {}): string {
  return `${harness.issuer}/logout?${new URLSearchParams(parameters).toString()}`
}

function isActive(accessToken: unknown): Promise<boolean> {
  return harness.running.registry.isActive(String(decodeJwt(String(accessToken))['gid']))
}

/** Whether the browser would be let in again without a password. */
async function isSignedIn(jar: BrowserJar, client_id: string): Promise<boolean> {
  const { challenge } = pkcePair()
  const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
  const shown = await jar.open(harness.authorizeUrl({ client_id, redirect_uri: callbackUri, scope: 'read', ...pkce }))
  return !shown.html.includes('name="password"')
}

describe('signing out', () => {
  it('is asked for on a page, ends session and grants, and leads back to the client with its state', async () => {
    const { body, client_id, idToken, jar } = await signedIn()
    const query = { id_token_hint: idToken, post_logout_redirect_uri: afterUri, state: 'a b' }
    const page = await jar.open(logoutUrl(query))
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining('ana@acme.test') })
    expect(page.html).toContain('Test client')
    expect(await isActive(body['access_token'])).toBe(true)

    const done = await jar.press(page, 'sign-out')
    expect(done.left?.href).toBe(`${afterUri}?state=a+b`)
    expect(await isActive(body['access_token'])).toBe(false)
    expect((await harness.refresh(client_id, body['refresh_token'])).body['error']).toBe('invalid_grant')
    expect(await isSignedIn(jar, client_id)).toBe(false)
    expect(harness.audit.ofType('signin.completed').some(({ reason }) => reason === 'signed_out')).toBe(true)
  })

  it('is not done by a cookie that was kept', async () => {
    const { client_id, jar } = await signedIn()
    const thief = new BrowserJar()
    for (const cookie of jar.cookies) thief.plant(cookie)
    await jar.press(await jar.open(logoutUrl()), 'sign-out')
    expect(await isSignedIn(thief, client_id)).toBe(false)
  })

  it('does nothing where the user stays', async () => {
    const { body, client_id, idToken, jar } = await signedIn()
    const page = await jar.open(logoutUrl({ id_token_hint: idToken, post_logout_redirect_uri: afterUri }))
    const stayed = await jar.press(page, 'stay')
    expect(stayed).toMatchObject({ status: 200, left: undefined, html: expect.stringContaining('still signed in') })
    expect(await isActive(body['access_token'])).toBe(true)
    expect(await isSignedIn(jar, client_id)).toBe(true)
  })

  it('works without a client that asks for it, and then leads nowhere', async () => {
    const { body, jar } = await signedIn()
    const done = await jar.press(await jar.open(logoutUrl({ post_logout_redirect_uri: afterUri })), 'sign-out')
    expect(done).toMatchObject({ status: 200, left: undefined, html: expect.stringContaining('signed out') })
    expect(await isActive(body['access_token'])).toBe(false)
  })

  it('takes an id_token_hint that is over, and a client_id instead of one', async () => {
    const { client_id, idToken, jar } = await signedIn()
    clock.advance(3600)
    const byHint = await jar.open(logoutUrl({ id_token_hint: idToken, post_logout_redirect_uri: afterUri }))
    expect(byHint.status).toBe(200)
    const byName = await jar.open(logoutUrl({ client_id, post_logout_redirect_uri: afterUri }))
    expect((await jar.press(byName, 'sign-out')).left?.href).toBe(afterUri)
  })

  it('may be asked for by POST, which leads to the same page', async () => {
    const { idToken, jar } = await signedIn()
    const form = new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: afterUri, csrf_other: 'x' })
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://client.example' }
    const page = await jar.post(`${harness.issuer}/logout`, form.toString(), headers)
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining('Sign out?') })
    expect((await jar.press(page, 'sign-out')).left?.href).toBe(afterUri)
  })

  it('leads a browser that is not signed in nowhere by itself, and says whose link it offers and where it leads', async () => {
    const { idToken } = await signedIn()
    const page = await new BrowserJar().open(logoutUrl({ id_token_hint: idToken, post_logout_redirect_uri: afterUri }))
    expect(page).toMatchObject({ status: 200, left: undefined, html: expect.stringContaining(`href="${afterUri}"`) })
    expect(page.html).toContain('“Test client”')
    expect(page.html).toContain('<strong>client.example</strong>')
    expect(page.html).not.toContain('class="warning"')
  })

  it('offers a browser that is not signed in no link of a client that is only named', async () => {
    const { client_id } = await signedIn()
    const page = await new BrowserJar().open(logoutUrl({ client_id, post_logout_redirect_uri: afterUri }))
    expect(page).toMatchObject({ status: 200, left: undefined, html: expect.stringContaining('signed out') })
    expect(page.html).not.toContain('client.example')
    expect(page.html).not.toContain('Continue')
  })

  it('warns of a client that may be taken for another one, on the question and on the link', async () => {
    const uris = {
      redirect_uris: ['https://claude.evil.example/cb'],
      post_logout_redirect_uris: ['https://claude.evil.example/bye'],
    }
    const { idToken, jar } = await signedIn({ client_name: 'Cl4ude', ...uris })
    const url = logoutUrl({ id_token_hint: idToken, post_logout_redirect_uri: 'https://claude.evil.example/bye' })
    for (const page of [await jar.open(url), await new BrowserJar().open(url)]) {
      expect(page.html).toContain('calls itself like <strong>Claude</strong>')
      expect(page.html).toContain('reads like one of <strong>Claude</strong>')
      expect(page.html).toContain('claude.<strong>evil.example</strong>')
    }
  })
})

describe('a logout request is refused', () => {
  it.each([
    ['with another destination', 'https://client.example/elsewhere'],
    ['with a destination that only begins like a registered one', `${afterUri}/x`],
    ['with a destination with a query', `${afterUri}?x=1`],
    ['with a script', 'javascript:alert(1)'],
    ['with the redirect URI of the sign-in', callbackUri],
  ])('%s', async (_title, post_logout_redirect_uri) => {
    const { body, idToken, jar } = await signedIn()
    const page = await jar.open(logoutUrl({ id_token_hint: idToken, post_logout_redirect_uri }))
    expect(page).toMatchObject({ status: 400, left: undefined })
    expect(page.html).not.toContain('name="csrf"')
    expect(await isActive(body['access_token'])).toBe(true)
  })

  it('with the loopback port of another program, though a sign-in may use any', async () => {
    const uris = { redirect_uris: ['http://127.0.0.1/cb'], post_logout_redirect_uris: ['http://127.0.0.1:4711/bye'] }
    const client_id = await harness.registeredClient(uris)
    const at = async (port: number) =>
      (await new BrowserJar().open(logoutUrl({ client_id, post_logout_redirect_uri: `http://127.0.0.1:${port}/bye` })))
        .status
    expect([await at(4711), await at(4712)]).toEqual([200, 400])
  })

  it.each<[string, (token: string) => string]>([
    ['that was altered', (token) => token.replace(/\.(.)/, (_all, first) => `.${first === 'A' ? 'B' : 'A'}`)],
    ['without a signature', (token) => `${token.split('.').slice(0, 2).join('.')}.`],
    ['that is none', () => 'x'],
  ])('with an id_token_hint %s', async (_title, forge) => {
    const { idToken, jar } = await signedIn()
    expect((await jar.open(logoutUrl({ id_token_hint: forge(idToken) }))).status).toBe(400)
  })

  it('with an access token for a hint, another client, an unknown one, or a parameter twice', async () => {
    const { body, client_id, idToken, jar } = await signedIn()
    const stranger = await harness.registeredClient()
    const asked = [
      logoutUrl({ id_token_hint: String(body['access_token']) }),
      logoutUrl({ id_token_hint: idToken, client_id: stranger }),
      logoutUrl({ client_id: 'nobody' }),
      `${logoutUrl({ client_id })}&client_id=${client_id}`,
    ]
    for (const url of asked) expect((await jar.open(url)).status).toBe(400)
    expect((await jar.open(logoutUrl({ id_token_hint: idToken, client_id }))).status).toBe(200)
  })
})

describe('the form of a logout', () => {
  it.each<[string, Parameters<BrowserJar['press']>[2]]>([
    ['from another site', { headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } }],
    ['with another token', { fields: { csrf: 'x'.repeat(43) } }],
  ])('is refused %s, and signs nobody out', async (_title, options) => {
    const { body, jar } = await signedIn()
    const page = await jar.open(logoutUrl())
    expect((await jar.press(page, 'sign-out', options)).status).toBe(403)
    expect(await isActive(body['access_token'])).toBe(true)
    expect((await jar.press(page, 'sign-out')).status).toBe(200)
    expect(await isActive(body['access_token'])).toBe(false)
  })

  it('is refused with the token of another browser, or of another request', async () => {
    const { body, jar } = await signedIn()
    const attacker = await signedIn()
    const theirs = await attacker.jar.open(logoutUrl())
    const mine = await jar.open(logoutUrl())
    const [, csrf] = /name="csrf" value="([^"]+)"/.exec(theirs.html) ?? []
    expect((await jar.press(mine, 'sign-out', { fields: { csrf } })).status).toBe(403)
    const other = await jar.open(logoutUrl({ state: 'x' }))
    const [, another] = /name="csrf" value="([^"]+)"/.exec(other.html) ?? []
    expect((await jar.press(mine, 'sign-out', { fields: { csrf: another } })).status).toBe(403)
    expect(await isActive(body['access_token'])).toBe(true)
  })

  it('stands on a page that nobody may frame', async () => {
    const { jar } = await signedIn()
    const { headers } = await jar.open(logoutUrl())
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })
})

describe('a client that wants to hear of logouts', () => {
  const redirects = () => ({ redirect_uris: [site.url('client.test', '/callback')] })

  async function told(path: string): Promise<string> {
    await until(() => site.posted.some((posted) => posted.path === path))
    const body = site.posted.find((posted) => posted.path === path)?.body
    return new URLSearchParams(body).get('logout_token') ?? ''
  }

  it('is sent a logout token that its keys prove (OpenID Connect Back-Channel Logout §2.4)', async () => {
    site.serve('/hear', '')
    const { client_id, idToken, jar } = await signedIn({
      ...redirects(),
      ...{ post_logout_redirect_uris: [], backchannel_logout_session_required: true },
      backchannel_logout_uri: site.url('client.test', '/hear'),
    })
    await jar.press(await jar.open(logoutUrl()), 'sign-out')
    const token = await told('/hear')
    const keys = (await (await fetch(`${harness.issuer}/jwks`)).json()) as JSONWebKeySet
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      ...{ issuer: harness.issuer, audience: client_id, typ: 'logout+jwt', currentDate: new Date(clock.now()) },
    })
    expect(payload).toEqual({
      ...{ iss: harness.issuer, aud: client_id, sub: ana.id, sid: decodeJwt(idToken)['sid'] },
      ...{ iat: expect.any(Number), exp: Number(payload.iat) + 120, jti: expect.any(String) },
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    expect(payload['sid']).toEqual(expect.any(String))
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'logout+jwt', kid: keys.keys[0]?.kid })
  })

  it('is told which sign-in has ended also where it does not insist (§2.4), and nothing where the user stays', async () => {
    site.serve('/plain', '')
    const { body, jar } = await signedIn({
      ...{ ...redirects(), post_logout_redirect_uris: [] },
      backchannel_logout_uri: site.url('client.test', '/plain'),
    })
    await jar.press(await jar.open(logoutUrl()), 'stay')
    expect(site.posted.some(({ path }) => path === '/plain')).toBe(false)
    await jar.press(await jar.open(logoutUrl()), 'sign-out')
    const { sid } = decodeJwt(String(body['id_token']))
    expect(sid).toEqual(expect.any(String))
    expect(decodeJwt(await told('/plain'))).toMatchObject({ sid })
  })

  it('is told once the user is signed out: not where a step before that fails, and then when it is done again', async () => {
    site.serve('/late', '')
    const { body, client_id, jar } = await signedIn({
      ...{ ...redirects(), post_logout_redirect_uris: [] },
      backchannel_logout_uri: site.url('client.test', '/late'),
    })
    const page = await jar.open(logoutUrl())
    const wasTold = () => site.posted.some(({ path }) => path === '/late')
    const { findBySlug } = harness.tenants
    harness.tenants.findBySlug = () => Promise.reject(new UpstreamError('AUTH_UNAVAILABLE', 'down'))
    expect((await jar.press(page, 'sign-out')).status).toBe(503)
    harness.tenants.findBySlug = findBySlug
    // Nothing has ended where nobody is told.
    expect(await isActive(body['access_token'])).toBe(true)

    const { take } = harness.storage
    harness.storage.take = () => Promise.reject(new UpstreamError('AUTH_UNAVAILABLE', 'down'))
    expect((await jar.press(page, 'sign-out')).status).toBe(503)
    harness.storage.take = take
    expect(wasTold()).toBe(false)
    expect(await isSignedIn(jar, client_id)).toBe(true)

    expect((await jar.press(page, 'sign-out')).status).toBe(200)
    await until(wasTold)
    expect(site.posted.filter(({ path }) => path === '/late')).toHaveLength(1)
  })

  it('delays nobody where it hangs: the user is signed out before it answers', async () => {
    const { body, jar } = await signedIn({
      ...{ ...redirects(), post_logout_redirect_uris: [] },
      backchannel_logout_uri: site.url('client.test', '/hangs'),
    })
    const page = await jar.open(logoutUrl())
    site.hangs = true
    const done = await jar.press(page, 'sign-out')
    expect(done.status).toBe(200)
    expect(await isActive(body['access_token'])).toBe(false)
    expect(harness.log.lines.some(({ message }) => message === 'a client was not told of a logout')).toBe(false)
    await until(() => harness.log.lines.some(({ message }) => message === 'a client was not told of a logout'))
  })

  it.each([
    ['on another site', 'https://evil.example/hear'],
    ['by http elsewhere', 'http://client.test/hear'],
    ['by a private-use scheme', 'com.example.app:/hear'],
    ['by a script', 'javascript:alert(1)'],
    ['in a list', ['https://client.test/hear']],
    ['at this server', undefined],
  ])('is not registered %s', async (_title, uri) => {
    const backchannel_logout_uri = uri ?? `${harness.origin}/hear`
    const answer = await harness.register({ ...redirects(), backchannel_logout_uri })
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringMatching(/^invalid_/) } })
  })

  it.each([
    ['on another site', ['https://evil.example/bye']],
    ['of a script', ['javascript:alert(1)']],
    ['of http elsewhere', ['http://client.example/bye']],
    ['that are no list', 'https://client.example/bye'],
    ['that are no text', [1]],
  ])('may not send users on to destinations %s', async (_title, post_logout_redirect_uris) => {
    expect((await harness.register({ post_logout_redirect_uris })).status).toBe(400)
  })
})

describe('a server that closes', () => {
  it('waits for clients that are being told, gives up those that hang, and tells nobody afterwards', async () => {
    const signedInAgain = async () =>
      signedIn({
        redirect_uris: [site.url('client.test', '/callback')],
        post_logout_redirect_uris: [],
        backchannel_logout_uri: site.url('client.test', '/closing'),
      })
    const [hanging, late] = [await signedInAgain(), await signedInAgain()]
    const lines = harness.log.lines.length
    site.hangs = true
    expect((await hanging.jar.press(await hanging.jar.open(logoutUrl()), 'sign-out')).status).toBe(200)
    await harness.background.close()
    expect(harness.log.lines.slice(lines)).toEqual([
      expect.objectContaining({
        message: 'a client was not told of a logout',
        fields: expect.objectContaining({ error: expect.objectContaining({ message: 'the process is about to end' }) }),
      }),
    ])
    site.hangs = false
    const posted = site.posted.length
    expect((await late.jar.press(await late.jar.open(logoutUrl()), 'sign-out')).status).toBe(200)
    expect(site.posted).toHaveLength(posted)
  })
})
