import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { checkVault, type VaultCheck } from '../../../src/adapter/vault/check-vault.js'
import { leastPolicy } from '../../../src/adapter/vault/least-policy.js'
import { openVault, type OpenVault } from '../../../src/adapter/vault/open-vault.js'
import type { VaultOptions } from '../../../src/adapter/vault/vault-options.js'
import { MemoryLog } from '../memory-ports.js'
import { VaultAdministrator, type VaultAdministratorOptions } from './vault-administrator.js'

/** The server that the environment names, as the `vault` command reads it; `undefined` where it names none. */
export function namedVault(): VaultAdministratorOptions | undefined {
  const { VAULT_ADDR: address, VAULT_TOKEN: token, VAULT_NAMESPACE: namespace, VAULT_CACERT: file } = process.env
  if (address === undefined || token === undefined) return undefined
  return { address, token, namespace, ca: file === undefined ? undefined : readFileSync(file, 'utf8') }
}

const roleName = 'authsec'

/** A mount, a policy and a login of their own on a real server, all of which go again. */
export class RealVault {
  readonly administrator: VaultAdministrator
  readonly log = new MemoryLog()
  /** What all that is called there. */
  readonly name: string
  readonly #named: VaultAdministratorOptions
  readonly #roleId: string

  private constructor(named: VaultAdministratorOptions, administrator: VaultAdministrator, parts: RealVaultParts) {
    this.#named = named
    this.administrator = administrator
    this.name = parts.name
    this.#roleId = parts.roleId
  }

  static async setUp(named: VaultAdministratorOptions): Promise<RealVault> {
    const administrator = new VaultAdministrator(named)
    const name = `authsec-test-${randomBytes(6).toString('hex')}`
    await administrator.mountKv(name)
    await administrator.writePolicy(name, leastPolicy(name))
    await administrator.enableLogin(name, 'approle')
    const rules = { token_policies: [name], token_no_default_policy: true, token_ttl: '10m', token_max_ttl: '1h' }
    const roleId = await administrator.writeRole(name, roleName, rules)
    const vault = new RealVault(named, administrator, { name, roleId })
    await vault.#whenUpgraded()
    return vault
  }

  async options(): Promise<VaultOptions> {
    const { address, ca, namespace } = this.#named
    const secretId = await this.administrator.newWrappedSecretId(this.name, roleName)
    const login = { method: 'approle', mount: this.name, roleId: this.#roleId, secretId, wrappedFor: roleName } as const
    return {
      ...{ address, mount: this.name, login, log: this.log, plainHttp: 'loopback' },
      ...(ca === undefined ? {} : { ca: [ca] }),
      ...(namespace === undefined ? {} : { namespace }),
    }
  }

  async enter(): Promise<OpenVault> {
    return await openVault(await this.options())
  }

  async check(): Promise<VaultCheck> {
    return await checkVault(await this.options())
  }

  /** A mount of version 2 refuses everything for a moment after it was made. */
  async #whenUpgraded(): Promise<void> {
    for (let times = 0; times < 50; times += 1) {
      const ready = await this.administrator.ask('GET', `${this.name}/config`).then(
        () => true,
        () => false,
      )
      if (ready) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

interface RealVaultParts {
  readonly name: string
  readonly roleId: string
}
