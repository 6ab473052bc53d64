import type { Tenant } from '../../../core/identity/tenant.js'
import type { GrantStore, StoredAccount } from '../../../core/permission/grant-store.js'
import type { Databases } from '../databases.js'
import { isUuid } from '../storable-text.js'
import { selectAccounts, toAccount } from './account-query.js'

/** What accounts are granted, read from the tenant's database every time. Only tokens of `ownIssuer` have accounts here: their subject is the id. */
export class PostgresGrantStore implements GrantStore {
  readonly #databases: Databases
  readonly #ownIssuer: string

  constructor(databases: Databases, ownIssuer: string) {
    this.#databases = databases
    this.#ownIssuer = ownIssuer
  }

  async findAccount(tenant: Tenant, issuer: string, subject: string): Promise<StoredAccount | undefined> {
    if (issuer !== this.#ownIssuer || !isUuid(subject)) return undefined
    const db = await this.#databases.tenant(tenant)
    const row = await selectAccounts(db).where('account.id', '=', subject).executeTakeFirst()
    return row && toAccount(row)
  }
}
