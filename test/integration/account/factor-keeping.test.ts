import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { NewFactor } from '../../../src/core/identity/account-factor-store.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: Tenant

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
})
afterAll(() => test?.close())

const secret = Buffer.from('0123456789abcdefghij')
const app: NewFactor = { kind: 'totp', secret, step: 7 }
const passkey: NewFactor = { kind: 'passkey', credentialId: 'one', publicKey: Buffer.from('key'), signCount: 3 }

async function accountWith(email: string, factors: readonly NewFactor[]): Promise<string> {
  const { accountFactors, accounts } = test.postgres
  const { id } = await accounts.create(acme, { email, grants: noGrants })
  for (const factor of factors) {
    await accountFactors.add(acme, { id }, { factor, as: 'further' })
    await accountFactors.replaceRecoveryCodes(acme, { id }, ['a', 'b'])
  }
  return id
}

const rowsOf = (id: string) =>
  test.tenantSql(
    acme,
    `select kind from account_factor where account_id = $1
     union all select 'code' from recovery_code where account_id = $1
     union all select 'link' from account_link where account_id = $1
     union all select 'demand' from factor_demand where account_id = $1 order by 1`,
    [id],
  )

describe('what an account proves itself with', () => {
  it('is exported and restored, but for links that are under way', async () => {
    const { accountFactors, accountLinks, tenantDirectory } = test.postgres
    const id = await accountWith('ana@acme.example', [app, passkey])
    await accountFactors.setDemand(acme, { accountId: id, demand: 'required' }, 'cli:test')
    const link = { accountId: id, purpose: 'reset', digest: 'd', seconds: 60, by: 'cli:test' } as const
    await accountLinks.issue(acme, link)
    const lines: string[] = []
    const registered = await tenantDirectory.find('acme')
    if (registered === undefined) throw new Error('no tenant')
    await tenantDirectory.export(registered, async (line) => void lines.push(line))
    const copy = await tenantDirectory.create({ slug: 'again' }, 'cli:test', from(lines))
    expect(await accountFactors.standing(copy, id)).toMatchObject({
      factors: [{ kind: 'totp' }, { kind: 'passkey' }],
      passkeys: [{ credentialId: 'one', signCount: 3 }],
      demand: 'required',
    })
    expect(Buffer.from((await accountFactors.findTotp(copy, id))?.secret ?? [])).toEqual(secret)
    expect(await accountFactors.useRecoveryCode(copy, { id }, 'a')).toBe(true)
    expect(await accountLinks.find(copy, 'd')).toBeUndefined()
    expect(await accountLinks.find(acme, 'd')).toMatchObject({ accountId: id })
  })

  it('brings its recovery codes back as kept from an export of a version that did not ask, and as they were from others', async () => {
    const { accountFactors, tenantDirectory } = test.postgres
    const origin = await test.postgres.provisioner.createTenant({ slug: 'codes', name: 'Codes' })
    const { id } = await test.postgres.accounts.create(origin, { email: 'flo@acme.example', grants: noGrants })
    await accountFactors.add(origin, { id }, { factor: app, as: 'further' })
    await accountFactors.replaceRecoveryCodes(origin, { id }, ['a', 'b'])
    const registered = await tenantDirectory.find('codes')
    if (registered === undefined) throw new Error('no tenant')
    const lines: string[] = []
    await tenantDirectory.export(registered, async (line) => void lines.push(line))
    const keptIn = async (slug: string, exported: readonly string[]): Promise<readonly unknown[]> => {
      const copy = await tenantDirectory.create({ slug }, 'cli:test', from(exported))
      return (await test.tenantSql(copy, 'select kept from recovery_code')).map(({ kept }) => kept)
    }
    expect(await keptIn('same', lines)).toEqual([false, false])
    expect(await keptIn('older', lines.map(asBeforeKeptCodes))).toEqual([true, true])
  })

  it('goes with its account, and with the word of an administrator', async () => {
    const { accountFactors, accountLinks, tenantAdministration } = test.postgres
    const id = await accountWith('bo@acme.example', [app])
    await accountFactors.setDemand(acme, { accountId: id, demand: 'required' }, 'cli:test')
    const link = { accountId: id, purpose: 'reset', digest: 'e', seconds: 60, by: 'cli:test' } as const
    await accountLinks.issue(acme, link)
    expect((await rowsOf(id)).map(({ kind }) => kind)).toEqual(['code', 'code', 'demand', 'link', 'totp'])
    expect(await accountFactors.removeAll(acme, id, 'cli:test')).toMatchObject([{ kind: 'totp' }])
    expect((await rowsOf(id)).map(({ kind }) => kind)).toEqual(['demand', 'link'])
    const wish = { kind: 'account', email: 'bo@acme.example', presence: 'absent' } as const
    await tenantAdministration.apply(acme, [wish], 'cli:test')
    expect(await rowsOf(id)).toEqual([])
  })

  it('is sealed anew after a rotation, and its app goes on', async () => {
    const { accountFactors, keyAdministration } = test.postgres
    const id = await accountWith('cy@acme.example', [app])
    const sealed = async (): Promise<string> => {
      const query = `select encode(sealed_secret, 'hex') as sealed from account_factor where account_id = $1`
      return String((await test.tenantSql(acme, query, [id]))[0]?.['sealed'])
    }
    const before = await sealed()
    await keyAdministration.rotate()
    await test.sql(`update data_key set active_at = clock_timestamp() - interval '1 minute' where active_at > now()`)
    expect(await keyAdministration.reseal()).toBeGreaterThan(0)
    expect(await sealed()).not.toBe(before)
    expect(Buffer.from((await accountFactors.findTotp(acme, id))?.secret ?? [])).toEqual(secret)
  })

  it('takes a further one, but no second app, and as the first one none at all', async () => {
    const { accountFactors } = test.postgres
    const id = await accountWith('dee@acme.example', [app])
    const add = (factor: NewFactor, as: 'first' | 'further'): Promise<boolean> =>
      accountFactors.add(acme, { id }, { factor, as })
    expect(await add(app, 'further')).toBe(false)
    expect(await add({ ...passkey, credentialId: 'two' }, 'first')).toBe(false)
    expect(await add({ ...passkey, credentialId: 'two' }, 'further')).toBe(true)
    await test.tenantSql(acme, 'delete from account where id = $1', [id])
    expect(await add(app, 'first')).toBe(false)
  })
})

describe('a count', () => {
  it('goes up and never down, unless it is of a passkey that does not count', async () => {
    const { accountFactors } = test.postgres
    const id = await accountWith('eve@acme.example', [
      { ...passkey, credentialId: 'three' },
      { ...passkey, credentialId: 'four', signCount: 0 },
    ])
    const use = (credentialId: string, signCount: number): Promise<boolean> =>
      accountFactors.useCount(acme, id, { credentialId, signCount })
    expect([await use('three', 3), await use('three', 0), await use('three', 2)]).toEqual([false, false, false])
    expect([await use('three', 4_294_967_295), await use('three', 4)]).toEqual([true, false])
    expect([await use('four', 0), await use('four', 0), await use('four', 1), await use('four', 0)]).toEqual([
      ...[true, true, true, false],
    ])
  })
})

/** A line of an export as a version wrote it that did not know whether codes are kept. */
function asBeforeKeptCodes(line: string): string {
  const parsed = JSON.parse(line) as ExportLine
  if (Array.isArray(parsed)) {
    const [table, row] = parsed
    return table === 'recovery_code' ? JSON.stringify([table, { ...row, kept: undefined }]) : line
  }
  if (!('steps' in parsed)) return line
  const steps = parsed.steps.filter((step) => step < '0009')
  const tables = parsed.tables.map(({ name, columns }) => ({
    name,
    columns: columns.filter((column) => name !== 'recovery_code' || column !== 'kept'),
  }))
  return JSON.stringify({ ...parsed, steps, tables })
}

type ExportLine =
  | readonly [string, Readonly<Record<string, unknown>>]
  | { readonly steps: readonly string[]; readonly tables: readonly { name: string; columns: readonly string[] }[] }
  | { readonly rows: number }

async function* from(lines: readonly string[]): AsyncIterable<string> {
  for (const line of lines) yield line
}
