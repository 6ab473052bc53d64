import { sql, type Kysely } from 'kysely'
import type { SessionStore, TransportSession } from '../../../core/identity/session-store.js'
import type { SignInReference } from '../../../core/sign-in/sign-in-store.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable, toStorable } from '../storable-text.js'
import { isStale, longestTerm, stands } from './session-term.js'
import { storableCapabilities, toCapabilities } from './storable-capabilities.js'

const mostPerPrincipal = 20
const longestName = 200
const columns = [
  ...(['digest', 'application', 'endpoint', 'principal', 'client_name', 'client_version'] as const),
  ...(['capabilities', 'protocol_version', 'sign_in_tenant', 'sign_in_key'] as const),
] as const

/** The transport sessions in the master database. */
export class PostgresSessionStore implements SessionStore {
  readonly #master: Kysely<MasterSchema>

  constructor(master: Kysely<MasterSchema>) {
    this.#master = master
  }

  async open(session: TransportSession): Promise<readonly string[]> {
    const { principal } = session
    if (principal === undefined) {
      await insert(this.#master, session)
      return []
    }
    return this.#master.transaction().execute(async (step) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`authsec sessions ${principal}`}, 0))`.execute(step)
      const evicted = await evictLeastUsed(step, principal)
      await insert(step, session)
      return evicted
    })
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
        signIn: toReference(row),
      }
    )
  }

  async touch(digests: readonly string[]): Promise<ReadonlySet<string>> {
    if (digests.length === 0) return new Set()
    const asked = sql<boolean>`digest = any(${[...digests]}::text[])`
    const rows = await this.#master
      .with('stale', (step) =>
        step
          .selectFrom('transport_session')
          .select('digest')
          .where(asked)
          .where(stands)
          .where(isStale)
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
      .selectFrom('transport_session')
      .select('digest')
      .where(asked)
      .where(stands)
      .execute()
    return new Set(rows.map(({ digest }) => digest))
  }

  async bind(digest: string, signIn: SignInReference | undefined): Promise<boolean> {
    if (!isStorable(digest)) return false
    const result = await this.#master
      .updateTable('transport_session')
      .set(toColumns(signIn))
      .where('digest', '=', digest)
      .where(stands)
      .executeTakeFirst()
    return result.numUpdatedRows === 1n
  }

  async end(digest: string): Promise<void> {
    if (!isStorable(digest)) return
    await this.#master.deleteFrom('transport_session').where('digest', '=', digest).execute()
  }
}

const usedNow = { used_at: sql<Date>`clock_timestamp()` }

async function insert(db: Kysely<MasterSchema>, session: TransportSession): Promise<void> {
  const { digest, application, endpoint, principal, client, capabilities, protocolVersion, signIn } = session
  await db
    .insertInto('transport_session')
    .values({
      ...{ digest, application, endpoint, principal: principal ?? null, protocol_version: protocolVersion },
      client_name: toStorable(client.name, longestName),
      client_version: toStorable(client.version, longestName),
      capabilities: storableCapabilities(capabilities),
      ...toColumns(signIn),
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
