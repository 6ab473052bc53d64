import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { AccountSite, isConsent } from '../../support/account-site.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { codeOf, demandFactor, keyOn } from '../../support/factor-pages.js'
import { password } from '../../support/issuer-harness.js'
import { until } from '../../support/until.js'

/** For fifty sign-ins at once, also on a busy machine. */
const patience = 60_000
let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterAll(() => site?.close())

interface Begun {
  readonly jar: BrowserJar
  readonly shown: Shown
}

/** A browser that has signed in to the account before, and is signed in no longer. */
async function knownBrowser(email: string): Promise<BrowserJar> {
  const jar = new BrowserJar()
  expect(isConsent((await site.signIn(jar, email)).shown)).toBe(true)
  jar.forget('session')
  return jar
}

/** What it is known by, in a browser that shares nothing else with it: of requests of one browser the slower may have to start again. */
function likeness(jar: BrowserJar): BrowserJar {
  const other = new BrowserJar()
  for (const cookie of jar.cookies) other.plant(cookie)
  return other
}

async function begin(jar: BrowserJar): Promise<Begun> {
  return { jar, shown: (await site.begin(jar)).shown }
}

function press({ jar, shown }: Begun, email: string): Promise<Shown> {
  return jar.press(shown, 'sign-in', { fields: { tenant: 'acme', email, password } })
}

const claimed = (email: string): string => JSON.stringify([site.acme.id, email])

describe('an account holder who signs in fifty times at once, each time with the right password', () => {
  const attacker = 'mallory@acme.test'
  const victims = ['ana@acme.test', 'bo@acme.test'] as const
  let flood: readonly Shown[]
  let victimPages: readonly Shown[]

  beforeAll(async () => {
    for (const email of [attacker, ...victims]) await site.addAccount(email)
    const attempts: Begun[] = []
    for (let browser = 0; browser < 5; browser += 1) {
      const jar = await knownBrowser(attacker)
      for (let count = 0; count < 10; count += 1) attempts.push(await begin(likeness(jar)))
    }
    const [ana, bo] = [await begin(new BrowserJar()), await begin(await knownBrowser(victims[1]))]
    const { hasher } = site
    const before = hasher.asked.length
    hasher.done.length = 0
    let flooding: Promise<readonly Shown[]> | undefined
    let signingIn: Promise<readonly Shown[]> | undefined
    await hasher.occupiedDuring(async () => {
      flooding = Promise.all(attempts.map((attempt) => press(attempt, attacker)))
      await until(() => hasher.asked.length === before + 50, patience)
      signingIn = Promise.all([press(ana, victims[0]), press(bo, victims[1])])
      await until(() => hasher.asked.length === before + 52, patience)
    })
    flood = (await flooding) ?? []
    victimPages = (await signingIn) ?? []
  }, 3 * patience)

  it('keeps nobody else waiting for more than a few of them, in a browser that is known or new', () => {
    expect(victimPages.map(isConsent)).toEqual([true, true])
    const { done } = site.hasher
    for (const victim of victims) {
      const ahead = done.slice(0, done.indexOf(claimed(victim)))
      expect(done).toContain(claimed(victim))
      expect(ahead.filter((account) => account === claimed(attacker)).length).toBeLessThanOrEqual(2)
    }
  })

  it('has eight looked at, is told of the others to come back, and signs in as before afterwards', async () => {
    expect(site.hasher.done.filter((account) => account === claimed(attacker))).toHaveLength(8)
    expect(flood.filter(isConsent)).toHaveLength(8)
    const refused = flood.filter((shown) => !isConsent(shown))
    expect(refused).toHaveLength(42)
    for (const { headers, html, status } of refused) {
      expect({ status, retryAfter: headers.get('retry-after') }).toEqual({ status: 429, retryAfter: '5' })
      expect(html).toContain('Too many sign-ins of this account or from your network at once.')
    }
    expect(isConsent((await site.signIn(new BrowserJar(), attacker)).shown)).toBe(true)
  })
})

describe('a link', () => {
  it(
    'has a share of the work as well, whoever sends its form however often',
    async () => {
      const url = await site.link(await site.addAccount('cy@acme.test'))
      const jar = new BrowserJar()
      const page = await jar.open(url)
      const given = 'a few words that nobody knows'
      let sending: Promise<readonly Shown[]> | undefined
      const hashing = site.hasher.hashed
      await site.hasher.occupiedDuring(async () => {
        const forms = Array.from({ length: 12 }, () =>
          jar.press(page, 'set', { fields: { password: given, repeated: given } }),
        )
        sending = Promise.all(forms)
        await until(() => site.hasher.hashed === hashing + 12, patience)
      })
      const answers = (await sending) ?? []
      const statuses = answers.map(({ status }) => status).sort()
      expect(statuses).toEqual([200, ...Array.from({ length: 7 }, () => 400), ...Array.from({ length: 4 }, () => 429)])
      expect(isConsent((await site.signIn(new BrowserJar(), 'cy@acme.test', given)).shown)).toBe(true)
    },
    2 * patience,
  )
})

describe('what comes after a password', () => {
  it(
    'is asked for sixty times in one sign-in, and another one begins afresh',
    async () => {
      const { id } = await site.addAccount('dee@acme.test')
      await demandFactor(site, id)
      const jar = new BrowserJar()
      const { shown } = await site.signIn(jar, 'dee@acme.test')
      const form = { fields: { credential: '{}' } }
      for (let count = 0; count < 60; count += 1) {
        const { status } = await (count % 4 === 0
          ? jar.press(shown, 'factor-enrol-passkey', form)
          : jar.open(shown.url))
        expect(status).toBe(count % 4 === 0 ? 400 : 200)
      }
      for (const refused of [await jar.open(shown.url), await jar.press(shown, 'factor-enrol-passkey', form)]) {
        expect(refused.status).toBe(429)
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(refused.html).toContain('start again')
      }
      const again = await site.signIn(jar, 'dee@acme.test')
      const enrolled = await jar.press(again.shown, 'factor-enrol-code', {
        fields: { code: codeOf(site, keyOn(again.shown)) },
      })
      expect(enrolled.html).toContain('The second step is set up')
    },
    patience,
  )
})
