import type { Change } from '../../core/administration/change.js'
import { withTenant, type TenantPlace } from '../administration/with-tenant.js'
import { findService, usableService } from './find-service.js'
import { putCredential } from './put-credential.js'
import { credentialWarnings, readMembers, type CredentialWanted } from './read-members.js'
import { withCredentials } from './with-credentials.js'

/** What was put to use. */
export interface CredentialSet {
  /** Slug. */
  readonly tenant: string
  readonly changes: readonly Change[]
  readonly version: number
  /** What is unwise about it, a sentence each. */
  readonly warnings: readonly string[]
}

/**
 * Writes a credential and puts it to use: what is cut off in between leaves the one before in use, and may be done again. Throws
 * `RefusedError` for what cannot be a credential of the service, and where somebody else has changed it meanwhile.
 */
export async function setCredential(place: TenantPlace, wanted: CredentialWanted): Promise<CredentialSet> {
  return withTenant(place, async (installation) => {
    const { postgres, tenant } = installation
    const service = usableService(await findService(postgres, tenant, wanted.name))
    return withCredentials(installation, async (store) => {
      const members = await readMembers(service, wanted)
      const { version, warnings } = await putCredential({ ...installation, service, store }, members)
      const before = service.credentialVersion === 0 ? [] : [`credentialVersion:${service.credentialVersion}`]
      const after = [`credentialVersion:${version}`]
      const change = { action: 'changed', noun: 'service', name: service.name, before, after } as const
      const unwise = credentialWarnings(members, service.auth)
      return { tenant: tenant.slug, changes: [change], version, warnings: [...unwise, ...warnings] }
    })
  })
}
