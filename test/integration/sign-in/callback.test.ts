import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../../support/browser-jar.js'
import { faultsOf, LoginHarness, type Started } from '../../support/login-harness.js'

let harness: LoginHarness
let jar: BrowserJar
let started: Started
let authorization: URL

beforeAll(async () => {
  harness = await LoginHarness.start()
})

afterAll(() => harness.close())

beforeEach(async () => {
  harness.audit.events.length = 0
  harness.answers.length = 0
  jar = new BrowserJar()
  started = await harness.begin()
  authorization = await harness.confirm(jar, started)
})

afterEach(() => {
  harness.provider.recover()
  harness.logins.recover()
  harness.disabled.clear()
  harness.admits = 'own'
  expect(harness.answers.flatMap(faultsOf)).toEqual([])
})

describe('an answer of the provider', () => {
  it('leaves neither code nor state in the address bar', async () => {
    const shown = await jar.open(harness.provider.approve(authorization, 'ana'))
    expect(shown.url).toBe(started.url)
    expect(jar.answers.at(-2)?.headers.get('location')).toBe(started.url)
  })

  it.each([
    ['a parameter twice', 'code=a&code=b&state=STATE'],
    ['the state twice', 'code=a&state=STATE&state=STATE'],
    ['a parameter twice in other letters', 'code=a&c%6Fde=b&state=STATE'],
    ['the state as a list', 'code=a&state[]=STATE'],
    ['no state', 'code=a'],
    ['nothing', ''],
  ])('with %s is refused (O19)', async (_title, query) => {
    const { exchanges } = harness.provider
    const state = authorization.searchParams.get('state') ?? ''
    const refused = await jar.open(`${harness.origin}/authsec/login/callback?${query.replaceAll('STATE', state)}`)
    expect(refused.status).toBe(400)
    expect(refused.html).toContain('its address is not complete')
    expect(refused.html).not.toContain(state)
    expect(harness.provider.exchanges).toBe(exchanges)
    expect(harness.audit.ofType('signin.failed')).toMatchObject([
      { reason: 'ERR_LOGIN_MALFORMED', personal: { address: '127.0.0.1' } },
    ])
    expect((await jar.open(harness.provider.approve(authorization, 'ana'))).status).toBe(200)
  })

  it.each(['', 'A'.repeat(43), '%00', '%F0%9F%98%80'])('with the state %j is refused', async (state) => {
    expect((await jar.open(`${harness.origin}/authsec/login/callback?code=a&state=${state}`)).status).toBe(400)
    expect(harness.reasons).toEqual(['ERR_LOGIN_UNKNOWN'])
  })

  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    'a\r\nSet-Cookie: stolen=1',
    '${7*7}{{7*7}}',
  ])('that brings an error with %j is told in our own words (O18)', async (description) => {
    const refused = await jar.open(harness.provider.decline(authorization, 'server_error', description))
    expect(refused.status).toBe(400)
    expect(refused.html).toContain('The answer to your sign-in could not be trusted.')
    const plain = await harness.confirm(jar, await harness.begin())
    expect((await jar.open(harness.provider.decline(plain, 'temporarily_unavailable', 'plain'))).html).toBe(
      refused.html,
    )
    expect(refused.headers.getSetCookie()).toEqual([])
    expect(harness.reasons).toEqual(['ERR_LOGIN_PROVIDER', 'ERR_LOGIN_PROVIDER'])
  })

  it('that says that the user cancelled is no fault, and ends the sign-in', async () => {
    const shown = await jar.open(harness.provider.decline(authorization, 'access_denied', '<script>'))
    expect(shown.status).toBe(200)
    expect(shown.html).toContain('Sign-in cancelled')
    expect(shown.html).not.toContain('<script')
    expect(harness.reasons).toEqual(['ERR_LOGIN_DENIED'])
    expect((await jar.open(started.url)).html).toContain('Sign-in cancelled')
  })

  it.each([
    ['is unknown', 'nobody', () => undefined],
    ['is disabled', 'ana', () => harness.disabled.add('ana')],
    ['belongs to a tenant that is not admitted', 'ana', () => Object.assign(harness, { admits: [] })],
  ])('for an account that %s is refused with 403, in the same words', async (_title, subject, arrange) => {
    arrange()
    const refused = await jar.open(harness.provider.approve(authorization, subject))
    expect(refused.status).toBe(403)
    expect(refused.html).toContain('This account may not use Invoices.')
    expect(refused.html).not.toContain(subject)
    expect(harness.reasons).toEqual(['ERR_LOGIN_ACCOUNT'])
    expect((await jar.open(started.url)).html).not.toContain('one-time-code')
    expect(harness.signIns.standing).toEqual([])
  })

  it('for an account of an unknown tenant is refused in the same way', async () => {
    const callback = harness.provider.approve(authorization, 'ana', { tenantClaim: 'globex' })
    expect((await jar.open(callback)).status).toBe(403)
    expect(harness.reasons).toEqual(['ERR_LOGIN_ACCOUNT'])
  })

  it.each([
    ['the provider', () => harness.provider.refuse('exchange')],
    ['the database', () => harness.logins.refuse('findByState')],
    ['the database at the next step', () => harness.logins.refuse('advance')],
  ])('is answered with 503 while %s is out of reach, and signs nobody in', async (_title, breakDown) => {
    const callback = harness.provider.approve(authorization, 'ana')
    breakDown()
    const failed = await jar.open(callback)
    expect(failed.status).toBe(503)
    expect(failed.headers.get('retry-after')).toBe('5')
    for (const name of ['code', 'state']) {
      const secret = callback.searchParams.get(name) ?? ''
      expect(failed.html).not.toContain(secret)
      expect(JSON.stringify(harness.log.lines)).not.toContain(secret)
    }
    expect(harness.signIns.standing).toEqual([])
    expect(started.session.bindings).toEqual([])
  })
})

describe('what is on record of a sign-in', () => {
  it('shares one reference and holds none of its secrets', async () => {
    const callback = harness.provider.approve(authorization, 'ana')
    await jar.open(callback)
    await jar.open(callback)
    await new BrowserJar().open(callback)
    const { events } = harness.audit
    expect(events.map(({ type }) => type)).toEqual(['signin.started', 'signin.failed', 'signin.failed'])
    expect(new Set(events.map(({ requestId }) => requestId))).toEqual(
      new Set([harness.records.referenceOf(started.id)]),
    )
    const text = JSON.stringify([events, harness.log.lines])
    const [login] = harness.logins.transactions
    const secrets = [started.id, callback.searchParams.get('code'), ...Object.values(login?.secrets ?? {})]
    for (const secret of [...secrets, ...jar.cookies.map(({ value }) => value)])
      expect(text).not.toContain(String(secret))
  })
})
