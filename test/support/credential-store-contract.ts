import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  CredentialConflict,
  type CredentialPlace,
  type CredentialStore,
} from '../../src/core/credential/credential-store.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { hostileNames } from './hostile-names.js'

/** A store, and what it needs to know before something is kept in it. */
export interface ContractedStore {
  readonly store: CredentialStore
  /** A tenant that has nothing yet. */
  tenant(): Promise<Tenant>
  /** A service of that tenant, by its UUID. */
  service(tenant: Tenant): Promise<string>
  /** An account of that tenant, by its UUID. */
  account(tenant: Tenant): Promise<string>
  close(): Promise<void>
}

interface Bench {
  readonly store: CredentialStore
  readonly site: ContractedStore
  /** Where nothing has been kept yet. */
  readonly place: () => Promise<CredentialPlace>
}

/** What every store of credentials does, whatever it keeps them in. Declares its tests where it is called. */
export function credentialStoreContract(open: () => Promise<ContractedStore>): void {
  describe('a store of credentials', () => {
    let opened: ContractedStore | undefined
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened?.close())

    const bench = (): Bench => {
      if (opened === undefined) throw new TypeError('the store is not open')
      const site = opened
      const place = async (): Promise<CredentialPlace> => {
        const tenant = await site.tenant()
        return { tenant, service: await site.service(tenant), account: undefined }
      }
      return { store: site.store, site, place }
    }
    versions(bench)
    writers(bench)
    places(bench)
    ends(bench)
    contents(bench)
  })
}

function versions(bench: () => Bench): void {
  it('has nothing where nothing was written', async () => {
    const { store, place } = bench()
    const empty = await place()
    expect(await store.read(empty)).toBeUndefined()
    expect(await store.read(empty, 1)).toBeUndefined()
    expect(await store.newest(empty)).toBe(0)
    expect(await store.list(empty.tenant)).toEqual([])
  })

  it('numbers versions from 1 and reads each of them, the newest by default', async () => {
    const { store, place } = bench()
    const used = await place()
    expect(await store.write(used, { token: 'first' }, 0)).toBe(1)
    expect(await store.write(used, { token: 'second' }, 1)).toBe(2)
    expect(await store.newest(used)).toBe(2)
    expect(await store.read(used)).toMatchObject({ version: 2, members: { token: 'second' } })
    expect(await store.read(used, 1)).toMatchObject({ version: 1, members: { token: 'first' } })
    expect(await store.read(used, 3)).toBeUndefined()
  })

  it('says when each version was written, in seconds', async () => {
    const { store, place } = bench()
    const used = await place()
    await store.write(used, { token: 'first' }, 0)
    await store.write(used, { token: 'second' }, 1)
    const [first, second] = [await store.read(used, 1), await store.read(used, 2)]
    expect(Number.isInteger(first?.writtenAt)).toBe(true)
    expect(first?.writtenAt).toBeGreaterThan(1_500_000_000)
    expect(second?.writtenAt).toBeGreaterThanOrEqual(first?.writtenAt ?? Infinity)
  })

  it('replaces all members with a new version', async () => {
    const { store, place } = bench()
    const used = await place()
    await store.write(used, { username: 'ada', password: 'old' }, 0)
    await store.write(used, { token: 'new' }, 1)
    expect((await store.read(used))?.members).toEqual({ token: 'new' })
  })
}

function writers(bench: () => Bench): void {
  it('refuses a writer who has not seen the newest version', async () => {
    const { store, place } = bench()
    const used = await place()
    await store.write(used, { token: 'first' }, 0)
    for (const after of [0, 2, 7]) {
      await expect(store.write(used, { token: 'late' }, after)).rejects.toBeInstanceOf(CredentialConflict)
    }
    expect(await store.read(used)).toMatchObject({ version: 1, members: { token: 'first' } })
  })

  it('lets one of 20 writers at the same time win, for each version', async () => {
    const { store, place } = bench()
    const used = await place()
    for (let after = 0; after < 5; after += 1) {
      const tokens = Array.from({ length: 20 }, (_, index) => `${after}-${index}`)
      const outcomes = await Promise.allSettled(tokens.map((token) => store.write(used, { token }, after)))
      const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
      expect(won).toEqual([after + 1])
      expect(lost.every((reason) => reason instanceof CredentialConflict)).toBe(true)
      const winner = tokens[outcomes.findIndex(({ status }) => status === 'fulfilled')]
      expect(await store.read(used)).toMatchObject({ version: after + 1, members: { token: winner } })
    }
  })
}

function places(bench: () => Bench): void {
  it('keeps tenants, services and accounts apart', async () => {
    const { store, site } = bench()
    const kept: CredentialPlace[] = []
    for (const tenant of [await site.tenant(), await site.tenant()]) {
      const accounts = [undefined, await site.account(tenant), await site.account(tenant)]
      for (const service of [await site.service(tenant), await site.service(tenant)]) {
        kept.push(...accounts.map((account) => ({ tenant, service, account })))
      }
    }
    for (const [index, place] of kept.entries()) expect(await store.write(place, { token: String(index) }, 0)).toBe(1)
    for (const [index, place] of kept.entries()) {
      expect(await store.read(place)).toMatchObject({ version: 1, members: { token: String(index) } })
    }
    for (const { tenant } of kept) {
      const own = kept.filter((place) => place.tenant.id === tenant.id)
      expect(keysOf(await store.list(tenant))).toEqual(keysOf(own))
    }
  })

  it('finds nothing of a tenant by the services and accounts of another', async () => {
    const { store, site, place } = bench()
    const victim = await place()
    const account = await site.account(victim.tenant)
    await store.write(victim, { token: 'shared' }, 0)
    await store.write({ ...victim, account }, { token: 'own' }, 0)
    const tenant = await site.tenant()
    for (const crossed of [victim.service, account, victim.tenant.id]) {
      expect(await store.read({ tenant, service: crossed, account: undefined })).toBeUndefined()
      expect(await store.read({ tenant, service: crossed, account })).toBeUndefined()
    }
    expect(await store.list(tenant)).toEqual([])
  })

  it('reaches nobody else by any of 100 hostile names', async () => {
    const { store, place } = bench()
    const [victim, attacker] = [await place(), await place()]
    await store.write(victim, { token: 'of the victim' }, 0)
    await store.write(attacker, { token: 'of the attacker' }, 0)
    const names = hostileNames({ tenant: victim.tenant.id, service: victim.service, own: attacker.service })
    expect(names.length).toBeGreaterThanOrEqual(100)
    for (const name of names) {
      for (const hostile of hostilePlaces(attacker, name)) await attack(store, hostile)
    }
    expect(await store.newest(victim)).toBe(1)
    expect(await store.read(victim)).toMatchObject({ version: 1, members: { token: 'of the victim' } })
    expect(await store.read(attacker)).toMatchObject({ version: 1, members: { token: 'of the attacker' } })
    expect(keysOf(await store.list(victim.tenant))).toEqual(keysOf([victim]))
  })
}

function hostilePlaces(attacker: CredentialPlace, name: string): readonly CredentialPlace[] {
  return [
    { ...attacker, service: name },
    { ...attacker, account: name },
    { ...attacker, tenant: { ...attacker.tenant, id: name } },
  ]
}

/** Each of it may be refused; what is not must come to nothing for anybody else. */
async function attack(store: CredentialStore, place: CredentialPlace): Promise<void> {
  const found = await store.read(place).catch(() => undefined)
  expect(found?.members['token']).not.toBe('of the victim')
  const listed = await store.list(place.tenant).catch(() => [])
  expect(listed.every(({ tenant }) => tenant.id === place.tenant.id)).toBe(true)
  for (const after of [0, 1]) await store.write(place, { token: 'overwritten' }, after).catch(() => undefined)
  await store.delete(place, 1).catch(() => undefined)
  await store.destroy(place).catch(() => undefined)
}

function ends(bench: () => Bench): void {
  it('makes a deleted version unreadable, and leaves its number taken', async () => {
    const { store, place } = bench()
    const used = await place()
    await store.write(used, { token: 'first' }, 0)
    await store.write(used, { token: 'second' }, 1)
    await store.delete(used, 1)
    expect(await store.read(used, 1)).toBeUndefined()
    expect(await store.read(used)).toMatchObject({ version: 2 })
    await store.delete(used, 2)
    expect(await store.read(used)).toBeUndefined()
    expect(await store.read(used, 2)).toBeUndefined()
    expect(await store.newest(used)).toBe(2)
    await expect(store.write(used, { token: 'again' }, 0)).rejects.toBeInstanceOf(CredentialConflict)
    expect(await store.write(used, { token: 'third' }, 2)).toBe(3)
    expect(await store.read(used)).toMatchObject({ version: 3, members: { token: 'third' } })
  })

  it('has nothing against deleting and destroying what is not there', async () => {
    const { store, place } = bench()
    const used = await place()
    await store.delete(used, 1)
    await store.destroy(used)
    await store.write(used, { token: 'first' }, 0)
    await store.delete(used, 5)
    await store.delete(used, 1)
    await store.delete(used, 1)
    expect(await store.read(used)).toBeUndefined()
  })

  it('leaves nothing of what is destroyed, and begins anew', async () => {
    const { store, place } = bench()
    const used = await place()
    await store.write(used, { token: 'first' }, 0)
    await store.write(used, { token: 'second' }, 1)
    await store.destroy(used)
    expect(await store.newest(used)).toBe(0)
    for (const version of [undefined, 1, 2]) expect(await store.read(used, version)).toBeUndefined()
    expect(await store.list(used.tenant)).toEqual([])
    expect(await store.write(used, { token: 'anew' }, 0)).toBe(1)
  })

  it('destroys what is shared without what is of accounts, and the other way round', async () => {
    const { store, site, place } = bench()
    const shared = await place()
    const [first, second] = [await site.account(shared.tenant), await site.account(shared.tenant)]
    for (const account of [undefined, first, second]) await store.write({ ...shared, account }, { token: 'kept' }, 0)
    await store.destroy(shared)
    expect(await store.read(shared)).toBeUndefined()
    expect(await store.read({ ...shared, account: first })).toMatchObject({ version: 1 })
    await store.write(shared, { token: 'kept' }, 0)
    await store.destroy({ ...shared, account: first })
    expect(keysOf(await store.list(shared.tenant))).toEqual(keysOf([shared, { ...shared, account: second }]))
  })
}

function contents(bench: () => Bench): void {
  it.each([
    ['nothing', {}],
    ['an empty text', { token: '' }],
    ['control characters and quotes', { token: '\r\n\t\u0001"\'\\`${x}<!--' }],
    ['letters of every kind', { пароль: 'čšž 密码 🔑 e\u0301 \u202e\u200b', token: 'İıſ' }],
    [
      'names that mean something to JavaScript',
      JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as object,
    ],
    ['names that mean something to a store', { data: 'a', options: 'b', cas: '0', metadata: 'c', version: '9' }],
    ['64 KiB', { token: '\u00fc'.repeat(32 * 1024) }],
    ['50 members', Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`member${index}`, `${index}`]))],
  ])('gives back exactly what was written: %s', async (_name, written) => {
    const { store, place } = bench()
    const used = await place()
    const members = Object.fromEntries(Object.entries(written).map(([name, text]) => [name, String(text)]))
    await store.write(used, members, 0)
    expect(Object.entries((await store.read(used))?.members ?? {}).toSorted()).toEqual(
      Object.entries(members).toSorted(),
    )
  })
}

function keysOf(found: readonly CredentialPlace[]): readonly string[] {
  return found.map(({ tenant, service, account = '' }) => `${tenant.id} ${service} ${account}`).toSorted()
}
