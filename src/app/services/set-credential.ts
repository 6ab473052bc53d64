import type { Change } from '../../core/administration/change.js'
import { quoted } from '../../core/administration/known-names.js'
import {
  CredentialConflict,
  type CredentialMembers,
  type CredentialStore,
} from '../../core/credential/credential-store.js'
import type { ExternalService, ServiceAuth } from '../../core/external-service/external-service.js'
import { heldCredential, introductionOf, neededMembers } from '../../core/external-service/service-credential.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { withTenant, type Installation, type TenantPlace } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { findService, usableService } from './find-service.js'
import { withCredentials } from './with-credentials.js'

/** A credential as an administrator gives it. */
export interface CredentialWanted {
  readonly name: string
  /** What may be seen of it. */
  readonly username?: string | undefined
  readonly clientId?: string | undefined
  /** Reads what may not be seen, once it is known that it is wanted; `member` is what it is. */
  readonly readSecret: (member: string) => Promise<string>
}

/** What was put to use. */
export interface CredentialSet {
  /** Slug. */
  readonly tenant: string
  readonly changes: readonly Change[]
  readonly version: number
  /** What is unwise about it, a sentence each. */
  readonly warnings: readonly string[]
}

const fewestCharacters = 8

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
      return { tenant: tenant.slug, changes: [change], version, warnings: warningsOf(members, service.auth) }
    })
  })
}

interface Putting extends Pick<Installation, 'by' | 'postgres'> {
  readonly tenant: Tenant
  readonly service: ExternalService
  readonly store: CredentialStore
}

async function put({ by, postgres, service, store, tenant }: Putting, members: CredentialMembers): Promise<number> {
  const place = { tenant, service: service.id, account: undefined }
  const version = await write(store, place, members)
  if (await postgres.services.activate(tenant, { service, version }, by)) return version
  const isGone = (await postgres.services.list(tenant)).every(({ id }) => id !== service.id)
  await (isGone ? store.destroy(place) : store.delete(place, version))
  throw new RefusedError(`${quoted(service.name)} was changed by somebody else meanwhile; nothing was put to use`)
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

async function readMembers(service: ExternalService, wanted: CredentialWanted): Promise<CredentialMembers> {
  if (service.source.from !== 'store') {
    throw new RefusedError(`the credential of ${quoted(service.name)} is made by a secrets engine: nobody sets it`)
  }
  const shown = { username: wanted.username, client_id: wanted.clientId }
  const needed = neededMembers(service.auth)
  const members: Record<string, string> = {}
  for (const [name, value] of Object.entries(shown)) {
    const option = `--${name.replace('_', '-')}`
    if (needed.includes(name) && value === undefined)
      throw new RefusedError(`${option} is missing: ${service.auth.type} has one`)
    if (!needed.includes(name) && value !== undefined)
      throw new RefusedError(`${option} says nothing with ${service.auth.type}: leave it out`)
    if (value !== undefined) members[name] = checked(option, value)
  }
  for (const name of needed.filter((name) => !(name in members))) {
    members[name] = checked(`the ${name.replace('_', ' ')}`, await wanted.readSecret(name))
  }
  refuseUnsendable(service, members)
  return members
}

function checked(what: string, text: string): string {
  if (text === '') throw new RefusedError(`${what} is empty`)
  if (/\p{Cc}/u.test(text)) throw new RefusedError(`${what} is one line without control characters`)
  return text
}

/** Better now than at the first call. */
function refuseUnsendable(service: ExternalService, members: CredentialMembers): void {
  if (service.auth.type === 'oauth2' || introductionOf(service, heldCredential(1, members)) !== undefined) return
  throw new RefusedError(
    service.auth.type === 'basic_auth'
      ? 'a username has no colon (RFC 7617 §2)'
      : 'it has letters that no header can carry: is it the credential, as the service shows it?',
  )
}

function warningsOf(members: CredentialMembers, auth: ServiceAuth): readonly string[] {
  const secret = neededMembers(auth).at(-1) ?? ''
  const text = members[secret] ?? ''
  return [
    ...(text.length < fewestCharacters
      ? [
          `it has fewer than ${fewestCharacters} characters: it can be guessed, and results of operations that hold it by chance are blocked`,
        ]
      : []),
    ...(text.trim() === text ? [] : ['it begins or ends with a blank, which is sent as part of it']),
  ]
}
