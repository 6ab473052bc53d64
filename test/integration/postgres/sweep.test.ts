import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { sql } from 'kysely'
import { limitsFor } from '../../../src/adapter/postgres/connection-budget.js'
import { Databases } from '../../../src/adapter/postgres/databases.js'
import { Sweeper } from '../../../src/adapter/postgres/sweeper.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import type { Log } from '../../../src/core/runtime/log.js'
import { holdRows } from '../../support/hold-rows.js'
import { identityIn, newLogin, newSession, newSignIn } from '../../support/login-samples.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'

interface Entry {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>> | undefined
}

const keptTokens = { removeOrphaned: async () => 0 }
const audit = { settle: async () => 0 }
const warnings: Entry[] = []
const log: Log = {
  write: (level, message, fields) => {
    if (level === 'warn') warnings.push({ message, fields })
  },
}

let test: TestPostgres
let acme: Tenant
let globex: Tenant
let databases: Databases
beforeAll(async () => {
  test = await openTestPostgres({ log })
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await test.postgres.provisioner.createTenant({ slug: 'globex', name: 'Globex' })
  databases = new Databases({
    connection: test.connection,
    masterDatabase: test.masterDatabase,
    keys: test.postgres.keys,
    ...limitsFor(10),
  })
})
afterEach(() => {
  warnings.length = 0
})
afterAll(async () => {
  await databases?.close()
  await test?.close()
})

async function openSignIn(tenant: Tenant) {
  const signIn = newSignIn(identityIn(tenant))
  await test.postgres.signIns.open(signIn)
  return signIn
}

async function overIn(tenant: Tenant): Promise<void> {
  await test.tenantSql(tenant, `update session set expires_at = clock_timestamp() - interval '1 second'`)
}

async function keysOf(tenant: Tenant): Promise<readonly unknown[]> {
  return (await test.tenantSql(tenant, 'select key from session order by created_at')).map(({ key }) => key)
}

async function recordsOf(tenant: Tenant, requestId: string) {
  return test.tenantSql(
    tenant,
    'select type, issuer, subject, client_id, reason, detail from audit_event where request_id = $1 order by id',
    [requestId],
  )
}

describe('the sweep of master', () => {
  it('removes what has expired from each table, and nothing else', async () => {
    const { logins, rateLimiter, sessions } = test.postgres
    const [young, old] = [newLogin(), newLogin()]
    const [used, idle, over] = [newSession(), newSession(), newSession()]
    for (const login of [young, old]) await logins.create(login)
    for (const session of [used, idle, over]) await sessions.open(session)
    const limit = { name: 'some', limit: 5, seconds: 600 }
    await rateLimiter.take([{ limit, key: 'old' }])
    await test.sql(`update rate_limit set ends_at = clock_timestamp() - interval '1 second'`)
    await rateLimiter.take([{ limit, key: 'young' }])
    const past = `clock_timestamp() - interval '1 second'`
    await test.sql(`update login_transaction set expires_at = ${past} where key = $1`, [old.key])
    await test.sql(`update transport_session set expires_at = ${past} where digest = $1`, [over.digest])
    const idleSince = `clock_timestamp() - interval '00:30:01'`
    await test.sql(`update transport_session set used_at = ${idleSince} where digest = $1`, [idle.digest])
    expect(await test.postgres.sweep()).toBe(4)
    expect(await test.sql('select key from login_transaction')).toEqual([{ key: young.key }])
    expect(await test.sql('select digest from transport_session')).toEqual([{ digest: used.digest }])
    expect(await test.sql('select used from rate_limit')).toEqual([{ used: 1 }])
    expect(await test.postgres.sweep()).toBe(0)
    expect(warnings).toEqual([])
  })

  it('removes the records of the authorization server that have expired, and no other', async () => {
    const { issuerStorage } = test.postgres
    const record = { payload: Buffer.from('sealed'), grant: undefined, uid: undefined, userCode: undefined }
    for (const [key, expiresIn] of [
      ['old', 600],
      ['young', 600],
      ['for ever', undefined],
    ] as const) {
      await issuerStorage.upsert({ ...record, model: 'Grant', key, expiresIn })
      await issuerStorage.upsert({ ...record, model: 'Session', key, expiresIn })
    }
    await test.sql(`update issuer_record set expires_at = clock_timestamp() - interval '1 second' where key = 'old'`)
    expect(await test.postgres.sweep()).toBe(2)
    const kept = await test.sql('select model, key from issuer_record order by model, key')
    expect(kept.map(({ key, model }) => `${model} ${key}`)).toEqual([
      ...['Grant for ever', 'Grant young', 'Session for ever', 'Session young'],
    ])
    await test.sql('delete from issuer_record')
  })

  it('removes more than fits in one batch', async () => {
    await test.sql(`insert into rate_limit (key, used, ends_at)
      select 'old ' || n, 1, clock_timestamp() - interval '1 second' from generate_series(1, 2500) as n`)
    expect(await test.postgres.sweep()).toBe(2500)
    expect(await test.sql(`select 1 from rate_limit where key like 'old %'`)).toEqual([])
  })

  it('waits for nobody who is busy with a row, and leaves that one for the next time', async () => {
    await test.sql(`insert into rate_limit (key, used, ends_at)
      select name, 1, clock_timestamp() - interval '1 second' from unnest(array['busy', 'free']) as name`)
    const query = `select 1 from rate_limit where key = 'busy' for update`
    const held = await holdRows(test.connection, test.masterDatabase, query)
    expect(await test.postgres.sweep()).toBe(1)
    await held.release()
    expect(await test.sql(`select key from rate_limit where key in ('busy', 'free')`)).toEqual([{ key: 'busy' }])
    expect(await test.postgres.sweep()).toBe(1)
    expect(warnings).toEqual([])
  })

  it('finds what has expired by an index in each table', async () => {
    const ended = `expires_at <= statement_timestamp() or used_at <= statement_timestamp() - interval '30 minutes'`
    const conditions = {
      login_transaction: 'expires_at <= statement_timestamp()',
      transport_session: ended,
      rate_limit: 'ends_at <= statement_timestamp()',
      issuer_record: 'expires_at <= statement_timestamp()',
    }
    const plans = await databases
      .master()
      .transaction()
      .execute(async (step) => {
        await sql`set local enable_seqscan = off`.execute(step)
        const explained = Object.entries(conditions).map(([table, condition]) =>
          sql.raw(`explain select 1 from ${table} where ${condition}`).execute(step),
        )
        return Promise.all(explained)
      })
    for (const { rows } of plans) expect(JSON.stringify(rows)).toMatch(/Index (?:Only )?Scan/)
  })
})

describe("the sweep of tenants' databases", () => {
  it('puts on record each sign-in that it removes, in its own tenant', async () => {
    const [mine, theirs] = [await openSignIn(acme), await openSignIn(globex)]
    await overIn(acme)
    await overIn(globex)
    const young = await openSignIn(acme)
    const idle = await openSignIn(acme)
    await test.tenantSql(acme, `update session set used_at = clock_timestamp() - interval '00:30:01' where key = $1`, [
      idle.key,
    ])
    expect(await test.postgres.sweep()).toBe(3)
    expect(await keysOf(acme)).toEqual([young.key])
    expect(await keysOf(globex)).toEqual([])
    for (const [tenant, signIn] of [
      [acme, mine],
      [acme, idle],
      [globex, theirs],
    ] as const) {
      const { subject, clientId } = signIn.identity
      const facts = { issuer: ownIssuer, subject, client_id: clientId, detail: { application: 'app' } }
      expect(await recordsOf(tenant, signIn.requestId)).toEqual([
        { ...facts, type: 'signin.completed', reason: null },
        { ...facts, type: 'session.ended', reason: 'expired' },
      ])
    }
    expect(await recordsOf(acme, theirs.requestId)).toEqual([])
    expect(await recordsOf(acme, young.requestId)).toHaveLength(1)
  })

  it('puts each on record once when several processes sweep at once', async () => {
    const signIns = []
    for (let index = 0; index < 20; index += 1) signIns.push(await openSignIn(acme))
    await overIn(acme)
    const others = [await test.reopen({ log }), await test.reopen({ log })]
    const swept = await Promise.all([test.postgres, ...others].map((postgres) => postgres.sweep()))
    expect(swept.reduce((sum, rows) => sum + rows, 0)).toBeGreaterThanOrEqual(20)
    for (const { requestId } of signIns) expect(await recordsOf(acme, requestId)).toHaveLength(2)
    expect(await keysOf(acme)).toEqual([])
  })

  it('waits for nobody who is busy with a sign-in', async () => {
    const [busy, free] = [await openSignIn(acme), await openSignIn(acme)]
    await overIn(acme)
    const [place] = await test.sql('select database_name from tenant where id = $1', [acme.id])
    const query = `select 1 from session where key = '${busy.key}' for update`
    const held = await holdRows(test.connection, String(place?.['database_name']), query)
    expect(await test.postgres.sweep()).toBe(1)
    await held.release()
    expect(await keysOf(acme)).toEqual([busy.key])
    expect(await recordsOf(acme, free.requestId)).toHaveLength(2)
    expect(await test.postgres.sweep()).toBe(1)
  })

  it('leaves a sign-in that cannot be put on record', async () => {
    const { key, requestId } = await openSignIn(acme)
    await overIn(acme)
    await test.tenantSql(acme, 'alter table audit_event rename to hidden')
    expect(await test.postgres.sweep()).toBe(0)
    await test.tenantSql(acme, 'alter table hidden rename to audit_event')
    expect(await keysOf(acme)).toEqual([key])
    expect(warnings).toMatchObject([{ fields: { table: 'session', tenant: 'acme' } }])
    expect(await test.postgres.sweep()).toBe(1)
    expect(await recordsOf(acme, requestId)).toHaveLength(2)
  })

  it('goes on where one database is down, and says which', async () => {
    const down = await test.postgres.provisioner.createTenant({ slug: 'a-down', name: 'Down' })
    const [place] = await test.sql('select database_name from tenant where id = $1', [down.id])
    await test.sql(`update tenant set database_name = 'nowhere' where id = $1`, [down.id])
    await openSignIn(globex)
    await overIn(globex)
    const fresh = await test.reopen({ log })
    await test.sql('alter table login_transaction rename to hidden')
    expect(await fresh.sweep()).toBe(1)
    await test.sql('alter table hidden rename to login_transaction')
    await test.sql('update tenant set database_name = $2 where id = $1', [down.id, place?.['database_name']])
    expect(await keysOf(globex)).toEqual([])
    expect(warnings.map(({ fields }) => fields)).toEqual([
      { table: 'login_transaction', error: expect.objectContaining({ code: 'ERR_AUTH_UNAVAILABLE' }) },
      { table: 'session', tenant: 'a-down', error: expect.objectContaining({ code: 'ERR_TENANT_UNAVAILABLE' }) },
    ])
  })

  it('passes over suspended tenants', async () => {
    const { key } = await openSignIn(globex)
    await overIn(globex)
    await test.sql('update tenant set suspended_at = now() where id = $1', [globex.id])
    expect(await test.postgres.sweep()).toBe(0)
    await test.sql('update tenant set suspended_at = null where id = $1', [globex.id])
    expect(await keysOf(globex)).toEqual([key])
    expect(await test.postgres.sweep()).toBe(1)
  })

  it('is none once the databases are closed', async () => {
    await openSignIn(acme)
    await overIn(acme)
    const closing = await test.reopen({ log })
    const swept = closing.sweep()
    await closing.close()
    await swept
    expect(await closing.sweep()).toBe(0)
    expect(warnings).toEqual([])
    await test.postgres.sweep()
  })
})

describe('every five minutes', () => {
  it('one process sweeps for all of them, and another one the next time', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] })
    const swept: string[] = []
    const taken = new Set<number>()
    let round = 0
    const turns = {
      take: async () => {
        if (taken.has(round)) return { admitted: false, secondsLeft: 1 } as const
        taken.add(round)
        return { admitted: true } as const
      },
    }
    const sweepers = ['one', 'other', 'third'].map((name) => {
      const tenants = { list: async () => (swept.push(name), []) }
      const signIns = { removeExpired: async () => 0 }
      return new Sweeper({ master: databases.master(), tenants, signIns, keptTokens, audit, turns, log })
    })
    const five = 5 * 60_000
    for (round = 1; round <= 2; round += 1) {
      await jest.advanceTimersByTimeAsync(five)
      while (swept.length < round) await new Promise(setImmediate)
    }
    jest.useRealTimers()
    for (const sweeper of sweepers) await sweeper.stop()
    expect(swept).toHaveLength(2)
  })

  it('nobody sweeps while it cannot be told whose turn it is, and that is in the log', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] })
    const turns = { take: () => Promise.reject(new UpstreamError('AUTH_UNAVAILABLE', 'no answer')) }
    const tenants = { list: async () => [acme] }
    const signIns = { removeExpired: () => Promise.reject(new TypeError('nobody sweeps')) }
    const sweeper = new Sweeper({ master: databases.master(), tenants, signIns, keptTokens, audit, turns, log })
    await jest.advanceTimersByTimeAsync(5 * 60_000)
    jest.useRealTimers()
    await sweeper.stop()
    expect(warnings).toMatchObject([{ fields: { table: 'rate_limit' } }])
  })
})

describe('stopping', () => {
  it('waits for the batch that is being removed and begins no other', async () => {
    let batches = 0
    const finish: (() => void)[] = []
    const signIns = {
      removeExpired: (): Promise<number> => {
        batches += 1
        return new Promise((resolve) => finish.push(() => resolve(1000)))
      },
    }
    const tenants = { list: async () => [acme, globex] }
    const { rateLimiter: turns } = test.postgres
    const sweeper = new Sweeper({ master: databases.master(), tenants, signIns, keptTokens, audit, turns, log })
    const swept = sweeper.sweep()
    while (finish.length === 0) await new Promise(setImmediate)
    let stopped = false
    const stopping = sweeper.stop().then(() => (stopped = true))
    await new Promise(setImmediate)
    expect(stopped).toBe(false)
    finish[0]?.()
    await stopping
    expect(await swept).toBe(1000)
    expect(batches).toBe(1)
  })

  it('is possible while no tenant can be listed', async () => {
    const tenants = {
      list: async () => {
        throw new UpstreamError('AUTH_UNAVAILABLE', 'no answer')
      },
    }
    const signIns = { removeExpired: async () => 0 }
    const { rateLimiter: turns } = test.postgres
    const sweeper = new Sweeper({ master: databases.master(), tenants, signIns, keptTokens, audit, turns, log })
    expect(await sweeper.sweep()).toBe(0)
    await sweeper.stop()
    expect(warnings).toMatchObject([{ fields: { table: 'tenant' } }])
  })
})
