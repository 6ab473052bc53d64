import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { AuditKeeper } from '../../../src/adapter/postgres/audit/keep/audit-keeper.js'
import type { AuditPlace } from '../../../src/adapter/postgres/audit/keep/audit-maintenance.js'
import type { SignedCheckpoint } from '../../../src/core/audit/audit-checkpoint.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { openKeptSite, recordCalls, type KeptTrail } from '../../support/kept-trail.js'
import type { TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'
/** From a time on that never comes. */
const everything = { cutoff: 9e15, unsent: 'kept', by } as const

let test: TestPostgres
let acme: RegisteredTenant
let place: AuditPlace
let trail: KeptTrail
let checkpoint: SignedCheckpoint

beforeAll(async () => {
  ;({ test, acme, place, trail, checkpoint } = await openKeptSite(async (site) => {
    const { audit, tenantAdministration } = site.test.postgres
    await recordCalls(audit, site.acme, ['one', 'two', 'three'], 'all done')
    await recordCalls(audit, site.acme, ['open'], 'none done')
    await recordCalls(audit, site.acme, ['four'], 'all done')
    for (const name of ['auditor', 'reader']) {
      const wish = { kind: 'name', category: 'roles', name, presence: 'present' } as const
      await tenantAdministration.apply(site.acme, [wish], by)
    }
  }))
})
afterAll(() => test?.close())
afterEach(() => trail.putBack())

async function rowsOf(reason: string): Promise<readonly unknown[]> {
  const rows = await test.tenantSql(
    acme,
    `select detail from audit_event where type = 'audit.maintained' and reason = $1 order by id`,
    [reason],
  )
  return rows.map(({ detail }) => detail)
}

async function requestsLeft(): Promise<readonly unknown[]> {
  const rows = await test.tenantSql(
    acme,
    `select distinct request_id from audit_event where chain like 'server-%' order by 1`,
  )
  return rows.map((row) => row['request_id'])
}

/** So many calls of another process that all begin before the first of them ends; the chain that they are in. */
async function overlapping(count: number): Promise<string> {
  const before = new Set((await trail.rows()).map(({ chain }) => chain))
  const other = await test.reopen()
  const names = Array.from({ length: count }, (_, number) => `call ${number}`)
  await recordCalls(other.audit, acme, names, 'all done')
  await other.close()
  const added = (await trail.rows()).find(({ chain }) => !before.has(chain))
  return added?.chain ?? ''
}

/** Ends the call that is open. */
async function endOpen(audit: TestPostgres['postgres']['audit']): Promise<void> {
  const call = { tenant: acme, requestId: 'open', intentId: 'open' }
  await audit.record({ ...call, type: 'operation.outcome', reason: 'succeeded' })
}

/** Of how many calls there is the outcome without the intent. */
async function outcomesAlone(): Promise<number> {
  const rows = await test.tenantSql(
    acme,
    `select from audit_event o where type = 'operation.outcome' and not exists (
      select from audit_event e where e.type = 'operation.allowed' and e.intent_id = o.intent_id
    )`,
  )
  return rows.length
}

describe('the retention of an audit trail', () => {
  it('removes what is over from the front of each chain, up to the first call without an outcome, on record and for verification to accept', async () => {
    const pruned = await test.postgres.auditMaintenance.prune(place, everything)
    expect(pruned).toMatchObject([
      { chain: expect.stringMatching(/^server-/), from: 1, to: 6, rows: 6 },
      { chain: expect.stringMatching(/^changes-/), from: 1, rows: expect.any(Number) },
    ])
    expect(await requestsLeft()).toEqual(['four', 'open'])
    expect(await rowsOf('pruned')).toContainEqual({ ...pruned[1], before: expect.stringMatching(/^2/) })
    const report = await trail.verify([checkpoint])
    expect(report).toMatchObject({ faults: [], open: 1 })
    expect(report.removedRows).toBe(pruned.reduce((all, { rows }) => all + rows, 0))
  })

  it('removes nothing that is younger than the term', async () => {
    const { auditMaintenance } = test.postgres
    const cutoff = await auditMaintenance.timeBefore(3600)
    expect(await auditMaintenance.prune(place, { ...everything, cutoff })).toEqual([])
    expect(await requestsLeft()).toEqual(['four', 'one', 'open', 'three', 'two'])
  })

  it('keeps an intent whose outcome it keeps', async () => {
    const { auditMaintenance } = test.postgres
    const [row] = await test.tenantSql(
      acme,
      `select (extract(epoch from min(at)) * 1000000)::float8 as cutoff from audit_event where type = 'operation.outcome'`,
    )
    // The intents are over then, and none of the outcomes is.
    await auditMaintenance.prune(place, { ...everything, cutoff: Number(row?.['cutoff']) })
    expect(await requestsLeft()).toEqual(['four', 'one', 'open', 'three', 'two'])
    expect((await trail.verify()).faults).toEqual([])
  })

  it('keeps what somebody to whom the trail is sent does not have yet, unless told', async () => {
    const { auditMaintenance } = test.postgres
    const [{ chain } = { chain: '' }] = await trail
      .rows()
      .then((rows) => rows.filter((row) => row.chain.startsWith('server')))
    await test.tenantSql(
      acme,
      `insert into audit_cursor (destination, chain, sequence) values ('syslog', '${chain}', 2)`,
    )
    expect(await auditMaintenance.prune(place, everything)).toEqual([])
    await test.tenantSql(acme, 'update audit_cursor set sequence = 6')
    expect(await auditMaintenance.prune(place, everything)).toMatchObject([{ chain, to: 6 }])
    expect(await auditMaintenance.prune(place, { ...everything, unsent: 'removed' })).toMatchObject([
      { chain: expect.stringMatching(/^changes-/) },
    ])
    await test.tenantSql(acme, 'delete from audit_cursor')
    expect((await trail.verify()).faults).toEqual([])
  })

  it('removes nothing from a chain of which a row that would go is not as it was written', async () => {
    const { auditMaintenance } = test.postgres
    const [{ chain: server } = { chain: '' }] = (await trail.rows()).filter(({ chain }) => chain.startsWith('server'))
    const [{ chain: changes } = { chain: '' }] = await trail.rows()
    const at = (chain: string, sequence: number): string => `where chain = '${chain}' and sequence = ${sequence}`
    const forged = [
      `update audit_event set at = at - interval '1 year' ${at(server, 2)}`,
      `update audit_event set subject = 'somebody else' ${at(server, 1)}`,
      `delete from audit_event ${at(server, 2)}`,
      `update audit_chain set key = 'another' where name = '${server}'`,
      `update audit_chain set kind = 'legacy' where name = '${server}'`,
      `update audit_chain set anchor_sequence = 1, anchor_seal = '\\x00',
        anchor_mac = (select mac from audit_event ${at(server, 1)}) where name = '${server}';
        delete from audit_event ${at(server, 1)}`,
    ]
    for (const statements of forged) {
      await trail.spoilAnew(statements)
      const before = (await trail.rows()).filter(({ chain }) => chain === server)
      const pruned = await auditMaintenance.prune(place, everything)
      const said = pruned.filter(({ chain }) => chain === server)
      const isSkipped = statements.includes(`kind = 'legacy'`)
      expect(said).toMatchObject(isSkipped ? [] : [{ rows: 0, fault: expect.any(String) }])
      expect((await trail.rows()).filter(({ chain }) => chain === server)).toEqual(before)
      expect((await trail.verify([checkpoint])).faultCount).toBeGreaterThan(0)
    }
    await trail.spoilAnew(`
      update audit_event set type = 'audit.maintained', reason = 'restored', detail = '{"chains": ["x server-x k 1 00"]}' ${at(changes, 1)}
    `)
    expect(await auditMaintenance.prune(place, everything)).toContainEqual(
      expect.objectContaining({ chain: changes, rows: 0, fault: 'the row 1 is not as it was written' }),
    )
    expect(await rowsOf('restored')).toHaveLength(1)
  })

  it('takes calls that overlap as a whole, so that nothing cuts one in two', async () => {
    const { auditMaintenance } = test.postgres
    const chain = await overlapping(1500)
    await trail.spoil(`create function cut_off() returns trigger language plpgsql as $$
      begin
        if new.name = '${chain}' and new.anchor_sequence > old.anchor_sequence and old.anchor_sequence > 0 then
          raise exception 'cut off';
        end if;
        return new;
      end $$;
      create trigger cut_off before update on audit_chain for each row execute function cut_off()`)
    await auditMaintenance.prune(place, everything).catch(() => undefined)
    await trail.spoil('drop trigger cut_off on audit_chain; drop function cut_off()')
    expect(await outcomesAlone()).toBe(0)
    expect((await trail.verify([checkpoint])).faults).toEqual([])
  })

  it('keeps less than a batch of calls that overlap all along, and no more', async () => {
    const { auditMaintenance } = test.postgres
    const chain = await overlapping(1500)
    const sent = (rows: number) =>
      `delete from audit_cursor; insert into audit_cursor (destination, chain, sequence) values ('syslog', '${chain}', ${rows})`
    const pruned = async () =>
      (await auditMaintenance.prune(place, everything)).filter((pruning) => pruning.chain === chain)
    await test.tenantSql(acme, sent(1900))
    expect(await pruned()).toEqual([])
    await test.tenantSql(acme, sent(2500))
    expect(await pruned()).toMatchObject([{ rows: 2500 }])
    await test.tenantSql(acme, 'delete from audit_cursor')
    expect(await pruned()).toMatchObject([{ rows: 500 }])
    expect((await trail.verify([checkpoint])).faults).toEqual([])
  })

  it('takes no call for ended because of an outcome that somebody has added', async () => {
    const { auditMaintenance } = test.postgres
    const server = (await trail.rows()).find(({ chain }) => chain.startsWith('server'))?.chain
    const outcome = `'operation.outcome', 'open', 'open'`
    const settled = `update audit_chain set settled = sequence where kind = 'server'`
    const other = `'server-x', 'server', '${acme.id}', (select key from audit_chain where kind = 'server' limit 1), '\\x00'`
    const forged = [
      settled,
      `${settled}; insert into audit_event (type, request_id, intent_id) values (${outcome})`,
      `${settled}; insert into audit_chain (name, kind, place, key, mac) values (${other});
        insert into audit_event (type, request_id, intent_id, chain, sequence, mac) values (${outcome}, 'server-x', 1, '\\x00')`,
    ]
    for (const statements of forged) {
      await trail.spoilAnew(statements)
      const pruned = await auditMaintenance.prune(place, everything)
      expect(pruned.find(({ chain }) => chain === server)).toMatchObject({
        rows: 6,
        fault: 'no outcome is on record of the call in row 7',
      })
      expect(await requestsLeft()).toContain('open')
      const { faultCount, open } = await trail.verify()
      expect(open + faultCount).toBeGreaterThan(0)
    }
  })

  it('takes the outcome that another process has written, and its intent first', async () => {
    const { auditMaintenance } = test.postgres
    const other = await test.reopen()
    await endOpen(other.audit)
    await auditMaintenance.prune(place, everything)
    // The process that began it has not heard of its end.
    expect(await requestsLeft()).toEqual(['four', 'open'])
    expect(await outcomesAlone()).toBe(0)
    await trail.spoil(`update audit_chain set settled = sequence where kind = 'server'`)
    const pruned = await auditMaintenance.prune(place, everything)
    expect(pruned.filter(({ fault }) => fault !== undefined)).toEqual([])
    await auditMaintenance.prune(place, everything)
    expect(await requestsLeft()).toEqual([])
    expect(await trail.verify([checkpoint])).toMatchObject({ faults: [], open: 0 })
    await other.close()
  })

  it('leaves a trail that holds wherever it is cut off', async () => {
    const { audit, auditMaintenance } = test.postgres
    await trail.spoil(`create function cut_off() returns trigger language plpgsql as $$
      begin
        if new.name like 'changes-%' and new.anchor_sequence > old.anchor_sequence then raise exception 'cut off'; end if;
        return new;
      end $$;
      create trigger cut_off before update on audit_chain for each row execute function cut_off()`)
    await expect(auditMaintenance.prune(place, everything)).rejects.toThrow()
    await trail.spoil('drop trigger cut_off on audit_chain; drop function cut_off()')
    expect(await requestsLeft()).toEqual(['four', 'open'])
    expect(await trail.verify([checkpoint])).toMatchObject({ faults: [], removedRows: 6 })
    await endOpen(audit)
    await auditMaintenance.prune(place, everything)
    expect(await trail.verify([checkpoint])).toMatchObject({ faults: [], open: 0 })
    expect(await requestsLeft()).toEqual([])
    await recordCalls(audit, acme, ['next'], 'all done')
    expect((await trail.verify([checkpoint])).faults).toEqual([])
    await trail.keep()
  })

  it('removes rows from before there were chains by their age too', async () => {
    await trail.spoil(`
      delete from audit_event; delete from audit_chain;
      insert into audit_event (type, request_id, at) values ('list.served', 'old', now() - interval '2 years'), ('list.served', 'new', now());
      insert into audit_chain (name, kind, place, key, sequence, mac) select 'legacy', 'legacy', '', '', max(id), '' from audit_event;
      delete from audit_checkpoint
    `)
    const { auditMaintenance } = test.postgres
    const year = { ...everything, cutoff: await auditMaintenance.timeBefore(365 * 86_400) }
    expect(await auditMaintenance.prune(place, year)).toMatchObject([{ chain: 'legacy', rows: 1 }])
    expect(await test.tenantSql(acme, 'select request_id from audit_event where chain is null')).toEqual([
      { request_id: 'new' },
    ])
    expect(await trail.verify()).toMatchObject({ faults: [], unsealedRows: 1 })
    await auditMaintenance.sealBoundary(place)
    const now = { ...everything, cutoff: await auditMaintenance.timeBefore(0) }
    expect(await auditMaintenance.prune(place, now)).toMatchObject([
      { chain: 'legacy', rows: 1 },
      { chain: expect.stringMatching(/^changes-/) },
    ])
    expect(await trail.verify()).toMatchObject({ faults: [], notes: [], unsealedRows: 0 })
  })
})

describe('what the retention leaves', () => {
  it('is every checkpoint, which says what was there, and what tells a copy from what has waited beside the trail', async () => {
    const { auditMaintenance } = test.postgres
    const documents = () => test.tenantSql(acme, 'select document from audit_checkpoint order by id')
    await test.tenantSql(acme, `insert into audit_adopted (nonce) values ('of a row that is gone')`)
    const before = await documents()
    await auditMaintenance.prune(place, everything)
    expect((await documents()).slice(0, before.length)).toEqual(before)
    expect(await test.tenantSql(acme, 'select nonce from audit_adopted')).toEqual([{ nonce: 'of a row that is gone' }])
    expect((await trail.verify([checkpoint])).faults).toEqual([])
    await test.tenantSql(acme, 'delete from audit_adopted')
  })
})

describe('rows of an audit trail', () => {
  it('are removed by nobody else: not by the tenant’s login, nor by the owner who does not say so', async () => {
    const login = `set role ${acme.role}`
    for (const statement of ['delete from audit_event', 'update audit_event set count = 2', 'truncate audit_event']) {
      await expect(test.tenantSql(acme, statement)).rejects.toThrow('only added')
      const asLogin = `begin; set local authsec.audit_maintenance = 'on'; ${login}; ${statement}; commit`
      await expect(test.tenantSql(acme, asLogin)).rejects.toThrow(/permission denied/)
    }
    await expect(test.tenantSql(acme, `update audit_chain set anchor_sequence = 1`)).rejects.toThrow('only grows')
  })

  it('that the owner removes without the key are missed', async () => {
    const [first] = await trail.rows()
    await trail.spoil(`delete from audit_event where chain = '${first?.chain}' and sequence = ${first?.sequence}`)
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'rows_missing', ...first }])
  })
})

describe('servers', () => {
  it('say how far the trails have come and remove what is over, by one of them for all, and only where something was written', async () => {
    const { auditMaintenance: maintenance, rateLimiter: turns } = test.postgres
    const warnings: unknown[] = []
    const log = { write: (...entry: readonly unknown[]) => void warnings.push(entry) }
    const keepers = [1, 2].map(() => new AuditKeeper({ maintenance, turns, log, retentionDays: 7 }))
    const stored = async () => (await test.sql('select document from audit_checkpoint order by id')).length
    const before = await stored()
    await Promise.all(keepers.map((keeper) => keeper.keep()))
    expect(await stored()).toBe(before + 1)
    expect(
      await maintenance.checkpoint({ tenant: undefined, database: test.masterDatabase }, 'where changed'),
    ).toBeUndefined()
    await Promise.all(keepers.map((keeper) => keeper.stop()))
    expect(warnings).toEqual([])
    expect((await trail.verify()).faults).toEqual([])
  })
})
