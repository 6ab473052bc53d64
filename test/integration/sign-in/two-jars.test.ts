import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { BrowserJar, hiddenFields, type Shown } from '../../support/browser-jar.js'
import { faultsOf, LoginHarness, type Started } from '../../support/login-harness.js'

let harness: LoginHarness

beforeAll(async () => {
  harness = await LoginHarness.start()
})

afterAll(() => harness.close())

beforeEach(() => {
  harness.audit.events.length = 0
  harness.answers.length = 0
})

afterEach(() => {
  expect(harness.answers.flatMap(faultsOf)).toEqual([])
})

function codeOn({ html }: Shown): string {
  const [, code] = /<p class="one-time-code">([^<]+)</.exec(html) ?? []
  if (code === undefined) throw new TypeError(`no code: ${html}`)
  return code
}

/** The one row on record that tells of the attack; it belongs to the sign-in that was attacked. */
function expectOnRecord(reason: string, { id }: Started): void {
  expect(harness.audit.ofType('signin.failed')).toMatchObject([
    {
      ...{ reason, clientId: 'app', tenant: undefined, requestId: harness.records.referenceOf(id) },
      personal: { address: '127.0.0.1' },
    },
  ])
}

function cookieOf(jar: BrowserJar): { readonly name: string; readonly value: string } {
  const [cookie, ...others] = jar.cookies
  if (cookie === undefined || others.length > 0) throw new TypeError('not one cookie')
  return cookie
}

describe('a link that its sender started (O1)', () => {
  it('signs the sender in with nothing but the code that the victim sees', async () => {
    const started = await harness.begin()
    const code = codeOn(await harness.complete(new BrowserJar(), started))
    expect(started.session.signIn).toBeUndefined()
    expect(harness.signIns.standing).toEqual([])
    await expect(harness.sessions.useCode(started.session, '0000-0000')).resolves.toMatchObject({
      ...{ outcome: 'refused', reason: 'ERR_LOGIN_CODE' },
    })
    expect(harness.signIns.standing).toEqual([])
    expect(harness.reasons).toEqual(['ERR_LOGIN_CODE'])
    await expect(harness.sessions.useCode(started.session, code)).resolves.toMatchObject({ outcome: 'signed-in' })
    expect(harness.signIns.standing).toMatchObject([{ subject: 'ana' }])
  })

  it('is of no use with the code in another session', async () => {
    const code = codeOn(await harness.complete(new BrowserJar(), await harness.begin()))
    const other = harness.session()
    await expect(harness.sessions.useCode(other, code)).resolves.toMatchObject({ reason: 'ERR_LOGIN_UNKNOWN' })
    expect(other.signIn).toBeUndefined()
    expect(harness.reasons).toEqual(['ERR_LOGIN_UNKNOWN'])
  })

  it.each(['confirmed', 'back from the provider'])('shows nothing to others once it is %s', async (phase) => {
    const started = await harness.begin()
    const [owner, other] = [new BrowserJar(), new BrowserJar()]
    await other.open(started.url)
    const shown = phase === 'confirmed' ? undefined : await harness.complete(owner, started)
    if (shown === undefined) await harness.confirm(owner, started)
    for (const jar of [other, new BrowserJar()]) {
      const seen = await jar.open(started.url)
      expect(seen.status).toBe(403)
      expect(seen.html).toContain('This sign-in was started in another browser')
      expect(seen.html).not.toMatch(/one-time-code|ana|acme|<form/i)
      if (shown !== undefined) expect(seen.html).not.toContain(codeOn(shown))
    }
    expect(harness.reasons).toEqual(['ERR_LOGIN_BROWSER', 'ERR_LOGIN_BROWSER'])
    expect((await owner.open(started.url)).status).toBe(200)
    expect(harness.reasons).toHaveLength(2)
  })

  it('cannot be confirmed by a second browser', async () => {
    const started = await harness.begin()
    const [owner, other] = [new BrowserJar(), new BrowserJar()]
    const early = await other.open(started.url)
    await harness.confirm(owner, started)
    expect(await other.press(early, 'confirm')).toMatchObject({ status: 403, left: undefined })
    expectOnRecord('ERR_LOGIN_BROWSER', started)
    expect(codeOn(await harness.complete(owner, started))).toHaveLength(9)
  })
})

describe('a callback (O2)', () => {
  let started: Started
  let owner: BrowserJar
  let callback: URL

  beforeEach(async () => {
    owner = new BrowserJar()
    started = await harness.begin()
    callback = harness.provider.approve(await harness.confirm(owner, started), 'mallory')
  })

  it('is refused without a cookie', async () => {
    const { exchanges } = harness.provider
    const refused = await new BrowserJar().open(callback)
    expect(refused.status).toBe(400)
    expect(refused.html).toContain('You did not start this sign-in in this browser')
    expect(harness.provider.exchanges).toBe(exchanges)
    expectOnRecord('ERR_LOGIN_BROWSER', started)
  })

  it('is refused in another browser that has a sign-in of its own, and leaves that one alone', async () => {
    const victim = new BrowserJar()
    const own = await harness.begin()
    await harness.confirm(victim, own)
    expect((await victim.open(callback)).status).toBe(400)
    expectOnRecord('ERR_LOGIN_BROWSER', started)
    const shown = await harness.complete(victim, own)
    expect(shown.html).toContain('ana@acme.test')
    expect(shown.html).not.toContain('mallory')
  })

  it('is heard once, though the provider would take its code again', async () => {
    const shown = await owner.open(callback)
    const { exchanges } = harness.provider
    expect((await owner.open(callback)).status).toBe(400)
    expect(harness.provider.exchanges).toBe(exchanges)
    expectOnRecord('ERR_LOGIN_REPLAYED', started)
    expect(codeOn(await owner.open(started.url))).toBe(codeOn(shown))
  })

  it('is heard once when it comes many times at once', async () => {
    const { exchanges } = harness.provider
    const answers = await Promise.all(Array.from({ length: 8 }, () => owner.open(callback)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(harness.provider.exchanges).toBe(exchanges + 1)
    expect(harness.reasons).toEqual(Array.from({ length: 7 }, () => 'ERR_LOGIN_REPLAYED'))
  })

  it('is refused ten minutes after the start, and a second before it is not', async () => {
    harness.clock.advance(600)
    expect((await owner.open(callback)).status).toBe(400)
    expect(harness.reasons).toEqual(['ERR_LOGIN_UNKNOWN'])
    const later = await harness.begin()
    const url = await harness.confirm(owner, later)
    harness.clock.advance(599)
    expect(codeOn(await owner.open(harness.provider.approve(url, 'ana')))).toHaveLength(9)
  })

  it('is refused for a sign-in that nobody confirmed', async () => {
    const unconfirmed = await harness.begin()
    await owner.open(unconfirmed.url)
    const state = harness.logins.transactions[0]?.secrets.state ?? ''
    expect((await owner.open(`${harness.origin}/authsec/login/callback?code=x&state=${state}`)).status).toBe(400)
    expectOnRecord('ERR_LOGIN_BROWSER', unconfirmed)
  })

  it('is refused with the code of another sign-in (O4)', async () => {
    const other = await harness.begin()
    const url = harness.provider.approve(await harness.confirm(owner, other), 'ana')
    callback.searchParams.set('code', url.searchParams.get('code') ?? '')
    const refused = await owner.open(callback)
    expect(refused.status).toBe(400)
    expectOnRecord('ERR_LOGIN_PROVIDER', started)
    expect((await owner.open(started.url)).html).toContain('Sign-in failed')
  })
})

describe('an address of the provider that was taken after confirmation (O3)', () => {
  it('is of no use in the browser of somebody else', async () => {
    const started = await harness.begin()
    const [attacker, victim] = [new BrowserJar(), new BrowserJar()]
    await victim.open(started.url)
    const authorization = await harness.confirm(attacker, started)
    expect((await victim.open(harness.provider.approve(authorization, 'ana'))).status).toBe(400)
    expectOnRecord('ERR_LOGIN_BROWSER', started)
    expect((await attacker.open(started.url)).html).not.toContain('one-time-code')
    expect(harness.logins.transactions[0]?.phase).toBe('confirmed')
  })
})

describe('a form', () => {
  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling domain', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
    ['another type', { 'content-type': 'text/plain' }],
    ['JSON', { 'content-type': 'application/json' }],
  ])('is refused when it comes from or as %s', async (_title, headers) => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    const page = await jar.open(started.url)
    for (const action of ['confirm', 'other-account', 'deny']) {
      harness.audit.events.length = 0
      expect(await jar.press(page, action, { headers })).toMatchObject({ status: 403, left: undefined })
      expectOnRecord('ERR_LOGIN_FORGED', started)
    }
    expect(harness.logins.transactions[0]?.phase).toBe('started')
    expect((await jar.press(page, 'confirm')).left).toBeDefined()
  })

  it.each([
    ['without its token', { csrf: undefined }],
    ['with an empty token', { csrf: '' }],
    ['with a guessed token', { csrf: 'A'.repeat(43) }],
    ['with too much in it', { more: 'x'.repeat(9_000) }],
  ])('is refused %s', async (_title, fields) => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    expect((await jar.press(await jar.open(started.url), 'confirm', { fields })).status).toBe(403)
    expectOnRecord('ERR_LOGIN_FORGED', started)
  })

  it('is refused when a field comes twice', async () => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    const { html } = await jar.open(started.url)
    const csrf = String(hiddenFields(html)['csrf'])
    expect((await jar.post(started.url, `csrf=${csrf}&action=deny&action=confirm`)).status).toBe(403)
    expectOnRecord('ERR_LOGIN_FORGED', started)
  })

  it('is refused with the token of another browser, of another sign-in, and without a cookie', async () => {
    const [started, other] = [await harness.begin(), await harness.begin()]
    const [attacker, victim] = [new BrowserJar(), new BrowserJar()]
    const page = await attacker.open(started.url)
    await victim.open(started.url)
    expect((await victim.press(page, 'confirm')).status).toBe(403)
    expect((await attacker.press({ ...page, url: other.url }, 'confirm')).status).toBe(403)
    expect((await new BrowserJar().press(page, 'confirm')).status).toBe(403)
    expect(harness.reasons).toEqual(['ERR_LOGIN_FORGED', 'ERR_LOGIN_FORGED', 'ERR_LOGIN_FORGED'])
    expect((await attacker.press(page, 'confirm')).left).toBeDefined()
  })

  it('for an address that never was is on record like the others', async () => {
    expect((await new BrowserJar().post(harness.pageOf('A'.repeat(43)), 'action=confirm')).status).toBe(403)
    expect(harness.reasons).toEqual(['ERR_LOGIN_FORGED'])
  })
})

describe('a cookie that somebody tossed', () => {
  const toss = (jar: BrowserJar, value: string): void => {
    jar.plant({ name: cookieOf(jar).name, value, path: '/authsec' })
  }

  it('makes every page refuse, in words that help', async () => {
    const started = await harness.begin()
    const [attacker, victim] = [new BrowserJar(), new BrowserJar()]
    const authorization = await harness.confirm(attacker, started)
    const own = await harness.begin()
    const page = await victim.open(own.url)
    toss(victim, cookieOf(attacker).value)
    const { exchanges } = harness.provider
    for (const shown of [
      await victim.open(own.url),
      await victim.press(page, 'confirm'),
      await victim.open(harness.provider.approve(authorization, 'ana')),
    ]) {
      expect(shown.status).toBe(400)
      expect(shown.html).toContain('Your browser sent a sign-in cookie twice. Delete the cookies of this site')
    }
    expect(harness.provider.exchanges).toBe(exchanges)
    expect(harness.audit.ofType('signin.failed')).toMatchObject([
      { reason: 'ERR_LOGIN_FORGED', requestId: harness.records.referenceOf(own.id) },
      { reason: 'ERR_LOGIN_BROWSER', requestId: harness.records.referenceOf(started.id) },
    ])
    expect(harness.logins.transactions.slice(0, 2).map(({ phase }) => phase)).toEqual(['started', 'confirmed'])
  })

  it('with the same value is refused as well', async () => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    const callback = harness.provider.approve(await harness.confirm(jar, started), 'ana')
    toss(jar, cookieOf(jar).value)
    expect((await jar.open(callback)).status).toBe(400)
    expectOnRecord('ERR_LOGIN_BROWSER', started)
  })

  it.each(['', 'x', 'A'.repeat(44), `${'A'.repeat(42)}!`])('as %j is nobody’s, and replaced', async (value) => {
    const started = await harness.begin()
    const jar = new BrowserJar()
    const name = `authsec_login_${new URL(harness.origin).port}`
    jar.plant({ name, value, path: '/' })
    const { left } = await jar.press(await jar.open(started.url), 'confirm')
    expect(left).toBeDefined()
    expect(cookieOf(jar).value).toMatch(/^[\w-]{43}$/)
  })
})
