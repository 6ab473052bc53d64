import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { AccountSite, isConsent } from '../../support/account-site.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { codeOf, demandFactor, enrolApp, keyOn, recoveryCodesOn } from '../../support/factor-pages.js'

let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterAll(() => site?.close())

const give = (jar: BrowserJar, shown: Shown, code: string): Promise<Shown> =>
  jar.press(shown, 'factor-code', { fields: { code } })

/** Somebody who has given a password and is to set up an authenticator app. */
async function enrolling(email: string) {
  const { id } = await site.addAccount(email)
  await demandFactor(site, id)
  const jar = new BrowserJar()
  const { shown } = await site.signIn(jar, email)
  const key = keyOn(shown)
  const enrol = (): Promise<Shown> => jar.press(shown, 'factor-enrol-code', { fields: { code: codeOf(site, key) } })
  return { jar, key, enrol }
}

/** A sign-in in a new browser that has come to the second step, a minute later. */
async function later(email: string) {
  site.clock.advance(60)
  const jar = new BrowserJar()
  return { jar, shown: (await site.signIn(jar, email)).shown }
}

describe('recovery codes', () => {
  it.each(['pending records', 'recovery codes'] as const)(
    'that nobody was shown, since the %s could not be written, are given with the next sign-in',
    async (what) => {
      const email = `${what.replace(' ', '-')}@acme.test`
      const { enrol, key } = await enrolling(email)
      const { accountFactors, issuerStorage } = site.test.postgres
      const [upsert, replace] = [issuerStorage.upsert, accountFactors.replaceRecoveryCodes]
      const fails = () => Promise.reject(new UpstreamError('AUTH_UNAVAILABLE', 'out of reach'))
      if (what === 'pending records') issuerStorage.upsert = fails
      else accountFactors.replaceRecoveryCodes = fails
      const lost = await enrol()
      issuerStorage.upsert = upsert
      accountFactors.replaceRecoveryCodes = replace
      expect(lost.status).toBe(503)
      const { jar, shown } = await later(email)
      const given = await give(jar, shown, codeOf(site, key))
      const codes = recoveryCodesOn(given)
      expect(codes).toHaveLength(10)
      expect(isConsent(await jar.press(given, 'factor-done'))).toBe(true)
      const next = await later(email)
      expect(isConsent(await give(next.jar, next.shown, codes[0] ?? ''))).toBe(true)
    },
  )

  it('are other ones as often as the page is loaded, until their user goes on from it', async () => {
    const { enrol, jar, key } = await enrolling('reload@acme.test')
    const page = await enrol()
    const again = await jar.open(page.url)
    const [first, second] = [recoveryCodesOn(page), recoveryCodesOn(again)]
    expect([first.length, second.length]).toEqual([10, 10])
    expect(second).not.toContain(first[0])
    expect(isConsent(await jar.press(again, 'factor-done'))).toBe(true)
    const next = await later('reload@acme.test')
    expect((await give(next.jar, next.shown, first[0] ?? '')).status).toBe(401)
    expect(isConsent(await give(next.jar, next.shown, second[0] ?? ''))).toBe(true)
    const last = await later('reload@acme.test')
    expect(isConsent(await give(last.jar, last.shown, codeOf(site, key)))).toBe(true)
  })

  it('are kept as the page showed them, and where others came since those are shown in their place', async () => {
    const { enrol, jar, key } = await enrolling('tabs@acme.test')
    const first = await enrol()
    const second = await jar.open(first.url)
    const none = await jar.press(second, 'factor-done', { fields: { codes: undefined } })
    const other = await jar.press(first, 'factor-done')
    for (const { html, status } of [none, other]) {
      expect([status, html.includes('Other recovery codes have taken the place')]).toEqual([409, true])
    }
    expect(recoveryCodesOn(other)).toHaveLength(10)
    expect(recoveryCodesOn(other)).not.toContain(recoveryCodesOn(first)[0])
    expect(isConsent(await jar.press(other, 'factor-done'))).toBe(true)
    const next = await later('tabs@acme.test')
    expect((await give(next.jar, next.shown, recoveryCodesOn(first)[0] ?? '')).status).toBe(401)
    expect(isConsent(await give(next.jar, next.shown, recoveryCodesOn(other)[0] ?? ''))).toBe(true)
    const last = await later('tabs@acme.test')
    expect(isConsent(await give(last.jar, last.shown, codeOf(site, key)))).toBe(true)
  })

  it('that were kept elsewhere stay good, and who was shown others is told', async () => {
    const { email, key } = await enrolApp(site, 'elsewhere@acme.test')
    const page = async () => {
      const { jar, shown } = await later(email)
      expect(isConsent(await give(jar, shown, codeOf(site, key)))).toBe(true)
      site.clock.advance(60)
      const own = await give(jar, await jar.open(`${site.origin}/authsec/factors`), codeOf(site, key))
      return { jar, own }
    }
    const [mine, other] = [await page(), await page()]
    const lost = await mine.jar.press(mine.own, 'factor-codes')
    const good = await other.jar.press(other.own, 'factor-codes')
    await other.jar.press(good, 'factor-done')
    const told = await mine.jar.press(lost, 'factor-done')
    expect([told.status, told.html.includes('Not all of the recovery codes')]).toEqual([409, true])
    expect((await mine.jar.press(told, 'factor-done')).html).toContain('Recovery codes left: 10')
    const next = await later(email)
    expect(isConsent(await give(next.jar, next.shown, recoveryCodesOn(good)[0] ?? ''))).toBe(true)
  })

  it('are given anew once the last one is used', async () => {
    const { email, id, key, recoveryCodes } = await enrolApp(site, 'last@acme.test')
    const [code = ''] = recoveryCodes
    await site.test.tenantSql(site.acme, 'delete from recovery_code where account_id = $1', [id])
    const { jar, shown } = await later(email)
    expect((await give(jar, shown, code)).status).toBe(401)
    expect(recoveryCodesOn(await give(jar, shown, codeOf(site, key)))).toHaveLength(10)
  })
})
