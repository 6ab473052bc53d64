import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { KeptTrail, recordCalls } from '../../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'

let test: TestPostgres
let acme: RegisteredTenant
let trail: KeptTrail
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.tenantDirectory.create({ slug: 'acme', name: 'Acme' }, by)
  await recordCalls(test.postgres.audit, acme, ['one', 'two'], 'all done')
  trail = new KeptTrail(test, acme)
})
afterAll(() => test?.close())

const asLogin = (statement: string) =>
  test.tenantSql(acme, `begin; set local role "${acme.role}"; ${statement}; commit`)

describe('what a tenant’s login says of a chain', () => {
  const begin = (place: string) =>
    `insert into audit_chain (name, kind, place, key, mac) values ('server-x', 'server', ${place}, '', '')`

  it('is no longer than what a server says, so that checkpoints and the retention go on', async () => {
    await expect(asLogin(begin(`repeat('x', 9000000)`))).rejects.toMatchObject({ code: '23514' })
    await expect(
      asLogin(
        `insert into audit_event (type, request_id, chain, sequence, mac) values ('a', 'b', repeat('x', 900), 1, '')`,
      ),
    ).rejects.toMatchObject({ code: '23514' })
    const place = { tenant: acme, database: acme.database }
    await test.postgres.auditMaintenance.checkpoint(place)
    await test.postgres.auditMaintenance.prune(place, { cutoff: 0, unsent: 'kept', by: 'retention' })
    expect((await trail.verify()).faults).toEqual([])
  })

  it('makes no finding longer than somebody reads', async () => {
    await trail.spoil(`alter table audit_chain drop constraint audit_chain_lengths; ${begin(`repeat('x', 9000000)`)}`)
    const { faults } = await trail.verify()
    await trail.spoil(`delete from audit_chain where name = 'server-x'`)
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'chain_foreign', chain: 'server-x' }))
    expect(Math.max(...faults.map(({ what }) => what.length))).toBeLessThan(500)
  })
})

describe('a change that takes rights away', () => {
  const account = { kind: 'account', presence: 'present', email: 'eve@example.com' } as const
  const disable = () => test.postgres.tenantAdministration.apply(acme, [{ ...account, status: 'disabled' }], by)
  const changes = () =>
    test.tenantSql(
      acme,
      `select (select count(*)::int from account where disabled_at is not null) as disabled,
        (select count(*)::int from audit_event where reason = 'account_changed') as rows`,
    )

  it('is undone where neither the trail nor what is beside it has its row afterwards', async () => {
    await test.postgres.tenantAdministration.apply(acme, [account], by)
    await trail.spoil(`
      create function no() returns trigger language plpgsql as $$ begin
        if new.reason = 'account_changed' then raise exception 'no'; end if; return new;
      end $$;
      create trigger no before insert on audit_event for each row execute function no();
      create function gone() returns trigger language plpgsql as $$ begin return null; end $$;
      create trigger gone before insert on audit_outbox for each row execute function gone()
    `)
    await expect(disable()).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    expect(await changes()).toEqual([{ disabled: 0, rows: 0 }])
    await trail.spoil('drop function no() cascade; drop function gone() cascade')
    await disable()
    expect(await changes()).toEqual([{ disabled: 1, rows: 1 }])
  })
})

describe('chains that a tenant’s login has begun, as of another installation', () => {
  const flood = `insert into audit_chain (name, kind, place, key, mac)
    select 'server-' || repeat('x', 110) || n, 'server', repeat('p', 128), repeat('k', 128), repeat('m', 128)::bytea
    from generate_series(1, 2000) n`

  it('are in no checkpoint, and keep neither it nor the retention from being done', async () => {
    const flooded = await test.postgres.tenantDirectory.create({ slug: 'flooded', name: 'F' }, by)
    await recordCalls(test.postgres.audit, flooded, ['one'], 'all done')
    await test.tenantSql(flooded, `begin; set local role "${flooded.role}"; ${flood}; commit`)
    const place = { tenant: flooded, database: flooded.database }
    const { chains } = await test.postgres.auditMaintenance.checkpoint(place)
    expect(chains.map(({ kind }) => kind)).toEqual(['server'])
    await expect(
      test.postgres.auditMaintenance.prune(place, { cutoff: 0, unsent: 'kept', by: 'retention' }),
    ).resolves.toEqual([])
    expect((await new KeptTrail(test, flooded).verify()).faults).toContainEqual(
      expect.objectContaining({ kind: 'chain_foreign' }),
    )
  })

  it('are told of where a restore has brought them', async () => {
    const lines: string[] = []
    await test.postgres.tenantDirectory.export(acme, async (line) => void lines.push(line))
    const copy = await test.postgres.tenantDirectory.create({ slug: 'copy', name: 'Copy' }, by, from(lines))
    const { chains } = await test.postgres.auditMaintenance.checkpoint({ tenant: copy, database: copy.database })
    expect(chains.map(({ place }) => place)).toContain(acme.id)
    expect((await new KeptTrail(test, copy).verify()).faults).toEqual([])
  })

  it('are a failure of that trail where they cannot be put in words', async () => {
    const place = { tenant: acme, database: acme.database }
    await trail.spoil(`alter table audit_checkpoint add constraint none check (document = '') not valid`)
    await expect(test.postgres.auditMaintenance.checkpoint(place)).rejects.toMatchObject({
      code: 'ERR_TENANT_UNAVAILABLE',
    })
    await trail.spoil('alter table audit_checkpoint drop constraint none')
  })
})

async function* from(lines: readonly string[]) {
  yield* lines
}
