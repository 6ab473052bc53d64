import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar, hiddenFields, type Shown } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, password, pkcePair } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock, storageClock: clock })
  for (const name of ['ana', 'mallory']) await harness.addAccount(harness.acme, `${name}@acme.test`, ['read'])
})

afterAll(() => harness.close())
afterEach(() => clock.advance(16 * 60))

async function begin(jar: BrowserJar): Promise<Shown> {
  const { challenge: code_challenge } = pkcePair()
  const asked = { redirect_uri: callbackUri, scope: 'read', code_challenge, code_challenge_method: 'S256' }
  return jar.open(harness.authorizeUrl({ client_id: await harness.registeredClient(), ...asked }))
}

/** Answers a page of a sign-in without going on: what is shown next leads on. */
async function decide(jar: BrowserJar, page: Shown, fields: Readonly<Record<string, string>>): Promise<string> {
  const { pathname } = new URL(page.url)
  const sent = jar.cookies.filter(({ path }) => path === '/' || path === pathname)
  const response = await fetch(page.url, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/x-www-form-urlencoded', origin: 'null', 'sec-fetch-site': 'same-origin' },
      cookie: sent.map(({ name, value }) => `${name}=${value}`).join('; '),
    },
    body: new URLSearchParams({ ...hiddenFields(page.html), ...fields }).toString(),
  })
  const [, next = ''] = /<meta http-equiv="refresh" content="0;url=([^"]+)"/.exec(await response.text()) ?? []
  expect(next).toContain('/oauth/authorize/')
  return next
}

/** The cookies that lead on, as a sibling domain could set them in another browser: those with a prefix that forbids it stay. */
function toss(from: BrowserJar, to: BrowserJar): void {
  const tossed = from.cookies.filter(({ name }) => /^authsec_(?:interaction|resume)_/.test(name))
  expect(tossed.length).toBeGreaterThan(0)
  for (const cookie of tossed) to.plant(cookie)
}

const credentials = (name: string) => ({ action: 'sign-in', email: `${name}@acme.test`, password })

describe('a sign-in that was decided in one browser', () => {
  it('goes on there, and in no other one that was given its cookies', async () => {
    const [mallory, ana] = [new BrowserJar(), new BrowserJar()]
    const next = await decide(mallory, await begin(mallory), credentials('mallory'))
    // She has been here before.
    await begin(ana)
    toss(mallory, ana)
    const refused = await ana.open(next)
    expect(refused).toMatchObject({ status: 400, html: expect.stringContaining('belongs to another browser') })
    expect(ana.cookies.some(({ name }) => name.startsWith('authsec_session'))).toBe(false)

    const stranger = new BrowserJar()
    toss(mallory, stranger)
    expect((await stranger.open(next)).status).toBe(400)

    const went = await mallory.open(next)
    expect(went).toMatchObject({ status: 200, html: expect.stringContaining('mallory@acme.test') })
    expect((await mallory.press(went, 'allow')).left?.searchParams.get('code')).toBeTruthy()
  })

  it('is a link like any other while nothing is decided: whoever opens it signs in as themselves', async () => {
    const [mallory, ana] = [new BrowserJar(), new BrowserJar()]
    const page = await begin(mallory)
    toss(mallory, ana)
    const shown = await ana.open(page.url)
    expect(shown.html).toContain('name="password"')
    const consent = await ana.press(shown, 'sign-in', { fields: credentials('ana') })
    expect(consent.html).toContain('ana@acme.test')
    expect(consent.html).not.toContain('mallory')
  })
})

describe('a cookie that leads on and comes twice', () => {
  it.each(['authsec_resume', 'authsec_session', 'authsec_browser'])('lets nobody go on: %s', async (name) => {
    const jar = new BrowserJar()
    const first = await begin(jar)
    const consent = await jar.press(first, 'sign-in', { fields: credentials('ana') })
    const next = await decide(jar, consent, { action: 'allow' })
    const [cookie] = jar.cookies.filter((one) => one.name.startsWith(name) && !one.name.endsWith('.sig'))
    if (cookie === undefined) throw new TypeError(`no cookie ${name}`)
    jar.plant({ ...cookie, path: '/oauth', value: 'A'.repeat(43) })
    const refused = await jar.open(next)
    expect(refused).toMatchObject({ status: 400, left: undefined, html: expect.stringContaining('cookie twice') })
  })
})
