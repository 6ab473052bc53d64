import { quoted } from '../../core/administration/known-names.js'
import type { CredentialMembers } from '../../core/credential/credential-store.js'
import type { ExternalService, ServiceAuth } from '../../core/external-service/external-service.js'
import { heldCredential, introductionOf, neededMembers } from '../../core/external-service/service-credential.js'
import { RefusedError } from '../refused-error.js'

/** A credential as an administrator gives it. */
export interface CredentialWanted {
  readonly name: string
  /** What may be seen of it. */
  readonly username?: string | undefined
  readonly clientId?: string | undefined
  /** Reads what may not be seen, once it is known that it is wanted; `member` is what it is. */
  readonly readSecret: (member: string) => Promise<string>
}

const fewestCharacters = 8

/** The members of a credential for a service. Throws `RefusedError` for what cannot be one. */
export async function readMembers(service: ExternalService, wanted: CredentialWanted): Promise<CredentialMembers> {
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

/** What is unwise about a credential, a sentence each. */
export function credentialWarnings(members: CredentialMembers, auth: ServiceAuth): readonly string[] {
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
