import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { endTenantCredentials } from '../../../src/app/services/end-tenant-credentials.js'
import { leastPolicy } from '../../../src/adapter/vault/least-policy.js'
import { readSettings, type Settings } from '../../../src/app/settings/settings.js'
import type { CredentialStore } from '../../../src/core/credential/credential-store.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { RotationBench } from '../../support/rotation-bench.js'
import { VaultSite } from '../../support/vault/vault-site.js'

let test: TestPostgres
let site: VaultSite
let vault: CredentialStore
let bench: RotationBench
let count = 0

beforeAll(async () => {
  test = await openTestPostgres()
  site = await VaultSite.open()
  vault = (await site.enter()).credentials
})
afterAll(async () => {
  await site?.close()
  await test?.close()
})
beforeEach(async () => {
  count += 1
  bench = await RotationBench.open(test, `tenant-${count}`, vault)
  await bench.close()
})

const settings = async (changes: NodeJS.ProcessEnv = {}): Promise<Settings> => {
  const secretId = await site.administrator.newSecretId('approle', 'authsec')
  const login = { AUTHSEC_VAULT_ROLE_ID: site.roleId, AUTHSEC_VAULT_SECRET_ID: secretId.reveal() }
  return readSettings({ AUTHSEC_VAULT_ADDR: site.vault.origin, ...login, ...changes }, {}, undefined)
}

const end = async (changes: NodeJS.ProcessEnv = {}, remove = () => Promise.resolve()): Promise<readonly string[]> => {
  const { postgres } = test
  const tenant = await postgres.tenantDirectory.find(bench.tenant.slug)
  if (tenant === undefined) throw new TypeError('there is no tenant')
  return endTenantCredentials({ settings: await settings(changes), postgres, tenant }, remove)
}

describe('the credentials of a tenant that is deleted', () => {
  it('are destroyed', async () => {
    await bench.provide()
    await end()
    expect(await vault.list(bench.tenant)).toEqual([])
    expect(await bench.read(1)).toBeUndefined()
  })

  it('are destroyed as well where they were written while it was deleted, or it says that they are still there', async () => {
    const place = { tenant: bench.tenant, service: randomUUID(), account: randomUUID() }
    const late = async (): Promise<void> =>
      void (await vault.write(place, { access_token: 'x' }, await vault.newest(place)))
    expect(await end({}, late)).toEqual([])
    expect(await vault.list(bench.tenant)).toEqual([])
    const left = await end({}, async () => {
      await late()
      site.vault.faultPath = /metadata/
      site.vault.fault = { kind: 'status', status: 500 }
    }).finally(() => (site.vault.fault = undefined))
    expect(left).toEqual([expect.stringContaining(`may still be in HashiCorp Vault below tenants/${bench.tenant.id}`)])
    const failure = new RangeError('the database does not answer')
    await expect(end({}, () => Promise.reject(failure))).rejects.toBe(failure)
  })

  it('that are not where this command looks do not count as destroyed: it says which settings to look at', async () => {
    await site.administrator.mountKv('other')
    await site.administrator.writePolicy('authsec', `${leastPolicy('secret')}${leastPolicy('other')}`)
    await end({ AUTHSEC_VAULT_MOUNT: 'other' })
    const token = await bench.provide()
    await expect(end({ AUTHSEC_VAULT_MOUNT: 'other' })).rejects.toThrow(
      /suspended and not deleted.*none of the credentials.*AUTHSEC_VAULT_MOUNT.*--leave-credentials/,
    )
    expect(await bench.used()).toEqual({ version: 1, token })
    site.vault.fault = { kind: 'status', status: 404, text: '<html>Not found' }
    site.vault.faultPath = /metadata/
    await expect(end().finally(() => (site.vault.fault = undefined))).rejects.toThrow(/still in HashiCorp Vault/)
    expect(await bench.used()).toEqual({ version: 1, token })
  })
})
