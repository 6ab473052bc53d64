import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { ConnectionPool, type ConnectionPoolOptions } from '../../../src/adapter/postgres/pool/connection-pool.js'
import { openKysely } from '../../../src/adapter/postgres/pool/open-kysely.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

const limits = { connections: 4, perDatabase: 2, waiting: 5 }
const times = { connect: 500, wait: 1000, statement: 1500, query: 700, idle: 60_000 }

let test: TestPostgres
let proxy: FaultProxy
beforeAll(async () => {
  test = await openTestPostgres()
  proxy = await FaultProxy.open(test.connection)
})
afterAll(async () => {
  await proxy?.close()
  await test?.close()
})

const pools: ConnectionPool[] = []
beforeEach(() => proxy.set('pass'))
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
})

function openPool(options: Partial<ConnectionPoolOptions> = {}): ConnectionPool {
  const pool = new ConnectionPool({
    settings: test.connection,
    outage: 'TENANT_UNAVAILABLE',
    limits,
    times,
    ...options,
  })
  pools.push(pool)
  return pool
}

async function terminateAll(): Promise<void> {
  await test.databaseSql(
    'postgres',
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'authsec'`,
    [test.masterDatabase],
  )
}

async function gone(pool: ConnectionPool): Promise<void> {
  while (pool.open > 0) await new Promise(setImmediate)
}

describe('a connection that PostgreSQL terminates', () => {
  it('is replaced when it was idle', async () => {
    const pool = openPool()
    const db = openKysely(pool, test.masterDatabase)
    await sql`select 1`.execute(db)
    await terminateAll()
    await gone(pool)
    await expect(sql`select 1 as one`.execute(db)).resolves.toMatchObject({ rows: [{ one: 1 }] })
  })

  it('makes its statement an outage, and the next statement works', async () => {
    const db = openKysely(openPool({ times: { ...times, statement: 5000, query: 5000 } }), test.masterDatabase)
    const sleeping = sql`select pg_sleep(4)`.execute(db)
    await expect(Promise.all([sleeping, terminateWhenSleeping()])).rejects.toMatchObject({
      code: 'ERR_TENANT_UNAVAILABLE',
      retryable: true,
    })
    await expect(sql`select 1 as one`.execute(db)).resolves.toMatchObject({ rows: [{ one: 1 }] })
  })

  it('makes its transaction an outage when it was idle inside', async () => {
    const pool = openPool()
    const db = openKysely(pool, test.masterDatabase)
    const transaction = db.transaction().execute(async (step) => {
      await sql`select 1`.execute(step)
      await terminateAll()
      await sql`select 2`.execute(step)
    })
    await expect(transaction).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await expect(sql`select 1 as one`.execute(db)).resolves.toMatchObject({ rows: [{ one: 1 }] })
    expect(pool.open).toBe(1)
  })

  it('costs an outage here and there when it happens twenty times under load, and nothing later', async () => {
    const pool = openPool()
    const db = openKysely(pool, test.masterDatabase)
    const outcomes = { ok: 0, outage: 0, other: 0 }
    let loading = true
    const load = [1, 2, 3, 4].map(async () => {
      while (loading) {
        const step = db.transaction().execute((transaction) => sql`select 1`.execute(transaction))
        await step.then(
          () => (outcomes.ok += 1),
          (error: unknown) => (error instanceof UpstreamError ? (outcomes.outage += 1) : (outcomes.other += 1)),
        )
      }
    })
    for (let round = 0; round < 20; round += 1) await terminateAll()
    loading = false
    await Promise.all(load)
    expect(outcomes.other).toBe(0)
    expect(outcomes.ok).toBeGreaterThan(0)
    expect(pool.open).toBeLessThanOrEqual(2)
  })

  it('is replaced when it went just after a failed statement', async () => {
    const db = openKysely(openPool(), test.masterDatabase)
    await expect(sql`select 1 / 0`.execute(db)).rejects.toMatchObject({ code: '22012' })
    await terminateAll()
    await expect(sql`select 1`.execute(db).catch(() => sql`select 1`.execute(db))).resolves.toBeDefined()
  })
})

describe('a server that no longer answers', () => {
  it('is an outage within the bound, and the next statement after it is back works', async () => {
    const pool = openPool({ settings: proxy.before(test.connection) })
    const db = openKysely(pool, test.masterDatabase)
    await sql`select 1`.execute(db)
    await proxy.set('blackhole')
    for (let round = 0; round < 2; round += 1) {
      const started = performance.now()
      await expect(sql`select 1`.execute(db)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
      expect(performance.now() - started).toBeLessThan(1500)
    }
    await proxy.set('pass')
    const started = performance.now()
    await sql`select 1`.execute(db)
    expect(performance.now() - started).toBeLessThan(500)
  })

  it('does not make a transaction wait twice', async () => {
    const db = openKysely(openPool({ settings: proxy.before(test.connection) }), test.masterDatabase)
    const started = performance.now()
    const transaction = db.transaction().execute(async (step) => {
      await proxy.set('blackhole')
      await sql`select 1`.execute(step)
    })
    await expect(transaction).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(performance.now() - started).toBeLessThan(1300)
  })

  it('does not keep close waiting', async () => {
    const pool = openPool({ settings: proxy.before(test.connection) })
    await sql`select 1`.execute(openKysely(pool, test.masterDatabase))
    await proxy.set('blackhole')
    const started = performance.now()
    await pool.close()
    expect(performance.now() - started).toBeLessThan(1500)
  })

  it('lets go of the locks of a transaction that it hears nothing more of', async () => {
    const pool = openPool({ settings: proxy.before(test.connection) })
    const lock = `select pg_advisory_xact_lock(4711)`
    const cut = openKysely(pool, test.masterDatabase)
      .transaction()
      .execute(async (step) => {
        await sql.raw(lock).execute(step)
        await proxy.set('blackhole')
        await sql`select 1`.execute(step)
      })
    await expect(cut).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    const startedAt = performance.now()
    await test.sql(lock)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })

  it('is told from a port where nobody listens, at once', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    server.close()
    const pool = openPool({ settings: { ...test.connection, host: '127.0.0.1', port } })
    const started = performance.now()
    await expect(pool.acquire('x')).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(performance.now() - started).toBeLessThan(400)
    expect(pool.open).toBe(0)
  })
})

describe('a server that is no PostgreSQL', () => {
  it.each([
    ['an authentication of no kind', Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 138])],
    ['a row of more columns than it has', Buffer.from([0x44, 0, 0, 0, 6, 0, 9])],
    ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('is an outage within the bound, whatever it says: %s', async (_what, bytes) => {
    const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.write(bytes)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const pool = openPool({ settings: { ...test.connection, host: '127.0.0.1', port } })
    const failure = await pool.acquire('x').catch((error: unknown) => error)
    server.close()
    expect(failure).toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(pool.open).toBe(0)
  })
})

describe('a pool whose connections are all in use', () => {
  it('lets a bounded number wait in order and refuses the next as overload', async () => {
    const pool = openPool()
    const held = [await pool.acquire(test.masterDatabase), await pool.acquire(test.masterDatabase)]
    const order: number[] = []
    const waiting = [0, 1, 2, 3, 4].map(async (index) => {
      const connection = await pool.acquire(test.masterDatabase)
      order.push(index)
      connection.release()
    })
    await expect(pool.acquire(test.masterDatabase)).rejects.toMatchObject({ code: 'ERR_OVERLOADED', retryable: true })
    for (const connection of held) connection.release()
    await Promise.all(waiting)
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect(pool.open).toBe(2)
  })

  it('refuses who has waited too long, and serves the next', async () => {
    const pool = openPool({ times: { ...times, wait: 50 } })
    const held = [await pool.acquire(test.masterDatabase), await pool.acquire(test.masterDatabase)]
    await expect(pool.acquire(test.masterDatabase)).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    for (const connection of held) connection.release()
    const next = await pool.acquire(test.masterDatabase)
    next.release()
  })

  it('does not keep another database waiting', async () => {
    const pool = openPool()
    const held = [await pool.acquire(test.masterDatabase), await pool.acquire(test.masterDatabase)]
    const waiting = pool.acquire(test.masterDatabase)
    const other = await pool.acquire('postgres')
    other.release()
    for (const connection of held) connection.release()
    const last = await waiting
    last.release()
  })
})

describe('a connection that is long in opening', () => {
  it('keeps nobody waiting who could have one that becomes free meanwhile', async () => {
    const pool = openPool({ settings: proxy.before(test.connection) })
    const first = await pool.acquire(test.masterDatabase)
    await proxy.set('blackhole')
    const opening = pool.acquire(test.masterDatabase)
    await until(() => pool.open === 2)
    first.release()
    expect(await opening).toBe(first)
    first.release()
    // The other one comes to nothing, and that is nobody's failure.
    await until(() => pool.open === 1)
    await proxy.set('pass')
    const next = await pool.acquire(test.masterDatabase)
    expect(next).toBe(first)
    next.release()
  })

  it('is there for whoever comes next, when nobody waits for it any more', async () => {
    const pool = openPool({ settings: proxy.before(test.connection) })
    const first = await pool.acquire(test.masterDatabase)
    await proxy.set({ latency: 20 })
    const opening = pool.acquire(test.masterDatabase)
    first.release()
    expect(await opening).toBe(first)
    await until(() => pool.state.idle === 1)
    const second = await pool.acquire(test.masterDatabase)
    expect(second).not.toBe(first)
    for (const connection of [first, second]) connection.release()
    expect(pool.state).toMatchObject({ open: 2, idle: 2, waiting: 0 })
  })

  it('fails whoever waits for it where none becomes free', async () => {
    const pool = openPool({ settings: proxy.before(test.connection) })
    const first = await pool.acquire(test.masterDatabase)
    await proxy.set('blackhole')
    await expect(pool.acquire(test.masterDatabase)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await proxy.set('pass')
    first.release()
    expect(pool.state).toMatchObject({ open: 1, idle: 1 })
  })
})

describe('a pool over many databases', () => {
  it('stays within its budget, giving up idle connections of those least recently used', async () => {
    const pool = openPool({ limits: { connections: 2, perDatabase: 2, waiting: 5 } })
    const names = await threeDatabases()
    for (const name of [...names, ...names]) {
      const connection = await pool.acquire(name)
      connection.release()
      expect(pool.open).toBeLessThanOrEqual(2)
    }
    const [first, second, third] = names
    const kept = await pool.acquire(String(third))
    const rows = await kept.query<{ name: string }>('select current_database() as name', [])
    expect(rows.rows).toEqual([{ name: third }])
    const waiting = Promise.all([pool.acquire(String(first)), pool.acquire(String(second))])
    kept.release()
    const [one] = await Promise.all([waiting.then(([connection]) => connection), waiting])
    expect(pool.open).toBe(2)
    one.release()
    const [, two] = await waiting
    two.release()
  })

  it('never hands a connection, or what was set on it, to another database', async () => {
    const pool = openPool({ limits: { connections: 1, perDatabase: 1, waiting: 5 } })
    const [first, second] = await threeDatabases()
    const connection = await pool.acquire(String(first))
    await connection.query(`set application_name = 'marked'`, [])
    connection.release()
    const other = await pool.acquire(String(second))
    const { rows } = await other.query(`select current_setting('application_name') as name`, [])
    expect(rows).toEqual([{ name: 'authsec' }])
    other.release()
  })

  it('closes connections that were idle for long', async () => {
    const pool = openPool({ times: { ...times, idle: 20 } })
    const connection = await pool.acquire(test.masterDatabase)
    connection.release()
    await gone(pool)
    expect(pool.open).toBe(0)
  })
})

describe('a connection', () => {
  it('takes nothing from the environment of the process', async () => {
    const before = { ...process.env }
    Object.assign(process.env, {
      PGOPTIONS: '-c search_path=evil',
      PGSSLMODE: 'require',
      PGAPPNAME: 'evil',
      PGDATABASE: 'evil',
      PGPASSWORD: 'evil',
      PGCLIENT_ENCODING: 'LATIN1',
    })
    try {
      const connection = await openPool().acquire(test.masterDatabase)
      const { rows } = await connection.query(
        `select current_setting('search_path') as path, current_setting('application_name') as name,
                current_setting('client_encoding') as encoding, current_database() as database`,
        [],
      )
      connection.release()
      expect(rows).toEqual([
        { path: 'public,pg_temp', name: 'authsec', encoding: 'UTF8', database: test.masterDatabase },
      ])
    } finally {
      process.env = before
    }
  })

  it('has on disk what is committed, whatever its database was told', async () => {
    await test.sql(`alter database ${test.masterDatabase} set synchronous_commit = off`)
    try {
      const connection = await openPool().acquire(test.masterDatabase)
      const { rows } = await connection.query('show synchronous_commit', [])
      connection.release()
      expect(rows).toEqual([{ synchronous_commit: 'on' }])
    } finally {
      await test.sql(`alter database ${test.masterDatabase} reset synchronous_commit`)
    }
  })

  it('is not used again when it is given back inside a transaction', async () => {
    const pool = openPool()
    const connection = await pool.acquire(test.masterDatabase)
    await connection.query('begin', [])
    connection.release()
    expect(pool.open).toBe(0)
  })

  it('stops a statement at the bound and stays usable', async () => {
    const pool = openPool({ times: { ...times, statement: 100, query: 5000 } })
    const connection = await pool.acquire(test.masterDatabase)
    await expect(connection.query('select pg_sleep(3)', [])).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await expect(connection.query('select 1 as one', [])).resolves.toMatchObject({ rows: [{ one: 1 }] })
    connection.release()
    expect(pool.open).toBe(1)
  })

  it('survives a change of the schema under what it has prepared', async () => {
    const db = openKysely<{ shape: { id: number; name: string } }>(openPool(), test.masterDatabase)
    const read = () => db.selectFrom('shape').selectAll().where('id', '=', 1).execute()
    await test.sql('create table shape (id integer, name text)')
    await read()
    await test.sql('alter table shape add column more text')
    await read().catch(() => undefined)
    await expect(read()).resolves.toEqual([])
  })
})

describe('close', () => {
  it('refuses new callers and those who wait, and lets a running statement end', async () => {
    const pool = openPool({ limits: { connections: 1, perDatabase: 1, waiting: 5 } })
    const connection = await pool.acquire(test.masterDatabase)
    const running = connection.query('select pg_sleep(0.2), 1 as one', [])
    const waiting = pool.acquire(test.masterDatabase)
    const closed = pool.close()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_SHUTTING_DOWN' })
    await expect(pool.acquire(test.masterDatabase)).rejects.toMatchObject({ code: 'ERR_SHUTTING_DOWN' })
    await expect(running).resolves.toMatchObject({ rows: [{ one: 1 }] })
    connection.release()
    await closed
    expect(pool.open).toBe(0)
  })
})

async function terminateWhenSleeping(): Promise<void> {
  for (;;) {
    const rows = await test.databaseSql(
      'postgres',
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and state = 'active' and query like 'select pg_sleep%'`,
      [test.masterDatabase],
    )
    if (rows.length > 0) return
  }
}

async function threeDatabases(): Promise<readonly string[]> {
  const { provisioner } = test.postgres
  for (const slug of ['one', 'two', 'three']) await provisioner.createTenant({ slug, name: slug })
  const rows = await test.sql('select database_name from tenant order by slug')
  return rows.map((row) => String(row['database_name']))
}
