import type { FoundService } from '../../../core/administration/service-administration.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { readServiceOptions } from '../../../core/external-service/read-service-options.js'

/** A row of `service`. */
export interface ServiceRow {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly description: string | null
  readonly tags: readonly string[]
  readonly auth: unknown
  readonly source: unknown
  readonly requirement: unknown
  readonly reach: string
  readonly rotation: unknown
  readonly revision: string
  readonly credential_version: number
  readonly credential_at: number | null
  readonly users: number
}

/** What a row comes to. It is read as strictly as what an administrator writes: plain SQL may have written it. */
export function parseService(row: ServiceRow): FoundService {
  return {
    ...{ id: row.id, name: row.name, revision: row.revision, users: row.users },
    credentialVersion: row.credential_version,
    credentialAt: row.credential_at ?? undefined,
    settings: settingsOf(row),
  }
}

function settingsOf(row: ServiceRow): FoundService['settings'] {
  const { auth, description, reach: network, requirement, rotation, source, tags, url } = row
  const said = { auth, network, requirement, source, tags, url, ...(rotation === null ? {} : { rotation }) }
  try {
    return readServiceOptions(description === null ? said : { ...said, description })
  } catch (error) {
    if (error instanceof ConfigurationError) return { fault: error.message }
    throw error
  }
}
