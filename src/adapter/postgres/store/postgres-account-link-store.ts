import { sql, type Kysely } from 'kysely'
import type {
  AccountLink,
  AccountLinkStore,
  ChosenPassword,
  NewAccountLink,
} from '../../../core/identity/account-link-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Databases } from '../databases.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable } from '../storable-text.js'
import { recordAccountChange } from '../audit/record-changes.js'

/** Links in each tenant's own database: one row for each account, gone once it is used. */
export class PostgresAccountLinkStore implements AccountLinkStore {
  readonly #databases: Databases

  constructor(databases: Databases) {
    this.#databases = databases
  }

  async issue(tenant: Tenant, { accountId, by, digest, purpose, seconds }: NewAccountLink): Promise<Date> {
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      const expires = sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`
      const values = { digest, purpose, expires_at: expires }
      const row = await step
        .insertInto('account_link')
        .values({ account_id: accountId, ...values })
        .onConflict((conflict) => conflict.column('account_id').doUpdateSet(values))
        .returning('expires_at')
        .executeTakeFirstOrThrow()
      await recordAccountChange(step, {
        trail: this.#databases.trail,
        tenant,
        by,
        accountId,
        after: [`a link (${purpose})`],
      })
      return row.expires_at
    })
  }

  async find(tenant: Tenant, digest: string): Promise<AccountLink | undefined> {
    if (!isStorable(digest)) return undefined
    return standing(await this.#databases.tenant(tenant), digest)
  }

  async redeem(tenant: Tenant, { digest, origin, passwordHash }: ChosenPassword): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      const link = await standing(step, digest)
      // The lock of the row lets one of those through that try at once: for the others it is gone.
      const used = await step.deleteFrom('account_link').where('digest', '=', digest).where(isGood).executeTakeFirst()
      if (link === undefined || used.numDeletedRows !== 1n) return false
      const { accountId, purpose } = link
      await step.updateTable('account').set({ password_hash: passwordHash }).where('id', '=', accountId).execute()
      await recordAccountChange(step, {
        trail: this.#databases.trail,
        tenant,
        by: `link:${purpose}`,
        accountId,
        origin,
        after: ['another password'],
      })
      return true
    })
  }
}

const isGood = sql<boolean>`expires_at > clock_timestamp()`

async function standing(db: Kysely<TenantSchema>, digest: string): Promise<AccountLink | undefined> {
  const row = await db
    .selectFrom('account_link')
    .innerJoin('account', 'account.id', 'account_link.account_id')
    .select(['account_link.account_id', 'account_link.purpose'])
    .where('account_link.digest', '=', digest)
    .where('account.disabled_at', 'is', null)
    .where(isGood)
    .executeTakeFirst()
  return row && { accountId: row.account_id, purpose: row.purpose }
}
