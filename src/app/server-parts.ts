import { createIssuer, type Issuer } from '../adapter/issuer/create-issuer.js'
import { PasswordHasher } from '../adapter/issuer/password-hasher.js'
import { createTokenVerifier } from '../adapter/token/create-token-verifier.js'
import type { Application } from '../core/identity/application.js'
import type { TokenVerifier } from '../core/identity/verified-token.js'
import { Authenticator } from '../core/operation/authenticator.js'
import { CallCounter } from '../core/operation/call-counter.js'
import { Guard } from '../core/operation/guard.js'
import { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import { systemClock } from '../core/runtime/clock.js'
import type { Browser } from '../core/sign-in/browser.js'
import type { RefreshingProvider } from '../core/sign-in/identity-provider.js'
import { UpstreamRefresh } from '../core/sign-in/upstream-refresh.js'
import type { LocalAccount } from './development/local-accounts.js'
import { issuerOf } from './issuer-of.js'
import { offeredScopes } from './offered-scopes.js'
import { prepareApplication } from './prepare-application.js'
import type { Foundations, ServerOptions } from './server-options.js'
import { openProvider, openSignIn, relyingPartyOf, type SignInParts } from './sign-in-parts.js'

export interface PartsWanted {
  /** The paths of the protected resources (RFC 9728); the last one is meant where a client names none. */
  readonly paths: readonly string[]
  /** Whether clients sign in with the five tools. */
  readonly tools: 'served' | 'absent'
  /** Opened for the user where the server runs on their own computer. */
  readonly browser: Browser | undefined
}

/** What every transport is served from. */
export interface ServerParts {
  readonly application: Application
  /** Accounts that were made just now. */
  readonly created: readonly LocalAccount[]
  readonly issuer: Issuer
  readonly authenticator: Authenticator
  readonly guard: Guard
  /** All operations, those that sign in included. */
  readonly operations: OperationCatalogue
  readonly signIn: SignInParts | undefined
}

/** Opens what is the same for every transport: application, authorization server, the classes of the user, guard, sign-in. */
export async function openParts(options: ServerOptions, base: Foundations, wanted: PartsWanted): Promise<ServerParts> {
  const { assembly, catalogue, log, patience } = options
  const { data, stack, tracer } = base
  data.postgres.changes.follow()
  const hasher = new PasswordHasher()
  const { application, created } = await patience.untilAnswered(() =>
    prepareApplication({ ...options, postgres: data.postgres, hasher }),
  )
  const issuer = await patience.untilAnswered(() => openIssuer(options, base, { application, hasher, wanted }))
  await assembly.start()
  stack.add(() => assembly.close())
  const tokens = openTokens(options, base)
  const provider = wanted.tools === 'absent' ? undefined : openProvider(options, base, { application, tokens })
  const authenticator = openAuthenticator(options, base, { application, issuer, provider, tokens })
  const { browser } = wanted
  const signIn =
    provider === undefined
      ? undefined
      : openSignIn(options, base, { application, authenticator, browser, provider, tokens })
  const operations =
    signIn === undefined ? catalogue : new OperationCatalogue([...signIn.operations, ...catalogue.all()])
  const { audit, rateLimiter } = data.postgres
  const counter = new CallCounter({ limiter: rateLimiter, application: application.clientId })
  const guard = new Guard({ catalogue: operations, callers: authenticator, audit, counter, log, tracer })
  return { application, created, issuer, authenticator, guard, operations, signIn }
}

interface IssuerParts {
  readonly application: Application
  readonly hasher: PasswordHasher
  readonly wanted: PartsWanted
}

function openIssuer(options: ServerOptions, base: Foundations, parts: IssuerParts): Promise<Issuer> {
  const { keyring, postgres } = base.data
  const { application, hasher, wanted } = parts
  const scopes = offeredScopes(options.catalogue)
  return createIssuer({
    issuer: issuerOf(base.publicUrl),
    application,
    applications: postgres.applications,
    resources: wanted.paths.map((path) => ({ resource: base.publicUrl + path, name: options.appName, scopes })),
    relyingParty: wanted.tools === 'absent' ? undefined : relyingPartyOf(base, application),
    storage: postgres.issuerStorage,
    keys: postgres.signingKeys,
    accounts: postgres.accounts,
    tenants: postgres.tenants,
    audit: postgres.audit,
    limiter: postgres.rateLimiter,
    hasher,
    keyring,
    log: options.log,
    clock: systemClock,
  })
}

function openTokens({ log }: ServerOptions, { data, publicUrl }: Foundations): TokenVerifier {
  const keys = data.postgres.signingKeys
  return createTokenVerifier({ own: { issuer: issuerOf(publicUrl), keys }, clock: systemClock, log })
}

interface AuthenticatorParts {
  readonly application: Application
  readonly issuer: Issuer
  readonly provider: RefreshingProvider | undefined
  readonly tokens: TokenVerifier
}

function openAuthenticator(
  { settings, log }: ServerOptions,
  { data, stack }: Foundations,
  { application, issuer, provider, tokens }: AuthenticatorParts,
): Authenticator {
  const { applications, grants, logouts, signIns, tenants, upstreamTokens } = data.postgres
  const upstream = provider && new UpstreamRefresh({ provider, tokens: upstreamTokens, signIns, log })
  if (upstream !== undefined) stack.add(() => upstream.close())
  return new Authenticator({
    clientId: application.clientId,
    ...{ applications, tokens, tenants, grants, logouts, signIns, upstream },
    registry: issuer.registry,
    developmentTokens: settings.mode === 'development' ? 'accept' : 'refuse',
  })
}
