import type { CredentialStore } from '../../../core/credential/credential-store.js'
import type { MasterKey } from '../../../core/credential/master-key.js'
import type { Databases } from '../databases.js'
import { withDatabase } from '../pool/with-database.js'
import { lock } from '../provision/advisory-lock.js'
import { PostgresCredentialStore, type LocalKeys } from './postgres-credential-store.js'
import { resealCredentials } from './reseal-credentials.js'

/** Where credentials are without a secrets manager. */
export class LocalVault {
  readonly #databases: Databases

  constructor(databases: Databases) {
    this.#databases = databases
  }

  /** The store that these keys open. */
  open(keys: LocalKeys): CredentialStore {
    return new PostgresCredentialStore(this.#databases, keys)
  }

  /** Whoever changes the local key takes turns. */
  inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const { connection: settings, masterDatabase: database } = this.#databases
    return withDatabase({ settings, database, outage: 'AUTH_UNAVAILABLE' }, async (db) => {
      await lock(db, 'local vault rotation')
      return work()
    })
  }

  /**
   * Puts the credentials of every tenant under the first of the keys; answers with how many were under another. May be cut off and run
   * again. Throws `UpstreamError` where a database does not answer, or none of the keys opens one.
   */
  async reseal(keys: readonly MasterKey[]): Promise<number> {
    const master = this.#databases.master()
    const standing = master.selectFrom('tenant').select(['id', 'slug', 'name']).where('deleting_at', 'is', null)
    let resealed = 0
    for (const tenant of await standing.execute()) {
      resealed += await resealCredentials(await this.#databases.tenant(tenant), tenant, keys)
    }
    return resealed
  }
}
