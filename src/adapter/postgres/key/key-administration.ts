import type { Administrator } from '../../../core/administration/tenant-administration.js'
import type { MasterKey } from '../../../core/credential/master-key.js'
import type { Databases } from '../databases.js'
import { resealMaster, resealTenant } from './reseal.js'
import { listDataKeys, rotateDataKeys, type ListedKey, type Rotation } from './rotate-keys.js'
import type { SigningKey } from '../../../core/identity/signing-key-store.js'
import type { PostgresSigningKeyStore } from '../store/postgres-signing-key-store.js'
import { listSigningKeys, type Announcement, type ListedSigningKey, type Replacement } from './signing-key-terms.js'
import type { StoredKeyring } from './stored-keyring.js'

export interface KeyAdministrationParts {
  readonly databases: Databases
  readonly keys: StoredKeyring
  readonly signingKeys: PostgresSigningKeyStore
  /** The current one first. */
  readonly masterKeys: readonly MasterKey[]
}

/** What administrators do with the installation's keys. */
export class KeyAdministration {
  readonly #parts: KeyAdministrationParts

  constructor(parts: KeyAdministrationParts) {
    this.#parts = parts
  }

  /** Newest first. */
  list(): Promise<readonly ListedKey[]> {
    return listDataKeys(this.#parts.databases.master())
  }

  /** The keys that sign tokens, newest first. */
  listSigning(): Promise<readonly ListedSigningKey[]> {
    return listSigningKeys(this.#parts.databases.master())
  }

  /** Publishes a new key that signs tokens later. Throws `ConfigurationError` while one is announced. */
  announce(key: SigningKey): Promise<Announcement> {
    return this.#parts.signingKeys.announce(key)
  }

  /** Publishes a new key that signs at once, and no other any more. Throws `ConfigurationError` where there is none yet. */
  replaceSigning(key: SigningKey, by: Administrator): Promise<Replacement> {
    return this.#parts.signingKeys.replace(key, by)
  }

  /** Puts all keys under the current master key and adds a new one. Throws `ConfigurationError`. */
  rotate(): Promise<Rotation> {
    return rotateDataKeys(this.#parts.databases.master(), this.#parts.masterKeys)
  }

  /**
   * Seals anew what an earlier key has sealed; answers with the number of rows. Throws `UpstreamError` where a tenant's database does
   * not answer; may be run again.
   */
  async reseal(): Promise<number> {
    const { databases, keys } = this.#parts
    const master = databases.master()
    await keys.refresh(master)
    let resealed = await resealMaster(master, keys)
    const standing = master.selectFrom('tenant').select(['id', 'slug', 'name']).where('deleting_at', 'is', null)
    for (const tenant of await standing.execute()) {
      resealed += await resealTenant(await databases.tenant(tenant), keys)
    }
    return resealed
  }
}
