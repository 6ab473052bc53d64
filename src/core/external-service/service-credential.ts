import { createHash } from 'node:crypto'
import type { CredentialMembers } from '../credential/credential-store.js'
import { Secret } from '../credential/secret.js'
import type { ExternalService, ServiceAuth } from './external-service.js'

/** Members that say who it is, and what a secrets engine says about it, which may be seen: everything else is secret. */
const publicMembers: ReadonlySet<string> = new Set([
  ...['client_id', 'expires_at', 'token_type', 'username'],
  ...['expiration', 'key_type', 'last_vault_rotation', 'lease_duration', 'ttl'],
  ...['rotation_period', 'rotation_schedule', 'rotation_window'],
])

/** A credential while a process has it. */
export interface HeldCredential {
  /** Names what was read, for the record. */
  readonly version: number
  readonly members: Readonly<Record<string, Secret>>
  /** Names one that was made for a while, for the record: a digest of its lease. */
  readonly lease?: string
}

/** The members that a service of this kind needs, of what an administrator gives it. */
export function neededMembers(auth: ServiceAuth): readonly string[] {
  switch (auth.type) {
    case 'api_key':
      return ['api_key']
    case 'bearer_token':
      return ['access_token']
    case 'basic_auth':
      return ['username', 'password']
    case 'oauth2':
      return ['client_id', 'client_secret']
  }
}

/** Wraps every member, so that none is shown by accident. `lease` is what a secrets engine calls it by. */
export function heldCredential(version: number, members: CredentialMembers, lease?: string): HeldCredential {
  const wrapped = Object.entries(members).map(([name, text]) => [name, new Secret(text)] as const)
  const named =
    lease === undefined ? {} : { lease: createHash('sha256').update(lease).digest('base64url').slice(0, 16) }
  return Object.freeze({ version, members: Object.freeze(Object.fromEntries(wrapped)), ...named })
}

/** The texts that must not be seen in any answer. */
export function secretTexts({ members }: HeldCredential): readonly string[] {
  // Some services take a key for the username, and no password.
  const isKey = (name: string): boolean => name === 'username' && members['password']?.reveal() === ''
  const secret = Object.entries(members).filter(([name]) => !publicMembers.has(name) || isKey(name))
  return secret.map(([, text]) => text.reveal())
}

/** What shows the service who asks: a header, or a parameter of the query. */
export interface Introduction {
  readonly in: 'header' | 'query'
  readonly name: string
  readonly value: string
}

/** `undefined` where the credential lacks what it takes, or holds what no header can carry. */
export function introductionOf(
  { auth }: Pick<ExternalService, 'auth'>,
  { members }: HeldCredential,
): Introduction | undefined {
  const written = introduction(auth, (name) => members[name]?.reveal() ?? '')
  return written !== undefined && (written.in === 'query' || isHeaderValue(written.value)) ? written : undefined
}

function introduction(auth: ServiceAuth, member: (name: string) => string): Introduction | undefined {
  if (auth.type === 'api_key') {
    const key = member('api_key')
    return key === '' ? undefined : { in: auth.in, name: auth.name, value: auth.prefix + key }
  }
  if (auth.type === 'basic_auth') {
    const [username, password] = [member('username'), member('password')]
    // A colon would move the border between the two (RFC 7617 §2).
    if (username === '' || username.includes(':')) return undefined
    return authorization(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`)
  }
  const token = member('access_token')
  return token === '' ? undefined : authorization(`Bearer ${token}`)
}

function authorization(value: string): Introduction {
  return { in: 'header', name: 'authorization', value }
}

function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]+$/.test(value)
}
