import type { Actor } from '../../../core/identity/actor.js'
import { maxText, unusable } from '../jwt/common-claims.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/runtime/strict-json.js'

const longestChain = 8

/** Who acts for the subject (RFC 8693 §4.1), or nobody. Throws `AuthenticationError` for an `act` that does not say who. */
export function readActor(act: JsonValue | undefined, length = 1): Actor | undefined {
  if (act === undefined) return undefined
  if (!isJsonObject(act) || length > longestChain) throw unusable('the token has no usable act')
  const subject = optionalText(act, 'sub')
  const clientId = optionalText(act, 'client_id')
  if (subject === undefined && clientId === undefined) throw unusable('the token has no usable act')
  // It is remembered with its token, and handed to programs.
  return Object.freeze({
    subject: subject ?? clientId ?? '',
    ...{ issuer: optionalText(act, 'iss'), clientId },
    actor: readActor(act['act'], length + 1),
  })
}

function optionalText(act: JsonObject, member: string): string | undefined {
  const value = act[member]
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= maxText) return value
  throw unusable('the token has no usable act')
}
