import { AuthenticationError } from '../../../core/error/authentication-error.js'
import type { VerifiedToken } from '../../../core/identity/verified-token.js'
import { claimAt, type ClaimSource } from '../../../core/trust/claim-source.js'
import type { TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import { maxText, requiredText, requireTime, unusable } from '../jwt/common-claims.js'
import type { JsonObject, JsonValue } from '../../../core/runtime/strict-json.js'
import { readActor } from './actor-claim.js'
import { requireAudience } from './audience-claim.js'
import { readAsserted } from './asserted-claims.js'
import { requireTokenIssuer } from './issuer-claim.js'

/** The claims of a token, and what they are held against at this moment. */
export interface ClaimQuestion {
  readonly claims: JsonObject
  readonly trusted: TrustedIssuer
  readonly resource: string
  /** Seconds since the epoch. */
  readonly now: number
}

const maxClientId = 2048

/**
 * What an access token of an issuer of others says, after all of it is checked but the signature. Throws `AuthenticationError`. No
 * grant of ours is behind it.
 */
export function readIssuerClaims(question: ClaimQuestion): VerifiedToken {
  const { claims, resource, trusted } = question
  const issuer = requireTokenIssuer(claims, trusted)
  requireKind(question)
  requireAudience(claims, trusted.audience, resource)
  const expiresAt = readExpiry(question)
  return {
    ...{ issuer, resource, expiresAt },
    subject: readSubject(question),
    clientId: readClient(question),
    tenantClaim: readTenantClaim(question),
    email: isDoubtful(claims['email_verified']) ? undefined : textAt(claims, trusted.claims.email, 'email'),
    name: textAt(claims, trusted.claims.name, 'name'),
    asserted: readAsserted(claims, trusted.claims),
    grantDigest: undefined,
    actor: readActor(claims['act']),
    sessionId: textAt(claims, trusted.claims.session, 'session'),
    issuedAt: Number(claims['iat']),
    methods: readMethods(claims['amr']),
  }
}

/** Throws `AuthenticationError` unless it is an access token that whoever holds it may present. */
export function requireKind({ claims, trusted }: ClaimQuestion): void {
  const { forbidden, required } = trusted.token
  const isOther =
    forbidden.some((claim) => claims[claim] !== undefined) ||
    Object.entries(required).some(([claim, value]) => claims[claim] !== value)
  if (isOther) throw new AuthenticationError('ERR_TOKEN_TYPE', 'the token is not a bearer access token')
}

/** When it is no longer honoured. Throws `AuthenticationError` unless it is valid now. */
export function readExpiry({ claims, now, trusted }: ClaimQuestion): number {
  const { maxLifetimeSeconds: maxLifetime, skewSeconds: skew } = trusted.token
  return requireTime(claims, { now, skew, maxLifetime })
}

/** Throws `AuthenticationError` where it names nobody. */
export function readSubject({ claims }: ClaimQuestion): string {
  return requiredText(claims, 'sub', maxText)
}

/** Throws `AuthenticationError` where it names no client. */
export function readClient({ claims, trusted }: ClaimQuestion): string {
  const client = firstAt(claims, trusted.claims.clientId)
  if (isText(client, maxClientId)) return client
  throw unusable(`the token names no client: none of ${trusted.claims.clientId.join(', ')} is a text`)
}

/** By what the registry knows the tenant. Throws `AuthenticationError` where the token does not say it. */
export function readTenantClaim({ claims, trusted }: ClaimQuestion): string {
  const { tenant } = trusted
  if (tenant.kind === 'fixed') return tenant.tenant
  const value = claimAt(claims, tenant.claim)
  if (isText(value, maxText)) return value
  throw unusable(`the token has no usable ${tenant.claim}, which says the tenant`)
}

/** Some issuers write it as a text. Whatever says neither yes nor nothing is a no. */
function isDoubtful(verified: JsonValue | undefined): boolean {
  return verified !== undefined && verified !== true && verified !== 'true'
}

function textAt(claims: JsonObject, sources: readonly ClaimSource[], what: string): string | undefined {
  const value = firstAt(claims, sources)
  if (value === undefined || isText(value, maxText)) return value
  throw unusable(`the token has no usable ${what}`)
}

function firstAt(claims: JsonObject, sources: readonly ClaimSource[]): unknown {
  for (const source of sources) {
    const value = claimAt(claims, source)
    if (value !== undefined) return value
  }
  return undefined
}

/** Whoever says in another way how its users sign in has not said it. */
function readMethods(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((method): method is string => typeof method === 'string') : []
}

function isText(value: unknown, maxBytes: number): value is string {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= maxBytes
}
