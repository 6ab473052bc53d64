import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { digestOf, parseCheckpoint, type SignedCheckpoint } from '../../../src/core/audit/audit-checkpoint.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { KeptTrail, recordCalls, type TrailRow } from '../../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'

let test: TestPostgres
let acme: RegisteredTenant
let globex: RegisteredTenant
let trail: KeptTrail
let rows: readonly TrailRow[]
let checkpoint: SignedCheckpoint

beforeAll(async () => {
  test = await openTestPostgres()
  const { tenantDirectory } = test.postgres
  acme = await tenantDirectory.create({ slug: 'acme', name: 'Acme' }, by)
  globex = await tenantDirectory.create({ slug: 'globex', name: 'Globex' }, by)
  const other = await test.reopen()
  await recordCalls(test.postgres.audit, acme, ['one', 'two', 'three', 'four', 'five', 'six'])
  await recordCalls(other.audit, acme, ['seven', 'eight', 'nine', 'ten', 'eleven'])
  for (const name of ['auditor', 'reader', 'writer']) {
    const wish = { kind: 'name', category: 'roles', name, presence: 'present' } as const
    await test.postgres.tenantAdministration.apply(acme, [wish], by)
  }
  await recordCalls(test.postgres.audit, globex, ['elsewhere'])
  trail = new KeptTrail(test, acme)
  rows = await trail.rows()
  checkpoint = await checkpointOf(acme)
  await trail.keep()
})
afterAll(() => test?.close())
afterEach(() => trail.putBack())

async function checkpointOf(tenant: RegisteredTenant): Promise<SignedCheckpoint> {
  return test.postgres.auditMaintenance.checkpoint({ tenant, database: tenant.database })
}

function chainOf(kind: 'changes' | 'server'): string {
  const found = rows.find(({ chain }) => chain.startsWith(kind))
  if (found === undefined) throw new Error(`no chain of ${kind}`)
  return found.chain
}

const text = ['type', 'issuer', 'client_id', 'request_id', 'intent_id', 'trace_id', 'operation', 'reason']
/** How somebody changes one column of a row to something that it was not. */
const changes: Readonly<Record<string, string>> = {
  ...Object.fromEntries(text.map((column) => [column, `coalesce(${column}, '') || 'x'`])),
  at: `at + interval '1 microsecond'`,
  subject: `coalesce(subject, '') || 'x'`,
  milliseconds: `case when milliseconds is null then 'NaN'::float8 else milliseconds + 0.25 end`,
  detail: `coalesce(detail, '{}') || '{"more": 1}'`,
  personal: `coalesce(personal, '{}') || '{"more": 1}'`,
  count: 'count + 1',
  salt: `coalesce(salt, '') || '\\x00'`,
  commitment: `coalesce(commitment, '') || '\\x00'`,
  mac: `set_byte(mac, 0, get_byte(mac, 0) # 1)`,
  erased_by: `'somebody'`,
  erasure_seal: `'\\x00'`,
}
const emptied = ['issuer', 'subject', 'client_id', 'intent_id', 'operation', 'detail', 'personal', 'salt', 'commitment']

interface Edit {
  readonly what: string
  readonly sql: string
  /** The rows of which one has to be named. */
  readonly at: readonly TrailRow[]
}

const where = ({ chain, sequence }: TrailRow): string => `chain = '${chain}' and sequence = ${sequence}`

function changeOf(row: TrailRow, column: string): Edit {
  return { what: column, at: [row], sql: `update audit_event set ${column} = ${changes[column]} where ${where(row)}` }
}

function emptyingOf(row: TrailRow, column: string): Edit {
  return {
    what: `${column} emptied`,
    at: [row],
    // Where there is nothing to empty, something else is changed.
    sql: `update audit_event set count = count + case when ${column} is null then 1 else 0 end, ${column} = null where ${where(row)}`,
  }
}

function swapOf(one: TrailRow, other: TrailRow): Edit {
  const temporary = { chain: one.chain, sequence: Number.MAX_SAFE_INTEGER }
  const move = (from: TrailRow, to: TrailRow): string =>
    `update audit_event set chain = '${to.chain}', sequence = ${to.sequence} where ${where(from)};`
  return { what: 'swapped', at: [one, other], sql: move(one, temporary) + move(other, one) + move(temporary, other) }
}

function numberSwapOf(one: TrailRow, other: TrailRow): Edit {
  const id = (row: TrailRow): string => `(select id from kept.audit_event where ${where(row)})`
  const set = (row: TrailRow, value: string): string => `update audit_event set id = ${value} where ${where(row)};`
  const sql = `${set(one, '-1')} ${set(other, id(one))} ${set(one, id(other))}`
  return { what: 'numbers swapped', at: [one, other, following(one), following(other)], sql }
}

function following({ chain, sequence }: TrailRow): TrailRow {
  return { chain, sequence: sequence + 1 }
}

const row = fc.nat().map((nth) => rows[nth % rows.length] ?? { chain: '', sequence: 0 })
const inOneChain = fc.tuple(row, fc.nat()).map(([one, nth]): readonly [TrailRow, TrailRow] => {
  const others = rows.filter(({ chain, sequence }) => chain === one.chain && sequence !== one.sequence)
  return [one, others[nth % others.length] ?? one]
})
const edit = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(row, fc.constantFrom(...Object.keys(changes))).map(([at, column]) => changeOf(at, column)),
  },
  { weight: 2, arbitrary: fc.tuple(row, fc.constantFrom(...emptied)).map(([at, column]) => emptyingOf(at, column)) },
  row.map((at): Edit => ({ what: 'deleted', at: [at], sql: `delete from audit_event where ${where(at)}` })),
  inOneChain.map(([one, other]) => swapOf(one, other)),
  inOneChain.map(([one, other]) => numberSwapOf(one, other)),
  fc
    .tuple(row, row)
    .filter(([one, other]) => one.chain !== other.chain)
    .map(([one, other]) => swapOf(one, other)),
  row.map((at): Edit => ({
    what: 'tail deleted',
    at: [at],
    sql: `delete from audit_event where chain = '${at.chain}' and sequence >= ${at.sequence}`,
  })),
  row.map((at): Edit => ({
    what: 'taken out of its chain',
    at: [at],
    sql: `update audit_event set chain = null, sequence = null, mac = null where ${where(at)}`,
  })),
)

describe('verification of an audit trail', () => {
  it('finds nothing in a trail that nobody touched, and says how many calls have no outcome', async () => {
    const report = await trail.verify([checkpoint])
    expect(report).toMatchObject({ faults: [], faultCount: 0, notes: [], rows: rows.length, open: 5, checkpoints: 2 })
    expect(report.chains).toBe(3)
  })

  it('finds every change of every column of a row, and says which row', async () => {
    const edits = Object.keys(changes).map((column, nth) => changeOf(rows[nth] ?? { chain: '', sequence: 0 }, column))
    await trail.spoil(edits.map(({ sql }) => sql).join(';'))
    const { faults } = await trail.verify()
    // A call of which a row is another one lacks that row.
    const ofRows = faults.filter(({ kind }) => !kind.startsWith('outcome_'))
    const found = ofRows.map(({ chain, kind, sequence }) => ({
      chain,
      sequence,
      isOfRow: /^(?:row|erasure)_/.test(kind),
    }))
    expect(found).toEqual(edits.flatMap(({ at }) => at).map((at) => ({ ...at, isOfRow: true })))
  })

  it('finds whatever is changed, deleted, swapped or cut off, and where', async () => {
    await fc.assert(
      fc.asyncProperty(edit, async ({ at, sql }) => {
        await trail.spoilAnew(sql)
        const { faults } = await trail.verify()
        const named = faults.filter(({ chain, sequence = 0, to = sequence }) =>
          at.some((wanted) => wanted.chain === chain && wanted.sequence >= sequence && wanted.sequence <= to),
        )
        expect(named).not.toEqual([])
      }),
      { numRuns: 12 },
    )
  })

  it('takes a number for the same however it is written, and every other number for a change', async () => {
    const [counted] = await test.tenantSql(
      acme,
      `select chain, sequence::int as sequence from audit_event where detail->>'count' = '2' order by chain, sequence limit 1`,
    )
    const at = { chain: String(counted?.['chain']), sequence: Number(counted?.['sequence']) }
    const written = (number: string): string =>
      `update audit_event set detail = jsonb_set(detail, '{count}', '${number}') where ${where(at)}`
    for (const number of ['2.0', '2.00000000000000000001', '20e-1']) {
      await trail.spoilAnew(written(number))
      expect((await trail.verify()).faults).toEqual([])
    }
    for (const number of ['2.0000000000000005', '3', '"2"', '[2]', 'null']) {
      await trail.spoilAnew(written(number))
      expect((await trail.verify()).faults).toMatchObject([{ kind: 'row_changed', ...at }])
    }
  })

  it('says for a seal of its own that was changed nothing of the row behind it', async () => {
    const at = { chain: chainOf('server'), sequence: 2 }
    await trail.spoil(changeOf(at, 'mac').sql)
    expect((await trail.verify()).faults).toMatchObject([
      { kind: 'row_changed', ...at, at: expect.stringMatching(/^20/) },
    ])
  })

  it('finds a chain whose end was moved, forward and back', async () => {
    const chain = chainOf('server')
    for (const change of ['sequence = sequence + 1', 'sequence = sequence - 1, settled = 0', `mac = '\\x00'`]) {
      await trail.spoil(`update audit_chain set ${change} where name = '${chain}'`)
      expect((await trail.verify()).faults[0]).toMatchObject({
        kind: expect.stringMatching(/end_moved|rows_missing/),
        chain,
      })
      await trail.putBack()
    }
  })

  it('finds rows in no chain, rows of a chain that is gone, and rows that cannot be', async () => {
    const insert = 'insert into audit_event (type, request_id, chain, sequence, mac) values'
    await trail.spoil(`${insert} ('operation.allowed', 'x', null, null, null)`)
    expect((await trail.verify()).faults).toMatchObject([
      { kind: 'rows_unchained', what: expect.stringContaining('1 row is in no chain') },
    ])
    await trail.putBack()
    await trail.spoil(`${insert} ('operation.allowed', 'x', 'server-x', 1, '\\x00')`)
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'chain_missing', chain: 'server-x', sequence: 1 }])
    await trail.putBack()
    await trail.spoil(`${insert} ('operation.allowed', 'x', '${chainOf('server')}', 0, '\\x00')`)
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'row_misplaced', sequence: 0 }])
    await trail.putBack()
    await trail.spoil(`
      delete from audit_checkpoint;
      insert into audit_chain (name, kind, place, key, sequence, mac) values ('legacy', 'legacy', '', '', 1000000, '')
    `)
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'row_misplaced' }])
  })

  it('walks every chain whatever its kind says, and finds a kind that cannot be', async () => {
    const chain = chainOf('server')
    const row = { chain, sequence: 2 }
    for (const kind of ['legacy', 'changes']) {
      await trail.spoilAnew(`
        delete from audit_checkpoint; update audit_chain set kind = '${kind}' where name = '${chain}';
        update audit_event set count = count + 1 where ${where(row)}
      `)
      expect((await trail.verify()).faults).toMatchObject([
        { kind: 'chain_forged', chain },
        { kind: 'row_changed', ...row },
      ])
    }
    await trail.spoilAnew(`update audit_chain set kind = 'legacy' where name = '${chain}'`)
    expect((await trail.verify([checkpoint])).faults).toContainEqual(
      expect.objectContaining({
        kind: 'chain_forged',
        chain,
        what: expect.stringContaining('when the checkpoint was made'),
      }),
    )
  })

  it('finds rows in a chain that somebody made up, and such as are said to be in the one from before there were chains', async () => {
    const insert = 'insert into audit_event (type, request_id, chain, sequence, mac) values'
    const begin = 'insert into audit_chain (name, kind, place, key, sequence, mac) values'
    await trail.spoilAnew(`
      ${begin} ('old', 'legacy', '${acme.id}', '', 1, ''); ${insert} ('operation.allowed', 'x', 'old', 1, '\\x00')
    `)
    const kinds = async () => (await trail.verify()).faults.map(({ chain, kind }) => ({ chain, kind }))
    expect(await kinds()).toContainEqual({ chain: 'old', kind: 'chain_forged' })
    await trail.spoilAnew(`
      delete from audit_checkpoint; ${begin} ('legacy', 'legacy', '', '', 0, ''); ${insert} ('operation.allowed', 'x', 'legacy', 1, '\\x00')
    `)
    expect(await kinds()).toEqual([{ chain: 'legacy', kind: 'row_misplaced' }])
    // With a number that the database gives nobody.
    for (const id of [0, -5]) {
      await trail.spoilAnew(
        `insert into audit_event (id, type, request_id) overriding system value values (${id}, 'operation.allowed', 'x')`,
      )
      expect(await kinds()).toEqual([{ chain: undefined, kind: 'rows_unchained' }])
    }
  })

  it('takes rows for those from before there were chains as far as a server has said so once', async () => {
    const { auditMaintenance } = test.postgres
    const place = { tenant: acme, database: acme.database }
    const legacy = (sequence: number): string => `
      delete from audit_checkpoint;
      update audit_event set id = id + 100000;
      insert into audit_event (id, type, request_id) overriding system value values (1, 'list.served', 'x'), (9, 'list.served', 'x');
      insert into audit_chain (name, kind, place, key, sequence, mac) values ('legacy', 'legacy', '', '', ${sequence}, '')
    `
    await trail.spoilAnew(legacy(1000))
    expect(await trail.verify()).toMatchObject({ unsealedRows: 2, notes: [expect.stringContaining('not sealed yet')] })
    expect(await auditMaintenance.sealBoundary(place)).toBe(1000)
    expect(await auditMaintenance.sealBoundary(place)).toBeUndefined()
    expect(await trail.verify()).toMatchObject({ faults: [], notes: [], unsealedRows: 2 })
    await trail.spoil(`update audit_chain set sequence = 2000 where name = 'legacy'`)
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'anchor_forged', chain: 'legacy', sequence: 2000 }])
    await trail.spoilAnew(legacy(1000000))
    expect(await auditMaintenance.sealBoundary(place)).toBeUndefined()
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'row_misplaced' }])
  })

  it('goes on where rows, chains and checkpoints say what it cannot read', async () => {
    const chain = chainOf('server')
    const forged = { chain, sequence: 4 }
    await trail.spoil(`
      delete from audit_event where ${where({ chain, sequence: 3 })};
      update audit_event set type = 'audit.maintained', reason = 'restored', detail = '{"chains": {}}' where ${where(forged)}
    `)
    // Either row may have been of a call.
    const found = (await trail.verify()).faults.filter(({ kind }) => !kind.startsWith('outcome_'))
    expect(found).toMatchObject([{ kind: 'rows_missing', chain, sequence: 3 }])
    const most = '9223372036854775807'
    await trail.spoil('alter table audit_chain drop constraint audit_chain_numbers')
    await trail.spoilAnew(`
      insert into audit_chain (name, kind, place, key, sequence, mac) values ('server-x', 'server', '${acme.id}', '', ${most}, '');
      insert into audit_chain (name, kind, place, key, sequence, mac) values ('legacy', 'legacy', '', '', ${most}, '')
    `)
    expect((await trail.verify()).faults).toMatchObject([
      { kind: 'table_changed' },
      { kind: 'chain_forged', chain: 'legacy' },
      { kind: 'chain_forged', chain: 'server-x' },
      { kind: 'key_foreign' },
      { kind: 'anchor_forged', chain: 'legacy' },
    ])
    const made = await checkpointOf(acme)
    expect(parseCheckpoint(JSON.stringify(made))).toEqual(made)
    const numbers = ['sequence', 'settled', 'anchor_sequence'].map(
      (column) => `${column} between 0 and 9007199254740991`,
    )
    await trail.spoilAnew(`alter table audit_chain add constraint audit_chain_numbers check (${numbers.join(' and ')})`)
  })

  it('says of a database that something in it cannot be read, and looks at the others', async () => {
    await trail.spoil(`
      alter table audit_outbox rename to hidden;
      create view audit_outbox as
        select n::bigint as id, ''::text as row, ''::bytea as mac, now() as at from generate_series(1, 1) n where 1 / (n - 1) > 0
    `)
    const { auditMaintenance } = test.postgres
    const places = await auditMaintenance.places()
    const { reports } = await auditMaintenance.verify({ places, checkpoints: [], onProgress: () => undefined })
    await trail.spoil('drop view audit_outbox; alter table hidden rename to audit_outbox')
    expect(reports.map(({ faults, tenant }) => [tenant, ...faults.map(({ kind }) => kind)])).toEqual([
      [undefined],
      ['acme', 'unreadable'],
      ['globex'],
    ])
  })

  it('finds rows and chains of another database', async () => {
    const [foreign] = await test.tenantSql(
      globex,
      `select row_to_json(c) as chain from audit_chain c where kind = 'server'`,
    )
    const chain = foreign?.['chain'] as { readonly name: string }
    const [{ events } = { events: [] }] = await test.tenantSql(
      globex,
      `select json_agg(e) as events from audit_event e where chain is not null`,
    )
    const quoted = (value: unknown): string => `'${JSON.stringify(value).replaceAll("'", "''")}'`
    await trail.spoil(`
      insert into audit_chain select * from json_populate_record(null::audit_chain, ${quoted(chain)});
      insert into audit_event overriding system value
        select * from json_populate_recordset(null::audit_event, ${quoted((events as readonly Readonly<Record<string, unknown>>[]).map((event, nth) => ({ ...event, id: 90_000 + nth })))})
    `)
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'chain_foreign', chain: chain.name }])
    await trail.spoil(`update audit_chain set place = '${acme.id}' where name = '${chain.name}'`)
    expect((await trail.verify()).faultCount).toBeGreaterThan(0)
  })

  it('says which key a chain is said to be sealed with, where that is another one', async () => {
    await trail.spoil(`update audit_chain set key = 'another' where name = '${chainOf('server')}'`)
    expect((await trail.verify()).faults).toMatchObject([
      { kind: 'key_foreign', chain: chainOf('server'), what: expect.stringContaining('key another') },
    ])
  })

  it('finds a beginning that was moved without the retention', async () => {
    const chain = chainOf('server')
    await trail.spoil(`
      update audit_chain set anchor_sequence = 2, anchor_seal = '\\x00',
        anchor_mac = (select mac from audit_event where chain = '${chain}' and sequence = 2) where name = '${chain}';
      delete from audit_event where chain = '${chain}' and sequence <= 2
    `)
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'anchor_forged', chain, sequence: 2 }])
  })

  it('finds what hides rows from readers, or lets rows be changed by mistake', async () => {
    const changed: readonly (readonly [string, string])[] = [
      ['alter table audit_event enable row level security', 'alter table audit_event disable row level security'],
      ['create rule hide as on update to audit_event do instead nothing', 'drop rule hide on audit_event'],
      [
        'alter table audit_event rename to hidden; create view audit_event as select * from hidden',
        'drop view audit_event; alter table hidden rename to audit_event',
      ],
      [
        'alter table audit_chain disable trigger audit_chain_rows',
        'alter table audit_chain enable trigger audit_chain_rows',
      ],
    ]
    for (const [change, back] of changed) {
      await trail.spoil(change)
      const { faults } = await trail.verify()
      await trail.spoil(back)
      expect(faults).toMatchObject([{ kind: 'table_changed' }])
    }
    expect((await trail.verify()).faults).toEqual([])
  })

  it('finds what was changed beside the trail', async () => {
    await trail.spoil(
      `insert into audit_outbox (row, mac) values ('{"type":"admin.changed","request_id":"x"}', '\\x00')`,
    )
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'outbox_changed' }])
    await trail.spoil('delete from audit_outbox')
  })
})

describe('a trail that is written to', () => {
  it('by three processes at once has no gap, and no fault is found in it meanwhile', async () => {
    const writers = [test.postgres, await test.reopen(), await test.reopen()]
    const writing = Promise.all(
      writers.map(async ({ audit }, nth) => {
        for (let from = 0; from < 1000; from += 250) {
          const names = Array.from({ length: 250 }, (_, index) => `writer ${nth} call ${from + index}`)
          await recordCalls(audit, globex, names, 'all done')
        }
      }),
    )
    const busy = new KeptTrail(test, globex)
    const meanwhile = [await busy.verify(), await checkpointOf(globex), await busy.verify()] as const
    await writing
    expect([meanwhile[0].faults, meanwhile[2].faults]).toEqual([[], []])
    const report = await busy.verify([meanwhile[1]])
    expect(report).toMatchObject({ faults: [], open: 0, rows: 6002 })
  })

  it('is no worse for a restore elsewhere, which is on record', async () => {
    const lines: string[] = []
    const { tenantDirectory } = test.postgres
    await tenantDirectory.export(acme, async (line) => void lines.push(line))
    const from = async function* () {
      yield* lines
    }
    const copy = await tenantDirectory.create({ slug: 'copy', name: 'Copy' }, by, from())
    const restored = new KeptTrail(test, copy)
    await restored.keep()
    await recordCalls(test.postgres.audit, copy, ['after'])
    expect(await restored.verify([checkpoint])).toMatchObject({ faults: [], rows: rows.length + 3, open: 5 })
    await restored.putBack()
    await restored.spoil(
      `delete from audit_event where reason = 'restored'; delete from audit_chain where place = '${copy.id}'`,
    )
    const kinds = (await restored.verify()).faults.map(({ kind }) => kind)
    expect(new Set(kinds)).toEqual(new Set(['chain_foreign', 'chain_missing', 'checkpoint_foreign']))
  })
})

describe('a checkpoint', () => {
  it('shows that the tail of a chain was cut off together with its end', async () => {
    const chain = chainOf('server')
    const [{ end } = { end: 0 }] = (await test.tenantSql(
      acme,
      `select sequence::int as end from audit_chain where name = '${chain}'`,
    )) as readonly { readonly end: number }[]
    await trail.spoil(`
      delete from audit_event where chain = '${chain}' and sequence > 2;
      update audit_chain set sequence = 2, settled = 0,
        mac = (select mac from audit_event where chain = '${chain}' and sequence = 2) where name = '${chain}';
      delete from audit_checkpoint
    `)
    expect((await trail.verify()).faults).toEqual([])
    expect((await trail.verify([checkpoint])).faults).toMatchObject([
      { kind: 'rows_missing', chain, sequence: 3, to: end },
    ])
  })

  it('shows that a chain is gone, by what the database itself keeps, too', async () => {
    const chain = chainOf('changes')
    await trail.spoil(
      `delete from audit_event where chain = '${chain}'; delete from audit_chain where name = '${chain}'`,
    )
    expect((await trail.verify()).faults).toMatchObject([{ kind: 'chain_missing', chain, sequence: 3 }])
    await trail.spoil('delete from audit_checkpoint')
    expect((await trail.verify()).faults).toEqual([])
    expect((await trail.verify([checkpoint])).faults).toMatchObject([{ kind: 'chain_missing', chain, sequence: 3 }])
  })

  it('is refused where it was changed, and where it is not followed by the next', async () => {
    const forged = { ...checkpoint, rows: checkpoint.rows + 1 }
    expect((await trail.verify([forged])).faults).toMatchObject([{ kind: 'checkpoint_forged' }])
    await checkpointOf(acme)
    await checkpointOf(acme)
    await trail.spoil('delete from audit_checkpoint where id = (select max(id) - 1 from audit_checkpoint)')
    expect((await trail.verify()).faults).toMatchObject([
      { kind: 'checkpoint_forged', what: expect.stringContaining('follow') },
    ])
  })

  it('follows the last one of this installation, whatever else stands there', async () => {
    const forged = JSON.stringify({ ...checkpoint, rows: checkpoint.rows + 1 })
    await trail.spoil(`
      insert into audit_checkpoint (document) values ('none'), ('${forged}');
      insert into audit_checkpoint (id, document) overriding system value values (9223372036854775807, 'none')
    `)
    const found = (await trail.verify()).faults
    expect(found).toEqual(Array.from({ length: 3 }, () => expect.objectContaining({ kind: 'checkpoint_forged' })))
    expect((await checkpointOf(acme)).previous).toBe(digestOf(checkpoint))
    expect((await trail.verify()).faults).toEqual(expect.arrayContaining([...found]))
    expect((await trail.verify()).faultCount).toBe(3)
  })

  it('of another installation says nothing of this one', async () => {
    const stranger = await openTestPostgres()
    try {
      const [place] = await stranger.postgres.auditMaintenance.places()
      if (place === undefined) throw new Error('no master')
      const theirs = await stranger.postgres.auditMaintenance.checkpoint(place)
      expect((await trail.verify([{ ...theirs, place: acme.id }])).faults).toMatchObject([
        { kind: 'checkpoint_foreign' },
      ])
    } finally {
      await stranger.close()
    }
  })
})
