import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import { formatSubject } from '../../../src/adapter/issuer/sign-in/issuer-subject.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, password, pkcePair } from '../../support/issuer-harness.js'
import { allowedLongAgo } from '../../support/old-consents.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock, storageClock: clock })
  for (const name of ['ana', 'ben', 'cyd']) await harness.addAccount(harness.acme, `${name}@acme.test`, ['read'])
})

afterAll(() => harness.close())
afterEach(() => clock.advance(16 * 60))

interface Allowed {
  readonly clientId: string
  readonly tokens: Readonly<Record<string, unknown>>
}

/** Allows a new client of this name, with a browser that may be signed in already. */
async function allow(jar: BrowserJar, email: string, client_name: string): Promise<Allowed> {
  const clientId = await harness.registeredClient({ client_name })
  const { challenge, verifier } = pkcePair()
  const url = harness.authorizeUrl({
    ...{ client_id: clientId, redirect_uri: callbackUri, scope: 'mcp read', code_challenge: challenge },
    code_challenge_method: 'S256',
  })
  const first = await jar.open(url)
  const consent = first.html.includes('<h1>Allow')
    ? first
    : await jar.press(first, 'sign-in', { fields: { email, password } })
  const { left } = await jar.press(consent, 'allow')
  const code = left?.searchParams.get('code') ?? ''
  const { body } = await harness.exchange({ client_id: clientId, code, code_verifier: verifier })
  return { clientId, tokens: body }
}

const page = (jar: BrowserJar): Promise<Shown> => jar.open(`${harness.origin}/authsec/consents`)
const keysIn = ({ html }: Shown): readonly string[] =>
  [...html.matchAll(/name="consent" value="([^"]+)"/g)].map(([, key = '']) => key)

/** Presses "Take back" of the consent under this key. */
const takeBack = (jar: BrowserJar, shown: Shown, consent: string): Promise<Shown> =>
  jar.press(shown, 'take-back', { fields: { consent } })

const grantOf = ({ tokens }: Allowed): string =>
  String(JSON.parse(Buffer.from(String(tokens['access_token']).split('.')[1] ?? '', 'base64url').toString())['gid'])

/** Alters what is stored, as a fault or an intruder would. */
function spoil(model: string, id: string): void {
  const records = new SealedRecords(harness.storage, harness.keyring)
  const row = `${model}:${model === 'Grant' ? id : records.keyOf(model, id)}`
  const stored = harness.storage.rows.get(row)
  if (stored === undefined) throw new TypeError(`no ${row}`)
  const payload = stored.record.payload.map((byte) => byte ^ 1)
  harness.storage.rows.set(row, { ...stored, record: { ...stored.record, payload } })
}

describe('the page of what a user has allowed', () => {
  it('lists their own consents and nobody else’s, with client, destination, scopes and times', async () => {
    const [ana, ben] = [new BrowserJar(), new BrowserJar()]
    await allow(ana, 'ana@acme.test', 'First & foremost')
    await allow(ana, 'ana@acme.test', 'Second')
    await allow(ben, 'ben@acme.test', 'Of Ben')
    const shown = await page(ana)
    expect(shown.status).toBe(200)
    expect(keysIn(shown)).toHaveLength(2)
    expect(shown.html.indexOf('First &amp; foremost')).toBeLessThan(shown.html.indexOf('Second'))
    expect(shown.html).not.toContain('Of Ben')
    expect(shown.html).toContain('<strong>client.example</strong>')
    expect(shown.html).toContain('See what you may see')
    expect(shown.html.match(/<time datetime="\d{4}-/g)).toHaveLength(6)
    expect(keysIn(await page(ben))).toHaveLength(1)
  })

  it('is for whoever is signed in in this browser alone', async () => {
    expect(await page(new BrowserJar())).toMatchObject({ status: 401, html: expect.not.stringContaining('<form') })
    const jar = new BrowserJar()
    await allow(jar, 'ana@acme.test', 'Mine')
    const forged = new BrowserJar()
    for (const cookie of jar.cookies) if (!cookie.name.endsWith('.sig')) forged.plant(cookie)
    expect((await page(forged)).status).toBe(401)
  })

  it('cannot be framed, cached or scripted, and is refused where a cookie comes twice', async () => {
    const jar = new BrowserJar()
    await allow(jar, 'ana@acme.test', 'Mine')
    const { headers } = await page(jar)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('cache-control')).toBe('no-store')
    const [session] = jar.cookies.filter(({ name }) => name.startsWith('authsec_session'))
    if (session !== undefined) jar.plant({ ...session, path: '/authsec' })
    expect((await page(jar)).status).toBe(400)
  })
})

describe('what is taken back', () => {
  it('ends at once with all its tokens, is told to every process and put on record, and is asked for again', async () => {
    const jar = new BrowserJar()
    const [first, second] = [await allow(jar, 'cyd@acme.test', 'First'), await allow(jar, 'cyd@acme.test', 'Second')]
    expect(await harness.running.registry.isActive(grantOf(first))).toBe(true)
    const shown = await page(jar)
    const [key = ''] = keysIn(shown)
    const after = await takeBack(jar, shown, key)
    expect(after).toMatchObject({ status: 200, url: `${harness.origin}/authsec/consents` })
    expect(keysIn(after)).toHaveLength(1)
    expect(await harness.running.registry.isActive(grantOf(first))).toBe(false)
    expect((await harness.refresh(first.clientId, first.tokens['refresh_token'])).status).toBe(400)
    expect(harness.told).toContainEqual({ about: 'grant', key: grantOf(first) })
    expect(harness.audit.events).toContainEqual(
      expect.objectContaining({ type: 'signin.completed', reason: 'consent_revoked', clientId: first.clientId }),
    )
    expect(await harness.running.registry.isActive(grantOf(second))).toBe(true)
    expect((await harness.refresh(second.clientId, second.tokens['refresh_token'])).status).toBe(200)
    const { challenge: code_challenge } = pkcePair()
    const parameters = { redirect_uri: callbackUri, scope: 'mcp read', code_challenge, code_challenge_method: 'S256' }
    const again = await jar.open(harness.authorizeUrl({ client_id: first.clientId, ...parameters }))
    expect(again.html).toContain('<h1>Allow')
    // Pressed twice, it has ended already.
    expect(keysIn(await takeBack(jar, shown, key))).toHaveLength(1)
  })

  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string | undefined>>]>([
    ['without its token', {}, { csrf: undefined }],
    ['with a token that is made up', {}, { csrf: 'A'.repeat(43) }],
    ['from another site', { origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' }, {}],
    ['that says something else', {}, { action: 'give' }],
  ])('is nothing for a form %s', async (_what, headers, fields) => {
    const jar = new BrowserJar()
    const allowed = await allow(jar, 'ben@acme.test', 'Stays')
    const shown = await page(jar)
    const consent = keysIn(shown).at(-1)
    expect((await jar.press(shown, 'take-back', { headers, fields: { consent, ...fields } })).status).toBe(403)
    expect(await harness.running.registry.isActive(grantOf(allowed))).toBe(true)
  })

  it('is nothing of somebody else, by whatever key', async () => {
    const [ana, ben] = [new BrowserJar(), new BrowserJar()]
    const theirs = await allow(ben, 'ben@acme.test', 'Of Ben')
    await allow(ana, 'ana@acme.test', 'Of Ana')
    await takeBack(ana, await page(ana), grantOf(theirs))
    expect(await harness.running.registry.isActive(grantOf(theirs))).toBe(true)
    expect(keysIn(await page(ben))).toContain(grantOf(theirs))
  })

  it('stays where the database cannot be reached, and says so', async () => {
    const jar = new BrowserJar()
    await allow(jar, 'ana@acme.test', 'Mine')
    const shown = await page(jar)
    harness.storage.available = false
    const refused = await takeBack(jar, shown, keysIn(shown)[0] ?? '')
    harness.storage.available = true
    expect(refused.status).toBe(503)
    expect(keysIn(await page(jar))).toEqual(keysIn(shown))
  })
})

describe('a consent that cannot be read', () => {
  it('keeps nobody from the others, is shown as such, and can be taken back', async () => {
    const account = await harness.addAccount(harness.acme, 'dan@acme.test', ['read'])
    const jar = new BrowserJar()
    const [good, spoilt] = [await allow(jar, account.email, 'Good'), await allow(jar, account.email, 'Spoilt')]
    const nameless = await allow(jar, account.email, 'Nameless')
    spoil('Grant', grantOf(spoilt))
    spoil('Client', nameless.clientId)
    const shown = await page(jar)
    expect(shown.status).toBe(200)
    expect(keysIn(shown)).toEqual([grantOf(good), grantOf(nameless), grantOf(spoilt)])
    expect(shown.html).toContain('“Good”')
    expect(shown.html).not.toContain('Spoilt')
    expect(shown.html.match(/An app that cannot be shown/g)).toHaveLength(1)
    expect(shown.html.match(/An app without a name/g)).toHaveLength(1)

    expect(await harness.running.registry.isActive(grantOf(spoilt))).toBe(true)
    const after = await takeBack(jar, shown, grantOf(spoilt))
    expect(keysIn(after)).toEqual([grantOf(good), grantOf(nameless)])
    expect(await harness.running.registry.isActive(grantOf(spoilt))).toBe(false)
    expect(harness.told).toContainEqual({ about: 'grant', key: grantOf(spoilt) })
    expect(await harness.running.registry.isActive(grantOf(good))).toBe(true)
  })

  it('is no reason to show nothing of another kind: what this server allowed itself is none', async () => {
    const account = await harness.addAccount(harness.acme, 'eli@acme.test', ['read'])
    const [key = ''] = await allowedLongAgo(harness, account, { count: 1 })
    const jar = new BrowserJar()
    const later = await allow(jar, account.email, 'Later')
    spoil('ConsentedDestination', `${account.id}-0`)
    expect(keysIn(await page(jar))).toEqual([grantOf(later), key])
  })
})

describe('what an account has allowed', () => {
  it('is bounded: beyond a hundred, what was used the longest ago ends, on record and at every process', async () => {
    const account = await harness.addAccount(harness.acme, 'fay@acme.test', ['read'])
    const earlier = await allowedLongAgo(harness, account, { count: 99 })
    const jar = new BrowserJar()
    const hundredth = await allow(jar, account.email, 'The hundredth')
    expect(keysIn(await page(jar))).toEqual([...earlier, grantOf(hundredth)])
    expect(harness.audit.events.some(({ reason }) => reason === 'consent_displaced')).toBe(false)

    clock.advance(60)
    const next = await allow(jar, account.email, 'One more')
    expect(keysIn(await page(jar))).toEqual([...earlier.slice(1), grantOf(hundredth), grantOf(next)])
    expect(harness.told).toContainEqual({ about: 'grant', key: earlier[0] })
    expect(harness.audit.events.filter(({ reason }) => reason === 'consent_displaced')).toEqual([
      expect.objectContaining({ subject: account.id, clientId: 'gone', tenant: harness.acme }),
    ])
  })

  it('goes by use, not by age: the oldest stays where a token was fetched with it lately', async () => {
    const account = await harness.addAccount(harness.acme, 'gus@acme.test', ['read'])
    const [used = '', unused = '', ...others] = await allowedLongAgo(harness, account, { count: 100 })
    const payload = { accountId: formatSubject(harness.acme, account), iat: Math.floor(Date.now() / 1000) }
    const records = new SealedRecords(harness.storage, harness.keyring, 'app')
    await records.put({ model: 'RefreshToken', id: 'x', grantId: `${account.id}-0`, payload, expiresIn: 60 })
    const next = await allow(new BrowserJar(), account.email, 'One more')
    const isActive = (key: string): Promise<boolean> => harness.running.registry.isActive(key)
    expect(await isActive(unused)).toBe(false)
    for (const key of [used, ...others, grantOf(next)]) expect(await isActive(key)).toBe(true)
  })
})

describe('the page', () => {
  it('is shown so often to one caller, and then to nobody but those elsewhere until later', async () => {
    const jar = new BrowserJar()
    for (let time = 0; time < 120; time += 1) expect((await page(jar)).status).toBe(401)
    const refused = await page(jar)
    expect(refused).toMatchObject({ status: 429, html: expect.stringContaining('too often') })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    clock.advance(61)
    expect((await page(jar)).status).toBe(401)
  })

  it('is shown to nobody while nobody can be counted', async () => {
    harness.limiter.available = false
    const refused = await page(new BrowserJar())
    harness.limiter.available = true
    expect(refused.status).toBe(503)
  })
})
