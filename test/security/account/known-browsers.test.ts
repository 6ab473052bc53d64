import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import { SignInLimits, type Attempt } from '../../../src/adapter/issuer/sign-in/sign-in-limits.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let limits: SignInLimits
let attempts = 0

beforeAll(async () => {
  test = await openTestPostgres()
  const { issuerStorage, keys, rateLimiter } = test.postgres
  limits = new SignInLimits(new SealedRecords(issuerStorage, keys, 'app'), rateLimiter)
})
afterAll(() => test?.close())

const tenant = { id: '8f7a2f0e-2a53-4a3c-9a43-0f9f3b1f7c11', slug: 'acme', name: 'Acme Corp' }

/** One in a sign-in of its own, from an address of its own. */
function attempt(email: string, browser: string): Attempt {
  attempts += 1
  const visit = { interaction: { uid: `interaction-${attempts}` }, browser, caller: { address: `caller-${attempts}` } }
  return { tenant, email, visit }
}

/** How many codes in a row may be tried, by browsers in turn. */
async function codes(email: string, browsers: readonly string[]): Promise<number> {
  for (let count = 0; count < 100; count += 1) {
    const browser = browsers[count % browsers.length] ?? ''
    if (!(await limits.take(attempt(email, browser), 'code')).admitted) return count
  }
  return 100
}

async function showsPassword(email: string, browser: string): Promise<void> {
  const admission = await limits.take(attempt(email, browser))
  if (!admission.admitted) throw new Error('not admitted')
  await admission.attempt.succeeded()
}

describe('codes', () => {
  it('are counted for strangers together, and a password alone makes a browser no less a stranger', async () => {
    const browsers = Array.from({ length: 8 }, (_, index) => `browser-${index}`)
    for (const browser of browsers) await showsPassword('ana@acme.test', browser)
    expect(await codes('ana@acme.test', browsers)).toBe(10)
  })

  it('are counted apart for a browser that has shown one, also when strangers have used up theirs', async () => {
    expect(await codes('bo@acme.test', ['stranger'])).toBe(10)
    await limits.know(attempt('bo@acme.test', 'own'))
    expect((await limits.take(attempt('bo@acme.test', 'own'), 'code')).admitted).toBe(true)
    expect((await limits.take(attempt('bo@acme.test', 'stranger'), 'code')).admitted).toBe(false)
  })

  it('that were tried in vain stay counted when the password is shown again', async () => {
    await limits.know(attempt('cy@acme.test', 'own'))
    expect(await codes('cy@acme.test', ['own'])).toBe(10)
    await showsPassword('cy@acme.test', 'own')
    expect(await codes('cy@acme.test', ['own'])).toBe(0)
  })
})

describe('the forms of passkeys and of setting up', () => {
  const forms = async (email: string, browser: string, caller?: string): Promise<number> => {
    for (let count = 0; count < 200; count += 1) {
      const one = attempt(email, browser)
      const visit = caller === undefined ? one.visit : { ...one.visit, caller: { address: caller } }
      if (!(await limits.take({ ...one, visit }, 'signature')).admitted) return count
    }
    return 200
  }

  it('are counted for a stranger at one address, and for no account: whoever knows a password shuts nobody out', async () => {
    expect(await forms('dee@acme.test', 'stranger', 'one address')).toBe(40)
    expect((await limits.take(attempt('dee@acme.test', 'another'), 'signature')).admitted).toBe(true)
    expect(await forms('eli@acme.test', 'stranger')).toBe(200)
    expect((await limits.take(attempt('eli@acme.test', 'own'), 'code')).admitted).toBe(true)
  })

  it('are counted apart for a browser that has shown a second factor, whatever its address', async () => {
    expect(await forms('fay@acme.test', 'stranger', 'one desk')).toBe(40)
    await limits.know(attempt('fay@acme.test', 'own'))
    expect(await forms('fay@acme.test', 'own', 'one desk')).toBe(60)
  })
})
