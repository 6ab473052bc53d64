import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { IssuerRecord } from '../../../src/core/identity/issuer-storage.js'
import { holdRows } from '../../support/hold-rows.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

let test: TestPostgres
beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

const code: IssuerRecord = {
  model: 'AuthorizationCode',
  key: 'code',
  payload: Buffer.from([0, 1, 2, 255]),
  expiresIn: 60,
  grant: undefined,
  uid: undefined,
  userCode: undefined,
}

/** So many wait for a row. */
const waiting = (count: number): Promise<void> =>
  until(async () => {
    const query = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    return (await test.sql(query)).length === count
  })

describe('a record', () => {
  it('is found with its bytes by key, uid and user code, in its own model only', async () => {
    const { issuerStorage } = test.postgres
    await issuerStorage.upsert({ ...code, key: 'k1', uid: 'u1', userCode: 'c1' })
    const stored = { payload: Buffer.from([0, 1, 2, 255]), consumedAt: undefined }
    expect(await issuerStorage.find('AuthorizationCode', 'k1')).toEqual(stored)
    expect(await issuerStorage.findByUid('AuthorizationCode', 'u1')).toEqual(stored)
    expect(await issuerStorage.findByUserCode('AuthorizationCode', 'c1')).toEqual(stored)
    expect(await issuerStorage.find('RefreshToken', 'k1')).toBeUndefined()
    expect(await issuerStorage.findByUid('Session', 'u1')).toBeUndefined()
    expect(await issuerStorage.find('AuthorizationCode', 'u1')).toBeUndefined()
    expect(await issuerStorage.find('AuthorizationCode', 'k1\0')).toBeUndefined()
  })

  it('is replaced by a later one of its key, and gone when destroyed', async () => {
    const { issuerStorage } = test.postgres
    await issuerStorage.upsert({ ...code, key: 'k2' })
    await issuerStorage.upsert({ ...code, key: 'k2', payload: Buffer.from('later') })
    expect((await issuerStorage.find(code.model, 'k2'))?.payload).toEqual(Buffer.from('later'))
    await issuerStorage.destroy(code.model, 'k2')
    expect(await issuerStorage.find(code.model, 'k2')).toBeUndefined()
  })

  it('takes the place of others where all of them stand, and is not written where one does not', async () => {
    const { issuerStorage } = test.postgres
    const find = async (key: string) => (await issuerStorage.find(code.model, key))?.payload.toString()
    const named = (...keys: readonly string[]) => keys.map((key) => ({ model: code.model, key }))
    for (const key of ['r1', 'r2', 'r3']) await issuerStorage.upsert({ ...code, key })
    const later = { ...code, payload: Buffer.from('later') }
    expect(await issuerStorage.replace({ ...later, key: 'r1' }, named('r1'))).toBe(true)
    expect(await find('r1')).toBe('later')
    expect(await issuerStorage.replace({ ...later, key: 'r4', uid: 'u-r4' }, named('r1', 'r2'))).toBe(true)
    expect([await find('r1'), await find('r2'), await find('r4')]).toEqual([undefined, undefined, 'later'])
    expect((await issuerStorage.findByUid(code.model, 'u-r4'))?.payload).toEqual(Buffer.from('later'))
    expect(await issuerStorage.replace({ ...code, key: 'r1' }, named('r1'))).toBe(false)
    expect(await issuerStorage.replace({ ...code, key: 'r5' }, named('r3', 'r2'))).toBe(false)
    expect(await issuerStorage.replace({ ...code, key: 'r4' }, named('r4', 'r2'))).toBe(false)
    expect([await find('r1'), await find('r5'), await find('r4')]).toEqual([undefined, undefined, 'later'])
    await issuerStorage.upsert({ ...code, key: 'r6', expiresIn: 0 })
    expect(await issuerStorage.replace({ ...code, key: 'r6' }, named('r6'))).toBe(false)
    expect(await issuerStorage.replace({ ...code, key: 'r7' }, named('r6'))).toBe(false)
  })

  it.each([
    ['in its own place', 'w1'],
    ['under another key', 'w2'],
  ])('is not written %s where what it takes the place of ends at that moment', async (_title, key) => {
    const { issuerStorage } = test.postgres
    const other = (await test.reopen()).issuerStorage
    await issuerStorage.upsert({ ...code, key: 'w1' })
    const held = await holdRows(
      test.connection,
      test.masterDatabase,
      "select from issuer_record where key = 'w1' for update",
    )
    const ending = other.destroy(code.model, 'w1')
    await waiting(1)
    const writing = issuerStorage.replace({ ...code, key }, [{ model: code.model, key: 'w1' }])
    await waiting(2)
    await held.release()
    await ending
    expect(await writing).toBe(false)
    expect(await issuerStorage.find(code.model, key)).toBeUndefined()
  })

  it('is taken by one', async () => {
    const { issuerStorage } = test.postgres
    await issuerStorage.upsert({ ...code, key: 't1' })
    const taken = await Promise.all([1, 2, 3].map(() => issuerStorage.take(code.model, 't1')))
    expect(taken.filter((one) => one !== undefined).map(({ payload }) => payload)).toEqual([code.payload])
    expect(await issuerStorage.take(code.model, 't1\0')).toBeUndefined()
  })

  it('is used once: of ten parallel calls one gets true', async () => {
    const { issuerStorage } = test.postgres
    const other = (await test.reopen()).issuerStorage
    for (let round = 0; round < 10; round += 1) {
      const key = `once ${round}`
      await issuerStorage.upsert({ ...code, key })
      const calls = Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? other : issuerStorage).consume(code.model, key),
      )
      expect((await Promise.all(calls)).filter(Boolean)).toHaveLength(1)
    }
  })

  it('stays used when it is written again', async () => {
    const { issuerStorage } = test.postgres
    await issuerStorage.upsert({ ...code, key: 'k3' })
    expect(await issuerStorage.consume(code.model, 'k3')).toBe(true)
    await issuerStorage.upsert({ ...code, key: 'k3' })
    expect(await issuerStorage.consume(code.model, 'k3')).toBe(false)
    expect((await issuerStorage.find(code.model, 'k3'))?.consumedAt).toBeCloseTo(Date.now() / 1000, -1)
  })

  it('is neither found nor used once it has expired by the clock of the database, or when absent', async () => {
    const { issuerStorage } = test.postgres
    await issuerStorage.upsert({ ...code, key: 'k4', uid: 'u4', userCode: 'c4', expiresIn: 0 })
    expect(await issuerStorage.find(code.model, 'k4')).toBeUndefined()
    expect(await issuerStorage.findByUid(code.model, 'u4')).toBeUndefined()
    expect(await issuerStorage.findByUserCode(code.model, 'c4')).toBeUndefined()
    expect(await issuerStorage.consume(code.model, 'k4')).toBe(false)
    expect(await issuerStorage.consume(code.model, 'absent')).toBe(false)
  })

  it('goes with its grant', async () => {
    const { issuerStorage } = test.postgres
    await issuerStorage.upsert({ ...code, model: 'Grant', key: 'g1', expiresIn: undefined })
    await issuerStorage.upsert({ ...code, model: 'AccessToken', key: 'k5', grant: 'g1' })
    await issuerStorage.upsert({ ...code, model: 'RefreshToken', key: 'k5', grant: 'g1' })
    await issuerStorage.upsert({ ...code, model: 'RefreshToken', key: 'k6', grant: 'g2' })
    await issuerStorage.revokeGrant('g1')
    expect(await issuerStorage.find('Grant', 'g1')).toBeUndefined()
    expect(await issuerStorage.find('AccessToken', 'k5')).toBeUndefined()
    expect(await issuerStorage.find('RefreshToken', 'k5')).toBeUndefined()
    expect(await issuerStorage.find('RefreshToken', 'k6')).toBeDefined()
  })
})
