import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { grantsOf, type AssertedGrants } from '../../../src/core/permission/grants.js'
import { holdingOf } from '../../../src/core/permission/holding.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'

const idp = 'https://idp.example'

let test: TestPostgres
let acme: Tenant
let ann: string

beforeAll(async () => {
  test = await openTestPostgres()
  const { accounts, provisioner } = test.postgres
  acme = await provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  const grants = grantsOf({ roles: ['reader'], groups: ['staff'] })
  ann = (await accounts.create(acme, { email: 'ann@acme.example', grants })).id
  await test.tenantSql(acme, `insert into account_identity values ($1, 'ann', $2)`, [idp, ann])
  for (const [table, names] of [
    ['role', ['writer', 'guest', '__proto__']],
    ['scope', ['write']],
    ['resource', ['ledger', 'constructor']],
    ['permission', ['ledger:read']],
  ] as const) {
    for (const name of names) await test.tenantSql(acme, `insert into ${table} (name) values ($1)`, [name])
  }
  await carry('role_resource', ['role', 'writer'], ['resource', 'ledger'])
  await carry('role_permission', ['role', 'writer'], ['permission', 'ledger:read'])
  await carry('role_resource', ['role', '__proto__'], ['resource', 'constructor'])
  await carry('group_role', ['user_group', 'staff'], ['role', 'writer'])
})
afterAll(() => test?.close())
beforeEach(() => rule({}))

type Named = readonly [table: string, name: string]

async function carry(table: string, [from, owner]: Named, [to, carried]: Named): Promise<void> {
  await test.tenantSql(
    acme,
    `insert into ${table} select f.id, t.id from ${from} f, ${to} t where f.name = $1 and t.name = $2`,
    [owner, carried],
  )
}

interface Rule {
  readonly grants?: 'assigned' | 'catalogue'
  readonly signUp?: readonly string[]
}

/** How the tenant grants; without sign-up roles nobody signs up. */
async function rule({ grants, signUp }: Rule): Promise<void> {
  const admits = signUp === undefined ? 'nobody' : 'everybody'
  await test.tenantSql(acme, 'update access_rule set grants = $1, sign_up = $2', [grants ?? null, admits])
  await test.tenantSql(acme, 'delete from sign_up_role')
  await test.tenantSql(acme, 'insert into sign_up_role select id from role where name = any($1)', [[...(signUp ?? [])]])
}

const standing = (subject: string, issuer = idp) => test.postgres.grants.findStanding(acme, issuer, subject)
const holding = async (subject: string, asserted: AssertedGrants) => holdingOf(asserted, await standing(subject))

describe('a subject of another issuer', () => {
  it('is the account that is linked to it, and nobody else', async () => {
    expect((await standing('ann')).account).toMatchObject({ id: ann, email: 'ann@acme.example' })
    for (const subject of ['ANN', 'ann ', 'bob', '', ann, 'ann\0']) {
      expect((await standing(subject)).account).toBeUndefined()
    }
    expect((await standing('ann', 'https://other.example')).account).toBeUndefined()
    expect((await standing('ann', ownIssuer)).account).toBeUndefined()
  })

  it('holds what its token says and the tenant has, unless told otherwise', async () => {
    const asserted = { roles: ['writer', 'owner'], groups: [], scopes: ['write', 'delete'] }
    expect(await holding('ann', asserted)).toMatchObject({
      account: 'active',
      effective: {
        ...{ roles: ['writer'], groups: [], scopes: ['write'] },
        ...{ resources: ['ledger'], permissions: ['ledger:read'] },
      },
    })
  })

  it('holds what its account is assigned where the tenant says so', async () => {
    await rule({ grants: 'assigned' })
    expect((await holding('ann', { roles: ['reader', 'writer', 'owner'] })).effective.roles).toEqual([
      'reader',
      'writer',
    ])
    expect((await holding('ann', { roles: ['owner'] })).effective.roles).toEqual([])
  })

  it('has the roles of its groups where the token says groups only', async () => {
    expect((await holding('ann', { groups: ['staff', 'board'] })).effective).toMatchObject({
      ...{ groups: ['staff'], roles: ['writer'], resources: ['ledger'] },
    })
  })

  it('is nobody without an account, unless the tenant lets everybody in', async () => {
    expect(await holding('bob', { roles: ['writer'] })).toMatchObject({ account: 'unknown', effective: grantsOf({}) })
    await rule({ signUp: [] })
    expect(await holding('bob', { roles: ['writer'] })).toMatchObject({ account: 'signed-up' })
  })

  it('whose account was deleted does not sign up again, until its identity is forgotten here', async () => {
    await rule({ signUp: ['writer'] })
    const { id } = await test.postgres.accounts.create(acme, { email: 'eve@acme.example', grants: grantsOf({}) })
    await test.tenantSql(acme, `insert into account_identity values ($1, 'eve', $2)`, [idp, id])
    expect(await holding('eve', { roles: ['writer'] })).toMatchObject({ account: 'active' })
    await test.tenantSql(acme, 'delete from account where id = $1', [id])
    expect(await holding('eve', { roles: ['writer'] })).toMatchObject({ account: 'unknown', effective: grantsOf({}) })
    await test.tenantSql(acme, `delete from account_identity where subject = 'eve'`)
    expect(await holding('eve', { roles: ['writer'] })).toMatchObject({ account: 'signed-up' })
  })

  it.each(['', 'bob\0', '\ud800', 'b'.repeat(5_000)])(
    'that cannot be on record signs up for nothing: %j',
    async (subject) => {
      await rule({ signUp: ['writer'] })
      const sound = subject === ''
      expect(await holding(subject, { roles: ['writer'] })).toMatchObject({ account: sound ? 'signed-up' : 'unknown' })
      expect((await test.postgres.grants.findStanding(acme, 'https://\0', 'bob')).signUp).toEqual({ admits: 'nobody' })
      expect(await holding('bob', { roles: ['writer'] })).toMatchObject({ account: 'signed-up' })
    },
  )

  it('that signs up has the roles for that, with what they carry, where grants are assigned', async () => {
    await rule({ grants: 'assigned', signUp: ['writer'] })
    expect((await holding('bob', { scopes: ['write'] })).effective).toEqual(
      grantsOf({ roles: ['writer'], resources: ['ledger'], permissions: ['ledger:read'] }),
    )
    expect((await holding('bob', { roles: ['guest'] })).effective.roles).toEqual([])
  })

  it('is still refused once its account is disabled, however the tenant lets people in', async () => {
    await rule({ signUp: ['writer'] })
    await test.tenantSql(acme, 'update account set disabled_at = now() where id = $1', [ann])
    expect(await holding('ann', { roles: ['writer'] })).toMatchObject({ account: 'disabled', effective: grantsOf({}) })
    await test.tenantSql(acme, 'update account set disabled_at = null where id = $1', [ann])
    expect(await holding('ann', { roles: ['writer'] })).toMatchObject({ account: 'active' })
  })

  it('holds no more by the name of a member that every object has', async () => {
    expect((await holding('ann', { roles: ['__proto__'] })).effective.resources).toEqual(['constructor'])
    expect((await holding('ann', { roles: ['constructor', 'toString'] })).effective).toMatchObject({
      ...{ roles: [], resources: [], permissions: [] },
    })
  })
})

describe('an account of the own issuer', () => {
  it('that is gone was taken away: no rule lets it in again', async () => {
    await rule({ signUp: ['writer'] })
    const gone = crypto.randomUUID()
    expect(await standing(gone, ownIssuer)).toMatchObject({ account: undefined, signUp: { admits: 'nobody' } })
    expect(holdingOf({}, await standing(gone, ownIssuer)).account).toBe('unknown')
  })

  it('holds what it is assigned, unless the tenant says otherwise', async () => {
    const asserted = { roles: ['reader', 'guest'] }
    expect(holdingOf(asserted, await standing(ann, ownIssuer)).effective.roles).toEqual(['reader'])
    await rule({ grants: 'catalogue' })
    expect(holdingOf(asserted, await standing(ann, ownIssuer)).effective.roles).toEqual(['guest', 'reader'])
  })
})

describe('the catalogue', () => {
  it('has every name, and what roles and groups bring along', async () => {
    const { names, roles, groups } = await test.postgres.grants.readCatalogue(acme)
    expect(names).toEqual({
      ...{ roles: ['__proto__', 'guest', 'reader', 'writer'], groups: ['staff'], scopes: ['write'] },
      ...{ resources: ['constructor', 'ledger'], permissions: ['ledger:read'] },
    })
    expect(roles.get('writer')).toEqual({ scopes: [], resources: ['ledger'], permissions: ['ledger:read'] })
    expect(roles.get('guest')).toEqual({ scopes: [], resources: [], permissions: [] })
    expect(groups.get('staff')).toEqual(['writer'])
  })

  it('that has changed counts at once where hints are not known to arrive', async () => {
    expect((await holding('ann', { roles: ['newcomer'] })).effective.roles).toEqual([])
    await test.tenantSql(acme, `insert into role (name) values ('newcomer')`)
    expect((await holding('ann', { roles: ['newcomer'] })).effective.roles).toEqual(['newcomer'])
    await test.tenantSql(acme, `delete from role where name = 'newcomer'`)
    expect((await holding('ann', { roles: ['newcomer'] })).effective.roles).toEqual([])
  })
})
