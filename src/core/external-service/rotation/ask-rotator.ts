import type { CredentialMembers } from '../../credential/credential-store.js'
import type { ExternalService } from '../external-service.js'
import { heldCredential, introductionOf, neededMembers, type HeldCredential } from '../service-credential.js'
import type { CredentialRotator, RotationRequest } from './credential-rotator.js'
import { RotationFault, type RotatedService } from './rotator.js'

const mostMilliseconds = 30_000

/** Asks for another credential. Throws `RotationFault` where there is none in time, or none that the service could be shown. */
export async function createCredential(
  rotator: CredentialRotator,
  place: RotatedService,
  { attempt, current }: { readonly attempt: string; readonly current: HeldCredential },
): Promise<CredentialMembers> {
  const given = await inTime('make a new credential', (signal) =>
    rotator.create({ ...requestFor(place, current, signal), attempt }),
  )
  return usableMembers(place.service, given, current)
}

/** Has a credential ended at the service. Throws `RotationFault`. */
export async function revokeCredential(
  rotator: CredentialRotator,
  place: RotatedService,
  old: HeldCredential,
): Promise<void> {
  await inTime('end a credential', async (signal) => rotator.revoke?.(requestFor(place, old, signal)))
}

function requestFor(
  { service, tenant }: RotatedService,
  { members }: HeldCredential,
  signal: AbortSignal,
): RotationRequest {
  return { tenant: tenant.slug, service: { name: service.name, url: service.url }, credential: members, signal }
}

/** What an application throws may quote what is secret: of that only the name is told. */
async function inTime<Value>(what: string, ask: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const deadline = new AbortController()
  const late = new RotationFault(`the rotator of the application did not ${what} within ${mostMilliseconds / 1000} s`)
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      deadline.abort(late)
      reject(late)
    }, mostMilliseconds)
  })
  try {
    return await Promise.race([ask(deadline.signal), tooLate])
  } catch (error) {
    if (error instanceof RotationFault) throw error
    const name = error instanceof Error && /^[\w.]{1,60}$/.test(error.name) ? error.name : 'something'
    throw new RotationFault(`the rotator of the application could not ${what}: it threw ${name}`)
  } finally {
    clearTimeout(timer)
  }
}

/** What says who it is stays as it was, where the rotator does not say otherwise. */
function usableMembers(
  service: ExternalService,
  given: unknown,
  { members: current }: HeldCredential,
): CredentialMembers {
  const members = textsOf(given)
  if (members === undefined) throw new RotationFault('the rotator of the application gave something else than texts')
  const needed = neededMembers(service.auth)
  const secret = needed.at(-1) ?? ''
  const unknown = Object.keys(members).filter((name) => !needed.includes(name))
  if (unknown.length > 0 || !(secret in members)) {
    throw new RotationFault(`the new credential has not the members of its kind: ${needed.join(', ')}`)
  }
  const whole = Object.fromEntries(needed.map((name) => [name, members[name] ?? current[name]?.reveal() ?? '']))
  if (whole[secret] === current[secret]?.reveal()) throw new RotationFault('the new credential is the one that is used')
  const isPlain = Object.values(whole).every((text) => text !== '' && !/\p{Cc}/u.test(text))
  const isShown = service.auth.type === 'oauth2' || introductionOf(service, heldCredential(1, whole)) !== undefined
  if (isPlain && isShown) return whole
  throw new RotationFault('the new credential is empty, or has letters that no request can carry')
}

function textsOf(given: unknown): CredentialMembers | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const entries = Object.entries(given)
  return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
    ? Object.fromEntries(entries)
    : undefined
}
