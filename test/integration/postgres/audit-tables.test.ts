import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { Findings } from '../../../src/adapter/postgres/audit/verify/findings.js'
import { verifyTables } from '../../../src/adapter/postgres/audit/verify/table/verify-tables.js'
import { withDatabase } from '../../../src/adapter/postgres/pool/with-database.js'
import type { AuditTables } from '../../../src/adapter/postgres/schema/audit/audit-schema.js'
import type { AuditFault } from '../../../src/core/audit/audit-verification.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { KeptTrail, recordCalls } from '../../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'

let test: TestPostgres
let acme: RegisteredTenant
let trail: KeptTrail
let chain: string
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.tenantDirectory.create({ slug: 'acme', name: 'Acme' }, by)
  // More than a page of verification.
  const names = Array.from({ length: 510 }, (_, nth) => `call ${nth}`)
  await recordCalls(test.postgres.audit, acme, names, 'all done')
  trail = new KeptTrail(test, acme)
  chain = (await trail.rows()).find(({ chain: name }) => name.startsWith('server-'))?.chain ?? ''
  await trail.keep()
})
afterAll(() => test?.close())
afterEach(async () => expect((await trail.verify()).faults).toEqual([]))

/** What verification says while something is so, which is undone afterwards. */
async function faultsWhile(change: string, back: string): Promise<readonly AuditFault[]> {
  await trail.spoil(change)
  const { faults } = await trail.verify()
  await trail.spoil(back)
  return faults
}

/** What is found in a session that has these settings, by whatever it has them. */
async function sessionFaults(settings: string): Promise<readonly AuditFault[]> {
  const findings = new Findings()
  const target = { settings: test.connection, database: acme.database, outage: 'TENANT_UNAVAILABLE' } as const
  await withDatabase<AuditTables, void>(target, (db) =>
    db.connection().execute(async (session) => {
      await sql.raw(settings).execute(session)
      await verifyTables(session, 'tenant', findings)
    }),
  )
  return findings.faults
}

describe('rows that readers are shown', () => {
  const forged = (table: string, sequence: string, name = `'${chain}'`) => `
    insert into ${table} (id, type, request_id, subject, operation, chain, sequence, mac)
    overriding system value
    values (900000, 'operation.allowed', 'forged', 'ann', 'wire.money', ${name}, ${sequence}, '\\x00')`
  const putBack = `delete from audit_event where request_id = 'forged'`
  const unnumbered = 'alter table audit_event drop constraint audit_event_chained'
  const numbered = `${putBack}; alter table audit_event add constraint audit_event_chained
    check ((chain is null) = (sequence is null) and (chain is null) = (mac is null))`

  it('are found where they are in a chain and have no number', async () => {
    const faults = await faultsWhile(`${unnumbered}; ${forged('audit_event', 'null')}`, numbered)
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'row_misplaced', chain }))
  })

  it('are found in a chain that nobody knows, without a number', async () => {
    const faults = await faultsWhile(`${unnumbered}; ${forged('audit_event', 'null', `'server-x'`)}`, numbered)
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'chain_missing', chain: 'server-x' }))
  })

  it('are found where their number is none', async () => {
    const faults = await faultsWhile(
      `alter table audit_event drop constraint audit_event_number, alter sequence type numeric; ${forged('audit_event', `'NaN'`)}`,
      `${putBack}; alter table audit_event alter sequence type bigint,
        add constraint audit_event_number check (sequence between 0 and 9007199254740991) not valid`,
    )
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'row_misplaced', chain }))
  })

  it('are found where the last number of a page stands twice', async () => {
    const index = 'index audit_event_chain on audit_event (chain, sequence)'
    const faults = await faultsWhile(
      `drop index audit_event_chain; create ${index}; ${forged('audit_event', '1000')}`,
      `${putBack}; drop index audit_event_chain; create unique ${index}`,
    )
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'row_misplaced', chain }))
  })

  it('are found where they stand in another table that is read with it', async () => {
    const faults = await faultsWhile(
      `create table child () inherits (audit_event); ${forged('child', '1000')}`,
      'drop table child',
    )
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'row_misplaced', chain }))
  })
})

/** What is done, what undoes it, and what is said of it. */
type Change = readonly [what: string, change: string, back: string, said: RegExp]

const evil = (name: string, types = '') =>
  `create function ${name}(${types}) returns boolean language sql immutable as $$ select true $$`
const trigger = (body: string) => `create function other() returns trigger language plpgsql as $$ begin ${body} end $$`

describe('a table of the trail', () => {
  const changes: readonly Change[] = [
    [
      'is without a trigger',
      'alter table audit_chain disable trigger audit_chain_begin',
      'alter table audit_chain enable trigger audit_chain_begin',
      /audit_chain is without .* audit_chain_begin/,
    ],
    [
      'has a trigger for fewer statements',
      'drop trigger audit_checkpoint_rows on audit_checkpoint; create trigger audit_checkpoint_rows before update on audit_checkpoint for each row execute function audit_refuse()',
      'drop trigger audit_checkpoint_rows on audit_checkpoint; create trigger audit_checkpoint_rows before update or delete on audit_checkpoint for each row execute function audit_refuse()',
      /audit_checkpoint is without .* audit_checkpoint_rows/,
    ],
    [
      'has a trigger that is not ours',
      `${trigger('return null;')}; create trigger other before insert on audit_event for each row execute function other()`,
      'drop function other() cascade',
      /audit_event has a trigger that is not ours: other/,
    ],
    [
      'has one beside the trail',
      `${trigger('return null;')}; create trigger other before insert on audit_outbox for each row execute function other()`,
      'drop function other() cascade',
      /audit_outbox has a trigger that is not ours: other/,
    ],
    [
      'is unlogged',
      'alter table audit_event set unlogged',
      'alter table audit_event set logged',
      /audit_event is unlogged/,
    ],
    ['is inherited from', 'create table child () inherits (audit_cursor)', 'drop table child', /audit_cursor inherits/],
    [
      'has a column of another type',
      'alter table audit_cursor alter sequence type numeric',
      'alter table audit_cursor alter sequence type bigint',
      /audit_cursor has the column sequence as numeric/,
    ],
    [
      'has a column of a domain',
      'create domain word as text; alter table audit_cursor alter chain type word',
      'alter table audit_cursor alter chain type text; drop domain word',
      /audit_cursor has the column chain as public.word/,
    ],
    [
      'has a column that compares another way',
      `create collation other (provider = icu, locale = 'und', deterministic = false); alter table audit_cursor alter chain type text collate other`,
      'alter table audit_cursor alter chain type text; drop collation other',
      /audit_cursor has the column chain as text collate another/,
    ],
    [
      'has a column that is not ours',
      'alter table audit_adopted add more text',
      'alter table audit_adopted drop more',
      /audit_adopted has a column that is not ours: more/,
    ],
    [
      'has another default',
      `alter table audit_chain alter settled set default 7`,
      `alter table audit_chain alter settled set default 0`,
      /audit_chain has the column settled as bigint not null default 7/,
    ],
    [
      'has a column that may be empty',
      'alter table audit_outbox alter mac drop not null',
      'alter table audit_outbox alter mac set not null',
      /audit_outbox has the column mac as bytea, /,
    ],
    [
      'is without a constraint',
      'alter table audit_adopted drop constraint audit_adopted_length',
      'alter table audit_adopted add constraint audit_adopted_length check (length(nonce) <= 64)',
      /audit_adopted is without the constraint audit_adopted_length/,
    ],
    [
      'has a constraint that says nothing',
      'alter table audit_adopted drop constraint audit_adopted_length, add constraint audit_adopted_length check (true)',
      'alter table audit_adopted drop constraint audit_adopted_length, add constraint audit_adopted_length check (length(nonce) <= 64)',
      /audit_adopted is without the constraint audit_adopted_length/,
    ],
    [
      'has a constraint that asks somebody else',
      `${evil('is_right', 'text')}; alter table audit_adopted drop constraint audit_adopted_length, add constraint audit_adopted_length check (is_right(nonce))`,
      'alter table audit_adopted drop constraint audit_adopted_length, add constraint audit_adopted_length check (length(nonce) <= 64); drop function is_right',
      /audit_adopted calls a function/,
    ],
    [
      'has an index that is not unique',
      'drop index audit_event_chain; create index audit_event_chain on audit_event (chain, sequence)',
      'drop index audit_event_chain; create unique index audit_event_chain on audit_event (chain, sequence)',
      /audit_event is without the index audit_event_chain/,
    ],
    [
      'has an index that asks somebody else',
      `${evil('is_right', 'text')}; create index other on audit_outbox (is_right(row))`,
      'drop function is_right cascade',
      /audit_outbox calls a function/,
    ],
    [
      'has an index that refuses rows',
      'create unique index other on audit_event (request_id) where false',
      'drop index other',
      /audit_event has a index that is not ours: other unique/,
    ],
  ]
  for (const [what, change, back, said] of changes) {
    it(`is found where it ${what}`, async () => {
      const faults = await faultsWhile(change, back)
      expect(faults).toContainEqual({ kind: 'table_changed', what: expect.stringMatching(said) })
    })
  }

  it('has an index more that bears on nothing, and is as it was made', async () => {
    expect(await faultsWhile('create index more on audit_event (operation)', 'drop index more')).toEqual([])
  })

  it('gives nobody rights that requests do not have', async () => {
    const role = `"${acme.role}"`
    const faults = await faultsWhile(
      `grant update, delete on audit_event to ${role}; grant update (anchor_sequence) on audit_chain to ${role}`,
      `revoke update, delete on audit_event from ${role}; revoke update (anchor_sequence) on audit_chain from ${role}`,
    )
    expect(faults.map(({ what }) => what)).toEqual([
      `audit_event gives ${acme.role} rights that nobody but its owner has: update, delete`,
      `audit_chain gives ${acme.role} rights that nobody but its owner has: update (anchor_sequence)`,
    ])
  })

  it('is nobody’s with whom requests log in', async () => {
    const faults = await faultsWhile(
      `alter table audit_cursor owner to "${acme.role}"`,
      'alter table audit_cursor owner to current_user',
    )
    expect(faults).toContainEqual({
      kind: 'table_changed',
      what: expect.stringMatching(/audit_cursor can be changed as its owner/),
    })
  })

  it('is guarded in every session', async () => {
    const set = `alter database "${acme.database}"`
    const faults = await faultsWhile(
      `${set} set authsec.audit_maintenance = 'on'`,
      `${set} reset authsec.audit_maintenance`,
    )
    expect(faults).toEqual([
      { kind: 'table_changed', what: expect.stringMatching(/sessions begin with authsec.audit_maintenance=on/) },
    ])
  })

  it.each([
    ['session_replication_role', 'replica'],
    ['authsec.audit_maintenance', 'on'],
  ])('is guarded by the server’s own settings, too: %s is not %s', async (name, value) => {
    expect(await sessionFaults(`select set_config('${name}', '${value}', false)`)).toEqual([
      { kind: 'table_changed', what: expect.stringContaining(`sessions begin with ${name}=${value}`) },
    ])
  })

  it('is guarded where its triggers fire as they do by themselves', async () => {
    expect(await sessionFaults(`set session_replication_role = local; set authsec.audit_maintenance = off`)).toEqual([])
  })

  it('is guarded where nothing runs as somebody connects', async () => {
    const faults = await faultsWhile(
      `create function other() returns event_trigger language plpgsql as $$ begin end $$;
      create event trigger other on login execute function other()`,
      'drop event trigger other; drop function other()',
    )
    expect(faults).toEqual([{ kind: 'table_changed', what: expect.stringMatching(/the event trigger other runs/) }])
  })

  it('is guarded from the login of requests, too', async () => {
    const set = `alter role "${acme.role}" in database "${acme.database}"`
    const faults = await faultsWhile(
      `${set} set session_replication_role = 'replica'`,
      `${set} reset session_replication_role`,
    )
    expect(faults).toEqual([{ kind: 'table_changed', what: expect.stringMatching(/session_replication_role=replica/) }])
  })
})

describe('a function of the trail', () => {
  const definition = async (name: string) => {
    const [row] = await test.tenantSql(acme, 'select pg_get_functiondef(oid) as text from pg_proc where proname = $1', [
      name,
    ])
    return String(row?.['text'])
  }

  it('is found where it does something else', async () => {
    for (const name of [
      'audit_refuse',
      'audit_begin',
      'audit_forward',
      'audit_maintained',
      'audit_unsettled',
      'audit_stands',
    ]) {
      const right = await definition(name)
      const changed = right.includes('LANGUAGE sql')
        ? right.replace(/\$\w+\$\s*$/, ' limit 1 $&')
        : right.replace(/\bbegin\b/, 'begin perform 1;')
      expect(await faultsWhile(changed, right)).toEqual([
        { kind: 'function_changed', what: expect.stringContaining(`the function ${name}(`) },
      ])
    }
  })

  it('is found where it finds things elsewhere, or everybody may call it', async () => {
    const faults = await faultsWhile(
      `alter function audit_refuse() set search_path = other, public; grant execute on function audit_stands to public`,
      `alter function audit_refuse() set search_path = pg_catalog, public, pg_temp; revoke execute on function audit_stands from public`,
    )
    expect(faults.map(({ kind }) => kind)).toEqual(['function_changed', 'function_changed'])
  })

  it('has no other of its name', async () => {
    const faults = await faultsWhile(
      evil('audit_stands', 'text, integer, bytea'),
      'drop function audit_stands(text, integer, bytea)',
    )
    expect(faults).toEqual([
      { kind: 'function_changed', what: expect.stringContaining('audit_stands(text, integer, bytea)') },
    ])
  })
})

describe('what is taken for PostgreSQL’s own', () => {
  const changes: readonly Change[] = [
    [
      'an operator',
      `create function times(numeric, integer) returns numeric language sql as 'select 1.0'; create operator public.* (leftarg = numeric, rightarg = integer, function = times)`,
      'drop function times cascade',
      /the operator .*\*\(numeric,integer\)/,
    ],
    ['a function', evil('count', 'text'), 'drop function count(text)', /the function .*count\(text\)/],
    [
      'an aggregate',
      'create aggregate max (text, integer) (sfunc = textcat_first, stype = text)',
      'drop function textcat_first(text, text, integer) cascade',
      /the function .*max\(text,integer\)/,
    ],
    [
      'a function that makes rows of JSON',
      `create function jsonb_to_recordset(json) returns setof record language sql as 'select 1'`,
      'drop function jsonb_to_recordset(json)',
      /jsonb_to_recordset\(json\)/,
    ],
    [
      'an operator among PostgreSQL’s',
      `create function times(numeric, integer) returns numeric language sql as 'select 1.0'; create operator pg_catalog.* (leftarg = numeric, rightarg = integer, function = times)`,
      'drop function times cascade',
      /the operator .*\*\(numeric,integer\)/,
    ],
    [
      'a cast',
      `create function as_text(bigint) returns text language sql immutable as 'select $$1$$'; create cast (bigint as text) with function as_text(bigint)`,
      'drop function as_text cascade',
      /the cast from bigint to text/,
    ],
  ]
  for (const [what, change, back, said] of changes) {
    it(`is found where it is ${what} of somebody else`, async () => {
      const first =
        what === 'an aggregate'
          ? `create function textcat_first(text, text, integer) returns text language sql as 'select $1'; `
          : ''
      const faults = await faultsWhile(first + change, back)
      expect(faults).toContainEqual({ kind: 'function_changed', what: expect.stringMatching(said) })
    })
  }

  it('is no function of another name, nor one elsewhere', async () => {
    const others = `${evil('of_mine')}; create schema mine; ${evil('mine.count', 'text')}`
    expect(await faultsWhile(others, 'drop schema mine cascade; drop function of_mine()')).toEqual([])
  })
})
