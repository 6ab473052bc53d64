import { readFile } from 'node:fs/promises'
import { attachEmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import { openPostgres, type Postgres } from '../../src/adapter/postgres/open-postgres.js'
import { masterKeyFile } from '../../src/app/settings/read-master-keys.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import { ownIssuer } from './postgres.js'

/** What a server process keeps in its home, as a further process beside it sees it. */
export interface HomePostgres {
  readonly postgres: Postgres
  close(): Promise<void>
}

/** Joins the embedded database of a home in which a server has run. */
export async function openHomePostgres(home: string): Promise<HomePostgres> {
  const log = { write: () => undefined }
  const masterKey = MasterKey.parse(await readFile(masterKeyFile(home), 'utf8'))
  const embedded = await attachEmbeddedPostgres({ home, log })
  const postgres = await openPostgres({ connection: embedded.connection, masterKey, ownIssuer, log })
  return {
    postgres,
    async close() {
      await postgres.close()
      await embedded.close()
    },
  }
}
