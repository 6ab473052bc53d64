import { deepStrictEqual } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import { Client } from 'pg'
import { attachEmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'
import { until } from './until.js'

export interface AuditRowSeen {
  /** Its database and its number there. */
  readonly key: string
  readonly database: string
  readonly type: string
  readonly reason: string | null
  readonly requestId: string
  readonly subject: string | null
  readonly detail: Readonly<Record<string, unknown>> | null
  readonly personal: Readonly<Record<string, unknown>> | null
  readonly count: number
}

/** The rows that tell of refusals and of ends. */
const telling: ReadonlySet<string> = new Set(['signin.failed', 'token.refused', 'session.ended'])

/** What a running server has put on record: in its master database and in those of its tenants. */
export class AuditRows {
  readonly #connection: ConnectionSettings
  readonly #release: () => Promise<void>
  readonly #clients = new Map<string, Promise<Client>>()

  private constructor(connection: ConnectionSettings, release: () => Promise<void>) {
    this.#connection = connection
    this.#release = release
  }

  /** Joins the embedded database of a home. */
  static async of(home: string): Promise<AuditRows> {
    const embedded = await attachEmbeddedPostgres({ home, log: { write: () => undefined } })
    return new AuditRows(embedded.connection, () => embedded.close())
  }

  /** All rows, the oldest of each database first. */
  async all(): Promise<readonly AuditRowSeen[]> {
    const tenants = await this.#query('authsec', 'select database_name from tenant order by database_name')
    const databases = ['authsec', ...tenants.map((row) => String(row['database_name']))]
    const rows = await Promise.all(databases.map((database) => this.#rowsOf(database)))
    return rows.flat()
  }

  /**
   * Lets `attack` happen and waits until what was refused or ended meanwhile is exactly `expected`: how often, by type and
   * reason. Answers with the rows of it.
   */
  async expect(
    expected: Readonly<Record<string, number>>,
    attack: () => Promise<void>,
  ): Promise<readonly AuditRowSeen[]> {
    const before = new Set((await this.all()).map(({ key }) => key))
    await attack()
    let added: readonly AuditRowSeen[] = []
    await until(async () => {
      added = (await this.all()).filter(({ key, type }) => !before.has(key) && telling.has(type))
      return isDeepStrictEqual(totals(added), expected)
    }).catch(() => deepStrictEqual(totals(added), expected))
    return added
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await (await client).end()
    await this.#release()
  }

  async #rowsOf(database: string): Promise<readonly AuditRowSeen[]> {
    const columns = `id::text as key, type, reason, request_id as "requestId", subject, detail, personal, count`
    const rows = await this.#query(database, `select ${columns} from audit_event order by id`)
    return rows.map((row) => ({
      ...(row as Omit<AuditRowSeen, 'database'>),
      ...{ database, key: `${database} ${String(row['key'])}` },
    }))
  }

  async #query(database: string, text: string): Promise<readonly Record<string, unknown>[]> {
    const connecting = this.#clients.get(database) ?? this.#connect(database)
    this.#clients.set(database, connecting)
    return (await (await connecting).query<Record<string, unknown>>(text)).rows
  }

  async #connect(database: string): Promise<Client> {
    const { host, port, user, password } = this.#connection
    const client = new Client({ host, port, user, password, database })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
}

function totals(rows: readonly AuditRowSeen[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const { type, reason, count } of rows) sums[`${type} ${reason}`] = (sums[`${type} ${reason}`] ?? 0) + count
  return sums
}
