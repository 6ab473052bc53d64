import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { openPostgres, type Postgres } from '../../src/adapter/postgres/open-postgres.js'
import { FaultBench } from '../support/fault-bench.js'
import { identityIn, newSignIn } from '../support/login-samples.js'
import { ownIssuer } from '../support/postgres.js'
import { report } from '../support/report-recovery.js'
import { SmallDisk } from '../support/small-disk.js'
import { until } from '../support/until.js'

const masterDatabase = 'authsec'

let bench: FaultBench
let database: string
beforeAll(async () => {
  bench = await FaultBench.open()
  database = await bench.databaseOf('acme')
})
afterAll(() => bench?.close())
afterEach(async () => {
  await bench.expectFailedClosed()
  await until(async () => (await sql('select from audit_chain where settled < sequence')).length === 0)
  expect(await unjoined()).toEqual([])
})

const sql = (query: string, parameters?: readonly unknown[]) => bench.cluster.sql(database, query, parameters)

/** Intents that have not exactly one outcome, and outcomes of none. */
async function unjoined() {
  return sql(`
    select request_id, count(*)::int as rows from audit_event where type in ('operation.allowed', 'operation.outcome')
    group by request_id having count(*) filter (where type = 'operation.allowed') <> 1 or count(*) <> 2
  `)
}

interface Failure {
  /** Answers with what ends it. */
  begin(): Promise<() => Promise<unknown>>
}

/** Somebody who holds a lock until told. */
async function holding(query: string): Promise<() => Promise<unknown>> {
  const holder = await bench.cluster.connect(database)
  await holder.query('begin')
  await holder.query(query)
  return () => holder.end()
}

const failures: Readonly<Record<string, Failure>> = {
  'while its table is locked': { begin: () => holding('lock table audit_event in access exclusive mode') },
  'while its chains are locked': { begin: () => holding('select from audit_chain for update') },
  'while its disk is full': {
    begin: async () => {
      await sql(`create function full_disk() returns trigger language plpgsql as
        $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`)
      await sql('create trigger full_disk before insert on audit_event execute function full_disk()')
      return () => sql('drop function full_disk cascade')
    },
  },
  'while its disk is as full as disks are': {
    begin: async () => {
      const disk = SmallDisk.mount(bench.cluster.connection.host)
      // Whoever may not mount any has the case above.
      if (disk === undefined) return holding('lock table audit_event in access exclusive mode')
      await bench.cluster.sql('postgres', `create tablespace small location '${disk.folder}'`)
      await sql('alter table audit_event set tablespace small')
      disk.fill()
      // What room the table has left takes a few rows still.
      await until(async () => (await bench.call('acme')).status === 503, 60_000)
      return async () => {
        disk.free()
        await sql('alter table audit_event set tablespace pg_default')
        await bench.cluster.sql('postgres', 'drop tablespace small')
        disk.unmount()
      }
    },
  },
  'while it has no chains': {
    begin: async () => {
      await sql('alter table audit_chain rename to audit_chain_away')
      return () => sql('alter table audit_chain_away rename to audit_chain')
    },
  },
  'while its database can only be read': {
    begin: async () => {
      const terminate = `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()`
      const set = async (value: 'on' | 'off') => {
        await bench.cluster.sql('postgres', `alter database ${database} set default_transaction_read_only = ${value}`)
        await bench.cluster.sql('postgres', terminate, [database])
        await until(async () => (await bench.ask('acme', 'tools/list', {})).status === 200)
      }
      await set('on')
      return () => set('off')
    },
  },
}

describe.each(Object.entries(failures))('the audit trail cannot be written, %s', (name, { begin }) => {
  it('runs no operation, answers lists and denials, and goes on by itself afterwards with every row', async () => {
    expect((await bench.call('acme')).status).toBe(200)
    const before = await denials()
    const end = await begin()
    const handled = bench.handled
    try {
      for (const attempt of await Promise.all(Array.from({ length: 8 }, () => bench.call('acme')))) {
        bench.expectOutage(attempt, ['TENANT_UNAVAILABLE', 'OVERLOADED'])
        expect(attempt.milliseconds).toBeLessThan(5_000)
      }
      expect(bench.handled).toBe(handled)
      const list = await bench.ask('acme', 'tools/list', {})
      expect({ status: list.status, body: list.body }).toEqual({
        status: 200,
        body: expect.stringContaining('book_entry'),
      })
      const denied = await bench.ask('acme', 'tools/call', { name: 'no_such_tool', arguments: {} })
      expect({ status: denied.status, body: denied.body }).toEqual({
        status: 200,
        body: expect.stringContaining('-32602'),
      })
      expect((await bench.call('globex')).status).toBe(200)
    } finally {
      await end()
    }
    report(`audit ${name}`, await bench.recovery('acme', 3_000))
    await until(async () => (await denials()) === before + 1)
  })
})

describe.each(Object.entries(failures).slice(0, 5))('what takes rights away, %s', (name, { begin }) => {
  it('is done all the same, and on record as soon as that can be', async () => {
    const tenant = bench.tenants.get('acme')
    if (tenant === undefined) throw new TypeError('there is no tenant')
    const email = `${name.replaceAll(' ', '-')}@bench.example`
    const put = { kind: 'account', presence: 'present', email } as const
    const admin = await open()
    await admin.tenantAdministration.apply(tenant, [put], 'cli:test')
    const [signedOut, terminated] = [newSignIn(identityIn(tenant)), newSignIn(identityIn(tenant))]
    for (const signIn of [signedOut, terminated]) await admin.signIns.open(signIn)
    const end = await begin()
    const startedAt = performance.now()
    try {
      await admin.tenantAdministration.apply(tenant, [{ ...put, status: 'disabled' }], 'cli:test')
      expect(await admin.signIns.end({ tenant, key: signedOut.key }, 'logged_out')).toBe(true)
      expect(await admin.directory.signIns.endOne(tenant, terminated.key)).toHaveLength(1)
      const retained = { type: 'session.ended', tenant, requestId: email, reason: 'issuer_logout' } as const
      await admin.audit.record(retained).catch(() => admin.audit.retain(retained))
      await admin.close()
      expect(performance.now() - startedAt).toBeLessThan(15_000)
      expect(await sql('select from account where email = $1 and disabled_at is not null', [email])).toHaveLength(1)
      expect(await sql('select from session where key = any($1)', [[signedOut.key, terminated.key]])).toEqual([])
    } finally {
      await end()
    }
    const other = await open()
    await other.audit.settle(tenant)
    await other.close()
    const ended = 'select reason from audit_event where request_id = any($1) and type = $2 order by reason'
    const requests = [signedOut.requestId, terminated.requestId, email]
    expect(await sql(ended, [requests, 'session.ended'])).toEqual(
      ['issuer_logout', 'logged_out', 'terminated'].map((reason) => ({ reason })),
    )
    const disabled = `select from audit_event where personal->>'account' = $1 and detail->'after' = '["disabled"]'`
    expect(await sql(disabled, [email])).toHaveLength(1)
  })
})

/** A process beside the server, as a command is. */
function open(): Promise<Postgres> {
  const { connection, masterKey } = bench
  return openPostgres({ connection, masterDatabase, masterKey, ownIssuer, log: { write: () => undefined } })
}

describe('a flood of refusals', () => {
  it('is counted exactly, and keeps nobody else from their calls', async () => {
    const before = await denials()
    const times = 300
    for (let index = 0; index < times; index += 20) {
      const some = Array.from({ length: 20 }, (_, place) =>
        bench.ask('acme', 'tools/call', { name: `guess_${index + place}`, arguments: {} }),
      )
      expect((await bench.call('globex')).status).toBe(200)
      for (const { body, status } of await Promise.all(some))
        expect({ body, status }).toEqual({ body: expect.stringContaining('-32602'), status: 200 })
    }
    expect((await bench.call('acme')).status).toBe(200)
    await until(async () => (await denials()) === before + times)
  })
})

async function denials(): Promise<number> {
  const holders = `select coalesce(sum(count), 0)::int as n from audit_event where type = 'operation.denied'`
  const [row] = await sql(holders)
  return Number(row?.['n'])
}
