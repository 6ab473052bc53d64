import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { AccountSite, isConsent } from '../../support/account-site.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { codeOf, demandFactor, enrolApp, keyOn } from '../../support/factor-pages.js'
import { password } from '../../support/issuer-harness.js'

let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterAll(() => site?.close())

const code = (jar: BrowserJar, shown: Shown, given: string): Promise<Shown> =>
  jar.press(shown, 'factor-code', { fields: { code: given } })
const fresh = async (email: string): Promise<{ jar: BrowserJar; shown: Shown }> => {
  const jar = new BrowserJar()
  return { jar, shown: (await site.signIn(jar, email)).shown }
}

describe('the password of an account that has a second factor', () => {
  it('completes no sign-in: by no form, not after a restart, not in another interaction', async () => {
    const ana = await enrolApp(site, 'ana@acme.test')
    const { jar, shown } = await fresh('ana@acme.test')
    for (const action of [
      'factor-done',
      'factor-enrol-code',
      'factor-enrol-passkey',
      'factor-passkey',
      'factor-code',
    ]) {
      const answer = await jar.press(shown, action, {
        fields: { code: codeOf(site, 'A'.repeat(32)), credential: '{}' },
      })
      expect(isConsent(answer)).toBe(false)
      expect(answer.html).toContain('One more step')
    }
    const fields = { tenant: 'acme', email: 'ana@acme.test', password }
    expect((await jar.press(shown, 'sign-in', { fields })).html).toContain('One more step')
    const second = await site.start()
    site.answering = second
    expect((await jar.open(shown.url)).html).toContain('One more step')
    const elsewhere = await site.begin(jar)
    expect(elsewhere.shown.html).toContain('name="password"')
    expect(isConsent(await code(jar, elsewhere.shown, codeOf(site, ana.key)))).toBe(false)
    site.answering = 0
    expect(isConsent(await code(jar, shown, codeOf(site, ana.key)))).toBe(true)
  })

  it('sets up no further factor', async () => {
    const bo = await site.addAccount('bo@acme.test')
    await demandFactor(site, bo.id)
    const [first, second] = [await fresh('bo@acme.test'), await fresh('bo@acme.test')]
    const enrol = ({ jar, shown }: typeof first): Promise<Shown> =>
      jar.press(shown, 'factor-enrol-code', { fields: { code: codeOf(site, keyOn(shown)) } })
    const pages = await Promise.all([enrol(first), enrol(second)])
    expect(pages.filter(({ html }) => html.includes('The second step is set up'))).toHaveLength(1)
    const loser = pages[0]?.html.includes('is set up') === true ? second : first
    expect((await loser.jar.open(loser.shown.url)).html).toContain('One more step')
    expect((await enrol(loser)).html).toContain('One more step')
    const rows = await site.test.tenantSql(site.acme, 'select 1 from account_factor where account_id = $1', [bo.id])
    expect(rows).toHaveLength(1)
  })

  it('of one account does not make the second factor of another one good', async () => {
    const [cy] = [await enrolApp(site, 'cy@acme.test'), await enrolApp(site, 'dee@acme.test')]
    const { jar, shown } = await fresh('dee@acme.test')
    expect((await code(jar, shown, codeOf(site, cy.key))).status).toBe(401)
    expect((await code(jar, shown, cy.recoveryCodes[0] ?? '')).status).toBe(401)
    const rows = await site.test.tenantSql(site.acme, 'select 1 from recovery_code where account_id = $1', [cy.id])
    expect(rows).toHaveLength(10)
  })
})

describe('a code', () => {
  it('is good once: of those that are sent at once, in two sign-ins over two processes, one goes on', async () => {
    const eve = await enrolApp(site, 'eve@acme.test')
    const second = await site.start()
    const [one, two] = [await fresh('eve@acme.test'), await fresh('eve@acme.test')]
    const given = codeOf(site, eve.key)
    const tries = Array.from({ length: 4 }, (_none, count) => {
      site.answering = count % 2 === 0 ? 0 : second
      const { jar, shown } = count < 2 ? one : two
      return code(jar, shown, given)
    })
    const answers = await Promise.all(tries)
    site.answering = 0
    const uses = await site.test.tenantSql(site.acme, 'select last_step from account_factor where account_id = $1', [
      eve.id,
    ])
    expect(uses).toHaveLength(1)
    expect(answers.filter(isConsent)).toHaveLength(1)
    const later = await fresh('eve@acme.test')
    expect((await code(later.jar, later.shown, given)).status).toBe(401)
    expect((await code(later.jar, later.shown, codeOf(site, eve.key, -1))).status).toBe(401)
  })

  it('of recovery is good once, of several that are sent at once', async () => {
    const flo = await enrolApp(site, 'flo@acme.test')
    const visits = await Promise.all([1, 2, 3, 4].map(() => fresh('flo@acme.test')))
    const answers = await Promise.all(visits.map(({ jar, shown }) => code(jar, shown, flo.recoveryCodes[0] ?? '')))
    expect(answers.filter(isConsent)).toHaveLength(1)
  })

  it('guessed by strangers who have the password shuts them out, and no browser that the account knows', async () => {
    const gil = await enrolApp(site, 'gil@acme.test')
    let refused: Shown | undefined
    for (let count = 0; count < 15 && refused?.status !== 429; count += 1) {
      const { jar, shown } = await fresh('gil@acme.test')
      refused = await code(jar, shown, 'AAAAA-AAAAA')
    }
    expect(refused?.status).toBe(429)
    const stranger = await fresh('gil@acme.test')
    expect((await code(stranger.jar, stranger.shown, codeOf(site, gil.key))).status).toBe(429)
    gil.jar.forget('session')
    const own = await site.signIn(gil.jar, 'gil@acme.test')
    expect(isConsent(await code(gil.jar, own.shown, codeOf(site, gil.key)))).toBe(true)
  })
})

describe('a sign-in between password and code', () => {
  it('belongs to its browser, and ends with a reset, with the account, and when its user says so', async () => {
    const hal = await enrolApp(site, 'hal@acme.test')
    const { jar, shown } = await fresh('hal@acme.test')
    const thief = new BrowserJar()
    for (const cookie of jar.cookies) if (!cookie.name.includes('browser')) thief.plant(cookie)
    expect((await thief.open(shown.url)).html).not.toContain('One more step')
    const browser = new BrowserJar()
    const page = await browser.open(await site.link(await accountOf('hal@acme.test')))
    const chosen = 'six patient otters paint'
    await browser.press(page, 'set', { fields: { password: chosen, repeated: chosen } })
    expect(isConsent(await code(jar, shown, codeOf(site, hal.key)))).toBe(false)
    const next = new BrowserJar()
    const { shown: asked } = await site.signIn(next, 'hal@acme.test', chosen)
    expect((await next.press(asked, 'factor-restart')).html).toContain('name="password"')
    expect(isConsent(await code(next, asked, codeOf(site, hal.key)))).toBe(false)
    const last = new BrowserJar()
    const { shown: disabled } = await site.signIn(last, 'hal@acme.test', chosen)
    await site.test.tenantSql(site.acme, 'update account set disabled_at = now() where id = $1', [hal.id])
    expect(isConsent(await code(last, disabled, codeOf(site, hal.key)))).toBe(false)
  })

  it('leaves no secret in the databases, and none in the audit trail', async () => {
    const ida = await enrolApp(site, 'ida@acme.test')
    const tables = ['account_factor', 'recovery_code', 'audit_event']
    const rows = await Promise.all(
      tables.map((table) => site.test.tenantSql(site.acme, `select row_to_json(${table})::text as row from ${table}`)),
    )
    const text = JSON.stringify(rows)
    for (const secret of [ida.key, ...ida.recoveryCodes]) expect(text).not.toContain(secret)
    expect(text).not.toContain(Buffer.from(ida.key).toString('hex'))
  })
})

async function accountOf(email: string) {
  const account = await site.test.postgres.accounts.findByEmail(site.acme, email)
  if (account === undefined) throw new Error('no such account')
  return account
}
