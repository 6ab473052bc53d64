import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, password, pkcePair } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock })
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
