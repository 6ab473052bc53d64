import type { Caller } from '../../../core/identity/caller.js'
import type { JsonSchema } from '../../../core/operation/json-schema.js'
import { plainText } from './plain-text.js'

const optionalText = { type: ['string', 'null'] }
const names = { type: 'array', items: { type: 'string' } }

/** What each member of `userInfoOf` is. */
export const userInfoProperties = {
  user_id: { type: 'string', description: 'The stable id of the user.' },
  email: { ...optionalText, description: 'The e-mail address, for display.' },
  email_id: { ...optionalText, description: 'The same address, by the name that tokens of AuthSec give it.' },
  name: { ...optionalText, description: 'The name, for display.' },
  tenant_id: { type: 'string', description: 'The organisation that the user belongs to.' },
  client_id: { type: 'string', description: 'The OAuth client that the user signed in with.' },
  roles: { ...names, description: 'The roles that the user holds.' },
  groups: { ...names, description: 'The groups that the user is in.' },
  scopes: { ...names, description: 'The scopes that the user holds and that this sign-in was granted.' },
  resources: { ...names, description: 'The resources that the user has access to.' },
  permissions: { ...names, description: 'What the user may do, as resource:action.' },
  token_type: { type: 'string', const: 'session', description: 'The user is known by this session.' },
  expires_at: { type: 'integer', description: 'When the sign-in ends at the latest, in seconds since the epoch.' },
} as const satisfies Readonly<Record<string, JsonSchema>>

/** The schema of `userInfoOf`. */
export const userInfoSchema: JsonSchema = {
  type: 'object',
  description: 'Who is signed in, and what they hold.',
  properties: userInfoProperties,
  required: Object.keys(userInfoProperties),
}

/** Who is signed in, and what they effectively hold at this moment. */
export function userInfoOf({ user, clientId, expiresAt }: Caller): Readonly<Record<string, unknown>> {
  const email = user.email === undefined ? null : plainText(user.email)
  return {
    user_id: plainText(user.subject),
    email,
    email_id: email,
    name: user.name === undefined ? null : plainText(user.name),
    tenant_id: plainText(user.tenantId),
    client_id: plainText(clientId),
    roles: plainTexts(user.roles),
    groups: plainTexts(user.groups),
    scopes: plainTexts(user.scopes),
    resources: plainTexts(user.resources),
    permissions: plainTexts(user.permissions),
    token_type: 'session',
    expires_at: Math.floor(expiresAt),
  }
}

function plainTexts(texts: readonly string[]): readonly string[] {
  return texts.map((text) => plainText(text))
}
