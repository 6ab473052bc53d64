import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { IssuerRecord } from '../../../src/core/identity/issuer-storage.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

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
