import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { AccountSite, isConsent, type Tokens } from '../../support/account-site.js'
import { SoftwareAuthenticator } from '../../support/authenticator.js'
import { BrowserJar, hiddenFields, type Shown } from '../../support/browser-jar.js'
import { codeOf, demandFactor, enrolApp, keyOn, recoveryCodesOn, type Enrolled } from '../../support/factor-pages.js'
import { password } from '../../support/issuer-harness.js'
import { until } from '../../support/until.js'

let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterAll(() => site?.close())

const own = (jar: BrowserJar): Promise<Shown> => jar.open(`${site.origin}/authsec/factors`)
const factorsOf = async (id: string): Promise<readonly unknown[]> =>
  site.test.tenantSql(site.acme, 'select kind from account_factor where account_id = $1', [id])
const refresh = async ({ body }: Tokens): Promise<number> => {
  const fields = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
  return (await site.token({ ...fields, client_id: await site.client() })).status
}

/** Somebody without a second factor who is signed in. */
async function signedIn(email: string): Promise<{ jar: BrowserJar; id: string; tokens: Tokens }> {
  const { id } = await site.addAccount(email)
  const jar = new BrowserJar()
  return { jar, id, tokens: await site.finish(jar, await site.signIn(jar, email)) }
}

/** Signs somebody in who has an authenticator app, in a browser of its own. */
async function signedInWithApp({ email, key }: Enrolled): Promise<{ jar: BrowserJar; tokens: Tokens }> {
  const jar = new BrowserJar()
  const asked = await site.signIn(jar, email)
  const shown = await jar.press(asked.shown, 'factor-code', { fields: { code: codeOf(site, key) } })
  const tokens = await site.finish(jar, { ...asked, shown })
  site.clock.advance(60)
  return { jar, tokens }
}

/** The page, after a code. */
async function opened(jar: BrowserJar, key: string): Promise<Shown> {
  const page = await jar.press(await own(jar), 'factor-code', { fields: { code: codeOf(site, key) } })
  site.clock.advance(60)
  return page
}

describe('the page of one’s own second factors', () => {
  it('is for who is signed in in this browser, in no frame, and for no form from elsewhere', async () => {
    const stranger = await own(new BrowserJar())
    expect([stranger.status, stranger.headers.get('x-frame-options')]).toEqual([401, 'DENY'])
    const { id, jar } = await signedIn('edge@acme.test')
    const page = await own(jar)
    expect([page.status, page.html.includes('Your password alone is enough')]).toEqual([200, true])
    await demandFactor(site, id)
    await site.test.tenantSql(site.acme, 'update account set security_stamp = null where id = $1', [id])
    const demanded = (await own(jar)).html
    expect([demanded.includes('Your organisation asks'), demanded.includes('alone is enough')]).toEqual([true, false])
    for (const options of [
      { fields: { password, csrf: 'x'.repeat(43) } },
      { fields: { password, csrf: undefined } },
      { fields: { password }, headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } },
    ]) {
      expect((await jar.press(page, 'factor-password', options)).status).toBe(403)
    }
    const another = await signedIn('another@acme.test')
    const csrf = hiddenFields((await own(another.jar)).html)['csrf']
    expect((await jar.press(page, 'factor-password', { fields: { password, csrf } })).status).toBe(403)
    expect((await jar.press(page, 'factor-password', { fields: { password } })).html).toContain('Set up a second step')
    expect(await factorsOf(id)).toEqual([])
  })

  it('lets a user who does not have to set one up, by the password, and asks for it from then on', async () => {
    const { jar } = await signedIn('ana@acme.test')
    const wrong = await jar.press(await own(jar), 'factor-password', { fields: { password: 'a guess' } })
    expect([wrong.status, wrong.html.includes('This password is wrong')]).toEqual([401, true])
    const page = await jar.press(wrong, 'factor-password', { fields: { password } })
    const key = keyOn(page)
    const codes = await jar.press(page, 'factor-enrol-code', { fields: { code: codeOf(site, key) } })
    expect(recoveryCodesOn(codes)).toHaveLength(10)
    const done = await jar.press(codes, 'factor-done')
    expect(done.html).toContain('Authenticator app')
    expect(done.html).toContain('Recovery codes left: 10')
    expect(isConsent(await jar.open(await site.requestUrl()))).toBe(false)
    site.clock.advance(60)
    const next = new BrowserJar()
    const { shown } = await site.signIn(next, 'ana@acme.test')
    expect(shown.html).toContain('One more step')
    expect(isConsent(await next.press(shown, 'factor-code', { fields: { code: codeOf(site, key) } }))).toBe(true)
  })

  it('puts on record whose password or code was wrong here, as at a sign-in', async () => {
    const { id, jar } = await signedIn('record@acme.test')
    await jar.press(await own(jar), 'factor-password', { fields: { password: 'a guess' } })
    const app = await enrolApp(site, 'record-app@acme.test')
    const other = await signedInWithApp(app)
    await other.jar.press(await own(other.jar), 'factor-code', { fields: { code: '000000' } })
    const failed = `select subject, reason from audit_event
      where type = 'signin.failed' and subject = any($1) order by reason`
    const rows = () => site.test.tenantSql(site.acme, failed, [[id, app.id]])
    const expected = [
      { subject: app.id, reason: 'factor_invalid' },
      { subject: id, reason: 'invalid' },
    ]
    await until(async () => (await rows()).length === expected.length)
    expect(await rows()).toEqual(expected)
  })

  it('is not shown without end: neither where codes are written each time, nor from one address', async () => {
    const gus = await enrolApp(site, 'gus@acme.test')
    const { jar } = await signedInWithApp(gus)
    const codes = await jar.press(await opened(jar, gus.key), 'factor-codes')
    const pages: Shown[] = []
    while (pages.at(-1)?.status !== 429 && pages.length < 100) pages.push(await own(jar))
    expect(pages.length).toBeLessThanOrEqual(61)
    expect(Number(pages.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(60)
    expect((await jar.press(codes, 'factor-done')).status).toBe(429)
    const strangers: number[] = []
    while (strangers.at(-1) !== 429 && strangers.length < 200) strangers.push((await own(new BrowserJar())).status)
    expect([strangers[0], strangers.at(-1)]).toEqual([401, 429])
    await site.test.sql('delete from rate_limit')
    expect((await own(jar)).status).toBe(200)
  })

  it('ends with the first one what is signed in by the password alone, but for this browser, and with a further one nothing', async () => {
    const { id, jar, tokens } = await signedIn('first@acme.test')
    const elsewhere = new BrowserJar()
    const theirs = await site.finish(elsewhere, await site.signIn(elsewhere, 'first@acme.test'))
    const bystander = await signedIn('by@acme.test')
    const begun = await jar.press(await own(jar), 'factor-password', { fields: { password } })
    expect((await jar.press(begun, 'factor-enrol-code', { fields: { code: '000000' } })).status).toBe(400)
    expect((await own(elsewhere)).status).toBe(200)
    const codes = await jar.press(begun, 'factor-enrol-code', { fields: { code: codeOf(site, keyOn(begun)) } })
    expect(recoveryCodesOn(codes)).toHaveLength(10)
    expect([await refresh(tokens), await refresh(theirs), await refresh(bystander.tokens)]).toEqual([400, 400, 200])
    expect((await own(elsewhere)).status).toBe(401)
    const list = await jar.press(codes, 'factor-done')
    expect(list.html).toContain('Recovery codes left: 10')
    site.clock.advance(60)
    const strong = await signedInWithApp({ email: 'first@acme.test', id, key: keyOn(begun), recoveryCodes: [], jar })
    const setUp = await jar.press(list, 'factor-another')
    const credential = new SoftwareAuthenticator(site.origin).create(setUp)
    await jar.press(setUp, 'factor-enrol-passkey', { fields: { credential } })
    expect(await factorsOf(id)).toHaveLength(2)
    expect([await refresh(strong.tokens), (await own(jar)).status]).toEqual([200, 200])
  })

  it('says that a factor stays which became the last one meanwhile, and that its user is signed out', async () => {
    const ida = await enrolApp(site, 'ida@acme.test')
    await site.test.tenantSql(site.acme, 'delete from factor_demand where account_id = $1', [ida.id])
    const { jar } = await signedInWithApp(ida)
    const page = await opened(jar, ida.key)
    const { accountFactors } = site.test.postgres
    const { remove } = accountFactors
    accountFactors.remove = async () => 'needed'
    const answer = await jar.press(page, 'factor-remove').finally(() => {
      accountFactors.remove = remove
    })
    expect([answer.html.includes('It is not removed'), answer.html.includes('You are signed out')]).toEqual([
      true,
      true,
    ])
    expect((await own(jar)).status).toBe(401)
  })

  it('changes nothing before a factor is shown again: not by the password, nor by what a form says', async () => {
    const bo = await enrolApp(site, 'bo@acme.test')
    const { jar } = await signedInWithApp(bo)
    const page = await own(jar)
    const [row] = await site.test.tenantSql(site.acme, 'select id from account_factor where account_id = $1', [bo.id])
    const fields = { factor: String(row?.['id']), password, code: '000000', credential: '{}' }
    for (const action of [
      ...['factor-remove', 'factor-codes', 'factor-another', 'factor-password', 'factor-done'],
      ...['factor-enrol-code', 'factor-enrol-passkey', 'factor-code', 'factor-passkey', 'factor-restart'],
    ]) {
      const answer = await jar.press(page, action, { fields })
      expect(answer.html).toContain('show your second step again')
    }
    const codes = await site.test.tenantSql(site.acme, 'select 1 from recovery_code where account_id = $1', [bo.id])
    expect([(await factorsOf(bo.id)).length, codes.length]).toEqual([1, 10])
    expect((await opened(jar, bo.key)).html).toContain('Get new recovery codes')
    const other = await signedInWithApp(bo)
    expect((await own(other.jar)).html).toContain('show your second step again')
  })

  it('gives new recovery codes, and those from before are good no more', async () => {
    const cy = await enrolApp(site, 'cy@acme.test')
    const { jar } = await signedInWithApp(cy)
    const page = await jar.press(await opened(jar, cy.key), 'factor-codes')
    const codes = recoveryCodesOn(page)
    expect(codes).toHaveLength(10)
    await jar.press(page, 'factor-done')
    const sign = async (code: string): Promise<Shown> => {
      const next = new BrowserJar()
      return next.press((await site.signIn(next, cy.email)).shown, 'factor-code', { fields: { code } })
    }
    expect((await sign(cy.recoveryCodes[0] ?? '')).status).toBe(401)
    expect(isConsent(await sign(codes[0] ?? ''))).toBe(true)
  })

  it('removes a factor with whatever is signed in as the account, and nobody else is signed out', async () => {
    const dee = await enrolApp(site, 'dee@acme.test')
    await site.test.tenantSql(site.acme, 'delete from factor_demand where account_id = $1', [dee.id])
    const [mine, elsewhere] = [await signedInWithApp(dee), await signedInWithApp(dee)]
    const bystander = await signedIn('eli@acme.test')
    const removed = await mine.jar.press(await opened(mine.jar, dee.key), 'factor-remove')
    expect(removed.html).toContain('It is removed')
    expect(await factorsOf(dee.id)).toEqual([])
    expect((await own(mine.jar)).status).toBe(401)
    expect((await own(elsewhere.jar)).status).toBe(401)
    expect([await refresh(elsewhere.tokens), await refresh(bystander.tokens)]).toEqual([400, 200])
    expect(isConsent((await site.signIn(new BrowserJar(), dee.email)).shown)).toBe(true)
  })

  it('does not remove the last one where one is asked for, and does once there is another', async () => {
    const fay = await enrolApp(site, 'fay@acme.test')
    const { jar } = await signedInWithApp(fay)
    const page = await opened(jar, fay.key)
    const refused = await jar.press(page, 'factor-remove')
    expect([refused.status, refused.html.includes('your organisation asks for one')]).toEqual([403, true])
    await demandFactor(site, fay.id)
    const setUp = await jar.press(refused, 'factor-another')
    const credential = new SoftwareAuthenticator(site.origin).create(setUp)
    const done = await jar.press(setUp, 'factor-enrol-passkey', { fields: { credential } })
    const list = await jar.press(done, 'factor-done')
    expect(list.html).toContain('Passkey')
    const { factor } = hiddenFields(page.html)
    expect((await jar.press(list, 'factor-remove', { fields: { factor } })).html).toContain('It is removed')
    expect(await factorsOf(fay.id)).toEqual([{ kind: 'passkey' }])
  })
})
