import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { CredentialConflict, type CredentialPlace } from '../../../src/core/credential/credential-store.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const marker = 'a-secret-that-is-not-to-be-seen'
const unopened = { code: 'ERR_SECRETS_UNAVAILABLE', message: expect.stringContaining('cannot be opened') }

let test: TestPostgres
let acme: Tenant
let globex: Tenant
let keys: readonly MasterKey[]
let service: string
let account: string

beforeAll(async () => {
  test = await openTestPostgres()
  const { provisioner } = test.postgres
  acme = await provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await provisioner.createTenant({ slug: 'globex', name: 'Globex' })
})
beforeEach(async () => {
  keys = [MasterKey.generate()]
  service = randomUUID()
  account = randomUUID()
  for (const tenant of [acme, globex]) await test.tenantSql(tenant, 'delete from service_credential')
})
afterAll(() => test?.close())

const store = () => test.postgres.localVault.open(async () => keys)
const place = (changes: Partial<CredentialPlace> = {}): CredentialPlace => {
  return { tenant: acme, service, account: undefined, ...changes }
}
const secret = (text = marker) => ({ access_token: text })
/** Puts the row of one place into another, as whoever has the database could. */
const copy = async (from: CredentialPlace, to: CredentialPlace, version = 1) => {
  const columns = `encode(sealed, 'hex') as sealed, encode(sealed_key, 'hex') as key, sealed_by`
  const query = `select ${columns} from service_credential where service = $1 and account is not distinct from $2`
  const [row] = await test.tenantSql(from.tenant, query, [from.service, from.account ?? null])
  await test.tenantSql(
    to.tenant,
    `insert into service_credential (service, account, version, sealed, sealed_key, sealed_by)
     values ($1, $2, $3, decode($4, 'hex'), decode($5, 'hex'), $6)`,
    [to.service, to.account ?? null, version, row?.['sealed'], row?.['key'], row?.['sealed_by']],
  )
}

describe('the local store', () => {
  it('keeps every version until it is deleted, and counts on', async () => {
    expect(await store().newest(place())).toBe(0)
    expect(await store().read(place())).toBeUndefined()
    expect(await store().write(place(), secret('one'), 0)).toBe(1)
    expect(await store().write(place(), { username: 'bo', password: 'two' }, 1)).toBe(2)
    const newest = await store().read(place())
    expect(newest).toEqual({ version: 2, members: { username: 'bo', password: 'two' }, writtenAt: expect.any(Number) })
    expect(await store().read(place(), 1)).toMatchObject({ version: 1, members: secret('one') })
    await store().delete(place(), 2)
    expect(await store().read(place())).toBeUndefined()
    expect(await store().read(place(), 2)).toBeUndefined()
    expect(await store().newest(place())).toBe(2)
    expect(await store().write(place(), secret('three'), 2)).toBe(3)
    await store().destroy(place())
    expect(await store().newest(place())).toBe(0)
    expect(await store().list(acme)).toEqual([])
    for (const version of [0, -1, 1.5, Number.NaN, 2 ** 40])
      expect(await store().read(place(), version)).toBeUndefined()
  })

  it('lets one of those write who have seen the same version', async () => {
    const writing = Array.from({ length: 8 }, (_, at) => store().write(place(), secret(`${at}`), 0))
    const results = await Promise.allSettled(writing)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(CredentialConflict)
    for (const after of [0, 2, -1])
      await expect(store().write(place(), secret(), after)).rejects.toThrow(CredentialConflict)
    expect(await store().newest(place())).toBe(1)
  })

  it('has what is for everybody apart from what is for one account', async () => {
    await store().write(place(), secret('everybody'), 0)
    await store().write(place({ account }), secret('one account'), 0)
    await store().destroy(place())
    expect(await store().read(place())).toBeUndefined()
    expect(await store().read(place({ account }))).toMatchObject({ members: secret('one account') })
    expect(await store().list(acme)).toEqual([place({ account })])
    await store().delete(place({ account: randomUUID() }), 1)
    expect(await store().read(place({ account }))).toBeDefined()
  })

  it('shows no secret to whoever reads the database', async () => {
    await store().write(place(), secret(), 0)
    const rows = JSON.stringify(await test.tenantSql(acme, 'select t::text as text from service_credential t'))
    expect(rows).toContain(service)
    for (const form of [marker, Buffer.from(marker).toString('hex'), Buffer.from(marker).toString('base64')])
      expect(rows).not.toContain(form)
  })
})

describe('a credential of a tenant', () => {
  it('is nowhere in another tenant, whatever that calls its own', async () => {
    await store().write(place(), secret(), 0)
    await store().write(place({ account }), secret(), 0)
    const elsewhere = place({ tenant: globex })
    expect(await store().read(elsewhere)).toBeUndefined()
    expect(await store().read({ ...elsewhere, account })).toBeUndefined()
    expect(await store().newest(elsewhere)).toBe(0)
    expect(await store().list(globex)).toEqual([])
    await store().destroy(elsewhere)
    await store().delete(elsewhere, 1)
    expect(await store().read(place())).toBeDefined()
    await store().write(elsewhere, secret('theirs'), 0)
    expect(await store().read(place())).toMatchObject({ members: secret() })
    const lie = { ...globex, slug: acme.slug, name: acme.name }
    expect(await store().read(place({ tenant: lie }))).toMatchObject({ members: secret('theirs') })
  })

  it.each([
    (id: string) => `../${id}`,
    (id: string) => `${id}/../x`,
    (id: string) => id.toUpperCase(),
    (id: string) => `${id}\0`,
    () => `' or true --`,
    () => '',
  ])('is not had by a name that is no UUID (%#)', async (rename) => {
    await store().write(place(), secret(), 0)
    const odd = place({ service: rename(service) })
    for (const where of [odd, place({ account: rename(account) })]) {
      expect(await store().read(where)).toBeUndefined()
      expect(await store().newest(where)).toBe(0)
      await expect(store().write(where, secret('x'), 0)).rejects.toThrow(TypeError)
      await store().destroy(where)
    }
    expect(await store().read(place())).toMatchObject({ members: secret() })
  })

  it('cannot be opened in another tenant, with the same names and the same key', async () => {
    await store().write(place(), secret(), 0)
    await copy(place(), place({ tenant: globex }))
    await expect(store().read(place({ tenant: globex }))).rejects.toMatchObject(unopened)
    expect(await store().read(place())).toBeDefined()
  })

  it('cannot be opened as that of another service or account, or as another version', async () => {
    await store().write(place(), secret(), 0)
    const others = [place({ service: randomUUID() }), place({ account }), place({ service: randomUUID(), account })]
    for (const other of others) {
      await copy(place(), other)
      await expect(store().read(other)).rejects.toMatchObject(unopened)
    }
    await copy(place(), place(), 2)
    await expect(store().read(place())).rejects.toMatchObject(unopened)
    expect(await store().read(place(), 1)).toMatchObject({ members: secret() })
    await store().write(place({ account: randomUUID() }), secret('of one'), 0)
    expect(await store().list(acme)).toHaveLength(5)
  })

  it('cannot be put together from parts of two', async () => {
    await store().write(place(), secret('one'), 0)
    await store().write(place(), secret('two'), 1)
    await test.tenantSql(
      acme,
      'update service_credential t set sealed = o.sealed from service_credential o where t.version = 2 and o.version = 1',
    )
    await expect(store().read(place())).rejects.toMatchObject(unopened)
    await test.tenantSql(acme, `update service_credential set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)`)
    await expect(store().read(place(), 1)).rejects.toMatchObject(unopened)
  })
})

describe('the local key', () => {
  it('that is another one opens nothing, says so, and loses nothing', async () => {
    await store().write(place(), secret(), 0)
    const [right] = keys
    keys = [MasterKey.generate()]
    const refusal = { code: 'ERR_SECRETS_UNAVAILABLE', message: expect.stringContaining(right?.fingerprint ?? '?') }
    await expect(store().read(place())).rejects.toMatchObject(refusal)
    await expect(test.postgres.localVault.reseal(keys)).rejects.toMatchObject(refusal)
    keys = right === undefined ? [] : [right]
    expect(await store().read(place())).toMatchObject({ members: secret() })
  })

  it('is rotated in every tenant at once, over again where that was cut off, and opens nothing afterwards', async () => {
    const { localVault } = test.postgres
    const old = keys
    for (const tenant of [acme, globex]) await store().write(place({ tenant }), secret(tenant.slug), 0)
    await store().write(place(), secret('newer'), 1)
    await store().delete(place(), 1)
    const before = await test.tenantSql(acme, 'select sealed from service_credential where version = 2')
    keys = [MasterKey.generate(), ...old]
    await store().write(place({ account }), secret('between'), 0)
    expect(await localVault.reseal(keys)).toBe(2)
    expect(await localVault.reseal(keys)).toBe(0)
    expect(await test.tenantSql(acme, 'select sealed from service_credential where version = 2')).toEqual(before)
    keys = keys.slice(0, 1)
    expect(await store().read(place())).toMatchObject({ members: secret('newer') })
    expect(await store().read(place({ tenant: globex }))).toMatchObject({ members: secret('globex') })
    expect(await store().read(place({ account }))).toMatchObject({ members: secret('between') })
    keys = old
    await expect(store().read(place())).rejects.toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE' })
  })

  it('that was rotated while somebody read is read again', async () => {
    await store().write(place(), secret(), 0)
    const rotated = [MasterKey.generate()]
    let asked = 0
    const during = test.postgres.localVault.open(async () => {
      asked += 1
      if (asked > 1) return rotated
      await test.postgres.localVault.reseal([...rotated, ...keys])
      return rotated
    })
    expect(await during.read(place())).toMatchObject({ members: secret() })
  })

  it('waits in its rotation for whoever has begun to write with the one before', async () => {
    const fresh = MasterKey.generate()
    let rotation: Promise<number> | undefined
    const slow = test.postgres.localVault.open(async () => {
      rotation = test.postgres.localVault.reseal([fresh, ...keys])
      return keys
    })
    await slow.write(place(), secret(), 0)
    expect(await rotation).toBe(1)
    keys = [fresh]
    expect(await store().read(place())).toMatchObject({ members: secret() })
  })
})
