import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { SignInLimits, type Attempt } from '../../../src/adapter/issuer/sign-in/sign-in-limits.js'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { eachOf } from '../../support/each-of.js'
import { callbackUri, IssuerHarness, password, pkcePair } from '../../support/issuer-harness.js'
import { MemoryRateLimiter } from '../../support/memory-ports.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
let clientId: string
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock })
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  clientId = await harness.registeredClient()
})

afterAll(() => harness.close())
afterEach(() => clock.advance(16 * 60))

function open(jar: BrowserJar): Promise<Shown> {
  const { challenge } = pkcePair()
  return jar.open(
    harness.authorizeUrl({
      ...{ client_id: clientId, redirect_uri: callbackUri, code_challenge: challenge, code_challenge_method: 'S256' },
      prompt: 'login',
    }),
  )
}

async function tryOnce(jar: BrowserJar, email: string, given: string): Promise<Shown> {
  return jar.press(await open(jar), 'sign-in', { fields: { email, password: given } })
}

/** All that one address may try, at accounts that do not exist: in six sign-ins, each of which has ten. */
async function useUpAddress(): Promise<void> {
  await eachOf([0, 1, 2, 3, 4, 5], async (signIn) => {
    const jar = new BrowserJar()
    const page = await open(jar)
    for (let count = 0; count < 10; count += 1) {
      const fields = { email: `nobody-${signIn}-${count}@acme.test`, password: 'wrong' }
      expect((await jar.press(page, 'sign-in', { fields })).status).toBe(401)
    }
  })
}

describe('the limit of one address', () => {
  it('shuts out strangers behind it, and no browser that the account knows', async () => {
    const known = new BrowserJar()
    expect((await tryOnce(known, 'ana@acme.test', password)).status).toBe(200)
    await useUpAddress()
    expect((await tryOnce(new BrowserJar(), 'ana@acme.test', password)).status).toBe(429)
    expect((await tryOnce(known, 'ana@acme.test', password)).status).toBe(200)
    expect((await tryOnce(known, 'bo@acme.test', 'wrong')).status).toBe(429)
  }, 120_000)

  it('does not count who signs in', async () => {
    const jars = Array.from({ length: 65 }, () => new BrowserJar())
    const shown = await eachOf(jars, (jar) => tryOnce(jar, 'ana@acme.test', password))
    expect(shown.map(({ status }) => status)).toEqual(jars.map(() => 200))
  }, 120_000)
})

describe('the limits of an account', () => {
  const attemptFrom = (caller: string, more: { readonly browser?: string; readonly email?: string } = {}): Attempt => {
    const { browser = `browser of ${caller}`, email = 'ana@acme.test' } = more
    const interaction = { uid: `sign-in ${caller}` }
    const visit = { interaction, csrf: '', browser, caller: { address: caller } } as unknown as Attempt['visit']
    return { visit, tenant: harness.acme, email }
  }

  const newLimits = (limiter = new MemoryRateLimiter(clock)) =>
    new SignInLimits(new SealedRecords(harness.storage, harness.keyring), limiter)

  it('let twenty guesses be looked at in a quarter of an hour, from however many addresses and in whatever spelling', async () => {
    const limits = newLimits()
    let admitted = 0
    for (let count = 0; count < 60; count += 1) {
      const email = count % 2 === 0 ? 'cy@acme.test' : 'CY@acme.test'
      if ((await limits.take(attemptFrom(`10.0.0.${count}`, { email }))).admitted) admitted += 1
    }
    expect(admitted).toBe(20)
    expect(await limits.take(attemptFrom('10.0.1.1', { email: 'cy@acme.test' }))).toMatchObject({ wait: 900 })
    expect(await limits.take(attemptFrom('10.0.1.1', { email: 'dee@acme.test' }))).toMatchObject({ admitted: true })
    clock.advance(16 * 60)
    expect(await limits.take(attemptFrom('10.0.1.1', { email: 'cy@acme.test' }))).toMatchObject({ admitted: true })
  })

  it('shut out no browser that has signed in to it before, whose own guesses are counted', async () => {
    const limits = newLimits()
    const first = await limits.take(attemptFrom('10.0.0.1', { browser: 'own' }))
    if (first.admitted) await first.attempt.succeeded()
    for (let count = 0; count < 30; count += 1) await limits.take(attemptFrom(`10.0.2.${count}`))
    expect(await limits.take(attemptFrom('10.0.3.1'))).toMatchObject({ admitted: false })
    const own = []
    for (let count = 0; count < 11; count += 1)
      own.push(await limits.take(attemptFrom(`10.0.4.${count}`, { browser: 'own' })))
    expect(own.map(({ admitted }) => admitted)).toEqual([...Array.from({ length: 10 }, () => true), false])
  })

  it('are one for all processes', async () => {
    const limiter = new MemoryRateLimiter(clock)
    const [one, two] = [newLimits(limiter), newLimits(limiter)]
    const takes = Array.from({ length: 40 }, (_none, count) => {
      return (count % 2 === 0 ? one : two).take(attemptFrom(`10.0.6.${count}`, { email: 'flo@acme.test' }))
    })
    const answers = await Promise.all(takes)
    expect(answers.filter(({ admitted }) => admitted)).toHaveLength(20)
  })

  it('count right passwords as work, three hundred in a quarter of an hour, whatever more is asked for', async () => {
    const limits = newLimits()
    const signIn = async (count: number, browser?: string): Promise<boolean> => {
      const attempt = attemptFrom(`10.1.${count % 250}.${Math.floor(count / 250)}`, {
        email: 'gus@acme.test',
        browser: browser ?? `browser ${count}`,
      })
      const admission = await limits.take(attempt)
      if (!admission.admitted) return false
      await (count % 2 === 0 ? admission.attempt.succeeded() : admission.attempt.unfinished())
      return true
    }
    for (let count = 0; count < 300; count += 1) expect(await signIn(count)).toBe(true)
    expect(await signIn(301)).toBe(false)
    expect(await limits.take(attemptFrom('10.1.0.0', { email: 'hal@acme.test' }))).toMatchObject({ admitted: true })
    // Its user is not shut out of the browsers that she has used, which have a count of their own, one for all of them.
    for (let count = 0; count < 300; count += 1) expect(await signIn(count, `browser ${(count % 10) * 2}`)).toBe(true)
    expect(await signIn(0, 'browser 20')).toBe(false)
    clock.advance(16 * 60)
    expect([await signIn(302), await signIn(0, 'browser 20')]).toEqual([true, true])
  })

  it('do not let guesses of strangers use up the work of an account', async () => {
    const limits = newLimits()
    const guess = (count: number) =>
      limits.take(attemptFrom(`10.2.${count % 250}.${Math.floor(count / 250)}`, { email: 'ian@acme.test' }))
    for (let count = 0; count < 1000; count += 1) await guess(count)
    await newLimits().know(attemptFrom('10.3.0.1', { email: 'ian@acme.test', browser: 'own' }))
    const own = await limits.take(attemptFrom('10.3.0.2', { email: 'ian@acme.test', browser: 'own' }))
    expect(own).toMatchObject({ admitted: true, attempt: { claim: { stranger: undefined } } })
  })

  it('do not count a password that was not looked at', async () => {
    const limits = newLimits()
    for (let count = 0; count < 400; count += 1) {
      const admission = await limits.take(attemptFrom('10.0.5.1', { email: 'eve@acme.test' }))
      if (admission.admitted) await admission.attempt.withdrawn()
      expect(admission.admitted).toBe(true)
    }
  })
})

describe('a sign-in', () => {
  it('over a limit is on record as limited', async () => {
    harness.audit.events.length = 0
    const jar = new BrowserJar()
    for (let count = 0; count < 11; count += 1) await tryOnce(jar, 'limited@acme.test', 'wrong')
    const reasons = harness.audit.ofType('signin.failed').map(({ reason }) => reason)
    expect(reasons).toEqual([...Array.from({ length: 10 }, () => 'ERR_ACCOUNT_UNKNOWN'), 'limited'])
  })

  it('while too many passwords are being looked at is told to come back, which does not count', async () => {
    const { hasher } = harness.options
    const jar = new BrowserJar()
    const page = await open(jar)
    const busy = Array.from({ length: 34 }, (_none, count) => {
      return hasher.verify('x', undefined, { account: `somebody ${count}`, stranger: undefined })
    })
    const refused = await jar.press(page, 'sign-in', { fields: { email: 'ana@acme.test', password } })
    await Promise.all(busy)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(refused.html).toContain('Many people are signing in right now.')
    expect((await jar.press(page, 'sign-in', { fields: { email: 'ana@acme.test', password } })).status).toBe(200)
  })

  it('finds the account whose address was typed with capitals and blanks, by its own password only', async () => {
    expect((await tryOnce(new BrowserJar(), ' Ana@ACME.test ', password)).status).toBe(200)
    expect((await tryOnce(new BrowserJar(), 'Ana@ACME.test', 'wrong')).status).toBe(401)
  })

  it('asks the database the same whether or not there is such an account', async () => {
    const none = { roles: [], groups: [], scopes: [], resources: [], permissions: [] }
    const gone = await harness.addAccount(harness.acme, 'gone@acme.test', ['read'])
    await harness.accounts.change(harness.acme, gone.id, { disabled: true })
    await harness.accounts.create(harness.acme, { email: 'without-password@acme.test', grants: none })
    const asked = []
    for (const name of ['ana', 'ANA', 'nobody', 'gone', 'without-password']) {
      const jar = new BrowserJar()
      const page = await open(jar)
      harness.accounts.queries.length = 0
      const fields = { email: `${name}@acme.test`, password: 'wrong' }
      expect((await jar.press(page, 'sign-in', { fields })).status).toBe(401)
      asked.push([...harness.accounts.queries])
    }
    expect(asked).toEqual(asked.map(() => ['findByEmail', 'findByEmail', 'findPasswordHash']))
  })

  it('prefers the account with exactly the address that was typed', async () => {
    const other = await harness.accounts.create(harness.acme, {
      email: 'Ana@acme.test',
      passwordHash: await harness.options.hasher.hash('another password'),
      grants: { roles: [], groups: [], scopes: [], resources: [], permissions: [] },
    })
    const shown = await tryOnce(new BrowserJar(), 'Ana@acme.test', 'another password')
    expect(shown.status).toBe(200)
    expect(harness.audit.ofType('signin.completed').at(-1)?.subject).toBe(other.id)
    expect((await tryOnce(new BrowserJar(), 'Ana@acme.test', password)).status).toBe(401)
  })
})
