import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'
import { AccountSite, isConsent, type Tokens } from '../../support/account-site.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { codeOf, demandFactor, enrolApp, type Enrolled } from '../../support/factor-pages.js'

let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterEach(() => site.test.tenantSql(site.acme, 'delete from factor_demand where account_id is null'))
afterAll(() => site?.close())

const given = 'nine quiet harbours wait'
const sql = (text: string, id: string) => site.test.tenantSql(site.acme, text, [id])
const refresh = async ({ body }: Tokens): Promise<number> => {
  const fields = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
  return (await site.token({ ...fields, client_id: await site.client() })).status
}

/** Does something in the moment before a sign-in is on record: everything has been proved then, and nothing is written. */
async function beforeItIsWritten(act: () => Promise<unknown>, signIn: () => Promise<Shown>): Promise<Shown> {
  const { audit } = site.test.postgres
  const record = audit.record.bind(audit)
  audit.record = async (event: AuditEvent) => {
    if (event.type === 'signin.completed') {
      audit.record = record
      await act()
    }
    return record(event)
  }
  try {
    return await signIn()
  } finally {
    audit.record = record
  }
}

async function resetInAnotherBrowser(email: string): Promise<void> {
  const account = await site.test.postgres.accounts.findByEmail(site.acme, email)
  if (account === undefined) throw new Error('no such account')
  const jar = new BrowserJar()
  const done = await jar.press(await jar.open(await site.link(account)), 'set', {
    fields: { password: given, repeated: given },
  })
  expect(done.html).toContain('Your password is set')
}

describe('a sign-in whose password was right', () => {
  it('lets nobody in once the password is reset, though it is completed after everything else was ended', async () => {
    await site.addAccount('race@acme.test')
    const jar = new BrowserJar()
    const signIn = async (password?: string) => (await site.signIn(jar, 'race@acme.test', password)).shown
    const shown = await beforeItIsWritten(() => resetInAnotherBrowser('race@acme.test'), signIn)
    expect(isConsent(shown)).toBe(false)
    expect(shown.html).toContain('name="password"')
    expect(isConsent(await jar.open(await site.requestUrl()))).toBe(false)
    expect(isConsent(await signIn(given))).toBe(true)
  })

  it('goes on where something else of the account has changed, and where another account was reset', async () => {
    const { id } = await site.addAccount('calm@acme.test')
    await site.addAccount('other@acme.test')
    const change = async (): Promise<void> => {
      await sql(`update account set name = 'Calm' where id = $1`, id)
      await resetInAnotherBrowser('other@acme.test')
    }
    const shown = await beforeItIsWritten(
      change,
      async () => (await site.signIn(new BrowserJar(), 'calm@acme.test')).shown,
    )
    expect(isConsent(shown)).toBe(true)
  })

  it('lets nobody in once the account is disabled, nor when it is enabled again, until they sign in', async () => {
    const { id } = await site.addAccount('shut@acme.test')
    const jar = new BrowserJar()
    const shown = await beforeItIsWritten(
      () => sql('update account set disabled_at = now() where id = $1', id),
      async () => (await site.signIn(jar, 'shut@acme.test')).shown,
    )
    expect(isConsent(shown)).toBe(false)
    await sql('update account set disabled_at = null where id = $1', id)
    expect(isConsent(await jar.open(await site.requestUrl()))).toBe(false)
    expect(isConsent((await site.signIn(jar, 'shut@acme.test')).shown)).toBe(true)
  })
})

describe('what an account proves itself with', () => {
  const identity = `insert into account_identity (issuer, subject, account_id) values ('https://idp.test', $1::text, $1::uuid)`
  const changes: readonly (readonly [string, (enrolled: Enrolled) => Promise<unknown>, string])[] = [
    ['its password', ({ id }) => sql(`update account set password_hash = 'another' where id = $1`, id), 'nobody'],
    ['that it has no password', ({ id }) => sql('update account set password_hash = null where id = $1', id), 'nobody'],
    ['a factor taken off', ({ id }) => sql('delete from account_factor where account_id = $1', id), 'nobody'],
    [
      'a factor asked of everybody',
      () =>
        site.test.postgres.accountFactors.setDemand(
          site.acme,
          { accountId: undefined, demand: 'required' },
          'cli:test',
        ),
      'nobody',
    ],
    ['an identity taken off', ({ id }) => sql('delete from account_identity where account_id = $1', id), 'nobody'],
    [
      'an identity left without account',
      ({ id }) => sql('update account_identity set account_id = null where account_id = $1', id),
      'nobody',
    ],
    [
      'that it was disabled for a while',
      async ({ id }) => {
        await sql('update account set disabled_at = now() where id = $1', id)
        await sql('update account set disabled_at = null where id = $1', id)
      },
      'nobody',
    ],
    ['its name', ({ id }) => sql(`update account set name = 'New' where id = $1`, id), 'all'],
    ['a recovery code used', ({ id }) => sql('delete from recovery_code where account_id = $1', id), 'all'],
    ['an identity given to it', ({ id }) => sql(identity.replace('idp', 'other'), id), 'all'],
  ]

  it.each(changes)('decides what goes on from before: %s', async (what, change, goesOn) => {
    const enrolled = await enrolApp(site, `${what.replaceAll(' ', '-')}@acme.test`)
    await sql(identity, enrolled.id)
    const jar = new BrowserJar()
    const asked = await site.signIn(jar, enrolled.email)
    const shown = await jar.press(asked.shown, 'factor-code', { fields: { code: codeOf(site, enrolled.key) } })
    const tokens = await site.finish(jar, { ...asked, shown })
    expect(tokens.status).toBe(200)
    await change(enrolled)
    expect([await refresh(tokens), isConsent(await jar.open(await site.requestUrl()))]).toEqual(
      goesOn === 'all' ? [200, true] : [400, false],
    )
  })

  it('is not let down by a code that was issued before', async () => {
    const { id } = await site.addAccount('code@acme.test')
    const issued = async (): Promise<readonly [BrowserJar, Parameters<AccountSite['finish']>[1]]> => {
      const jar = new BrowserJar()
      const at = await site.signIn(jar, 'code@acme.test')
      return [jar, { ...at, shown: await jar.press(at.shown, 'allow') }]
    }
    expect((await site.finish(...(await issued()))).status).toBe(200)
    const late = await issued()
    await sql(`update account set password_hash = password_hash || ' ' where id = $1`, id)
    expect(await site.finish(...late)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })
})

describe('a session with a password alone', () => {
  it('signs in again where the account needs or has a second factor, whatever else was missed', async () => {
    const { id } = await site.addAccount('weak@acme.test')
    const jar = new BrowserJar()
    await site.finish(jar, await site.signIn(jar, 'weak@acme.test'))
    expect(isConsent(await jar.open(await site.requestUrl()))).toBe(true)
    await demandFactor(site, id)
    await sql('update account set security_stamp = null where id = $1', id)
    const asked = await jar.open(await site.requestUrl())
    expect(isConsent(asked)).toBe(false)
    expect(asked.html).toContain('name="password"')
    await sql('delete from factor_demand where account_id = $1', id)
    expect(isConsent(await jar.open(await site.requestUrl()))).toBe(true)
  })

  it('and one with a second factor goes on', async () => {
    const { email, key } = await enrolApp(site, 'strong@acme.test')
    const jar = new BrowserJar()
    const asked = await site.signIn(jar, email)
    const shown = await jar.press(asked.shown, 'factor-code', { fields: { code: codeOf(site, key) } })
    expect((await site.finish(jar, { ...asked, shown })).status).toBe(200)
    expect(isConsent(await jar.open(await site.requestUrl()))).toBe(true)
  })
})
