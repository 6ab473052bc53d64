import { Client } from 'pg'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'

export interface HeldRows {
  /** Lets go of the rows, unchanged. */
  release(): Promise<void>
}

/** Locks the rows of `query`, a `select … for update`, in a transaction of its own, as somebody who is busy with them does. */
export async function holdRows(
  { host, port, user, password }: ConnectionSettings,
  database: string,
  query: string,
): Promise<HeldRows> {
  const client = new Client({ host, port, user, password, database })
  client.on('error', () => {})
  await client.connect()
  await client.query('begin')
  await client.query(query)
  return {
    async release() {
      await client.query('rollback')
      await client.end()
    },
  }
}
