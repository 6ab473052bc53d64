import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { ConnectionPool, type ConnectionPoolOptions } from '../../src/adapter/postgres/pool/connection-pool.js'
import { openKysely } from '../../src/adapter/postgres/pool/open-kysely.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { identityIn, newSession, newSignIn } from '../support/login-samples.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../support/postgres.js'
import { report } from '../support/report-recovery.js'
import { until } from '../support/until.js'

const times = { connect: 2000, wait: 2000, statement: 2000, query: 2500, idle: 60_000 }

let test: TestPostgres
beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

const pools: ConnectionPool[] = []
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
})

function openPool(options: Partial<ConnectionPoolOptions> & Pick<ConnectionPoolOptions, 'limits'>): ConnectionPool {
  const pool = new ConnectionPool({ settings: test.connection, outage: 'TENANT_UNAVAILABLE', times, ...options })
  pools.push(pool)
  return pool
}

describe('a pool of two connections and a hundred clients', () => {
  it('lets fifty wait, refuses the others at once, and has served everybody within a second of the end of the jam', async () => {
    const pool = openPool({ limits: { connections: 2, perDatabase: 2, waiting: 50 } })
    const db = openKysely(pool, test.masterDatabase)
    const startedAt = performance.now()
    const jam = [1, 2].map(() => sql`select pg_sleep(0.7)`.execute(db))
    const crowd = Array.from({ length: 98 }, () =>
      sql`select 1`.execute(db).then(
        () => 'served',
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'ERR_OVERLOADED', retryable: true })
          expect(performance.now() - startedAt).toBeLessThan(500)
          return 'refused'
        },
      ),
    )
    await Promise.all(jam)
    const jamEndedAt = performance.now()
    const outcomes = await Promise.all(crowd)
    const drained = performance.now() - jamEndedAt
    expect(drained).toBeLessThan(1_000)
    expect(outcomes.filter((outcome) => outcome === 'served')).toHaveLength(50)
    expect(pool.open).toBe(2)
    report('F7', drained)
  })
})

describe('a process with a single connection for each pool', () => {
  let acme: Tenant
  const limits = { connections: 1, perDatabase: 1, waiting: 512 }
  beforeAll(async () => {
    acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  })

  it('never holds one while it asks for another: everything is done, at once and in parallel', async () => {
    const shared = { masterLimits: limits, tenantLimits: limits, times: { ...times, wait: 20_000 } }
    const postgres = await test.reopen({ limits: shared })
    const grants = grantsOf({ roles: ['admin'], groups: ['staff'] })
    const { id } = await postgres.accounts.create(acme, { email: 'one@acme.example', grants })
    await test.tenantSql(acme, `insert into group_role select g.id, r.id from user_group g, role r`)
    const limit = { name: 'nested', limit: 1_000, seconds: 60 }
    const work = Array.from({ length: 12 }, async (_, index) => {
      const signIn = newSignIn({ ...identityIn(acme), subject: `${id}-${index}` })
      await Promise.all([
        postgres.accounts.create(acme, { email: `${index}@acme.example`, grants }),
        postgres.grants.findStanding(acme, ownIssuer, id),
        postgres.grants.readCatalogue(acme),
        postgres.signIns.open(signIn).then(() => postgres.signIns.end({ tenant: acme, key: signIn.key }, 'logged_out')),
        postgres.sessions.open(newSession()),
        postgres.rateLimiter.take([{ limit, key: 'nested' }]),
        postgres.audit.record({ type: 'operation.allowed', tenant: acme, requestId: `${index}` }),
        postgres.audit.record({ type: 'token.refused', tenant: undefined, requestId: `${index}` }),
        postgres.tenants.find(ownIssuer, 'acme'),
        postgres.changes.publish(acme),
        postgres.sweep(),
        postgres.ping(),
      ])
    })
    await Promise.all(work)
    expect(await postgres.accounts.list(acme)).toHaveLength(13)
  })
})

describe('a database that everybody wants at once', () => {
  it('does not keep those waiting who want another, though the whole budget is in use', async () => {
    const names = ['hot', 'warm', 'cold'].map((name) => `${test.masterDatabase}_${name}`)
    for (const name of names) await test.databaseSql('postgres', `create database ${name}`)
    const [hot, warm, cold] = names
    const patient = { ...times, wait: 20_000, statement: 20_000, query: 25_000 }
    const pool = openPool({ limits: { connections: 4, perDatabase: 2, waiting: 200 }, times: patient })
    const crowded: number[] = []
    let flooding = true
    const flood = [hot, warm].flatMap((name) => {
      const db = openKysely(pool, String(name))
      return Array.from({ length: 60 }, async () => {
        while (flooding) crowded.push(await timed(() => sql`select pg_sleep(0.02)`.execute(db)))
      })
    })
    await until(() => crowded.length > 120, 30_000)
    const quiet = openKysely(pool, String(cold))
    const alone: number[] = []
    for (let round = 0; round < 30; round += 1) {
      alone.push(await timed(() => sql`select 1`.execute(quiet)))
      await pause(10)
    }
    flooding = false
    await Promise.all(flood)
    // In one common queue it would wait as long as everybody.
    expect(medianOf(alone)).toBeLessThan(medianOf(crowded) / 2)
    report('L2, the quiet one', medianOf(alone))
    report('L2, the hot ones', medianOf(crowded))
    await pool.close()
    for (const name of names) await test.databaseSql('postgres', `drop database ${name} with (force)`)
  })
})

describe('a database that cannot be reached', () => {
  it('is tried by one for all who wait', async () => {
    const pool = openPool({ limits: { connections: 8, perDatabase: 4, waiting: 100 } })
    const crowd = async (): Promise<void> => {
      const calls = Array.from({ length: 50 }, () => pool.acquire('no_such_database'))
      for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected')
    }
    await crowd()
    const startedAt = performance.now()
    for (let round = 0; round < 3; round += 1) await crowd()
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(pool.open).toBe(0)
  })
})

async function timed(action: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await action()
  return performance.now() - startedAt
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Infinity
}
