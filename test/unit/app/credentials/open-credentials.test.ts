import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { LocalVault } from '../../../../src/adapter/postgres/credential/local-vault.js'
import {
  beginFileRotation,
  endFileRotation,
  localVaultKeyFile,
  localVaultKeys,
} from '../../../../src/app/credentials/local-vault-keys.js'
import { openCredentials } from '../../../../src/app/credentials/open-credentials.js'
import { readSettings } from '../../../../src/app/settings/settings.js'
import { MasterKey } from '../../../../src/core/credential/master-key.js'
import { Secret } from '../../../../src/core/credential/secret.js'
import type { CredentialStore } from '../../../../src/core/credential/credential-store.js'

const log = { write: () => undefined }
const database = 'postgres://a:b@127.0.0.1/x'
const address = 'https://vault.example.com:8200'
const appRole = { AUTHSEC_VAULT_ROLE_ID: 'role', AUTHSEC_VAULT_SECRET_ID: 'secret-id' }
const refused = { code: 'ERR_CONFIG_ENVIRONMENT' }
const local: CredentialStore = Object.create(null)
const vault: CredentialStore = Object.create(null)

const homes: string[] = []
let home = ''
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'authsec-keys-'))
  homes.push(home)
})
afterAll(async () => {
  for (const folder of homes) await rm(folder, { recursive: true })
})

const settings = (env: NodeJS.ProcessEnv = {}) => readSettings({ AUTHSEC_HOME: home, ...env }, {}, undefined)
const opened = async (env: NodeJS.ProcessEnv = {}) => {
  const localVault: Pick<LocalVault, 'open'> = { open: () => local }
  const postgres = { localVault } as { readonly localVault: LocalVault }
  const openVault = async () => ({ credentials: vault, engine: Object.create(null), close: async () => undefined })
  const { store } = await openCredentials({ settings: settings(env), postgres, log, openVault })
  return store === vault ? 'Vault' : 'local'
}

describe('the store of credentials', () => {
  it('is the local one in development, and Vault wherever that is named', async () => {
    expect(await opened()).toBe('local')
    expect(await opened({ AUTHSEC_LOCAL_VAULT_KEY: MasterKey.generate().reveal() })).toBe('local')
    for (const env of [{}, { AUTHSEC_ENV: 'production' }, { AUTHSEC_DATABASE_URL: database }])
      expect(await opened({ AUTHSEC_VAULT_ADDR: address, ...appRole, ...env })).toBe('Vault')
  })

  it('is none in production without Vault, whatever the local key, and says what to do', async () => {
    const key = { AUTHSEC_LOCAL_VAULT_KEY: MasterKey.generate().reveal() }
    for (const env of [{ AUTHSEC_ENV: 'production' }, { NODE_ENV: 'production' }, { AUTHSEC_DATABASE_URL: database }]) {
      const reason = { ...refused, message: expect.stringContaining('AUTHSEC_VAULT_ADDR') }
      for (const more of [{}, key]) await expect(opened({ ...env, ...more })).rejects.toMatchObject(reason)
    }
  })

  it('is never the local one where Vault was meant', async () => {
    const named = settings({ AUTHSEC_VAULT_ADDR: address, ...appRole })
    const postgres = { localVault: { open: () => local } as unknown as LocalVault }
    const openVault = (): Promise<never> => Promise.reject(new TypeError('Vault does not want us'))
    await expect(openCredentials({ settings: named, postgres, log, openVault })).rejects.toThrow('does not want us')
    for (const [name, value] of Object.entries({ ...appRole, AUTHSEC_VAULT_TOKEN: 'x', AUTHSEC_VAULT_MOUNT: 'kv' })) {
      const message = expect.stringContaining(`${name} is set, but not AUTHSEC_VAULT_ADDR`)
      expect(() => settings({ [name]: value })).toThrow(expect.objectContaining({ ...refused, message }))
    }
  })

  it.each([
    [{}, 'one way to log in'],
    [{ ...appRole, AUTHSEC_VAULT_TOKEN: 'x' }, 'one way to log in'],
    [{ AUTHSEC_VAULT_KUBERNETES_ROLE: 'x', AUTHSEC_VAULT_TOKEN: 'y' }, 'one way to log in'],
    [{ AUTHSEC_VAULT_ROLE_ID: 'x' }, 'AppRole needs'],
    [{ AUTHSEC_VAULT_SECRET_ID: 'x' }, 'AppRole needs'],
    [{ ...appRole, AUTHSEC_VAULT_WRAPPED_SECRET_ID: 'x' }, 'AppRole needs'],
    [{ AUTHSEC_VAULT_ROLE_ID: 'x', AUTHSEC_VAULT_WRAPPED_SECRET_ID: 'x' }, 'AUTHSEC_VAULT_ROLE:'],
  ])('is not Vault with %j', (env, reason) => {
    const message = expect.stringContaining(reason)
    const named = { AUTHSEC_VAULT_ADDR: address, ...env }
    expect(() => settings(named)).toThrow(expect.objectContaining({ ...refused, message }))
  })

  it('makes credentials of the roles that are allowed to the tenant by slug or UUID, and of no other', () => {
    const [acme, other] = [
      { id: '0d9c3f9e-4f0a-4e3e-9d3c-0a8a5a0e6f11', slug: 'acme', name: 'Acme' },
      { id: '7f0a4e3e-9d3c-4a8a-8a0e-6f110d9c3f9e', slug: '0d9c3f9e-4f0a-4e3e-9d3c-0a8a5a0e6f11', name: 'Poser' },
    ]
    const allowed = `acme=database/creds/a,${acme.id}=database/static-creds/b\n`
    const named = { AUTHSEC_VAULT_ADDR: address, ...appRole }
    const roles = settings({ ...named, AUTHSEC_VAULT_ENGINE_ROLES: allowed }).vault?.roles
    for (const path of ['database/creds/a', 'database/static-creds/b']) {
      expect(roles?.allows(acme, path)).toBe(true)
      expect(roles?.allows(other, path)).toBe(false)
      expect(settings(named).vault?.roles.allows(acme, path)).toBe(false)
    }
    expect(roles?.allows(acme, 'database/creds/ab')).toBe(false)
    for (const wrong of [
      'acme',
      '=database/creds/a',
      'acme=database/roles/a',
      'acme=secret/data/creds/a',
      'a=b/creds/c=d',
    ]) {
      const message = expect.stringContaining(JSON.stringify(wrong))
      const read = () => settings({ ...named, AUTHSEC_VAULT_ENGINE_ROLES: wrong })
      expect(read).toThrow(expect.objectContaining({ ...refused, message }))
    }
  })

  it('is reached as the settings say, and nothing prints what they hold', () => {
    const { vault: read } = settings({ AUTHSEC_VAULT_ADDR: address, ...appRole, AUTHSEC_VAULT_NAMESPACE: 'team' })
    expect(read).toMatchObject({ address, namespace: 'team', ca: undefined, mount: undefined })
    expect(read?.login).toMatchObject({
      method: 'approle',
      roleId: 'role',
      wrapping: { kind: 'plain' },
      secretId: expect.any(Secret),
    })
    expect(JSON.stringify(read)).not.toContain('secret-id')
    const wrapped = { AUTHSEC_VAULT_ROLE_ID: 'id', AUTHSEC_VAULT_WRAPPED_SECRET_ID: 'x', AUTHSEC_VAULT_ROLE: 'web' }
    expect(settings({ AUTHSEC_VAULT_ADDR: address, ...wrapped }).vault?.login).toMatchObject({
      wrapping: { kind: 'wrapped', role: 'web' },
    })
    const pod = settings({ AUTHSEC_VAULT_ADDR: address, AUTHSEC_VAULT_KUBERNETES_ROLE: 'web' })
    expect(pod.vault?.login).toEqual({ method: 'kubernetes', role: 'web' })
  })
})

describe('the local key', () => {
  const fromFile = () => localVaultKeys({ home, localVaultKey: undefined })

  it('is made once, where something is sealed, for its owner only', async () => {
    expect(await fromFile()('to open')).toEqual([])
    const made = await Promise.all(Array.from({ length: 5 }, () => fromFile()('to seal')))
    expect(new Set(made.map(([key]) => key?.fingerprint)).size).toBe(1)
    expect((await stat(localVaultKeyFile(home))).mode & 0o777).toBe(0o600)
    expect((await fromFile()('to open')).map(({ fingerprint }) => fingerprint)).toEqual([made[0]?.[0]?.fingerprint])
  })

  it('is that of the environment where there is one, and no file is made then', async () => {
    const [now, before] = [MasterKey.generate(), MasterKey.generate()]
    const keys = localVaultKeys({ home, localVaultKey: `${now.reveal()} ${before.reveal()}` })
    expect((await keys('to seal')).map(({ fingerprint }) => fingerprint)).toEqual([now.fingerprint, before.fingerprint])
    await expect(stat(localVaultKeyFile(home))).rejects.toThrow('ENOENT')
    for (const localVaultKey of ['', 'a sentence that is long enough for a key of ours', `${now.reveal()} x`])
      expect(() => localVaultKeys({ home, localVaultKey })).toThrow(expect.objectContaining(refused))
  })

  it('that no file holds is not put in its place by another one', async () => {
    await writeFile(localVaultKeyFile(home), 'nonsense')
    for (const need of ['to open', 'to seal'] as const) await expect(fromFile()(need)).rejects.toMatchObject(refused)
    await expect(beginFileRotation(home)).rejects.toMatchObject(refused)
    expect(await readFile(localVaultKeyFile(home), 'utf8')).toBe('nonsense')
  })

  it('stands behind a new one until its rotation ends, and a rotation that was cut off goes on', async () => {
    expect(await beginFileRotation(home)).toBeUndefined()
    const [old] = await fromFile()('to seal')
    const begun = await beginFileRotation(home)
    expect(begun?.map(({ fingerprint }) => fingerprint)).toEqual([expect.any(String), old?.fingerprint])
    expect((await fromFile()('to open')).map(({ fingerprint }) => fingerprint)).toEqual(
      begun?.map(({ fingerprint }) => fingerprint),
    )
    const again = await beginFileRotation(home)
    expect(again?.map(({ fingerprint }) => fingerprint)).toEqual(begun?.map(({ fingerprint }) => fingerprint))
    const [current] = again ?? []
    if (current !== undefined) await endFileRotation(home, current)
    expect((await fromFile()('to open')).map(({ fingerprint }) => fingerprint)).toEqual([current?.fingerprint])
  })
})
