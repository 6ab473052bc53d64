import { setTimeout as pause } from 'node:timers/promises'
import { sql, type UpdateObject } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { SignInReference } from '../../../core/sign-in/sign-in-store.js'
import type { UpstreamGrant } from '../../../core/sign-in/upstream-grant.js'
import type { DueRefresh, UpstreamTokenStore } from '../../../core/sign-in/upstream-tokens.js'
import type { Databases } from '../databases.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { stands } from './session-term.js'
import { isDue, openUpstream, upstreamColumns } from './upstream-columns.js'

type Change = UpdateObject<TenantSchema, 'session'>

/** Longer than any provider is waited for. */
const lease = sql<Date>`clock_timestamp() + interval '30 seconds'`
/** From half a minute to eight. */
const later = sql<Date>`clock_timestamp() + interval '30 seconds' * power(2, least(refresh_failures, 4))`
const mostAttempts = 5
const retryMilliseconds = 1_000

/**
 * Upstream tokens in the rows of their sign-ins. Who takes a refresh puts it off for everybody else: of those who try at once the
 * lock of the row lets one through, and one that dies over it is in nobody's way for longer.
 */
export class PostgresUpstreamTokenStore implements UpstreamTokenStore {
  readonly #databases: Databases
  readonly #keyring: Keyring

  constructor(databases: Databases, keyring: Keyring) {
    this.#databases = databases
    this.#keyring = keyring
  }

  async claim(reference: SignInReference): Promise<DueRefresh | undefined> {
    const { tenant, key } = reference
    const db = await this.#databases.tenant(tenant)
    const row = await db
      .updateTable('session')
      .set({ refresh_at: lease })
      .where('key', '=', key)
      .where(stands)
      .where(isDue)
      .returning(['subject', 'upstream_sealed', 'upstream_version'])
      .executeTakeFirst()
    if (row === undefined || row.upstream_sealed === null) return undefined
    const version = row.upstream_version
    return {
      ...{ reference, version, subject: row.subject },
      refreshToken: openUpstream(this.#keyring, { key, version }, row.upstream_sealed),
    }
  }

  /** Tries for a while: the tokens before are used up, and there is no other place for these. */
  async renew(due: DueRefresh, grant: UpstreamGrant): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#renew(due, grant)
      } catch (error) {
        if (!(error instanceof UpstreamError) || attempt === mostAttempts) throw error
      }
      await pause(retryMilliseconds)
    }
  }

  async postpone(due: DueRefresh): Promise<void> {
    await this.#update(due, { refresh_at: later, refresh_failures: sql<number>`refresh_failures + 1` })
  }

  async isCurrent({ reference: { tenant, key }, version }: DueRefresh): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    const row = await db
      .selectFrom('session')
      .select('upstream_version')
      .where('key', '=', key)
      .where('upstream_version', '=', version)
      .executeTakeFirst()
    return row !== undefined
  }

  #renew(due: DueRefresh, grant: UpstreamGrant): Promise<boolean> {
    const place = { key: due.reference.key, version: due.version + 1 }
    return this.#update(due, upstreamColumns(this.#keyring, place, grant))
  }

  async #update({ reference: { tenant, key }, version }: DueRefresh, change: Change): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    const result = await db
      .updateTable('session')
      .set(change)
      .where('key', '=', key)
      .where('upstream_version', '=', version)
      .executeTakeFirst()
    return result.numUpdatedRows === 1n
  }
}
