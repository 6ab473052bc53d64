import { claimAt } from '../../../core/trust/claim-source.js'
import type { TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import { categories } from '../../../core/permission/grants.js'
import type { VerifiedToken } from '../../../core/identity/verified-token.js'
import { isOverage, readAsserted } from '../issuer/asserted-claims.js'
import { audienceFor, requireAudience } from '../issuer/audience-claim.js'
import { readActor } from '../issuer/actor-claim.js'
import { requireTokenIssuer } from '../issuer/issuer-claim.js'
import {
  readClient,
  readExpiry,
  readSubject,
  readTenantClaim,
  requireKind,
  type ClaimQuestion,
} from '../issuer/issuer-claims.js'
import { IssuerEngine } from '../issuer/issuer-engine.js'
import { OpaqueEngine } from '../issuer/opaque-engine.js'
import { parseCompactJws, type CompactJws } from '../jwt/compact-jws.js'
import { readHeader, type KeyReference } from '../jwt/token-header.js'
import { verifySignature } from '../jwt/verify-signature.js'
import type { TracedIssuer } from './trace-issuer.js'
import type { Trace } from './trace.js'

export interface TracedToken extends TracedIssuer {
  readonly token: string
  /** The URL that it would be presented to. */
  readonly resource: string
}

/**
 * Takes every step that a token takes at a server and writes down what came of it; goes on after a refusal, so that all reasons are
 * seen at once. Answers with what the token says where it is accepted.
 */
export async function traceToken(trace: Trace, traced: TracedToken): Promise<VerifiedToken | undefined> {
  const { token, trusted } = traced
  if (trusted.introspection !== undefined && !token.startsWith('eyJ')) return traceOpaque(trace, traced)
  const jws = await trace.step(
    'form',
    () => `${token.length} characters`,
    () => parseCompactJws(token),
  )
  if (jws === undefined) return undefined
  const engine = new IssuerEngine(traced)
  const reference = await trace.step(
    'header',
    () => headerSaid(jws.header, trusted),
    () => readHeader(jws.header, { ...trusted.token, members: 'any' }),
  )
  await traceClaims(trace, jws, traced)
  if (reference === undefined) trace.leaveOpen('signature', 'not verified, for the header does not say how')
  else await traceSignature(trace, jws, { engine, token, reference })
  return trace.step(
    'verdict',
    () => `as a server at ${traced.resource} decides`,
    async () => {
      const { verified } = await engine.verify(token, jws, traced.resource)
      return verified
    },
  )
}

async function traceOpaque(trace: Trace, traced: TracedToken): Promise<VerifiedToken | undefined> {
  const { trusted } = traced
  const { introspection } = trusted
  if (introspection === undefined) return undefined
  const { metadata } = new IssuerEngine(traced)
  const engine = new OpaqueEngine({ ...traced, introspection, metadata })
  trace.note('form', 'no JWT: its issuer is asked about it')
  return trace.step(
    'verdict',
    () => `as a server at ${traced.resource} decides`,
    async () => (await engine.verify(traced.token, traced.resource)).verified,
  )
}

async function traceClaims(trace: Trace, { claims }: CompactJws, traced: TracedToken): Promise<void> {
  const { clock, resource, trusted } = traced
  const now = clock.now() / 1000
  const question: ClaimQuestion = { claims, trusted, resource, now }
  const said = (source: string): string => `${source} ${shown(claimAt(claims, source))}`
  await trace.step(
    'issuer',
    () => `${said('iss')}; trusted is ${trusted.issuer}`,
    () => requireTokenIssuer(claims, trusted),
  )
  await trace.step(
    'kind',
    () => kindOf(question),
    () => requireKind(question),
  )
  await trace.step(
    'audience',
    () => audienceSaid(question),
    () => requireAudience(claims, trusted.audience, resource),
  )
  await trace.step(
    'times',
    () => timesOf(question),
    () => readExpiry(question),
  )
  await trace.step(
    'subject',
    () => said('sub'),
    () => readSubject(question),
  )
  await trace.step(
    'client',
    () => trusted.claims.clientId.map(said).join(', '),
    () => readClient(question),
  )
  await trace.step(
    'tenant',
    () => tenantSaid(trusted, said),
    () => readTenantClaim(question),
  )
  if (claims['act'] !== undefined)
    await trace.step(
      'actor',
      () => said('act'),
      () => readActor(claims['act']),
    )
  await trace.step(
    'grants',
    () => grantsOf(question),
    () => readAsserted(claims, trusted.claims),
  )
}

interface Signed {
  readonly engine: IssuerEngine
  readonly token: string
  readonly reference: KeyReference
}

async function traceSignature(
  trace: Trace,
  { claims }: CompactJws,
  { engine, reference, token }: Signed,
): Promise<void> {
  await trace.step(
    'signature',
    () => `with the key ${shown(reference.kid)}`,
    async () => {
      const issuer = typeof claims['iss'] === 'string' ? claims['iss'] : ''
      return verifySignature(token, reference, { issuer, key: await engine.keys.find(reference, issuer) })
    },
  )
}

/** What else stands there is shown by name: it may be a key. */
function headerSaid(header: CompactJws['header'], { token }: TrustedIssuer): string {
  const others = Object.keys(header).filter((name) => !['alg', 'typ', 'kid'].includes(name))
  const said = [
    `alg ${shown(header['alg'])} of ${token.algorithms.join(', ')}`,
    `typ ${shown(header['typ'])} of ${token.types.join(', ')}`,
    `kid ${shown(header['kid'])}`,
    ...(others.length === 0 ? [] : [`besides ${shown(others)}`]),
  ]
  return said.join('; ')
}

function kindOf({ claims, trusted }: ClaimQuestion): string {
  const { forbidden, required } = trusted.token
  const foreign = forbidden.filter((claim) => claims[claim] !== undefined)
  const missing = Object.entries(required).filter(([claim, value]) => claims[claim] !== value)
  const faults = [
    ...foreign.map((claim) => `${claim} is there, which access tokens do not have`),
    ...missing.map(([claim, value]) => `${claim} is ${shown(claims[claim])}, not ${shown(value)}`),
  ]
  return faults.length === 0 ? 'an access token' : faults.join('; ')
}

function audienceSaid({ claims, resource, trusted }: ClaimQuestion): string {
  const { audience } = trusted
  const expected = audienceFor(audience, resource)
  const wanted = expected === undefined ? 'none is accepted at this path' : `wanted is ${shown(expected)}`
  const beside = audience.besides.length === 0 ? ' alone' : `, beside it may stand ${audience.besides.join(', ')}`
  return `${audience.claim} ${shown(claimAt(claims, audience.claim))}; ${wanted}${beside}`
}

function timesOf({ claims, now, trusted }: ClaimQuestion): string {
  const ago = (claim: string): string => {
    const at = claims[claim]
    if (typeof at !== 'number' || !Number.isFinite(at)) return `${claim} ${shown(at)}`
    const seconds = Math.round(at - now)
    return `${claim} ${seconds < 0 ? `${-seconds} s ago` : `in ${seconds} s`}`
  }
  const times = ['iat', 'exp', ...(claims['nbf'] === undefined ? [] : ['nbf'])].map(ago)
  const { maxLifetimeSeconds, skewSeconds } = trusted.token
  return `${times.join(', ')}; ${maxLifetimeSeconds} s from iat to exp at most, clocks ${skewSeconds} s apart`
}

function tenantSaid({ tenant }: TrustedIssuer, said: (source: string) => string): string {
  return tenant.kind === 'fixed' ? `always ${tenant.tenant}` : said(tenant.claim)
}

function grantsOf({ claims, trusted }: ClaimQuestion): string {
  const { grants, overage } = trusted.claims
  const lines = categories.map((category) => {
    const sources = grants[category]
    if (sources === undefined) return `${category}: not said by its tokens`
    return `${category}: ${sources.map((source) => `${source} ${shown(claimAt(claims, source))}`).join(', ')}`
  })
  const lost = isOverage(claims) ? `; the groups did not fit into the token (${overage})` : ''
  return lines.join('; ') + lost
}

const longest = 200

function shown(value: unknown): string {
  if (value === undefined) return '(absent)'
  const text = JSON.stringify(value)
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}
