import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { SigningKey } from '../../../src/core/identity/signing-key-store.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

function newKey(kid: string): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, algorithm: 'ES256', publicJwk: toJwk(publicKey), privateJwk: toJwk(privateKey) }
}

function toJwk(key: KeyObject): SigningKey['publicJwk'] {
  return Object.fromEntries(Object.entries(key.export({ format: 'jwk' })).map(([name, value]) => [name, String(value)]))
}

describe('signing keys', () => {
  it('are one and the same for ten processes that start at once without any', async () => {
    expect(await test.postgres.signingKeys.list()).toEqual([])
    const keys = Array.from({ length: 10 }, (_, index) => newKey(`key ${index}`))
    const standing = await Promise.all(keys.map((key) => test.postgres.signingKeys.ensure(key)))
    const [first] = standing
    expect(first).toHaveLength(1)
    expect(keys).toContainEqual(first?.[0])
    for (const list of standing) expect(list).toEqual(first)
    expect(await test.postgres.signingKeys.list()).toEqual(first)
  })

  it('have no private part in any table', async () => {
    const [key] = await test.postgres.signingKeys.list()
    const secret = String(key?.privateJwk['d'])
    const tables = await test.sql(`select tablename from pg_tables where schemaname = 'public'`)
    expect(tables.length).toBeGreaterThan(5)
    for (const { tablename } of tables) {
      const dump = JSON.stringify(await test.sql(`select t::text as row from "${String(tablename)}" t`))
      for (const form of [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret, 'base64url').toString('hex'),
      ]) {
        expect(dump).not.toContain(form)
      }
      if (tablename === 'signing_key') expect(dump).toContain(key?.kid)
    }
  })

  it('do not open in the row of another key', async () => {
    await test.sql(`insert into signing_key (kid, algorithm, public_jwk, sealed_private_jwk)
      select 'moved', algorithm, public_jwk, sealed_private_jwk from signing_key`)
    await expect(test.postgres.signingKeys.list()).rejects.toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    await test.sql(`delete from signing_key where kid = 'moved'`)
  })
})
