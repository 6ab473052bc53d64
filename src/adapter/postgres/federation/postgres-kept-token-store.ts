import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { sql, type RawBuilder, type UpdateObject } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type {
  KeptTokenClaim,
  KeptTokens,
  KeptTokenStore,
  TokenOrigin,
  TokenPlace,
} from '../../../core/federation/token/kept-tokens.js'
import type { UpstreamTokens } from '../../../core/federation/upstream-provider.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Databases } from '../databases.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { JsonMembers } from '../store/json-members.js'
import { isStorable, isUuid } from '../storable-text.js'

type Change = UpdateObject<TenantSchema, 'kept_token'>
type Sealed = Pick<KeptTokens, 'clientId' | 'issuer' | 'tokens'>

/** What `keyring.seal` is told; rotation of keys needs it, too. */
export const keptTokenPurpose = 'kept-token'

/** Longer than any provider is waited for. */
const lease = sql<Date>`clock_timestamp() + interval '30 seconds'`
const unclaimed = sql<boolean>`coalesce(claimed_until <= clock_timestamp(), true)`
const free = { claimed_by: null, claimed_until: null }
const age = sql<KeptTokens['age']>`case
  when expires_at is null or expires_at > clock_timestamp() + interval '60 seconds' then 'fresh'
  when expires_at > clock_timestamp() + interval '5 seconds' then 'due' else 'over'
end`
/** For those who do not say how long their tokens are good for. */
const usualTerm = sql<Date>`clock_timestamp() + interval '1 hour'`
const mostAttempts = 5
const retryMilliseconds = 1_000

/**
 * Upstream tokens beside the accounts, sealed for their row and version, which never comes again. Of those who renew at once, the lock
 * of the row lets one through.
 */
export class PostgresKeptTokenStore implements KeptTokenStore {
  readonly #databases: Databases
  readonly #keyring: Keyring

  constructor(databases: Databases, keyring: Keyring) {
    this.#databases = databases
    this.#keyring = keyring
  }

  async keep(place: TokenPlace, origin: TokenOrigin, tokens: UpstreamTokens): Promise<void> {
    const db = await this.#databases.tenant(place.tenant)
    const { account: account_id, provider: provider_id, subject } = place
    await db.transaction().execute(async (step) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`authsec kept token ${account_id} ${provider_id} ${subject}`}, 0))`.execute(
        step,
      )
      const before = await this.#locked(step, place)
      // Some providers hand out a refresh token at the first sign-in only.
      const refreshToken =
        tokens.refreshToken ?? (before && isFrom(before, origin) ? before.tokens.refreshToken : undefined)
      const values = this.#columns(place, { ...origin, tokens: { ...tokens, refreshToken } })
      await step
        .insertInto('kept_token')
        .values({ account_id, provider_id, subject, ...values })
        .onConflict((conflict) => conflict.columns(['account_id', 'provider_id', 'subject']).doUpdateSet(values))
        .execute()
    })
  }

  async find(place: TokenPlace): Promise<KeptTokens | undefined> {
    if (!isUuid(place.account) || !isUuid(place.provider) || !isStorable(place.subject)) return undefined
    return this.#find(await this.#databases.tenant(place.tenant), place)
  }

  async claim(kept: KeptTokens): Promise<KeptTokenClaim | undefined> {
    const id = randomUUID()
    return (await this.#update(kept, { claimed_by: id, claimed_until: lease }, unclaimed)) ? { id, kept } : undefined
  }

  extend(claim: KeptTokenClaim): Promise<boolean> {
    return this.#update(claim.kept, { claimed_until: lease }, isOf(claim))
  }

  async release(claim: KeptTokenClaim): Promise<void> {
    await this.#update(claim.kept, free, isOf(claim))
  }

  /** Tries for a while: the tokens before are used up, and there is no other place for these. */
  async renew(kept: KeptTokens, tokens: UpstreamTokens): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#replace(kept, tokens)
      } catch (error) {
        if (!(error instanceof UpstreamError) || attempt === mostAttempts) throw error
      }
      await pause(retryMilliseconds)
    }
  }

  async remove({ place, version }: KeptTokens, claim?: KeptTokenClaim): Promise<boolean> {
    const db = await this.#databases.tenant(place.tenant)
    const result = await db
      .deleteFrom('kept_token')
      .where('account_id', '=', place.account)
      .where('provider_id', '=', place.provider)
      .where('subject', '=', place.subject)
      .where('version', '=', version)
      .where(claim === undefined ? sql<boolean>`true` : isOf(claim))
      .executeTakeFirst()
    return result.numDeletedRows === 1n
  }

  async removeOf(tenant: Tenant, provider: string): Promise<void> {
    const db = await this.#databases.tenant(tenant)
    await db.deleteFrom('kept_token').where('provider_id', '=', provider).execute()
  }

  /** Removes those of providers that are not there any more; answers with their number. */
  async removeOrphaned(tenant: Tenant): Promise<number> {
    const db = await this.#databases.tenant(tenant)
    const rows = await db.selectFrom('kept_token').select('provider_id').distinct().execute()
    const kept = rows.map(({ provider_id: id }) => id)
    if (kept.length === 0) return 0
    // Asked afterwards: a provider that came meanwhile is there by now, and an id never comes again.
    const standing = await this.#databases
      .master()
      .selectFrom('identity_provider')
      .select('id')
      .where('id', 'in', kept)
      .where('tenant_id', '=', tenant.id)
      .execute()
    const orphaned = kept.filter((id) => standing.every((provider) => provider.id !== id))
    if (orphaned.length === 0) return 0
    const result = await db.deleteFrom('kept_token').where('provider_id', 'in', orphaned).executeTakeFirst()
    return Number(result.numDeletedRows)
  }

  async #replace(kept: KeptTokens, tokens: UpstreamTokens): Promise<boolean> {
    const { clientId, issuer, place } = kept
    const db = await this.#databases.tenant(place.tenant)
    return db.transaction().execute(async (step) => {
      const now = await this.#locked(step, place)
      // A sign-in that brought none has meanwhile kept the refresh token that is used up now.
      const carriesOn = now?.version === kept.version || (now && isFrom(now, kept) && hasSameRefreshToken(now, kept))
      if (carriesOn !== true) return false
      const refreshToken = tokens.refreshToken ?? kept.tokens.refreshToken
      await step
        .updateTable('kept_token')
        .set(this.#columns(place, { clientId, issuer, tokens: { ...tokens, refreshToken } }))
        .where('account_id', '=', place.account)
        .where('provider_id', '=', place.provider)
        .where('subject', '=', place.subject)
        .execute()
      return true
    })
  }

  async #find(db: Db, place: TokenPlace): Promise<KeptTokens | undefined> {
    return this.#toKept(await select(db, place).executeTakeFirst(), place)
  }

  /** The same, and nobody changes it before the transaction ends. */
  async #locked(db: Db, place: TokenPlace): Promise<KeptTokens | undefined> {
    return this.#toKept(await select(db, place).forUpdate().executeTakeFirst(), place)
  }

  #toKept(row: Row | undefined, place: TokenPlace): KeptTokens | undefined {
    const opened = row && this.#open(contextOf(place, row.version), row.sealed)
    return opened && { ...opened, place, version: row.version, age: row.age }
  }

  async #update({ place, version }: KeptTokens, change: Change, where: RawBuilder<boolean>): Promise<boolean> {
    const db = await this.#databases.tenant(place.tenant)
    const result = await db
      .updateTable('kept_token')
      .set(change)
      .where('account_id', '=', place.account)
      .where('provider_id', '=', place.provider)
      .where('subject', '=', place.subject)
      .where('version', '=', version)
      .where(where)
      .executeTakeFirst()
    return result.numUpdatedRows === 1n
  }

  #columns(place: TokenPlace, sealed: Sealed) {
    const version = randomUUID()
    return {
      sealed: this.#keyring.seal(keptTokenPurpose, Buffer.from(JSON.stringify(sealed)), contextOf(place, version)),
      ...{ issuer: sealed.issuer, version, expires_at: expiryOf(sealed.tokens) },
      ...free,
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

type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>

function select(db: Db, { account, provider, subject }: TokenPlace) {
  return db
    .selectFrom('kept_token')
    .select(['sealed', 'version', age.as('age')])
    .where('account_id', '=', account)
    .where('provider_id', '=', provider)
    .where('subject', '=', subject)
}

/** Whoever comes too late changes nothing. */
function isOf({ id }: KeptTokenClaim): RawBuilder<boolean> {
  return sql<boolean>`claimed_by = ${id}::uuid`
}

function isFrom(kept: KeptTokens, { clientId, issuer }: TokenOrigin): boolean {
  return kept.issuer === issuer && kept.clientId === clientId
}

function hasSameRefreshToken(one: KeptTokens, other: KeptTokens): boolean {
  return one.tokens.refreshToken !== undefined && one.tokens.refreshToken === other.tokens.refreshToken
}

function expiryOf({ expiresAt, refreshToken }: UpstreamTokens) {
  if (expiresAt !== undefined) return sql<Date>`to_timestamp(${expiresAt}::float8)`
  return refreshToken === undefined ? null : usualTerm
}

/** With the version an earlier token cannot be put back in its place. */
function contextOf({ account, provider, subject }: TokenPlace, version: string): string {
  return `${account} ${provider} ${version} ${subject}`
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
  return { clientId: members.text('clientId'), issuer: members.text('issuer'), tokens }
}
