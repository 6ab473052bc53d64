import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { AccountSite, claimsOf, isConsent } from '../../support/account-site.js'
import { challengeOf, SoftwareAuthenticator, type AuthenticatorFaults } from '../../support/authenticator.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { demandFactor } from '../../support/factor-pages.js'

let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterAll(() => site?.close())

const send = (jar: BrowserJar, shown: Shown, credential: string): Promise<Shown> =>
  jar.press(shown, 'factor-passkey', { fields: { credential } })
const fresh = async (email: string): Promise<{ jar: BrowserJar; shown: Shown }> => {
  const jar = new BrowserJar()
  return { jar, shown: (await site.signIn(jar, email)).shown }
}

let emails = 0
const newEmail = (): string => `user-${(emails += 1)}@acme.test`

/** An account with a passkey. */
async function enrol(email: string, faults: AuthenticatorFaults = {}): Promise<[SoftwareAuthenticator, Shown]> {
  const { id } = await site.addAccount(email)
  await demandFactor(site, id)
  const key = new SoftwareAuthenticator(site.origin)
  const { jar, shown } = await fresh(email)
  const done = await jar.press(shown, 'factor-enrol-passkey', { fields: { credential: key.create(shown, faults) } })
  if (done.html.includes('The second step is set up')) await jar.press(done, 'factor-done')
  return [key, done]
}

describe('a passkey', () => {
  it('is set up after the password, lets its account in, and its token says so', async () => {
    const [key, done] = await enrol('ana@acme.test')
    expect(done.html).toContain('The second step is set up')
    const jar = new BrowserJar()
    const at = await site.signIn(jar, 'ana@acme.test')
    expect(at.shown.headers.get('content-security-policy')).toContain(
      `script-src ${site.origin}/authsec/account/passkey.js`,
    )
    const consent = await send(jar, at.shown, key.get(at.shown))
    expect(isConsent(consent)).toBe(true)
    expect(claimsOf(await site.finish(jar, { ...at, shown: consent }))['amr']).toEqual(['pwd', 'hwk', 'mfa'])
  })

  it.each<[string, AuthenticatorFaults]>([
    ['another origin (§7.2 step 13)', { origin: 'https://evil.example' }],
    ['another port of the same name', { origin: 'http://localhost:1' }],
    ['another relying party (§7.2 step 15)', { rpId: 'evil.example' }],
    ['a challenge of its own (§7.2 step 12)', { challenge: Buffer.alloc(32, 7).toString('base64url') }],
    ['a registration (§7.2 step 11)', { type: 'webauthn.create' }],
    ['a user who is not there (§7.2 step 16)', { flags: 0 }],
    ['a user who was not verified (§7.2 step 17)', { flags: 1 }],
    ['a frame of another site (§5.8.1)', { crossOrigin: true }],
    ['a count that went back (§7.2 step 21)', { count: 1 }],
    ['a count of nothing, after it has counted', { count: 0 }],
  ])('is refused for %s, and its right answer is taken', async (_what, faults) => {
    const email = newEmail()
    const [key] = await enrol(email)
    const counted = await fresh(email)
    expect(isConsent(await send(counted.jar, counted.shown, key.get(counted.shown)))).toBe(true)
    const { jar, shown } = await fresh(email)
    const refused = await send(jar, shown, key.get(shown, faults))
    expect(refused.status).toBe(401)
    expect(isConsent(await send(jar, refused, key.get(refused)))).toBe(true)
  })

  it('answers a challenge once, in its own sign-in, for its own account', async () => {
    const [key] = await enrol('bo@acme.test')
    const [other] = await enrol('cy@acme.test')
    const [one, two] = [await fresh('bo@acme.test'), await fresh('bo@acme.test')]
    const answer = key.get(one.shown)
    expect((await send(two.jar, two.shown, answer)).status).toBe(401)
    expect((await send(one.jar, one.shown, other.get(one.shown))).status).toBe(401)
    // That answer was wrong, and has used the challenge up all the same.
    expect((await send(one.jar, one.shown, answer)).status).toBe(401)
    const { jar, shown } = await fresh('bo@acme.test')
    const good = key.get(shown)
    const answers = await Promise.all([1, 2, 3].map(() => send(jar, shown, good)))
    expect(answers.filter(isConsent)).toHaveLength(1)
    const replayed = await fresh('bo@acme.test')
    expect((await send(replayed.jar, replayed.shown, good)).status).toBe(401)
  })

  it('that signs badly is refused', async () => {
    const [key] = await enrol('dee@acme.test')
    const { jar, shown } = await fresh('dee@acme.test')
    const answer = JSON.parse(key.get(shown)) as { response: { signature: string } }
    const thief = new SoftwareAuthenticator(site.origin)
    const stolen = JSON.parse(thief.get(shown)) as typeof answer
    const forged = { ...answer, response: { ...answer.response, signature: stolen.response.signature } }
    expect((await send(jar, shown, JSON.stringify(forged))).status).toBe(401)
  })

  it.each([
    ['nothing', ''],
    ['no members', '{}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"x"'],
    ['no challenge', '{"id":"x","response":{"clientDataJSON":"e30"}}'],
    ['very long', 'x'.repeat(7000)],
  ])('is refused where it is none: %s', async (_what, credential) => {
    const email = newEmail()
    await enrol(email)
    const { jar, shown } = await fresh(email)
    expect((await send(jar, shown, credential)).status).toBe(401)
  })
})

describe('a passkey that is set up', () => {
  it.each<[string, AuthenticatorFaults]>([
    ['for another origin (§7.1 step 9)', { origin: 'https://evil.example' }],
    ['for another relying party (§7.1 step 13)', { rpId: 'evil.example' }],
    ['with a challenge of its own (§7.1 step 8)', { challenge: Buffer.alloc(32, 9).toString('base64url') }],
    ['without verifying its user (§7.1 step 15)', { flags: 0x41 }],
  ])('is refused %s', async (_what, faults) => {
    const email = newEmail()
    const [, page] = await enrol(email, faults)
    expect(page.html).toContain('could not be set up')
    const { shown } = await fresh(email)
    expect(shown.html).toContain('Set up a second step')
  })

  it('is nobody else’s already', async () => {
    const [key] = await enrol('eve@acme.test')
    const { id } = await site.addAccount('flo@acme.test')
    await demandFactor(site, id)
    const { jar, shown } = await fresh('flo@acme.test')
    const page = await jar.press(shown, 'factor-enrol-passkey', { fields: { credential: key.create(shown) } })
    expect(page.html).toContain('could not be set up')
  })

  it('is not made with the challenge that one signs with, nor the other way round', async () => {
    const [key] = await enrol('gil@acme.test')
    const { jar, shown } = await fresh('gil@acme.test')
    const challenge = challengeOf(shown)
    const further = await jar.press(shown, 'factor-passkey', { fields: { credential: key.get(shown), another: 'yes' } })
    expect(further.html).toContain('Set up a second step')
    const second = new SoftwareAuthenticator(site.origin)
    const wrong = await jar.press(further, 'factor-enrol-passkey', {
      fields: { credential: second.create(further, { challenge }) },
    })
    expect(wrong.html).toContain('could not be set up')
    const done = await jar.press(wrong, 'factor-enrol-passkey', { fields: { credential: second.create(wrong) } })
    expect(done.html).toContain('The second step is set up')
    const next = await fresh('gil@acme.test')
    expect(isConsent(await send(next.jar, next.shown, second.get(next.shown)))).toBe(true)
  })
})

describe('the forms of a second factor', () => {
  it('are taken so often in one sign-in, and shut nobody out of the next', async () => {
    const [key] = await enrol('hal@acme.test')
    const { jar, shown } = await fresh('hal@acme.test')
    const statuses: number[] = []
    for (let count = 0; count < 21; count += 1) statuses.push((await send(jar, shown, '{}')).status)
    expect(statuses.map((status) => status === 401)).toEqual([...Array<boolean>(20).fill(true), false])
    expect(statuses.at(-1)).toBe(429)
    const next = await fresh('hal@acme.test')
    expect(isConsent(await send(next.jar, next.shown, key.get(next.shown)))).toBe(true)
  })

  it('that set one up are counted as well', async () => {
    const { id } = await site.addAccount('ivy@acme.test')
    await demandFactor(site, id)
    const { jar, shown } = await fresh('ivy@acme.test')
    const form = { fields: { code: '000000', credential: '{}' } }
    const actions = Array.from({ length: 21 }, (_none, count) => `factor-enrol-${count % 2 === 0 ? 'code' : 'passkey'}`)
    const statuses: number[] = []
    for (const action of actions) statuses.push((await jar.press(shown, action, form)).status)
    expect([new Set(statuses.slice(0, 20)), statuses.at(-1)]).toEqual([new Set([400]), 429])
  })
})
