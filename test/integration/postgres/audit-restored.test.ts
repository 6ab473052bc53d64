import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditPlace } from '../../../src/adapter/postgres/audit/keep/audit-maintenance.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { KeptTrail, openKeptSite, recordCalls } from '../../support/kept-trail.js'
import type { TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'

let test: TestPostgres
let acme: RegisteredTenant
let place: AuditPlace
let trail: KeptTrail

beforeAll(async () => {
  ;({ test, acme, place, trail } = await openKeptSite((site) =>
    recordCalls(site.test.postgres.audit, site.acme, ['one', 'two']),
  ))
})
afterAll(() => test?.close())
afterEach(() => trail.putBack())

/** What an export of the tenant has now. */
async function* exported(): AsyncIterable<string> {
  const lines: string[] = []
  await test.postgres.tenantDirectory.export(acme, async (line) => void lines.push(line))
  yield* lines
}

describe('the trail of a tenant that comes from an export', () => {
  it('holds where the restore is cut off when all is there', async () => {
    const { tenantDirectory } = test.postgres
    // Nobody enters the new database any more.
    await test.sql(`create function close_database() returns trigger language plpgsql as $$
      begin execute format('alter database %I with allow_connections false', new.database_name); return new; end $$;
      create trigger close_database after insert on tenant for each row execute function close_database()`)
    await tenantDirectory.create({ slug: 'cut', name: 'Cut' }, by, exported()).catch(() => undefined)
    await test.sql('drop trigger close_database on tenant; drop function close_database()')
    const cut = await tenantDirectory.find('cut')
    if (cut === undefined) throw new Error('no tenant')
    await test.sql(`alter database "${cut.database}" with allow_connections true`)
    expect(await new KeptTrail(test, cut).verify()).toMatchObject({ faults: [] })
  })

  it('holds where it is from before there were chains alone', async () => {
    const { auditMaintenance, tenantDirectory } = test.postgres
    const legacy = `
      delete from audit_event; delete from audit_chain; delete from audit_checkpoint;
      insert into audit_event (id, type, request_id) overriding system value values (1, 'list.served', 'x');
      insert into audit_chain (name, kind, place, key, sequence, mac) values ('legacy', 'legacy', '', '', 1, '')
    `
    for (const which of ['sealed', 'and known to a checkpoint', 'and known to no checkpoint'] as const) {
      await trail.spoilAnew(legacy)
      if (which !== 'and known to a checkpoint') await auditMaintenance.sealBoundary(place)
      if (which !== 'and known to no checkpoint') await auditMaintenance.checkpoint(place)
      const slug = which.replaceAll(' ', '-')
      const copy = await tenantDirectory.create({ slug, name: slug }, by, exported())
      const restored = new KeptTrail(test, copy)
      expect(await restored.verify()).toMatchObject({ faults: [], unsealedRows: 1 })
      await auditMaintenance.sealBoundary({ tenant: copy, database: copy.database })
      expect((await restored.verify()).faults).toEqual([])
      await restored.spoil(`update audit_chain set sequence = 7 where name = 'legacy'`)
      expect((await restored.verify()).faults).toContainEqual(expect.objectContaining({ kind: 'anchor_forged' }))
    }
  })
})
