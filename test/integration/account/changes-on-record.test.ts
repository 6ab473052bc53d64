import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { AccountSite } from '../../support/account-site.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { codeOf, enrolApp } from '../../support/factor-pages.js'

let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterAll(() => site?.close())

const own = (jar: BrowserJar): Promise<Shown> => jar.open(`${site.origin}/authsec/factors`)

async function changesOf(account: string): Promise<readonly unknown[]> {
  return site.test.tenantSql(
    site.acme,
    `select subject, personal from audit_event where type = 'admin.changed' and personal->>'account' = $1
      and reason = 'account_security_changed' order by id`,
    [account],
  )
}

/** Where everything in these tests comes from. */
const here = { address: expect.stringMatching(/^(?:127\.0\.0\.1|::)/), userAgent: expect.any(String) }

describe('what a user changes of their own account', () => {
  it('is on record with where it came from, as everything else that a request does', async () => {
    const ada = await enrolApp(site, 'ada@acme.test')
    const jar = new BrowserJar()
    const asked = await site.signIn(jar, ada.email)
    const [first = '', second = ''] = ada.recoveryCodes
    await site.finish(jar, {
      ...asked,
      shown: await jar.press(asked.shown, 'factor-code', { fields: { code: first } }),
    })
    await site.test.tenantSql(site.acme, 'delete from factor_demand where account_id = $1', [ada.id])
    const open = await jar.press(await own(jar), 'factor-code', { fields: { code: second } })
    const codes = await jar.press(open, 'factor-codes')
    await jar.press(await jar.press(codes, 'factor-done'), 'factor-restart')
    const again = await jar.press(await own(jar), 'factor-code', { fields: { code: codeOf(site, ada.key) } })
    await jar.press(again, 'factor-remove')
    const changes = await changesOf(ada.id)
    const [demanded, ...byUser] = changes
    expect(demanded).toEqual({ subject: 'cli:test', personal: { account: ada.id } })
    // Set up with its codes, two of them used, other codes, and removed.
    expect(byUser).toEqual(
      Array.from({ length: 6 }, () => ({ subject: 'own sign-in', personal: { account: ada.id, ...here } })),
    )
  })

  it('is so for a password that was chosen by a link', async () => {
    const bo = await site.addAccount('bo@acme.test', '')
    const jar = new BrowserJar()
    const password = 'seven tall lanterns hum'
    const page = await jar.open(await site.link(bo, { purpose: 'invitation' }))
    await jar.press(page, 'set', { fields: { password, repeated: password } })
    expect(await changesOf(bo.id)).toEqual([
      { subject: 'cli:test', personal: { account: bo.id } },
      { subject: 'link:invitation', personal: { account: bo.id, ...here } },
    ])
  })
})
