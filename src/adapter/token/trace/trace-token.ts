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
import { readHeader } from '../jwt/token-header.js'
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
  await traceClaims(trace, jws, traced)
  await traceSignature(trace, jws, { engine, token })
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

async function traceClaims(trace: Trace, { claims, header }: CompactJws, traced: TracedToken): Promise<void> {
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
    'header',
    () => ['alg', 'typ', 'kid'].map((name) => `${name} ${shown(header[name])}`).join(', '),
    () => readHeader(header, { ...trusted.token, members: 'any' }),
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

async function traceSignature(
  trace: Trace,
  { claims, header }: CompactJws,
  { engine, token }: { readonly engine: IssuerEngine; readonly token: string },
): Promise<void> {
  const { trusted } = engine
  await trace.step(
    'signature',
    () => `with the key ${shown(header['kid'])}`,
    async () => {
      const reference = readHeader(header, { ...trusted.token, members: 'any' })
      const issuer = typeof claims['iss'] === 'string' ? claims['iss'] : ''
      return verifySignature(token, reference, { issuer, key: await engine.keys.find(reference, issuer) })
    },
  )
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
  const beside = audience.besides.length === 0 ? '' : `, beside it may stand ${audience.besides.join(', ')}`
  return `${audience.claim} ${shown(claimAt(claims, audience.claim))}; ${wanted}${beside}`
}

function timesOf({ claims, now }: ClaimQuestion): string {
  const ago = (claim: string): string => {
    const at = claims[claim]
    if (typeof at !== 'number' || !Number.isFinite(at)) return `${claim} ${shown(at)}`
    const seconds = Math.round(at - now)
    return `${claim} ${seconds < 0 ? `${-seconds} s ago` : `in ${seconds} s`}`
  }
  return ['iat', 'exp', ...(claims['nbf'] === undefined ? [] : ['nbf'])].map(ago).join(', ')
}

function tenantSaid({ tenant }: TrustedIssuer, said: (source: string) => string): string {
  return tenant.kind === 'fixed' ? `always ${tenant.tenant}` : said(tenant.claim)
}

function grantsOf({ claims, trusted }: ClaimQuestion): string {
  const { grants, overage } = trusted.claims
  const lines = categories.map((category) => {
    const sources = grants[category]
    if (sources === undefined) return `${category}: by the tenant's database alone`
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
