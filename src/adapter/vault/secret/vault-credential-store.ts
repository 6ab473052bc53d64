import {
  CredentialConflict,
  type CredentialMembers,
  type CredentialPlace,
  type CredentialStore,
  type StoredCredential,
} from '../../../core/credential/credential-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { VaultAnswer } from '../connection/vault-answer.js'
import type { VaultConnection, VaultFunctions } from '../connection/vault-connection.js'
import { isVaultError } from '../connection/vault-error.js'
import { uuidSegment } from '../connection/vault-path.js'
import type { TokenKeeper } from '../token/token-keeper.js'
import { mostVersionsOf, requireVersionedMount } from './kv-mount.js'

export interface VaultCredentialStoreOptions {
  readonly connection: VaultConnection
  readonly keeper: TokenKeeper
  /** Of the KV secrets engine, version 2. */
  readonly mount: string
}

// What is written has to be readable: an answer of Vault has a bound, and so have its storages.
const mostBytes = 256 * 1024
const listsAtOnce = 8

/**
 * Credentials in the KV secrets engine of Vault, version 2: at `tenants/<tenant>/services/<service>`, and those of accounts below that
 * at `accounts/<account>`. Vault keeps as many versions as its mount says, ten by default.
 */
export class VaultCredentialStore implements CredentialStore {
  readonly #options: VaultCredentialStoreOptions
  #versioned = false

  constructor(options: VaultCredentialStoreOptions) {
    this.#options = options
  }

  async read(place: CredentialPlace, version?: number): Promise<StoredCredential | undefined> {
    const path = pathOf(place)
    if (version !== undefined) requireVersion(version)
    const found = await this.#find((library, token) => library.readKVSecret(token, path, version, this.#options.mount))
    if (found === undefined) return undefined
    const metadata = found.part('metadata')
    const writtenAt = Math.floor(Date.parse(metadata.text('created_time')) / 1000)
    return { version: metadata.count('version'), members: found.part('data').members('refuse'), writtenAt }
  }

  async write(place: CredentialPlace, members: CredentialMembers, after: number): Promise<number> {
    const path = `${this.#options.mount}/data/${pathOf(place)}`
    if (after !== 0) requireVersion(after)
    const body = { options: { cas: after }, data: members }
    if (Buffer.byteLength(JSON.stringify(body)) > mostBytes) throw new TypeError('a credential is too large to be kept')
    try {
      const answer = await this.#use((connection, token) => connection.request({ method: 'POST', path, token, body }))
      return VaultAnswer.of(answer).part('data').count('version')
    } catch (error) {
      if (isVaultError(error, 'conflict')) throw new CredentialConflict('another version has been written meanwhile')
      throw error
    }
  }

  async newest(place: CredentialPlace): Promise<number> {
    const path = pathOf(place)
    const found = await this.#find((library, token) => library.readKVSecretMeta(token, path, this.#options.mount))
    return found?.count('current_version') ?? 0
  }

  /** What is said of the credential itself comes before what is said of the mount. */
  async mostVersions(place: CredentialPlace): Promise<number> {
    const path = pathOf(place)
    const { mount } = this.#options
    const found = await this.#find((library, token) => library.readKVSecretMeta(token, path, mount))
    const own = found?.has('max_versions') === true ? found.count('max_versions') : 0
    if (own > 0) return own
    const { connection, keeper } = this.#options
    return await keeper.use((token) => mostVersionsOf(connection, mount, token))
  }

  async list(tenant: Tenant): Promise<readonly CredentialPlace[]> {
    const services = `tenants/${uuidSegment(tenant.id)}/services`
    const keys = await this.#list(services)
    const shared = keys.filter(isUuid).map((service) => ({ tenant, service, account: undefined }))
    const withAccounts = keys.filter((key) => key.endsWith('/') && isUuid(key.slice(0, -1)))
    const own: CredentialPlace[] = []
    for (let start = 0; start < withAccounts.length; start += listsAtOnce) {
      const folders = withAccounts.slice(start, start + listsAtOnce)
      const found = await Promise.all(folders.map((folder) => this.#list(`${services}/${folder}accounts`)))
      for (const [index, folder] of folders.entries()) {
        const accounts = (found[index] ?? []).filter(isUuid)
        own.push(...accounts.map((account) => ({ tenant, service: folder.slice(0, -1), account })))
      }
    }
    return [...shared, ...own]
  }

  async delete(place: CredentialPlace, version: number): Promise<void> {
    const path = pathOf(place)
    requireVersion(version)
    await this.#find((library, token) => library.deleteVersionsKVSecret(token, path, [version], this.#options.mount))
  }

  async destroy(place: CredentialPlace): Promise<void> {
    const path = pathOf(place)
    await this.#find((library, token) => library.eliminateKVSecret(token, path, this.#options.mount))
  }

  async #list(folder: string): Promise<readonly string[]> {
    // Asked this way, and not with a method of its own: proxies know no `LIST`.
    const path = `${this.#options.mount}/metadata/${folder}?list=true`
    const answer = await this.#use((connection, token) =>
      orNothing(() => connection.request({ method: 'GET', path, token })),
    )
    return answer === undefined ? [] : VaultAnswer.of(answer).part('data').texts('keys')
  }

  async #find(ask: (library: VaultFunctions, token: string) => unknown): Promise<VaultAnswer | undefined> {
    const answer = await this.#use((connection, token) =>
      orNothing(() => connection.call((library) => ask(library, token))),
    )
    return answer === undefined ? undefined : VaultAnswer.of(answer)
  }

  async #use(ask: (connection: VaultConnection, token: string) => Promise<unknown>): Promise<unknown> {
    const { connection, keeper, mount } = this.#options
    return await keeper.use(async (token) => {
      if (!this.#versioned) await requireVersionedMount(connection, mount, token)
      this.#versioned = true
      return await ask(connection, token)
    })
  }
}

/** Vault answers alike for what never was and for what has been deleted: not found. */
async function orNothing(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask()
  } catch (error) {
    if (isVaultError(error, 'missing')) return undefined
    throw error
  }
}

function pathOf({ tenant, service, account }: CredentialPlace): string {
  const path = `tenants/${uuidSegment(tenant.id)}/services/${uuidSegment(service)}`
  return account === undefined ? path : `${path}/accounts/${uuidSegment(account)}`
}

function requireVersion(version: number): void {
  if (!Number.isSafeInteger(version) || version < 1) throw new TypeError('a version is a whole number from 1')
}

function isUuid(key: string): boolean {
  try {
    return uuidSegment(key) === key
  } catch {
    return false
  }
}
