import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { CredentialPlace } from '../../../src/core/credential/credential-store.js'
import type { OpenVault } from '../../../src/adapter/vault/open-vault.js'
import { hostileNames } from '../../support/hostile-names.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { VaultSite } from '../../support/vault/vault-site.js'

let site: VaultSite
let vault: OpenVault

beforeEach(async () => {
  site = await VaultSite.open()
  vault = await site.enter()
})

afterEach(async () => {
  await site.close()
})

describe('the paths of Vault that a name leads to (V1)', () => {
  it('are none for 100 hostile names of services, accounts and tenants', async () => {
    const [victim, own] = [newPlace(), newPlace()]
    const asked = site.vault.journal.length
    const names = hostileNames({ tenant: victim.tenant.id, service: victim.service, own: own.service })
    for (const name of names) {
      for (const place of [
        { ...own, service: name },
        { ...own, account: name },
        { ...own, tenant: { ...own.tenant, id: name } },
      ]) {
        await refuseAll(place)
      }
      await expect(vault.credentials.list({ ...own.tenant, id: name })).rejects.toBeInstanceOf(TypeError)
    }
    expect(names.length).toBeGreaterThanOrEqual(100)
    expect(site.vault.journal.slice(asked)).toEqual([])
  })

  it('are below the own tenant, service and account, byte for byte', async () => {
    const place = { ...newPlace(), account: '0d9c3f9e-4f0a-4e3e-9d3c-0a8a5a0e6f11' }
    const asked = site.vault.journal.length
    const { credentials } = vault
    await credentials.write(place, { token: 'x' }, 0)
    await credentials.read(place, 1)
    await credentials.newest(place)
    await credentials.delete(place, 1)
    await credentials.destroy(place)
    const at = `tenants/${place.tenant.id}/services/${place.service}/accounts/${place.account}`
    expect(site.vault.journal.slice(asked).map(({ method, path }) => `${method} ${path}`)).toEqual([
      ...['GET sys/internal/ui/mounts/secret', `POST secret/data/${at}`, `GET secret/data/${at}?version=1`],
      ...[`GET secret/metadata/${at}`, `POST secret/delete/${at}`, `DELETE secret/metadata/${at}`],
    ])
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('are none for version %p', async (version) => {
    const asked = site.vault.journal.length
    await expect(vault.credentials.read(newPlace(), version)).rejects.toBeInstanceOf(TypeError)
    await expect(vault.credentials.delete(newPlace(), version)).rejects.toBeInstanceOf(TypeError)
    expect(site.vault.journal.slice(asked)).toEqual([])
  })

  it.each([
    ...['secret/data/tenants/creds/x', 'secret/creds/x', 'sys/creds/x', 'auth/creds/x', 'identity/creds/x'],
    ...['cubbyhole/creds/x', 'database/creds/../../secret/data/x', 'database/creds/..', 'database/creds/%2e%2e'],
    ...['database/creds/x?list=true', 'database/creds/x#', '/database/creds/x', 'database//creds/x', 'creds/x', ''],
    ...['database/config/x', 'database/creds/x/', 'https://localhost/database/creds/x', 'database/creds/x y'],
  ])('are none for a role of an engine called %p', async (path) => {
    const asked = site.vault.journal.length
    const { engine } = vault
    const fixed = path.replace('creds', 'static-creds')
    await expect(engine.issue(path)).rejects.toBeInstanceOf(TypeError)
    await expect(engine.readStatic(fixed)).rejects.toBeInstanceOf(TypeError)
    await expect(engine.rotateStatic(fixed)).rejects.toBeInstanceOf(TypeError)
    expect(site.vault.journal.slice(asked)).toEqual([])
  })
})

async function refuseAll(place: CredentialPlace): Promise<void> {
  const { credentials } = vault
  await expect(credentials.read(place)).rejects.toBeInstanceOf(TypeError)
  await expect(credentials.write(place, { token: 'x' }, 0)).rejects.toBeInstanceOf(TypeError)
  await expect(credentials.newest(place)).rejects.toBeInstanceOf(TypeError)
  await expect(credentials.delete(place, 1)).rejects.toBeInstanceOf(TypeError)
  await expect(credentials.destroy(place)).rejects.toBeInstanceOf(TypeError)
}
