import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { traceIssuer } from '../../adapter/token/trace/trace-issuer.js'
import { traceToken } from '../../adapter/token/trace/trace-token.js'
import { Trace, type TraceStep } from '../../adapter/token/trace/trace.js'
import type { IssuerAsWritten } from '../../core/administration/issuer-administration.js'
import { AuthenticationError } from '../../core/error/authentication-error.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { PermissionDeniedError } from '../../core/error/permission-denied-error.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { VerifiedToken } from '../../core/identity/verified-token.js'
import { categories } from '../../core/permission/grants.js'
import { accountState, holdingOf } from '../../core/permission/holding.js'
import { systemClock } from '../../core/runtime/clock.js'
import { readIssuer } from '../../core/trust/read-issuer-options.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'
import { showIssuer } from '../administration/change-issuer.js'
import { withInstallation, type Installation } from '../administration/with-tenant.js'
import { findRunningServers } from '../development/running-server.js'
import { RefusedError } from '../refused-error.js'
import { readSettings } from '../settings/settings.js'

export interface IssuerTestOptions {
  readonly env: NodeJS.ProcessEnv
  /** `iss` of its tokens. */
  readonly issuer: string
  /** How it is to be trusted. Without it: as the environment or the database says, or else as any issuer of RFC 9068 tokens. */
  readonly options?: IssuerAsWritten | undefined
  readonly token?: string | undefined
  /** The URL that the token would be presented to; that of the server of this environment unless told. */
  readonly resource?: string | undefined
}

export interface IssuerReport {
  readonly issuer: string
  /** Who says how far it is trusted: `flags`, `environment`, `database`, or nobody (`defaults`). */
  readonly trustedBy: 'flags' | 'environment' | 'database' | 'defaults'
  readonly resource: string | undefined
  readonly steps: readonly TraceStep[]
  readonly outcome: 'passed' | 'failed'
}

/**
 * Asks an issuer for its metadata and keys, and takes every step that a token of it would take at a server, down to the account behind
 * it. Throws `ConfigurationError` for options that cannot be, `RefusedError` where it is not known what to hold the token against.
 */
export async function testIssuer(test: IssuerTestOptions): Promise<IssuerReport> {
  const { trusted, trustedBy } = await trustOf(test)
  const traced = { trusted, fetcher: createFetcher(), clock: systemClock }
  const trace = new Trace()
  await traceIssuer(trace, traced)
  const { token } = test
  const resource = token === undefined ? undefined : await resourceOf(test, token)
  if (token !== undefined && resource !== undefined) {
    const verified = await traceToken(trace, { ...traced, token, resource })
    if (verified !== undefined) await traceEntry(trace, test, { trusted, verified })
  }
  const { steps } = trace
  return { issuer: trusted.issuer, trustedBy, resource, steps, outcome: trace.failed ? 'failed' : 'passed' }
}

type Trust = Pick<IssuerReport, 'trustedBy'> & { readonly trusted: TrustedIssuer }

async function trustOf({ env, issuer, options }: IssuerTestOptions): Promise<Trust> {
  if (options !== undefined)
    return { trusted: readIssuer(withDefaults({ ...options, issuer }), 'flags'), trustedBy: 'flags' }
  const found = await orNothing(() => showIssuer(env, issuer))
  if (found === undefined) return { trusted: readIssuer(withDefaults({ issuer }), 'flags'), trustedBy: 'defaults' }
  if ('fault' in found) throw new ConfigurationError('ERR_CONFIG_ISSUER', found.fault)
  return { trusted: found.trusted, trustedBy: found.trusted.source === 'database' ? 'database' : 'environment' }
}

/** What a test can begin with: the claim that our own tokens have, and tokens for the server itself. */
function withDefaults(options: IssuerAsWritten): IssuerAsWritten {
  return { audience: 'resource', tenant: { claim: 'tenant_id' }, ...options }
}

/** Nothing where no server has run, or the issuer is none of its. */
async function orNothing<Value>(look: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof RefusedError) return undefined
    throw error
  }
}

/** Of the paths of a server, the one that the token names; nothing it says is believed for that. */
async function resourceOf({ env, resource }: IssuerTestOptions, token: string): Promise<string> {
  if (resource !== undefined) {
    if (URL.canParse(resource)) return resource
    throw new ConfigurationError('ERR_CONFIG_URL', '--resource is a URL such as https://mcp.example.com/mcp')
  }
  const settings = readSettings(env, {}, undefined)
  const [running] = settings.publicUrl === undefined ? await findRunningServers(settings.home) : []
  const origin = settings.publicUrl ?? running?.publicUrl
  if (origin === undefined) {
    throw new RefusedError(
      'say with --resource where the token would be presented, such as https://mcp.example.com/mcp',
    )
  }
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return payload.includes(`${origin}/mcp/oauth"`) ? `${origin}/mcp/oauth` : `${origin}/mcp`
}

interface Entrant {
  readonly trusted: TrustedIssuer
  readonly verified: VerifiedToken
}

/** What a server asks its databases next. */
async function traceEntry(trace: Trace, { env }: IssuerTestOptions, entrant: Entrant): Promise<void> {
  const known = await orNothing(() =>
    withInstallation(env, async (installation) => {
      await traceAccount(trace, installation, entrant)
      return 'known'
    }),
  )
  if (known === undefined) trace.leaveOpen('account', 'no database here knows tenants and accounts')
}

async function traceAccount(trace: Trace, { postgres }: Installation, entrant: Entrant): Promise<void> {
  const { trusted, verified } = entrant
  const { issuer, subject, tenantClaim } = verified
  const tenant = await trace.step(
    'registry',
    () => (trusted.tenant.kind === 'fixed' ? `the tenant ${tenantClaim}` : `what ${issuer} calls ${tenantClaim}`),
    async () => {
      const found = await (trusted.tenant.kind === 'fixed'
        ? postgres.tenants.findBySlug(tenantClaim)
        : postgres.tenants.find(issuer, tenantClaim))
      if (found !== undefined) return found
      throw new PermissionDeniedError('ERR_TENANT_UNKNOWN', `no tenant goes by this token: ${tenantRemedy(entrant)}`)
    },
  )
  if (tenant === undefined) return trace.leaveOpen('account', 'not asked, for the tenant is not known')
  await trace.step(
    'logout',
    () => `of ${subject}, as far as ${issuer} has told`,
    async () => {
      if (!(await postgres.logouts.isOver(verified))) return
      throw new AuthenticationError('ERR_TOKEN_REVOKED', 'whoever the token is of has signed out at the issuer since')
    },
  )
  const standing = await postgres.grants.findStanding(tenant, issuer, subject)
  const state = accountState(standing)
  const { effective } = holdingOf(verified.asserted, standing)
  const held = categories.map((category) => `${category} ${effective[category].join(', ') || 'none'}`).join('; ')
  await trace.step(
    'account',
    () => `${subject} in ${tenant.slug}: ${state}, grants ${standing.source}; holds ${held}`,
    () => {
      if (state === 'disabled') throw new AuthenticationError('ERR_ACCOUNT_DISABLED', 'the account is disabled')
      if (state === 'unknown') throw new AuthenticationError('ERR_ACCOUNT_UNKNOWN', whyUnknown(tenant, entrant))
    },
  )
}

function tenantRemedy({ trusted, verified: { issuer, tenantClaim } }: Entrant): string {
  return trusted.tenant.kind === 'fixed'
    ? `there is none of that slug, or it is suspended (authsec tenant list)`
    : `authsec tenant claim add SLUG --issuer ${issuer} --value ${tenantClaim}`
}

function whyUnknown({ slug }: Tenant, { verified: { issuer, subject } }: Entrant): string {
  return (
    'the tenant has no account for this subject, and admits nobody without one or has shut this one out: authsec account identity ' +
    `add EMAIL --tenant ${slug} --issuer ${issuer} --subject ${subject}, or authsec access-rule set --tenant ${slug} --sign-up everybody`
  )
}
