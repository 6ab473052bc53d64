import type { ConnectionOptions } from 'node:tls'

/** How to reach one PostgreSQL cluster; the database is chosen per connection. */
export interface ConnectionSettings {
  /** Host name, address, or the absolute folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** The maintenance database, from which others are created; `postgres` unless told. */
  readonly database?: string | undefined
  readonly ssl?: boolean | ConnectionOptions | undefined
}
