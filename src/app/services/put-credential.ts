import { quoted } from '../../core/administration/known-names.js'
import {
  CredentialConflict,
  type CredentialMembers,
  type CredentialPlace,
  type CredentialStore,
} from '../../core/credential/credential-store.js'
import { staysBesideNext, tooFewVersions } from '../../core/credential/stays-beside.js'
import { AuthSecError } from '../../core/error/auth-sec-error.js'
import type { ExternalService } from '../../core/external-service/external-service.js'
import type { RotationClaim } from '../../core/external-service/rotation/rotation-store.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Installation } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'

/** Where a credential is put, and by whom. */
export interface Putting extends Pick<Installation, 'by'> {
  readonly postgres: Pick<Installation['postgres'], 'rotations' | 'services'>
  readonly tenant: Tenant
  readonly service: ExternalService
  readonly store: CredentialStore
}

/** A version that is used now. */
export interface PutCredential {
  readonly version: number
  /** What somebody has to look after, a sentence each. */
  readonly warnings: readonly string[]
}

/** Puts a credential to use. Nobody rotates it meanwhile, and what was cut off is not gone on with. Throws `RefusedError`. */
export async function putCredential(putting: Putting, members: CredentialMembers): Promise<PutCredential> {
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
    const failure = {
      reason: 'it was cut off, and another credential was set by hand',
      by,
      standing: 'given up',
    } as const
    if (!isCutOff || !(await postgres.rotations.fail(claim, failure))) return { version, warnings: [] }
    return { version, warnings: await deleteCutOff(putting, claim, version) }
  } finally {
    await postgres.rotations.release(claim)
  }
}

/** What a rotation had written, which nobody resumes any more. */
async function deleteCutOff(
  { service, store, tenant }: Putting,
  claim: RotationClaim,
  used: number,
): Promise<readonly string[]> {
  const version = claim.after + 1
  if (claim.origin === 'engine' || version === used || version === claim.service.credentialVersion) return []
  const place = { tenant, service: service.id, account: undefined }
  const what = `version ${version}, which a rotation had written before it was cut off`
  try {
    if ((await store.read(place, version)) === undefined) return []
    await store.delete(place, version)
    return [`${what}, is deleted, and may still be good at the service: end it there`]
  } catch (error) {
    if (!(error instanceof AuthSecError)) throw error
    return [`${what}, may still be in the store and good at the service (${error.message})`]
  }
}

async function putAlone(
  { by, postgres, service, store, tenant }: Putting,
  members: CredentialMembers,
): Promise<number> {
  const place = { tenant, service: service.id, account: undefined }
  const version = await write(store, place, { members, used: service.credentialVersion })
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

/** The one that is used stays until the new one is: whatever fails in between, one of them works. */
async function write(
  store: CredentialStore,
  place: CredentialPlace,
  { members, used }: { readonly members: CredentialMembers; readonly used: number },
): Promise<number> {
  const newest = await store.newest(place)
  const isThere = used > 0 && (await store.read(place, used)) !== undefined
  if (isThere && !(await staysBesideNext(store, place, { newest, version: used }))) {
    throw new RefusedError(`${tooFewVersions}; nothing was changed`)
  }
  try {
    return await store.write(place, members, newest)
  } catch (error) {
    if (!(error instanceof CredentialConflict)) throw error
    throw new RefusedError('somebody else is setting this credential at the same moment; nothing was changed')
  }
}
