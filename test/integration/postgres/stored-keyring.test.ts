import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import type { SigningKey } from '../../../src/core/identity/signing-key-store.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const plain = Buffer.from('what is stored')
const signingKey: SigningKey = {
  kid: 'first',
  algorithm: 'ES256',
  publicJwk: { kty: 'EC', x: 'x' },
  privateJwk: { kty: 'EC', d: 'not really' },
}

let test: TestPostgres
let acme: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  await test.postgres.signingKeys.ensure(signingKey)
})
afterAll(() => test?.close())

/** As if the minute were over that processes are given to learn of a new key. */
async function activate(): Promise<void> {
  await test.sql(`update data_key set active_at = least(active_at, clock_timestamp())`)
}

describe('the keys of an installation', () => {
  it('are the same for all its processes', async () => {
    const other = (await test.reopen()).keys
    const sealed = test.postgres.keys.seal('purpose', plain, 'row')
    expect(other.open('purpose', sealed, 'row')).toEqual(plain)
    expect(other.digest('purpose', 'value')).toBe(test.postgres.keys.digest('purpose', 'value'))
  })

  it('open nothing for another purpose, in another row, or after one bit has changed', () => {
    const { keys } = test.postgres
    const sealed = Buffer.from(keys.seal('purpose', plain, 'row'))
    expect(() => keys.open('other', sealed, 'row')).toThrow()
    expect(() => keys.open('purpose', sealed, 'elsewhere')).toThrow()
    for (const index of [0, 1, 8, 9, sealed.length - 1]) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
      expect(() => keys.open('purpose', changed, 'row')).toThrow()
    }
  })

  it('are made once, however many processes start at once', async () => {
    await test.sql('delete from data_key')
    const keyrings = await Promise.all([1, 2, 3, 4].map(() => test.reopen()))
    expect(new Set(keyrings.map(({ keys }) => keys.digest('purpose', 'value'))).size).toBe(1)
    expect(await test.sql('select count(*)::int as keys from data_key')).toEqual([{ keys: 2 }])
  })

  it('are the master key itself where an older version has sealed with it', async () => {
    // What was there when this file began was sealed with keys that the test before has thrown away.
    const kept = test.masterKey.seal('signing key', Buffer.from(JSON.stringify(signingKey.privateJwk)), 'first')
    await test.sql(`update signing_key set sealed_private_jwk = $1`, [kept])
    await test.sql('delete from data_key')
    await test.sql('update tenant set login_role = null, sealed_password = null')
    const later = await test.reopen()
    expect(await later.signingKeys.list()).toEqual([signingKey])
    expect(later.keys.digest('purpose', 'value')).toBe(test.masterKey.digest('purpose', 'value'))
  })

  it('do not open with another master key, and the refusal names the variable and neither key', async () => {
    const stranger = MasterKey.generate()
    const refusal = test.reopen({ masterKey: stranger })
    await expect(refusal).rejects.toMatchObject({
      code: 'ERR_CONFIG_DATABASE',
      message: expect.stringContaining('AUTHSEC_MASTER_KEY'),
    })
    for (const key of [stranger, test.masterKey]) {
      await expect(refusal).rejects.not.toThrow(new RegExp(key.reveal()))
    }
  })

  it('are nowhere in the database as they are', async () => {
    const dump = JSON.stringify(
      await test.sql(`select encode(sealed, 'escape') as text, encode(sealed, 'hex') from data_key`),
    )
    expect(dump).not.toContain(test.masterKey.reveal())
    expect(dump).not.toContain(Buffer.from(test.masterKey.reveal(), 'base64url').toString('hex'))
  })
})

describe('a new master key', () => {
  it('opens everything after a rotation, alone; the one before opens nothing any more', async () => {
    const next = MasterKey.generate()
    const running = await test.reopen()
    const sealed = running.keys.seal('purpose', plain, 'row')
    const both = await test.reopen({ masterKey: next, earlierMasterKeys: [test.masterKey] })
    expect(await both.keyAdministration.rotate()).toMatchObject({ rewrapped: 2 })

    const after = await test.reopen({ masterKey: next })
    expect(after.keys.open('purpose', sealed, 'row')).toEqual(plain)
    expect(after.keys.digest('purpose', 'value')).toBe(running.keys.digest('purpose', 'value'))
    expect(await after.signingKeys.list()).toEqual([signingKey])
    await expect(test.reopen()).rejects.toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    // Who runs already goes on.
    expect(running.keys.open('purpose', running.keys.seal('purpose', plain, 'row'), 'row')).toEqual(plain)
    expect(await running.accounts.list(acme)).toEqual([])

    await activate()
    const back = await test.reopen({ masterKey: test.masterKey, earlierMasterKeys: [next] })
    await back.keyAdministration.rotate()
    await activate()
  })

  it('is refused where it comes without the one that it replaces, and then nothing has changed', async () => {
    const before = await test.sql('select id, sealed_by from data_key order by id')
    await expect(test.reopen({ masterKey: MasterKey.generate() })).rejects.toMatchObject({
      code: 'ERR_CONFIG_DATABASE',
    })
    expect(await test.sql('select id, sealed_by from data_key order by id')).toEqual(before)
  })
})

describe('a new data key', () => {
  it('seals nothing before every process has had time to learn of it, and then everything', async () => {
    const one = await test.reopen()
    const other = await test.reopen()
    const { added } = await one.keyAdministration.rotate()
    await one.keyAdministration.reseal()
    expect(idOf(one.keys.seal('purpose', plain, 'row'))).not.toBe(added)
    await activate()
    await one.keyAdministration.reseal()
    const sealed = one.keys.seal('purpose', plain, 'row')
    expect(idOf(sealed)).toBe(added)
    await other.keyAdministration.reseal()
    expect(other.keys.open('purpose', sealed, 'row')).toEqual(plain)
  })

  it('is not added twice in a minute', async () => {
    await test.postgres.keyAdministration.rotate()
    await expect(test.postgres.keyAdministration.rotate()).rejects.toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    await activate()
  })

  it('seals anew whatever the earlier ones have sealed, once, and all of it opens', async () => {
    const process = await test.reopen()
    const records = new SealedRecords(process.issuerStorage, process.keys)
    const ids = Array.from({ length: 3 }, () => randomUUID())
    for (const id of ids) await records.put({ model: 'Grant', id, payload: { id }, expiresIn: 600 })
    await process.keyAdministration.rotate()
    await activate()
    const columns = 1 + 1 + ids.length
    expect(await process.keyAdministration.reseal()).toBe(columns)
    expect(await process.keyAdministration.reseal()).toBe(0)

    // Without the earlier keys, as if they were lost.
    await test.sql(
      `delete from data_key where purpose = 'seal' and created_at < (select max(created_at) from data_key)`,
    )
    const later = await test.reopen()
    expect(await later.signingKeys.list()).toEqual([signingKey])
    expect(await later.accounts.list(acme)).toEqual([])
    const reread = new SealedRecords(later.issuerStorage, later.keys)
    for (const id of ids) expect(await reread.find('Grant', id)).toMatchObject({ payload: { id } })
  })

  it('is listed, newest first, with its state', async () => {
    await test.postgres.keyAdministration.rotate()
    const states = (await test.postgres.keyAdministration.list()).map(({ purpose, state }) => `${purpose} ${state}`)
    expect(states).toEqual(['seal awaited', 'seal current', 'digest current'])
    await activate()
  })
})

function idOf(sealed: Uint8Array): string {
  return Buffer.from(sealed).subarray(1, 9).toString('hex')
}
