import { sql, type Kysely } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import { ownerDigest } from '../../../core/identity/session-owner.js'
import type {
  SessionOpener,
  SessionState,
  SessionStore,
  TransportSession,
} from '../../../core/identity/session-store.js'
import { callLogLevels, type CallLogLevel } from '../../../core/operation/call-channel.js'
import type { SessionFeed } from '../../../core/runtime/session-feed.js'
import type { SignInReference } from '../../../core/sign-in/sign-in-store.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable, toStorable } from '../storable-text.js'
import { isLongUnused, isStale, longestTerm, stands, thisMoment } from './session-term.js'
import { storableCapabilities, toCapabilities } from './storable-capabilities.js'

const mostPerPrincipal = 20
const longestName = 200
const columns = [
  ...(['digest', 'application', 'endpoint', 'principal', 'client_name', 'client_version'] as const),
  ...(['capabilities', 'protocol_version', 'sign_in_tenant', 'sign_in_key', 'log_level'] as const),
] as const

export interface SessionStoreParts {
  readonly master: Kysely<MasterSchema>
  readonly keyring: Keyring
  readonly ownIssuer: string
  readonly feed: Pick<SessionFeed, 'publish'>
}

/** The transport sessions in the master database. */
export class PostgresSessionStore implements SessionStore {
  readonly #master: Kysely<MasterSchema>
  readonly #parts: SessionStoreParts

  constructor(parts: SessionStoreParts) {
    this.#master = parts.master
    this.#parts = parts
  }

  async open(session: TransportSession, opener?: SessionOpener): Promise<readonly string[]> {
    const { principal } = session
    const owner = this.#ownerOf(opener)
    if (principal === undefined) {
      await insert(this.#master, session, owner)
      return []
    }
    const ended = await this.#master.transaction().execute(async (step) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`authsec sessions ${principal}`}, 0))`.execute(step)
      const evicted = await evictLeastUsed(step, principal)
      await insert(step, session, owner)
      return evicted
    })
    for (const digest of ended) await this.#changed(digest)
    return ended
  }

  async find(digest: string): Promise<TransportSession | undefined> {
    if (!isStorable(digest)) return undefined
    const row = await this.#master
      .with('used', (step) =>
        step.updateTable('transport_session').set(usedNow).where('digest', '=', digest).where(stands).where(isStale),
      )
      .with('standing', (step) =>
        step.selectFrom('transport_session').select(columns).where('digest', '=', digest).where(stands),
      )
      .selectFrom('standing')
      .leftJoin('tenant', (join) =>
        // Nobody is signed in to a suspended tenant; when it is back, so is the sign-in if it still stands.
        join.onRef('tenant.id', '=', 'standing.sign_in_tenant').on('tenant.suspended_at', 'is', null),
      )
      .selectAll('standing')
      .select(['tenant.id as tenant_id', 'tenant.slug as tenant_slug', 'tenant.name as tenant_name'])
      .executeTakeFirst()
    return (
      row && {
        digest: row.digest,
        application: row.application,
        endpoint: row.endpoint,
        principal: row.principal ?? undefined,
        client: { name: row.client_name, version: row.client_version },
        capabilities: toCapabilities(row.capabilities),
        protocolVersion: row.protocol_version,
        ...toState(row),
      }
    )
  }

  async touch(digests: readonly string[]): Promise<ReadonlyMap<string, SessionState>> {
    if (digests.length === 0) return new Map()
    const asked = sql<boolean>`digest = any(${[...digests]}::text[])`
    const rows = await this.#master
      .with('stale', (step) =>
        step
          .selectFrom('transport_session')
          .select('digest')
          .where(asked)
          .where(stands)
          .where(isLongUnused)
          // Whoever holds a row is using it this moment; to wait for it could be to wait for each other.
          .forUpdate()
          .skipLocked(),
      )
      .with('used', (step) =>
        step
          .updateTable('transport_session')
          .set(usedNow)
          .from('stale')
          .whereRef('transport_session.digest', '=', 'stale.digest'),
      )
      .with('standing', (step) =>
        step
          .selectFrom('transport_session')
          .select(['digest', 'log_level', 'sign_in_tenant', 'sign_in_key'])
          .where(asked)
          .where(stands),
      )
      .selectFrom('standing')
      .leftJoin('tenant', (join) =>
        join.onRef('tenant.id', '=', 'standing.sign_in_tenant').on('tenant.suspended_at', 'is', null),
      )
      .select(['digest', 'log_level', 'sign_in_key'])
      .select(['tenant.id as tenant_id', 'tenant.slug as tenant_slug', 'tenant.name as tenant_name'])
      .execute()
    return new Map(rows.map((row) => [row.digest, toState(row)]))
  }

  async bind(digest: string, signIn: SignInReference | undefined): Promise<boolean> {
    if (!isStorable(digest)) return false
    const result = await this.#master
      .updateTable('transport_session')
      .set(toColumns(signIn))
      .where('digest', '=', digest)
      .where(stands)
      .executeTakeFirst()
    if (result.numUpdatedRows !== 1n) return false
    await this.#changed(digest)
    return true
  }

  async setLogLevel(digest: string, level: CallLogLevel): Promise<void> {
    if (!isStorable(digest)) return
    const result = await this.#master
      .updateTable('transport_session')
      .set({ log_level: level })
      .where('digest', '=', digest)
      .where(stands)
      .where('log_level', 'is distinct from', level)
      .executeTakeFirst()
    if (result.numUpdatedRows === 1n) await this.#changed(digest)
  }

  async end(digest: string): Promise<void> {
    if (!isStorable(digest)) return
    const result = await this.#master.deleteFrom('transport_session').where('digest', '=', digest).executeTakeFirst()
    if (result.numDeletedRows === 1n) await this.#changed(digest)
  }

  async #changed(digest: string): Promise<void> {
    await this.#parts.feed.publish({ about: 'session', digest })
  }

  #ownerOf(opener: SessionOpener | undefined): OwnerColumns {
    if (opener === undefined) return { owner_tenant: null, owner: null }
    const { keyring, ownIssuer } = this.#parts
    const issuer = opener.issuer === ownIssuer ? undefined : opener.issuer
    const tenantId = opener.tenant.id
    return { owner_tenant: tenantId, owner: ownerDigest(keyring, { tenantId, issuer, subject: opener.subject }) }
  }
}

interface OwnerColumns {
  readonly owner_tenant: string | null
  readonly owner: string | null
}

const usedNow = { used_at: thisMoment }

async function insert(db: Kysely<MasterSchema>, session: TransportSession, owner: OwnerColumns): Promise<void> {
  const { digest, application, endpoint, principal, client, capabilities, protocolVersion, signIn, logLevel } = session
  await db
    .insertInto('transport_session')
    .values({
      ...{ digest, application, endpoint, principal: principal ?? null, protocol_version: protocolVersion },
      client_name: toStorable(client.name, longestName),
      client_version: toStorable(client.version, longestName),
      capabilities: storableCapabilities(capabilities),
      ...toColumns(signIn),
      ...owner,
      log_level: logLevel ?? null,
      expires_at: longestTerm(undefined),
    })
    .execute()
}

/** Makes room for one more. */
async function evictLeastUsed(db: Kysely<MasterSchema>, principal: string): Promise<readonly string[]> {
  const leastUsed = db
    .selectFrom('transport_session')
    .select('digest')
    .where('principal', '=', principal)
    .where(stands)
    .orderBy('used_at', 'desc')
    .offset(mostPerPrincipal - 1)
  const rows = await db.deleteFrom('transport_session').where('digest', 'in', leastUsed).returning('digest').execute()
  return rows.map(({ digest }) => digest)
}

function toColumns(signIn: SignInReference | undefined) {
  return { sign_in_tenant: signIn?.tenant.id ?? null, sign_in_key: signIn?.key ?? null }
}

interface StateColumns extends SignInColumns {
  readonly log_level: string | null
}

function toState(row: StateColumns): SessionState {
  return { signIn: toReference(row), logLevel: callLogLevels.find((level) => level === row.log_level) }
}

interface SignInColumns {
  readonly tenant_id: string | null
  readonly tenant_slug: string | null
  readonly tenant_name: string | null
  readonly sign_in_key: string | null
}

function toReference(row: SignInColumns): SignInReference | undefined {
  const { tenant_id: id, tenant_slug: slug, tenant_name: name, sign_in_key: key } = row
  if (id === null || slug === null || name === null || key === null) return undefined
  return { tenant: { id, slug, name }, key }
}
