import { setTimeout as pause } from 'node:timers/promises'
import { sql, type UpdateObject } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { KeptTokens, KeptTokenStore, TokenOrigin, TokenPlace } from '../../../core/federation/token/kept-tokens.js'
import type { UpstreamTokens } from '../../../core/federation/upstream-provider.js'
import type { Databases } from '../databases.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { JsonMembers } from '../store/json-members.js'
import { isUuid } from '../storable-text.js'

type Change = UpdateObject<TenantSchema, 'kept_token'>
type Sealed = Pick<KeptTokens, 'clientId' | 'issuer' | 'subject' | 'tokens'>

/** What `keyring.seal` is told; rotation of keys needs it, too. */
export const keptTokenPurpose = 'kept-token'

/** Longer than any provider is waited for. */
const lease = sql<Date>`clock_timestamp() + interval '30 seconds'`
const unclaimed = sql<boolean>`coalesce(claimed_until <= clock_timestamp(), true)`
const age = sql<KeptTokens['age']>`case
  when expires_at is null or expires_at > clock_timestamp() + interval '60 seconds' then 'fresh'
  when expires_at > clock_timestamp() + interval '5 seconds' then 'due' else 'over'
end`
const mostAttempts = 5
const retryMilliseconds = 1_000

/** Upstream tokens beside the accounts, sealed for their row and version. Of those who renew at once, the lock of the row lets one through. */
export class PostgresKeptTokenStore implements KeptTokenStore {
  readonly #databases: Databases
  readonly #keyring: Keyring

  constructor(databases: Databases, keyring: Keyring) {
    this.#databases = databases
    this.#keyring = keyring
  }

  async keep(place: TokenPlace, origin: TokenOrigin, tokens: UpstreamTokens): Promise<void> {
    const db = await this.#databases.tenant(place.tenant)
    const { account: account_id, provider: provider_id } = place
    await db.transaction().execute(async (step) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`authsec kept token ${account_id} ${provider_id}`}, 0))`.execute(
        step,
      )
      const before = await this.#find(step, place)
      const isSame =
        before?.issuer === origin.issuer && before.subject === origin.subject && before.clientId === origin.clientId
      // Some providers hand out a refresh token at the first sign-in only.
      const refreshToken = tokens.refreshToken ?? (isSame ? before.tokens.refreshToken : undefined)
      const version = await nextVersion(step, place)
      const values = this.#columns(place, version, { ...origin, tokens: { ...tokens, refreshToken } })
      await step
        .insertInto('kept_token')
        .values({ account_id, provider_id, ...values })
        .onConflict((conflict) => conflict.columns(['account_id', 'provider_id']).doUpdateSet(values))
        .execute()
    })
  }

  async find(place: TokenPlace): Promise<KeptTokens | undefined> {
    if (!isUuid(place.account) || !isUuid(place.provider)) return undefined
    return this.#find(await this.#databases.tenant(place.tenant), place)
  }

  claim(kept: KeptTokens): Promise<boolean> {
    return this.#update(kept, { claimed_until: lease }, unclaimed)
  }

  async release(kept: KeptTokens): Promise<void> {
    await this.#update(kept, { claimed_until: null })
  }

  /** Tries for a while: the tokens before are used up, and there is no other place for these. */
  async renew(kept: KeptTokens, tokens: UpstreamTokens): Promise<boolean> {
    const { clientId, issuer, place, subject, version } = kept
    const refreshToken = tokens.refreshToken ?? kept.tokens.refreshToken
    const sealed = { clientId, issuer, subject, tokens: { ...tokens, refreshToken } }
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#update(kept, this.#columns(place, version + 1, sealed))
      } catch (error) {
        if (!(error instanceof UpstreamError) || attempt === mostAttempts) throw error
      }
      await pause(retryMilliseconds)
    }
  }

  async remove({ place, version }: KeptTokens): Promise<boolean> {
    const db = await this.#databases.tenant(place.tenant)
    const result = await db
      .deleteFrom('kept_token')
      .where('account_id', '=', place.account)
      .where('provider_id', '=', place.provider)
      .where('version', '=', version)
      .executeTakeFirst()
    return result.numDeletedRows === 1n
  }

  async #find(db: Db, place: TokenPlace): Promise<KeptTokens | undefined> {
    const row = await db
      .selectFrom('kept_token')
      .select(['sealed', 'version', age.as('age')])
      .where('account_id', '=', place.account)
      .where('provider_id', '=', place.provider)
      .executeTakeFirst()
    const opened = row && this.#open(contextOf(place, row.version), row.sealed)
    return opened && { ...opened, place, version: row.version, age: row.age }
  }

  async #update({ place, version }: KeptTokens, change: Change, where = sql<boolean>`true`): Promise<boolean> {
    const db = await this.#databases.tenant(place.tenant)
    const result = await db
      .updateTable('kept_token')
      .set(change)
      .where('account_id', '=', place.account)
      .where('provider_id', '=', place.provider)
      .where('version', '=', version)
      .where(where)
      .executeTakeFirst()
    return result.numUpdatedRows === 1n
  }

  #columns(place: TokenPlace, version: number, sealed: Sealed) {
    const { expiresAt } = sealed.tokens
    return {
      sealed: this.#keyring.seal(keptTokenPurpose, Buffer.from(JSON.stringify(sealed)), contextOf(place, version)),
      version,
      expires_at: expiresAt === undefined ? null : sql<Date>`to_timestamp(${expiresAt}::float8)`,
      claimed_until: null,
      changed_at: sql<Date>`clock_timestamp()`,
    }
  }

  /** One that was altered or moved, or sealed with another master key, is none. */
  #open(context: string, sealed: Uint8Array): Sealed | undefined {
    try {
      return parseSealed(this.#keyring.open(keptTokenPurpose, sealed, context).toString())
    } catch {
      return undefined
    }
  }
}

type Db = Awaited<ReturnType<Databases['tenant']>>

/** Also past a row that cannot be opened any more. */
async function nextVersion(db: Db, { account, provider }: TokenPlace): Promise<number> {
  const row = await db
    .selectFrom('kept_token')
    .select('version')
    .where('account_id', '=', account)
    .where('provider_id', '=', provider)
    .executeTakeFirst()
  return (row?.version ?? 0) + 1
}

/** With the version an earlier token cannot be put back in its place. */
function contextOf({ account, provider }: TokenPlace, version: number): string {
  return `${account} ${provider} ${version}`
}

function parseSealed(json: string): Sealed {
  const members = new JsonMembers(JSON.parse(json))
  const written = members.object('tokens')
  const tokens = {
    accessToken: written.text('accessToken'),
    refreshToken: written.optionalText('refreshToken'),
    expiresAt: written.optionalNumber('expiresAt'),
    scopes: written.texts('scopes'),
  }
  written.end()
  return {
    ...{ clientId: members.text('clientId'), issuer: members.text('issuer'), subject: members.text('subject') },
    tokens,
  }
}
