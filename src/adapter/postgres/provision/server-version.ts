import { sql, type QueryExecutorProvider } from 'kysely'
import { ConfigurationError } from '../../../core/error/configuration-error.js'

const oldestMajor = 15

export interface ServerVersion {
  /** As PostgreSQL counts: 150004 is 15.4. */
  readonly number: number
  readonly name: string
}

/** Throws `ConfigurationError` where the server is older than what the databases need. */
export async function checkServerVersion(db: QueryExecutorProvider): Promise<void> {
  const { rows } = await sql<ServerVersion>`
    select current_setting('server_version_num')::int as number, current_setting('server_version') as name
  `.execute(db)
  for (const version of rows) refuseOldServer(version)
}

/** The same of a version that is known. */
export function refuseOldServer({ name, number }: ServerVersion): void {
  if (number >= oldestMajor * 10_000) return
  const message = `PostgreSQL ${name} is too old: AuthSec needs ${oldestMajor} or later`
  throw new ConfigurationError('ERR_CONFIG_DATABASE', message)
}
