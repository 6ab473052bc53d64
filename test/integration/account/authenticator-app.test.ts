import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { AccountSite, claimsOf, isConsent } from '../../support/account-site.js'
import { BrowserJar } from '../../support/browser-jar.js'
import { codeOf, demandFactor, enrolApp, keyOn, recoveryCodesOn } from '../../support/factor-pages.js'

let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterAll(() => site?.close())

describe('an account that may not do without a second factor', () => {
  it('sets one up between password and consent, gets ten recovery codes, and its token says both', async () => {
    const { id } = await site.addAccount('ana@acme.test')
    await demandFactor(site, id)
    const jar = new BrowserJar()
    const at = await site.signIn(jar, 'ana@acme.test')
    expect(at.shown.html).toContain('Set up a second step')
    expect(at.shown.html).toMatch(/<svg\s+class="qr"/)
    const again = await jar.open(at.shown.url)
    expect(keyOn(again)).toBe(keyOn(at.shown))
    const wrong = await jar.press(again, 'factor-enrol-code', { fields: { code: '000000' } })
    expect(wrong.html).toContain('This code is wrong')
    const code = codeOf(site, keyOn(wrong))
    const done = await jar.press(wrong, 'factor-enrol-code', { fields: { code } })
    expect(new Set(recoveryCodesOn(done)).size).toBe(10)
    const consent = await jar.press(done, 'factor-done')
    expect(isConsent(consent)).toBe(true)
    const tokens = await site.finish(jar, { ...at, shown: consent })
    expect(claimsOf(tokens)['amr']).toEqual(['pwd', 'otp', 'mfa'])
  })

  it('is everybody where the tenant says so, and one without it signs in with the password alone', async () => {
    const { accountFactors } = site.test.postgres
    await site.addAccount('cy@acme.test')
    expect(isConsent((await site.signIn(new BrowserJar(), 'cy@acme.test')).shown)).toBe(true)
    await accountFactors.setDemand(site.acme, { accountId: undefined, demand: 'required' }, 'cli:test')
    expect((await site.signIn(new BrowserJar(), 'cy@acme.test')).shown.html).toContain('Set up a second step')
    await accountFactors.setDemand(site.acme, { accountId: undefined, demand: 'optional' }, 'cli:test')
    const tokens = await (async () => {
      const jar = new BrowserJar()
      return site.finish(jar, await site.signIn(jar, 'cy@acme.test'))
    })()
    expect(claimsOf(tokens)['amr']).toEqual(['pwd'])
  })
})

describe('a code of an authenticator app', () => {
  it('lets its account in, of this step, the one before and the next', async () => {
    const bo = await enrolApp(site, 'bo@acme.test')
    for (const steps of [0, -1, 1]) {
      site.clock.advance(120)
      const jar = new BrowserJar()
      const { shown } = await site.signIn(jar, 'bo@acme.test')
      expect(shown.html).toContain('One more step')
      const code = codeOf(site, bo.key, steps)
      const typed = `${code.slice(0, 3)} ${code.slice(3)}`
      expect(isConsent(await jar.press(shown, 'factor-code', { fields: { code: typed } }))).toBe(true)
    }
    site.clock.advance(120)
    const jar = new BrowserJar()
    const { shown } = await site.signIn(jar, 'bo@acme.test')
    for (const steps of [-2, 2]) {
      const refused = await jar.press(shown, 'factor-code', { fields: { code: codeOf(site, bo.key, steps) } })
      expect(refused.status).toBe(401)
    }
  })
})

describe('a recovery code', () => {
  it('lets its account in once, however it is typed, and lets it set up another way', async () => {
    const dee = await enrolApp(site, 'dee@acme.test')
    const [first = '', second = ''] = dee.recoveryCodes
    const jar = new BrowserJar()
    const { shown } = await site.signIn(jar, 'dee@acme.test')
    const typed = { code: ` ${first.toLowerCase().replace('-', ' ')}`, another: 'yes' }
    expect((await jar.press(shown, 'factor-code', { fields: typed })).html).toContain('Set up a second step')
    const other = new BrowserJar()
    const again = await site.signIn(other, 'dee@acme.test')
    expect((await other.press(again.shown, 'factor-code', { fields: { code: first } })).status).toBe(401)
    expect(isConsent(await other.press(again.shown, 'factor-code', { fields: { code: second } }))).toBe(true)
  })
})
