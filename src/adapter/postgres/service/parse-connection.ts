import { sql } from 'kysely'
import type { ServiceConnection } from '../../../core/external-service/service-store.js'
import { epochSeconds } from '../store/epoch-seconds.js'

const age = sql<ServiceConnection['age']>`case
  when expires_at is null or expires_at > clock_timestamp() + interval '60 seconds' then 'fresh'
  when expires_at > clock_timestamp() + interval '5 seconds' then 'due' else 'over'
end`

/** What is read of a row of `service_connection`. */
export const connectionColumns = [
  'id' as const,
  'credential_version' as const,
  age.as('age'),
  epochSeconds('expires_at').as('expires_at'),
]

interface ConnectionRow {
  readonly id: string
  readonly credential_version: number
  readonly age: ServiceConnection['age']
  readonly expires_at: number | null
}

/** What a row comes to. */
export function parseConnection(row: ConnectionRow): ServiceConnection {
  return {
    ...{ id: row.id, credentialVersion: row.credential_version, age: row.age },
    expiresAt: row.expires_at ?? undefined,
  }
}
