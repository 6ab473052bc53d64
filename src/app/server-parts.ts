import { createIssuer, type Issuer } from '../adapter/issuer/create-issuer.js'
import { PasswordHasher } from '../adapter/issuer/password-hasher.js'
import { createFetcher } from '../adapter/net/create-fetcher.js'
import { createTokenVerifier, type IssuersVerifier } from '../adapter/token/create-token-verifier.js'
import type { Application } from '../core/identity/application.js'
import type { TokenVerifier } from '../core/identity/verified-token.js'
import { Authenticator } from '../core/operation/authenticator.js'
import { CallCounter } from '../core/operation/call-counter.js'
import { Guard } from '../core/operation/guard.js'
import { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import { BackgroundWork } from '../core/runtime/background-work.js'
import { systemClock } from '../core/runtime/clock.js'
import type { Browser } from '../core/sign-in/browser.js'
import type { RefreshingProvider } from '../core/sign-in/identity-provider.js'
import { UpstreamRefresh } from '../core/sign-in/upstream-refresh.js'
import { openAuditStreams } from './audit/open-audit-streams.js'
import type { LocalAccount } from './development/local-accounts.js'
import { openFederation } from './federation/open-federation.js'
import { accountSecurity } from './account-security.js'
import { issuerOf } from './issuer-of.js'
import type { JoinedIssuerBook } from './issuers/joined-issuer-book.js'
import { openBook } from './issuers/open-book.js'
import { TrustedTenants } from './issuers/trusted-tenants.js'
import { offeredScopes } from './offered-scopes.js'
import { prepareApplication } from './prepare-application.js'
import type { Foundations, ServerOptions } from './server-options.js'
import { openServices, type OpenServices } from './services/open-services.js'
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
  /** `undefined` where this process is no authorization server. */
  readonly issuer: Issuer | undefined
  /** The issuers of others. */
  readonly book: JoinedIssuerBook
  /** Verifies whatever bearers bring. */
  readonly tokens: IssuersVerifier
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
  openAuditStreams(options, base)
  const hasher = new PasswordHasher()
  const { application, created } = await patience.untilAnswered(() =>
    prepareApplication({ ...options, postgres: data.postgres, hasher }),
  )
  const services = await patience.untilAnswered(() => openServices(options, base))
  const issuer = await patience.untilAnswered(() =>
    openIssuer(options, base, { application, hasher, services, wanted }),
  )
  stack.add(async () => issuer?.close())
  const book = await patience.untilAnswered(() => openIssuers(options, base, application))
  await assembly.start()
  stack.add(() => assembly.close())
  const { bearers, own } = openTokens(options, base, book)
  const provider = wanted.tools === 'absent' ? undefined : openProvider(options, base, { application, tokens: own })
  const authenticator = openAuthenticator(options, base, { application, book, issuer, provider, tokens: bearers })
  const { browser } = wanted
  const signIn =
    provider === undefined
      ? undefined
      : openSignIn(options, base, { application, authenticator, browser, provider, tokens: own })
  const operations =
    signIn === undefined ? catalogue : new OperationCatalogue([...signIn.operations, ...catalogue.all()])
  const { audit, rateLimiter } = data.postgres
  const counter = new CallCounter({ limiter: rateLimiter, application: application.clientId })
  const guard = new Guard({
    ...{ catalogue: operations, callers: authenticator, audit, counter, services, log, tracer },
    keyring: data.keyring,
  })
  return { application, created, issuer, book, tokens: bearers, authenticator, guard, operations, signIn }
}

interface IssuerParts {
  readonly application: Application
  readonly hasher: PasswordHasher
  readonly services: OpenServices | undefined
  readonly wanted: PartsWanted
}

async function openIssuer(options: ServerOptions, base: Foundations, parts: IssuerParts): Promise<Issuer | undefined> {
  if (options.settings.ownIssuer === 'absent') return undefined
  const { keyring, postgres } = base.data
  const { application, hasher, services, wanted } = parts
  const isClient = wanted.tools === 'served' || services !== undefined
  const scopes = offeredScopes(options.catalogue)
  const { log, scopeWords } = options
  const reach = options.settings.mode === 'development' ? 'private' : 'public'
  // Before whatever starts some, so that it closes after that.
  const background = new BackgroundWork()
  base.stack.add(() => background.close())
  return createIssuer({
    issuer: issuerOf(base.publicUrl),
    application,
    applications: postgres.applications,
    resources: wanted.paths.map((path) => ({
      resource: base.publicUrl + path,
      name: options.appName,
      scopes,
      scopeWords,
    })),
    security: accountSecurity(base.data, { issuer: issuerOf(base.publicUrl), log, reach, background }),
    relyingParty: isClient ? relyingPartyOf(base, application) : undefined,
    connect: services?.connect,
    storage: postgres.issuerStorage,
    owned: postgres.directory.records,
    feed: postgres.notices,
    keys: postgres.signingKeys,
    accounts: postgres.accounts,
    tenants: postgres.tenants,
    federation: openFederation(base, {
      ...{ application: application.clientId, background, log, reach, issuers: options.settings.issuers },
    }),
    audit: postgres.audit,
    limiter: postgres.rateLimiter,
    hasher,
    keyring,
    outgoing: { fetcher: createFetcher({ tracer: base.tracer }), reach },
    log,
    clock: systemClock,
    background,
  })
}

function openIssuers(options: ServerOptions, base: Foundations, application: Application): Promise<JoinedIssuerBook> {
  const { log, settings } = options
  const { tenants, trustedIssuers } = base.data.postgres
  return openBook({ settings, application, ownIssuer: issuerOf(base.publicUrl), store: trustedIssuers, tenants, log })
}

/** Whoever signs in with the five tools does so with us: tokens of others are for bearers only. */
function openTokens(
  { log, settings }: ServerOptions,
  { data, publicUrl, tracer }: Foundations,
  book: JoinedIssuerBook,
): { readonly bearers: IssuersVerifier; readonly own: TokenVerifier } {
  const shared = { clock: systemClock, log }
  const own = { issuer: issuerOf(publicUrl), keys: data.postgres.signingKeys }
  const others = { book, fetcher: createFetcher({ tracer }) }
  const bearers = createTokenVerifier({ ...shared, others, own: settings.ownIssuer === 'served' ? own : undefined })
  return { bearers, own: createTokenVerifier({ ...shared, own }) }
}

interface AuthenticatorParts {
  readonly application: Application
  readonly book: JoinedIssuerBook
  readonly issuer: Issuer | undefined
  readonly provider: RefreshingProvider | undefined
  readonly tokens: TokenVerifier
}

function openAuthenticator(
  { settings, log }: ServerOptions,
  { data, publicUrl, stack }: Foundations,
  { application, book, issuer, provider, tokens }: AuthenticatorParts,
): Authenticator {
  const { applications, grants, logouts, signIns, upstreamTokens } = data.postgres
  const ownIssuer = issuer && issuerOf(publicUrl)
  const tenants = new TrustedTenants({ registry: data.postgres.tenants, book, ownIssuer })
  const upstream = provider && new UpstreamRefresh({ provider, tokens: upstreamTokens, signIns, log })
  if (upstream !== undefined) stack.add(() => upstream.close())
  return new Authenticator({
    clientId: application.clientId,
    ...{ applications, tokens, tenants, grants, logouts, signIns, upstream },
    registry: issuer?.registry ?? { isActive: () => Promise.resolve(false) },
    developmentTokens: settings.mode === 'development' ? 'accept' : 'refuse',
  })
}
