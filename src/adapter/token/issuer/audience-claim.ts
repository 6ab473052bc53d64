import { AuthenticationError } from '../../../core/error/authentication-error.js'
import { claimAt } from '../../../core/trust/claim-source.js'
import type { AudienceRule } from '../../../core/trust/trusted-issuer.js'
import type { JsonObject } from '../../../core/runtime/strict-json.js'

/** For whom tokens for this resource have to be; `undefined` where none is accepted there. */
export function audienceFor({ accepts }: AudienceRule, resource: string): string | undefined {
  if (accepts === 'resource') return resource
  if (typeof accepts === 'string') return accepts
  const path = URL.parse(resource)?.pathname ?? ''
  return Object.hasOwn(accepts, path) ? accepts[path] : undefined
}

/**
 * Throws `AuthenticationError` unless the token is for this resource, and besides for nobody but those who may stand beside it
 * (RFC 9068 §4, RFC 8707 §2). Compared byte by byte.
 */
export function requireAudience(claims: JsonObject, rule: AudienceRule, resource: string): void {
  const expected = audienceFor(rule, resource)
  if (expected === undefined || expected === '') throw otherAudience()
  const named = listOf(claimAt(claims, rule.claim))
  const isOurs = (audience: unknown): boolean => audience === expected
  if (!named.some(isOurs) || !named.every((audience) => isOurs(audience) || isBeside(audience, rule)))
    throw otherAudience()
  // Where the issuer says it elsewhere, an `aud` that is there as well must not say something else.
  if (rule.claim === 'aud' || claims['aud'] === undefined) return
  const others = listOf(claims['aud'])
  const fits = (audience: unknown): boolean => isOurs(audience) || audience === resource || isBeside(audience, rule)
  if (others.length === 0 || !others.every(fits)) throw otherAudience()
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined ? [] : [value]
}

function isBeside(audience: unknown, { besides }: AudienceRule): boolean {
  return typeof audience === 'string' && besides.includes(audience)
}

function otherAudience(): AuthenticationError {
  return new AuthenticationError('ERR_TOKEN_AUDIENCE', 'the token is not for this resource')
}
