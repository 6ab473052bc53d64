import { sql, type Kysely, type QueryCreator } from 'kysely'
import type { AuditEvent } from '../../../core/audit/audit-event.js'
import type { AuditLog } from '../../../core/audit/audit-log.js'
import type { RequestOrigin } from '../../../core/audit/request-origin.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { SessionFeed } from '../../../core/runtime/session-feed.js'
import type { Log } from '../../../core/runtime/log.js'
import type { NewSignIn, SignIn, SignInEnd, SignInReference, SignInStore } from '../../../core/sign-in/sign-in-store.js'
import type { Databases } from '../databases.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable, toStorable } from '../storable-text.js'
import { JsonMembers } from './json-members.js'
import { OwedEnds } from './owed-ends.js'
import { readAsserted } from './read-asserted.js'
import { endedColumns, recordRows, SignInRows, type EndedRow, type Ending } from './sign-in-rows.js'
import { hasEnded, isStale, longestTerm, stands, thisMoment } from './session-term.js'
import { isDue, upstreamColumns } from './upstream-columns.js'

const mostPerAccount = 20
const longestName = 200
export interface SignInStoreParts {
  readonly databases: Databases
  readonly keyring: Keyring
  readonly ownIssuer: string
  /** Takes the row of an end that could not be recorded with it. */
  readonly audit: Pick<AuditLog, 'retain'>
  /** Hears of what is on record with its sign-in, and so not through `audit`. */
  readonly onEvent?: ((event: AuditEvent) => void) | undefined
  /** Is told of sign-ins that have ended. */
  readonly feed: Pick<SessionFeed, 'publish'>
  readonly log: Log
}

/**
 * The sign-ins in each tenant's own database. Their rows on record share the transaction, but an end depends on nothing: where
 * its row, or the database, is out of reach, it follows as soon as it can.
 */
export class PostgresSignInStore implements SignInStore {
  readonly #databases: Databases
  readonly #keyring: Keyring
  readonly #ownIssuer: string
  readonly #rows: SignInRows
  readonly #audit: Pick<AuditLog, 'retain'>
  readonly #onEvent: SignInStoreParts['onEvent']
  readonly #feed: Pick<SessionFeed, 'publish'>
  readonly #owed: OwedEnds

  constructor({ databases, keyring, ownIssuer, audit, feed, log, onEvent }: SignInStoreParts) {
    this.#onEvent = onEvent
    this.#databases = databases
    this.#keyring = keyring
    this.#ownIssuer = ownIssuer
    this.#rows = new SignInRows(ownIssuer)
    this.#audit = audit
    this.#feed = feed
    this.#owed = new OwedEnds((reference, how) => this.#endAndTell(reference, { how }), log)
  }

  /** Throws `TypeError` for an identity that cannot be stored as it is. */
  async open(signIn: NewSignIn): Promise<void> {
    assertSignIn(signIn)
    const { tenant } = signIn.identity
    const row = this.#toRow(signIn)
    const db = await this.#databases.tenant(tenant)
    const completed = this.#rows.completed(row, tenant, signIn.origin)
    const evicted = await db.transaction().execute(async (step) => {
      await lockAccount(step, row)
      const oldest = await evictOldest(step, row)
      await step.insertInto('session').values(row).execute()
      const ended = oldest.map((one) => this.#rows.ended(one, tenant, { how: 'evicted', origin: signIn.origin }))
      await recordRows(step, [completed, ...ended], this.#databases)
      return oldest
    })
    this.#onEvent?.(completed)
    for (const { key } of evicted) await this.#feed.publish({ about: 'sign-in', key })
  }

  async find({ tenant, key }: SignInReference, used: 'used' | 'unused'): Promise<SignIn | undefined> {
    if (!isStorable(key)) return undefined
    const db = await this.#databases.tenant(tenant)
    const row = await selectStanding(used === 'used' ? noteUse(db, key) : db, key).executeTakeFirst()
    return (
      row && {
        key: row.key,
        application: row.application,
        issuer: row.issuer ?? this.#ownIssuer,
        subject: row.subject,
        tenant,
        clientId: row.client_id,
        asserted: readAsserted(new JsonMembers(row.asserted)),
        grantDigest: row.grant_digest ?? undefined,
        endsAt: row.ends_at ?? undefined,
        startedAt: row.started,
        expiresAt: row.expires,
        refreshDue: row.due,
      }
    )
  }

  /** `true` also for one that is to end as soon as its database answers. */
  async end(reference: SignInReference, how: SignInEnd, origin?: RequestOrigin): Promise<boolean> {
    try {
      return await this.#endAndTell(reference, { how, origin })
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      this.#owed.add(reference, how)
      return true
    }
  }

  /** Ends what is owed, as far as that can be done now. */
  async close(): Promise<void> {
    await this.#owed.close()
  }

  async #endAndTell(reference: SignInReference, ending: Ending): Promise<boolean> {
    const ended = await this.#end(reference, ending)
    if (ended) await this.#feed.publish({ about: 'sign-in', key: reference.key })
    return ended
  }

  async #end({ tenant, key }: SignInReference, ending: Ending): Promise<boolean> {
    if (!isStorable(key)) return false
    const db = await this.#databases.tenant(tenant)
    try {
      return await db.transaction().execute(async (step) => {
        const ended = await deleteStanding(step, key)
        const rows = ended === undefined ? [] : [this.#rows.ended(ended, tenant, ending)]
        await recordRows(step, rows, { trail: this.#databases.trail, without: 'goes on' })
        return ended !== undefined
      })
    } catch {
      // Whatever failed, it may have been the row alone. In a transaction: one that hangs must not end it later, unheard of.
      const ended = await db.transaction().execute((step) => deleteStanding(step, key))
      if (ended !== undefined) this.#audit.retain(this.#rows.ended(ended, tenant, ending))
      return ended !== undefined
    }
  }

  /** Removes at most so many of the tenant's sign-ins that have expired, on record; answers with their number. */
  async removeExpired(tenant: Tenant, most: number): Promise<number> {
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      const expired = await step
        .with('expired', (some) =>
          some.selectFrom('session').select('key as found').where(hasEnded).limit(most).forUpdate().skipLocked(),
        )
        .deleteFrom('session')
        .using('expired')
        .whereRef('session.key', '=', 'expired.found')
        .returning(endedColumns)
        .execute()
      await recordRows(
        step,
        expired.map((ended) => this.#rows.ended(ended, tenant, { how: 'expired' })),
        this.#databases,
      )
      return expired.length
    })
  }

  #toRow({ key, application, clientName, identity, requestId }: NewSignIn) {
    const { issuer, subject, clientId, asserted, grantDigest, endsAt, upstream } = identity
    return {
      client_name: clientName === undefined ? null : toStorable(clientName, longestName),
      ...{ key, application, subject, asserted: JSON.stringify(asserted) },
      // The address of our own issuer changes with the port; whoever signed in there stays the same.
      issuer: issuer === this.#ownIssuer ? null : issuer,
      client_id: clientId,
      grant_digest: grantDigest ?? null,
      request_id: requestId,
      ends_at: endsAt ?? null,
      expires_at: longestTerm(endsAt),
      ...(upstream === undefined ? {} : upstreamColumns(this.#keyring, { key, version: 0 }, upstream)),
    }
  }
}

type Account = Pick<EndedRow, 'issuer' | 'subject'>

/** Sign-ins of one account take turns, or two at once would both find room for one more. */
async function lockAccount(db: Kysely<TenantSchema>, { issuer, subject }: Account): Promise<void> {
  const name = `authsec sign-ins ${JSON.stringify([issuer, subject])}`
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(db)
}

/** Makes room for one more. */
async function evictOldest(db: Kysely<TenantSchema>, { issuer, subject }: Account): Promise<readonly EndedRow[]> {
  const oldest = db
    .selectFrom('session')
    .select('key')
    .where('subject', '=', subject)
    .where('issuer', 'is not distinct from', issuer)
    .where(stands)
    .orderBy('created_at', 'desc')
    .offset(mostPerAccount - 1)
  return db.deleteFrom('session').where('key', 'in', oldest).returning(endedColumns).execute()
}

async function deleteStanding(db: Kysely<TenantSchema>, key: string): Promise<EndedRow | undefined> {
  return db.deleteFrom('session').where('key', '=', key).where(stands).returning(endedColumns).executeTakeFirst()
}

/** Part of the statement that reads the row, so that a request costs one round trip. */
function noteUse(db: QueryCreator<TenantSchema>, key: string) {
  return db.with('used', (step) =>
    step.updateTable('session').set({ used_at: thisMoment }).where('key', '=', key).where(stands).where(isStale),
  )
}

function selectStanding(db: QueryCreator<TenantSchema>, key: string) {
  return db
    .selectFrom('session')
    .select(['key', 'application', 'issuer', 'subject', 'client_id', 'asserted', 'grant_digest', 'ends_at'])
    .select([
      sql<number>`floor(extract(epoch from created_at))::float8`.as('started'),
      sql<number>`floor(extract(epoch from expires_at))::float8`.as('expires'),
      isDue.as('due'),
    ])
    .where('key', '=', key)
    .where(stands)
}

/** What PostgreSQL would refuse, or worse replace: another subject would be signed in then. */
function assertSignIn({ key, application, identity, requestId }: NewSignIn): void {
  const { issuer, subject, clientId, asserted, grantDigest, endsAt } = identity
  const names = Object.values(asserted).flat()
  const texts = [key, application, requestId, issuer, subject, clientId, ...names, grantDigest ?? '']
  if (!texts.every(isStorable)) throw new TypeError('a sign-in has text that cannot be stored')
  if (endsAt !== undefined && !Number.isFinite(endsAt)) throw new TypeError('a sign-in ends at a point in time')
}
