import { sql, type Kysely, type Transaction } from 'kysely'
import type { AuditPlace } from '../../../../core/audit/audit-reader.js'
import type { Keyring } from '../../../../core/credential/keyring.js'
import type { Databases } from '../../databases.js'
import { ConnectionPool, type PoolTimes } from '../../pool/connection-pool.js'
import { sqlState } from '../../pool/database-failure.js'
import { openKysely } from '../../pool/open-kysely.js'
import { auditorNote } from '../../provision/tenant-login.js'
import { readTenantRecord } from '../../provision/tenant-record.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { ensureAuditor, type AuditedDatabase } from './auditor-role.js'

/** Long trails take longer to search than a request may. */
const times: PoolTimes = { connect: 5_000, wait: 60_000, statement: 60_000, query: 65_000, idle: 10_000 }
/** The role is gone, or may not do any more what it should: look it up again. */
const outdated = new Set(['22023', '42501', '42704'])
const limits = { connections: 1, perDatabase: 1, waiting: 1_000 }

/** The way to the trails of all databases that is nobody's who serves requests, on a connection of its own. */
export class AuditArchive {
  readonly #databases: Databases
  readonly #keys: Keyring
  readonly #roles = new Map<string, string>()
  #pool: ConnectionPool | undefined

  constructor(databases: Databases, keys: Keyring) {
    this.#databases = databases
    this.#keys = keys
  }

  /** Runs `work` as the role that may read this trail and do nothing else, in a transaction that writes nothing and sees one moment. */
  async asAuditor<Result>(
    place: AuditPlace,
    work: (step: Transaction<AuditTables>) => Promise<Result>,
  ): Promise<Result> {
    const audited = await this.#find(place)
    const db = this.#open(audited)
    const role = this.#roles.get(audited.note) ?? (await ensureAuditor(db, audited))
    this.#roles.set(audited.note, role)
    const snapshot = db.transaction().setAccessMode('read only').setIsolationLevel('repeatable read')
    try {
      return await snapshot.execute(async (step) => {
        await sql`set local role ${sql.id(role)}`.execute(step)
        return work(step)
      })
    } catch (error) {
      if (outdated.has(sqlState(error) ?? '')) this.#roles.delete(audited.note)
      throw error
    }
  }

  /** The same database as its owner. */
  async asOwner(place: AuditPlace): Promise<Kysely<AuditTables>> {
    return this.#open(await this.#find(place))
  }

  async close(): Promise<void> {
    await this.#pool?.close()
  }

  #open({ database }: AuditedDatabase): Kysely<AuditTables> {
    const settings = this.#databases.connection
    this.#pool ??= new ConnectionPool({ settings, outage: 'TENANT_UNAVAILABLE', limits, times })
    return openKysely<AuditTables>(this.#pool, database)
  }

  async #find(place: AuditPlace): Promise<AuditedDatabase> {
    const { masterDatabase } = this.#databases
    if (place === undefined)
      return { database: masterDatabase, note: `authsec auditor of ${JSON.stringify(masterDatabase)}` }
    // Brings it up to date where it is of an older version.
    await this.#databases.tenant(place)
    const { database, id } = await readTenantRecord(this.#databases.master(), this.#keys, place.id)
    return { database, note: auditorNote({ tenantId: id }) }
  }
}
