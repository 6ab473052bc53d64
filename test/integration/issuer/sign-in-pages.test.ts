import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar, hiddenFields, type Shown } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, password, pkcePair } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
let clientId: string
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ admits: ['acme', 'globex'], clock })
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  await harness.addAccount(harness.globex, 'ana@acme.test', ['write'])
  const gone = await harness.addAccount(harness.acme, 'gone@acme.test', ['read'])
  await harness.accounts.change(harness.acme, gone.id, { disabled: true })
  clientId = await harness.registeredClient()
})

afterAll(() => harness.close())
// Limits go by address, and every test has the same one.
afterEach(() => clock.advance(16 * 60))

function startUrl(parameters: Readonly<Record<string, string>> = {}): URL {
  const { challenge } = pkcePair()
  return harness.authorizeUrl({
    client_id: clientId,
    redirect_uri: callbackUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    scope: 'read write',
    ...parameters,
  })
}

function credentials(email = 'ana@acme.test', given = password, tenant = 'acme'): { fields: Record<string, string> } {
  return { fields: { tenant, email, password: given } }
}

async function openConsent(jar: BrowserJar, parameters: Readonly<Record<string, string>> = {}): Promise<Shown> {
  return jar.press(await jar.open(startUrl(parameters)), 'sign-in', credentials())
}

/** The page without what differs from visit to visit. */
function shapeOf(html: string): string {
  return html.replaceAll(/value="[^"]*"/g, 'value=""')
}

describe('the sign-in page', () => {
  it('asks for the organisation first, naming those that are admitted', async () => {
    harness.tenants.add('initech', 'Initech')
    const { html } = await new BrowserJar().open(startUrl())
    expect(html).toContain('<option value="acme">Acme Corp</option>')
    expect(html).toContain('<option value="globex">Globex</option>')
    expect(html).not.toContain('Initech')
    expect(html.indexOf('name="tenant"')).toBeLessThan(html.indexOf('name="password"'))
  })

  it('signs in to the chosen tenant: the same address elsewhere is another account', async () => {
    const jar = new BrowserJar()
    const consent = await jar.press(await jar.open(startUrl()), 'sign-in', credentials(undefined, undefined, 'globex'))
    expect(consent.html).toContain('Globex')
    expect(consent.html).not.toContain('Acme Corp')
  })

  it.each(['initech', 'nowhere', '', '../acme', 'ACME'])('signs nobody in to tenant %j', async (tenant) => {
    const jar = new BrowserJar()
    const shown = await jar.press(await jar.open(startUrl()), 'sign-in', credentials(undefined, undefined, tenant))
    expect(shown.status).toBe(400)
    expect(shown.html).toContain('Choose your organisation.')
  })

  it('answers a wrong password, an unknown, a disabled and an empty account alike', async () => {
    const attempts = [
      credentials('ana@acme.test', 'wrong'),
      credentials('nobody@acme.test', password),
      credentials('gone@acme.test', password),
      credentials('', ''),
      credentials('ana@acme.test', 'x'.repeat(129)),
    ]
    const pages = []
    for (const attempt of attempts) {
      const jar = new BrowserJar()
      pages.push(await jar.press(await jar.open(startUrl()), 'sign-in', attempt))
    }
    expect(pages.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
    expect(new Set(pages.map(({ html }) => shapeOf(html))).size).toBe(1)
    expect(pages[0]?.html).toContain('Organisation, e-mail address or password is wrong.')
  })

  it('never shows the password again, and the address only escaped', async () => {
    const jar = new BrowserJar()
    const email = '"><script>alert(1)</script>'
    const shown = await jar.press(await jar.open(startUrl()), 'sign-in', credentials(email, 'pa55-marker'))
    expect(shown.html).not.toContain('pa55-marker')
    expect(shown.html).not.toContain('<script')
    expect(shown.html).toContain('&quot;&gt;&lt;script&gt;')
  })

  it('escapes a login_hint', async () => {
    const { html } = await new BrowserJar().open(startUrl({ login_hint: '"><img src=x onerror=alert(1)>' }))
    expect(html).not.toContain('<img')
  })

  it('stops a sign-in after ten tries, also with the right password, and says when to come back', async () => {
    const jar = new BrowserJar()
    let shown = await jar.open(startUrl())
    for (let tries = 0; tries < 10; tries += 1)
      shown = await jar.press(shown, 'sign-in', credentials('ana@acme.test', 'no'))
    expect(shown.status).toBe(401)
    shown = await jar.press(shown, 'sign-in', credentials())
    expect(shown.status).toBe(429)
    expect(Number(shown.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('stops guessing at an account over several sign-ins, while its own browser still gets in', async () => {
    const own = new BrowserJar()
    expect((await openConsent(own)).html).toContain('<h1>Allow')
    for (let tries = 0; tries < 10; tries += 1) {
      const guesser = new BrowserJar()
      await guesser.press(await guesser.open(startUrl()), 'sign-in', credentials('ana@acme.test', `guess ${tries}`))
    }
    const stranger = new BrowserJar()
    expect((await stranger.press(await stranger.open(startUrl()), 'sign-in', credentials())).status).toBe(429)
    own.forget('session')
    expect((await openConsent(own)).status).toBe(200)
    clock.advance(16 * 60)
    expect((await openConsent(stranger)).status).toBe(200)
  })

  it('is not possible while the tenant database or the audit log is down', async () => {
    const jar = new BrowserJar()
    const page = await jar.open(startUrl())
    harness.accounts.available = false
    const down = await jar.press(page, 'sign-in', credentials())
    harness.accounts.available = true
    harness.audit.available = false
    const unrecorded = await jar.press(page, 'sign-in', credentials())
    harness.audit.available = true
    expect([down.status, unrecorded.status]).toEqual([503, 503])
    expect((await jar.press(page, 'sign-in', credentials())).status).toBe(200)
  })

  it('is left with Cancel, which the client is told', async () => {
    const jar = new BrowserJar()
    const { left } = await jar.press(await jar.open(startUrl()), 'deny')
    expect(left?.searchParams.get('error')).toBe('access_denied')
    expect(left?.searchParams.get('state')).toBe('st4te')
  })
})

describe('the consent page', () => {
  it('names the client, where the answer goes, the scopes, the account and the tenant', async () => {
    const { html } = await openConsent(new BrowserJar())
    for (const fact of [
      'Test client',
      '<strong>client.example</strong>',
      'ana@acme.test',
      'Acme Corp',
      '<code>read</code>',
    ]) {
      expect(html).toContain(fact)
    }
    expect(html).toContain('<code>write</code> <em>(not yours today; Allow also covers it')
    expect(html).not.toContain('class="warning"')
  })

  it.each(['http://127.0.0.1:7777/cb', 'com.example.app:/cb'])(
    'warns of %s, where any program may listen',
    async (uri) => {
      const client_id = await harness.registeredClient({ redirect_uris: [uri] })
      const { html } = await openConsent(new BrowserJar(), { client_id, redirect_uri: uri })
      expect(html).toContain('class="warning"')
    },
  )

  it('escapes the name that a client gives itself', async () => {
    const client_name = `<img src=x onerror="alert(1)">&'\``
    const client_id = await harness.registeredClient({ client_name })
    const jar = new BrowserJar()
    const signIn = await jar.open(startUrl({ client_id }))
    const consent = await jar.press(signIn, 'sign-in', credentials())
    for (const { html } of [signIn, consent]) {
      expect(html).not.toContain('<img')
      expect(html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;&#96;')
    }
  })

  it('gives nothing on Deny', async () => {
    const jar = new BrowserJar()
    const { left } = await jar.press(await openConsent(jar), 'deny')
    expect(left?.searchParams.get('error')).toBe('access_denied')
    expect(left?.searchParams.get('code')).toBeNull()
    expect(left?.searchParams.get('iss')).toBe(harness.issuer)
  })

  it('is not shown again in the same session for the same client and scopes, but for more scopes it is', async () => {
    const jar = new BrowserJar()
    await jar.press(await openConsent(jar, { scope: 'read' }), 'allow')
    expect((await jar.open(startUrl({ scope: 'read' }))).left?.searchParams.get('code')).toBeTruthy()
    expect((await jar.open(startUrl({ scope: 'read write' }))).html).toContain('<h1>Allow')
  })

  it('is shown each time to a client on the same computer, which others can pretend to be', async () => {
    const uri = 'http://127.0.0.1:7777/cb'
    const client_id = await harness.registeredClient({ redirect_uris: [uri] })
    const jar = new BrowserJar()
    await jar.press(await openConsent(jar, { client_id, redirect_uri: uri }), 'allow')
    expect((await jar.open(startUrl({ client_id, redirect_uri: uri }))).html).toContain('<h1>Allow')
  })

  it('is shown to every client by itself', async () => {
    const jar = new BrowserJar()
    await jar.press(await openConsent(jar), 'allow')
    const client_id = await harness.registeredClient()
    expect((await jar.open(startUrl({ client_id }))).html).toContain('<h1>Allow')
  })

  it('lets the user sign in as somebody else', async () => {
    const jar = new BrowserJar()
    const signIn = await jar.press(await openConsent(jar), 'switch')
    expect(signIn.html).toContain('<h1>Sign in</h1>')
    const consent = await jar.press(signIn, 'sign-in', credentials(undefined, undefined, 'globex'))
    expect(consent.html).toContain('Globex')
    expect((await jar.press(consent, 'allow')).left?.searchParams.get('code')).toBeTruthy()
  })

  it('follows a sign-in as somebody else that the client asked for', async () => {
    const jar = new BrowserJar()
    await jar.press(await openConsent(jar), 'allow')
    const signIn = await jar.open(startUrl({ prompt: 'login' }))
    const consent = await jar.press(signIn, 'sign-in', credentials(undefined, undefined, 'globex'))
    expect(consent.html).toContain('Globex')
    expect((await jar.press(consent, 'allow')).left?.searchParams.get('code')).toBeTruthy()
  })

  it('asks for a new sign-in when the account was disabled in between', async () => {
    const account = await harness.addAccount(harness.acme, 'dee@acme.test', ['read'])
    const jar = new BrowserJar()
    const consent = await jar.press(await jar.open(startUrl()), 'sign-in', credentials('dee@acme.test'))
    await harness.accounts.change(harness.acme, account.id, { disabled: true })
    expect((await jar.press(consent, 'allow')).status).toBe(400)
    expect((await jar.open(startUrl())).html).toContain('<h1>Sign in</h1>')
  })
})

describe('a form', () => {
  it.each([
    ['without its token', { csrf: undefined }],
    ['with an empty token', { csrf: '' }],
    ['with a made-up token', { csrf: 'A'.repeat(43) }],
  ])('is refused %s', async (_title, fields) => {
    const jar = new BrowserJar()
    const consent = await openConsent(jar)
    const refused = await jar.press(consent, 'allow', { fields })
    expect(refused).toMatchObject({ status: 403, left: undefined })
    expect((await jar.press(consent, 'allow')).left?.searchParams.get('code')).toBeTruthy()
  })

  it('is refused with the token of another sign-in in the same browser', async () => {
    const jar = new BrowserJar()
    const first = await jar.open(startUrl())
    const second = await jar.open(startUrl())
    const { csrf } = hiddenFields(first.html)
    expect(await jar.press(second, 'deny', { fields: { csrf } })).toMatchObject({ status: 403, left: undefined })
  })

  it('is refused in another browser, even one that was handed the cookies of the sign-in', async () => {
    const attacker = new BrowserJar()
    const page = await attacker.open(startUrl())
    const victim = new BrowserJar()
    expect((await victim.press(page, 'deny')).status).toBe(400)
    for (const cookie of attacker.cookies) if (cookie.name.includes('interaction')) victim.plant(cookie)
    await victim.open(startUrl())
    expect((await victim.press(page, 'deny')).status).toBe(403)
  })

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling domain', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['another type', { 'content-type': 'text/plain' }],
    ['JSON', { 'content-type': 'application/json' }],
  ])('is refused when it comes from or as %s', async (_title, headers) => {
    const jar = new BrowserJar()
    const consent = await openConsent(jar)
    expect(await jar.press(consent, 'allow', { headers })).toMatchObject({ status: 403, left: undefined })
  })

  it('is refused when a field comes twice, and when it is too large', async () => {
    const jar = new BrowserJar()
    const consent = await openConsent(jar)
    const csrf = String(hiddenFields(consent.html)['csrf'])
    expect((await jar.post(consent.url, `csrf=${csrf}&action=deny&action=allow`)).status).toBe(403)
    expect((await jar.post(consent.url, `csrf=${csrf}&action=allow&x=${'x'.repeat(9000)}`)).status).toBe(403)
  })

  it('cannot skip the sign-in by answering the question after it', async () => {
    const jar = new BrowserJar()
    const shown = await jar.press(await jar.open(startUrl()), 'allow')
    expect(shown.left).toBeUndefined()
    expect(shown.html).toContain('<h1>Sign in</h1>')
  })

  it('cannot be answered twice', async () => {
    const jar = new BrowserJar()
    const consent = await openConsent(jar)
    await jar.press(consent, 'allow')
    expect(await jar.press(consent, 'allow')).toMatchObject({ status: 400, left: undefined })
  })
})

describe('a sign-in', () => {
  it('belongs to the browser that started it', async () => {
    const page = await new BrowserJar().open(startUrl())
    const other = await new BrowserJar().open(page.url)
    expect(other.status).toBe(400)
    expect(other.html).toContain('belongs to another browser')
  })

  it('is refused when a cookie of ours is sent twice', async () => {
    const jar = new BrowserJar()
    const page = await jar.open(startUrl())
    const cookie = jar.cookies.find(({ name }) => name.startsWith('authsec_browser'))
    jar.plant({ name: cookie?.name ?? '', value: 'A'.repeat(43), path: '/authsec' })
    const refused = await jar.press(page, 'deny')
    expect(refused.status).toBe(400)
    expect(refused.html).toContain('Your browser sent a sign-in cookie twice.')
  })

  it('gives the browser a new session id', async () => {
    const jar = new BrowserJar()
    const sessionOf = () => jar.cookies.find(({ name }) => /^authsec_session_\d+$/.test(name))?.value
    const consent = await openConsent(jar)
    const before = sessionOf()
    await jar.press(consent, 'allow')
    expect(before).toBeDefined()
    expect(sessionOf()).not.toBe(before)
  })

  it('can run beside another one in the same browser', async () => {
    const jar = new BrowserJar()
    const [first, second] = [await jar.open(startUrl()), await jar.open(startUrl())]
    const consents = [
      await jar.press(first, 'sign-in', credentials()),
      await jar.press(second, 'sign-in', credentials()),
    ]
    for (const consent of consents) {
      expect(consent.status).toBe(200)
      expect((await jar.press(consent, 'allow')).left?.searchParams.get('code')).toBeTruthy()
    }
  })

  it('is on record: started, failed and completed, joined by a reference that is no key to it', async () => {
    harness.audit.events.length = 0
    const jar = new BrowserJar()
    const page = await jar.open(startUrl())
    await jar.press(page, 'sign-in', credentials('ana@acme.test', 'wrong'))
    await jar.press(page, 'sign-in', credentials('nobody@acme.test'))
    await jar.press(page, 'sign-in', credentials())
    const ana = await harness.accounts.findByEmail(harness.acme, 'ana@acme.test')
    const common = { issuer: harness.issuer, clientId, requestId: expect.stringMatching(/^.{22}$/) }
    expect(harness.audit.events).toMatchObject([
      { ...common, type: 'signin.started', tenant: undefined },
      { ...common, type: 'signin.failed', tenant: harness.acme, subject: ana?.id, reason: 'invalid' },
      { ...common, type: 'signin.failed', tenant: harness.acme, reason: 'ERR_ACCOUNT_UNKNOWN' },
      {
        ...common,
        type: 'signin.completed',
        tenant: harness.acme,
        subject: ana?.id,
        personal: { address: '127.0.0.1' },
      },
    ])
    expect(new Set(harness.audit.events.map(({ requestId }) => requestId)).size).toBe(1)
    for (const { value } of jar.cookies) expect(JSON.stringify(harness.audit.events)).not.toContain(value)
  })
})

describe('every answer on the way', () => {
  it('forbids frames, scripts, sniffing, referrers and caches, and never repeats a posted body', async () => {
    const jar = new BrowserJar()
    await jar.press(await openConsent(jar), 'allow')
    await jar.open(`${harness.origin}/authsec/signin/${'x'.repeat(43)}`)
    await jar.open(`${harness.issuer}/nowhere`)
    await jar.open(startUrl({ client_id: 'nobody' }))
    await jar.open(startUrl({ code_challenge_method: 'plain' }))
    const assets = ['/authsec/signin.css', '/authsec/signin.svg']
    for (const url of ['/oauth/jwks', ...assets, '/.well-known/oauth-authorization-server/oauth']) {
      await jar.open(harness.origin + url)
    }
    expect(jar.answers.length).toBeGreaterThan(12)
    for (const { headers, status, url } of jar.answers) {
      const csp = headers.get('content-security-policy')
      expect(csp).toBe(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      )
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      if (!assets.some((asset) => url.endsWith(asset))) expect(headers.get('cache-control')).toBe('no-store')
      expect([200, 303, 400, 404]).toContain(status)
    }
  })

  it('sets cookies that scripts and other sites do not get', async () => {
    const jar = new BrowserJar()
    await jar.press(await openConsent(jar), 'allow')
    const lines = jar.answers.flatMap(({ headers }) => headers.getSetCookie())
    const port = new URL(harness.origin).port
    expect(lines.length).toBeGreaterThan(6)
    for (const line of lines) {
      expect(line).toMatch(new RegExp(`^authsec_(session|interaction|resume|browser)_${port}(\\.sig)?=`))
      expect(line).toMatch(/; httponly/i)
      expect(line).toMatch(/; samesite=lax/i)
      expect(line).not.toMatch(/; domain/i)
    }
  })

  it('has no style or script of its own', async () => {
    const jar = new BrowserJar()
    const pages = [await jar.open(startUrl()), await openConsent(jar)]
    for (const { html } of pages) expect(html).not.toMatch(/<script|<style|\s(style|on\w+)=|javascript:/i)
    const css = await jar.open(`${harness.origin}/authsec/signin.css`)
    expect(css.headers.get('content-type')).toBe('text/css; charset=utf-8')
    expect(css.html).not.toMatch(/url\(|@import/)
    const icon = await jar.open(`${harness.origin}/authsec/signin.svg`)
    expect(icon.headers.get('content-type')).toBe('image/svg+xml')
    expect(icon.html).not.toMatch(/<script|<style|\s(style|on\w+)=|href/i)
  })
})
