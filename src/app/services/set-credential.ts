import type { Change } from '../../core/administration/change.js'
import { quoted } from '../../core/administration/known-names.js'
import {
  CredentialConflict,
  type CredentialMembers,
  type CredentialStore,
} from '../../core/credential/credential-store.js'
import type { ExternalService } from '../../core/external-service/external-service.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { withTenant, type Installation, type TenantPlace } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { findService, usableService } from './find-service.js'
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
      const version = await put({ ...installation, service, store }, members)
      const before = service.credentialVersion === 0 ? [] : [`credentialVersion:${service.credentialVersion}`]
      const after = [`credentialVersion:${version}`]
      const change = { action: 'changed', noun: 'service', name: service.name, before, after } as const
      return { tenant: tenant.slug, changes: [change], version, warnings: credentialWarnings(members, service.auth) }
    })
  })
}

interface Putting extends Pick<Installation, 'by' | 'postgres'> {
  readonly tenant: Tenant
  readonly service: ExternalService
  readonly store: CredentialStore
}

/** Nobody rotates it meanwhile, and what was cut off is not gone on with. */
async function put(putting: Putting, members: CredentialMembers): Promise<number> {
  const { by, postgres, service, tenant } = putting
  const answer = await postgres.rotations.claim(tenant, service.name)
  if (answer.outcome === 'busy') {
    throw new RefusedError(`${quoted(service.name)} is being rotated; try again in ${answer.seconds} seconds`)
  }
  if (answer.outcome === 'absent') throw changedMeanwhile(service)
  const { claim } = answer
  const isCutOff = claim.phase === 'begun' || claim.phase === 'written'
  try {
    const version = await putAlone(putting, members)
    const reason = 'it was cut off, and another credential was set by hand'
    if (isCutOff) await postgres.rotations.fail(claim, { reason, by, standing: 'given up' })
    return version
  } finally {
    await postgres.rotations.release(claim)
  }
}

async function putAlone(
  { by, postgres, service, store, tenant }: Putting,
  members: CredentialMembers,
): Promise<number> {
  const place = { tenant, service: service.id, account: undefined }
  const version = await write(store, place, members)
  if (await postgres.services.activate(tenant, { service, version }, by)) return version
  const now = (await postgres.services.list(tenant)).find(({ id }) => id === service.id)
  if (now === undefined) await store.destroy(place)
  // Whoever had the turn before, and has lost it, may have put it to use.
  else if (now.credentialVersion !== version) await store.delete(place, version)
  throw changedMeanwhile(service)
}

function changedMeanwhile({ name }: ExternalService): RefusedError {
  return new RefusedError(`${quoted(name)} was changed by somebody else meanwhile; nothing was put to use`)
}

type Place = Parameters<CredentialStore['write']>[0]

async function write(store: CredentialStore, place: Place, members: CredentialMembers): Promise<number> {
  try {
    return await store.write(place, members, await store.newest(place))
  } catch (error) {
    if (!(error instanceof CredentialConflict)) throw error
    throw new RefusedError('somebody else is setting this credential at the same moment; nothing was changed')
  }
}
