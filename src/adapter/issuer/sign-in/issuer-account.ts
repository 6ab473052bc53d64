import { originOf } from '../../../core/audit/request-origin.js'
import type { Account as ProviderAccount, AccountClaims, FindAccount, KoaContextWithOIDC } from 'oidc-provider'
import type { Clock } from '../../../core/runtime/clock.js'
import type { RateLimit, RateLimiter } from '../../../core/runtime/rate-limiter.js'
import { isByPosingProvider, upstreamEndOf, type UpstreamAttention } from '../federation/upstream-attention.js'
import type { AccountDirectory, Principal } from './account-directory.js'
import { isRefusedPassword } from './refused-password.js'
import { notNow, orUnavailable, type ErrorsOfProvider } from '../provider/oidc-adapter.js'
import type { SignInAudit } from './sign-in-audit.js'

/**
 * More than a client needs with all its windows. Every refresh leaves a row of audit and a used token for the term of refresh tokens,
 * and whoever may sign in could fill the databases of everybody with them.
 */
const refreshesOfGrant: RateLimit = { name: 'refresh-grant', limit: 60, seconds: 60 }
/** Seconds in which a used refresh token is refused without ending its family: a client with two windows races with itself. */
const rotationGraceSeconds = 10

/** The provider's view of an account that may sign in, read for one request. */
export class IssuerAccount implements ProviderAccount {
  readonly [key: string]: unknown
  readonly accountId: string
  readonly principal: Principal

  constructor(accountId: string, principal: Principal) {
    this.accountId = accountId
    this.principal = principal
  }

  readonly claims = (): AccountClaims => {
    const { account, tenant } = this.principal
    return { sub: this.accountId, tenant_id: tenant.slug, email: account.email, name: account.name }
  }
}

export interface AccountFinderPorts {
  readonly directory: AccountDirectory
  readonly errors: ErrorsOfProvider
  readonly clock: Clock
  readonly audit: SignInAudit
  readonly limiter: RateLimiter
  /** Whether sign-ins with identity providers stand there. */
  readonly upstream: UpstreamAttention | undefined
  /** UUIDs of the tenants where no password lets anybody in. */
  readonly refusing: () => Promise<ReadonlySet<string>>
}

/** The code or refresh token that tokens are about to be issued for. */
type Source = NonNullable<Parameters<FindAccount>[2]>

/**
 * Reads the account again for every authorization, code and refresh; without a standing one nothing is issued. This is
 * also the last place before a refresh token is used up, so whatever can be refused is refused here, and what goes on is
 * on record here.
 */
export function createAccountFinder(ports: AccountFinderPorts): FindAccount {
  const { directory, errors } = ports
  return async (context, subject, source) => {
    if (source !== undefined) requireUsable(ports, context, source)
    const principal = await orUnavailable(directory.find(subject), errors)
    if (source !== undefined && principal !== undefined) {
      await requireWelcomePassword(ports, { source, principal })
      await requirePatience(ports, context, { source, principal })
      await requireHonestUpstream(ports, context, { source, principal })
      await requireUpstream(ports, context, { source, principal })
    }
    if (source !== undefined) await recordUse(ports, context, { source, principal })
    return principal === undefined ? undefined : new IssuerAccount(subject, principal)
  }
}

/** A used token is let through after its grace, to the provider's own detection of reuse. */
function requireUsable({ errors, clock }: AccountFinderPorts, context: KoaContextWithOIDC, source: Source): void {
  const used = usedAt(source)
  if (used !== undefined) {
    if (isInGrace(used, clock)) throw new errors.InvalidGrant('refresh token already used')
    return
  }
  const asked = context.oidc.params?.['resource']
  if (asked === undefined || asked === '') return
  if (typeof asked === 'string' && source.resourceIndicators.has(asked)) return
  throw new errors.InvalidTarget('this resource was not asked for at the sign-in')
}

interface Use {
  readonly source: Source
  readonly principal: Principal | undefined
}

/** What was begun with a password ends nowhere once the tenant takes none any more. */
async function requireWelcomePassword(
  { errors, refusing }: AccountFinderPorts,
  { principal, source }: Use & { readonly principal: Principal },
): Promise<void> {
  const methods = 'amr' in source ? source.amr : undefined
  if (!(await orUnavailable(isRefusedPassword(refusing, methods, principal.tenant), errors))) return
  throw new errors.InvalidGrant('passwords let nobody in any more')
}

/** Counted for a token that is good, so that nobody else uses up what its client may. */
async function requirePatience(
  ports: AccountFinderPorts,
  context: KoaContextWithOIDC,
  use: Use & { readonly principal: Principal },
): Promise<void> {
  const { errors, limiter } = ports
  const { grantId, kind } = use.source
  if (kind !== 'RefreshToken' || grantId === undefined || usedAt(use.source) !== undefined) return
  const { admitted } = await orUnavailable(limiter.take([{ limit: refreshesOfGrant, key: grantId }]), errors)
  if (!admitted) throw refuseForNow(ports, context, { ...use, reason: 'refresh_limited' })
}

/** Not now: neither the grant nor what the provider gave is touched, and the same refresh token is good once the provider is mended. */
async function requireHonestUpstream(
  ports: AccountFinderPorts,
  context: KoaContextWithOIDC,
  use: Use & { readonly principal: Principal },
): Promise<void> {
  const { errors, upstream } = ports
  if (usedAt(use.source) !== undefined || !('acr' in use.source)) return
  if (!(await orUnavailable(isByPosingProvider(upstream, use.source.acr), errors))) return
  throw refuseForNow(ports, context, { ...use, reason: 'posing_upstream' })
}

const refusals = {
  posing_upstream: 'the identity provider of this sign-in cannot be used now',
  refresh_limited: 'this sign-in is refreshed too often',
} as const

interface RefusedForNow extends Use {
  readonly reason: keyof typeof refusals
}

function refuseForNow(
  { audit, errors }: AccountFinderPorts,
  context: KoaContextWithOIDC,
  { principal, reason, source }: RefusedForNow,
): Error {
  audit.count({
    ...{ type: 'signin.failed', reason, grantId: source.grantId, caller: originOf(context.req) },
    ...{ clientId: context.oidc.client?.clientId, tenant: principal?.tenant, subject: principal?.account.id },
  })
  return notNow(new errors.TemporarilyUnavailable(refusals[reason]))
}

/** Who refreshes a sign-in that is over at its provider has none. What was used before is somebody else's to refuse. */
async function requireUpstream(
  { audit, errors, upstream }: AccountFinderPorts,
  context: KoaContextWithOIDC,
  { principal, source }: Use & { readonly principal: Principal },
): Promise<void> {
  if (source.kind !== 'RefreshToken' || usedAt(source) !== undefined) return
  const reason = await orUnavailable(upstreamEndOf(upstream, source.acr, principal), errors)
  requireRequester(context, errors)
  if (reason === undefined) return
  audit.count({
    ...{ type: 'signin.failed', reason, grantId: source.grantId, clientId: context.oidc.client?.clientId },
    ...{ caller: originOf(context.req), tenant: principal.tenant, subject: principal.account.id },
  })
  throw new errors.InvalidGrant('the sign-in is over where it was made')
}

/** Whoever does not wait any more would come again with a refresh token that is used up by then, like a thief. */
function requireRequester({ req }: KoaContextWithOIDC, errors: ErrorsOfProvider): void {
  if (req.socket.destroyed) throw new errors.TemporarilyUnavailable('nobody waits for the answer')
}

async function recordUse(ports: AccountFinderPorts, context: KoaContextWithOIDC, use: Use): Promise<void> {
  const { source, principal } = use
  const fact = {
    ...{ grantId: source.grantId, clientId: context.oidc.client?.clientId, caller: originOf(context.req) },
    ...{ tenant: principal?.tenant, subject: principal?.account.id },
  }
  if (usedAt(source) !== undefined) ports.audit.count({ ...fact, type: 'signin.failed', reason: 'refresh_reused' })
  else if (principal !== undefined) {
    const reason = source.kind === 'RefreshToken' ? 'token_refreshed' : 'token_issued'
    await orUnavailable(ports.audit.record({ ...fact, type: 'signin.completed', reason }), ports.errors)
  }
}

/** When a refresh token was used before, by the database's clock. */
function usedAt(source: Source): unknown {
  return source.kind === 'RefreshToken' ? source.consumed : undefined
}

function isInGrace(consumedAt: unknown, clock: Clock): boolean {
  return typeof consumedAt === 'number' && clock.now() / 1000 - consumedAt <= rotationGraceSeconds
}
