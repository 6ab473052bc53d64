import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { ConnectionPool } from '../../../src/adapter/postgres/pool/connection-pool.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let pool: ConnectionPool

beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())
beforeEach(() => {
  pool = new ConnectionPool({
    settings: test.connection,
    outage: 'TENANT_UNAVAILABLE',
    limits: { connections: 1, perDatabase: 1, waiting: 1 },
    times: { connect: 2000, wait: 200, statement: 1000, query: 1500, idle: 60_000 },
  })
})
afterEach(() => pool.close())

describe('what a pool says of itself', () => {
  it('is how many connections it has and how many of them nobody uses', async () => {
    expect(pool.state).toEqual({ open: 0, idle: 0, waiting: 0, waits: 0, refusals: 0 })
    const connection = await pool.acquire(test.masterDatabase)
    expect(pool.state).toMatchObject({ open: 1, idle: 0 })
    connection.release()
    expect(pool.state).toMatchObject({ open: 1, idle: 1 })
  })

  it('is who waits, who had to, and who got nothing: at once, or after a wait', async () => {
    const connection = await pool.acquire(test.masterDatabase)
    const waits = pool.acquire(test.masterDatabase)
    expect(pool.state).toMatchObject({ waiting: 1, waits: 1, refusals: 0 })
    await expect(pool.acquire(test.masterDatabase)).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    expect(pool.state).toMatchObject({ waiting: 1, waits: 1, refusals: 1 })
    await expect(waits).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    expect(pool.state).toMatchObject({ waiting: 0, waits: 1, refusals: 2 })
    connection.release()
  })
})
