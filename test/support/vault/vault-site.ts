import { checkVault, type VaultCheck } from '../../../src/adapter/vault/check-vault.js'
import { leastPolicy } from '../../../src/adapter/vault/least-policy.js'
import { openVault, type OpenVault } from '../../../src/adapter/vault/open-vault.js'
import type { AppRoleLogin } from '../../../src/adapter/vault/token/vault-login.js'
import type { VaultOptions } from '../../../src/adapter/vault/vault-options.js'
import type { Secret } from '../../../src/core/credential/secret.js'
import { MemoryLog } from '../memory-ports.js'
import { FakeVault, type FakeVaultOptions } from './fake-vault.js'
import { ManualTimers } from './manual-timers.js'
import { VaultAdministrator, type TestRole } from './vault-administrator.js'

export interface VaultSiteOptions extends FakeVaultOptions {
  readonly role?: TestRole
  /** PEM, where the certificate is of that authority. */
  readonly ca?: string
}

export const mount = 'secret'
export const roleName = 'authsec'

/** The fake Vault, set up as an administrator sets it up for this server, and the ways in. Time stands still. */
export class VaultSite {
  readonly timers: ManualTimers
  readonly log = new MemoryLog()
  readonly vault: FakeVault
  readonly administrator: VaultAdministrator
  readonly roleId: string
  readonly #ca: string | undefined
  readonly #opened: OpenVault[] = []

  private constructor(parts: Pick<VaultSite, 'timers' | 'vault' | 'administrator' | 'roleId'>, ca: string | undefined) {
    this.timers = parts.timers
    this.vault = parts.vault
    this.administrator = parts.administrator
    this.roleId = parts.roleId
    this.#ca = ca
  }

  static async open({ ca, role = {}, ...options }: VaultSiteOptions = {}): Promise<VaultSite> {
    const timers = new ManualTimers()
    const vault = await FakeVault.start({ clock: timers, ...options })
    const administrator = new VaultAdministrator({ address: vault.origin, token: vault.rootToken, ca })
    await administrator.mountKv(mount)
    await administrator.ask('POST', 'sys/mounts/database', { type: 'database' })
    await administrator.writePolicy('authsec', `${leastPolicy(mount)}${enginePolicy}`)
    await administrator.enableLogin('approle', 'approle')
    const rules = { token_policies: ['authsec'], token_ttl: '1h', token_max_ttl: '24h', ...role }
    const roleId = await administrator.writeRole('approle', roleName, rules)
    return new VaultSite({ timers, vault, administrator, roleId }, ca)
  }

  /** AppRole, with a new secret id. */
  async login(secretId?: Secret): Promise<AppRoleLogin> {
    const given = secretId ?? (await this.administrator.newSecretId('approle', roleName))
    return { method: 'approle', roleId: this.roleId, secretId: given }
  }

  async options(changes: Partial<VaultOptions> = {}): Promise<VaultOptions> {
    return {
      ...{ address: this.vault.origin, log: this.log, clock: this.timers, timers: this.timers, plainHttp: 'loopback' },
      // A busy computer is not what is tested.
      milliseconds: 20_000,
      ...(this.#ca === undefined ? {} : { ca: [this.#ca] }),
      ...{ login: changes.login ?? (await this.login()) },
      ...changes,
    }
  }

  async enter(changes: Partial<VaultOptions> = {}): Promise<OpenVault> {
    const opened = await openVault(await this.options(changes))
    this.#opened.push(opened)
    return opened
  }

  async check(changes: Partial<VaultOptions> = {}): Promise<VaultCheck> {
    return await checkVault(await this.options(changes))
  }

  /** How many logins have come. */
  get logins(): number {
    return this.vault.count(/^POST auth\/\w+\/login$/)
  }

  async close(): Promise<void> {
    this.vault.fault = undefined
    this.vault.sealed = false
    for (const opened of this.#opened) await opened.close()
    await this.vault.close()
  }
}

const enginePolicy = `
path "database/creds/reports" { capabilities = ["read"] }
path "database/static-creds/reports" { capabilities = ["read"] }
path "database/rotate-role/reports" { capabilities = ["update"] }
path "sys/leases/renew" { capabilities = ["update"] }
path "sys/leases/revoke" { capabilities = ["update"] }
`
