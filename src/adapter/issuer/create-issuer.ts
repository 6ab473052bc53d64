import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuditLog } from '../../core/audit/audit-log.js'
import type { Keyring } from '../../core/credential/keyring.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { AccountStore } from '../../core/identity/account-store.js'
import type { Application, ApplicationStore } from '../../core/identity/application.js'
import type { IssuerStorage, OwnedRecords } from '../../core/identity/issuer-storage.js'
import { BackgroundNotifier } from '../../core/identity/background-notifier.js'
import type { ClientNotifier } from '../../core/identity/session-source.js'
import type { SigningKeyStore } from '../../core/identity/signing-key-store.js'
import type { TenantRegistry } from '../../core/identity/tenant.js'
import type { GrantRegistry } from '../../core/identity/verified-token.js'
import type { SessionFeed } from '../../core/runtime/session-feed.js'
import { BackgroundWork } from '../../core/runtime/background-work.js'
import type { Fetcher, NetworkReach } from '../../core/runtime/fetcher.js'
import type { Clock } from '../../core/runtime/clock.js'
import type { Log } from '../../core/runtime/log.js'
import type { RateLimiter } from '../../core/runtime/rate-limiter.js'
import { ConsentBound } from './consent/consent-bound.js'
import { ConsentsHandler } from './consent/consents-handler.js'
import { IssuerConsents } from './record/issuer-consents.js'
import { openFederation, type FederationParts } from './federation/open-federation.js'
import { AccountPages, type AccountPagesParts } from './account/account-pages.js'
import type { AccountSecurity } from './account/account-security.js'
import { openOwnFactors } from './account/open-own-factors.js'
import { PasswordLinks, type PasswordLinksParts } from './account/password-links.js'
import { AccountDirectory } from './sign-in/account-directory.js'
import { ClientDocuments } from './client/client-documents.js'
import { ConsentStep } from './sign-in/consent-step.js'
import { openFactorStep, openFactorWays } from './sign-in/factor/open-factor-step.js'
import { FirstPartyConsent } from './sign-in/first-party-consent.js'
import { createProvider } from './provider/create-provider.js'
import { InteractionHandler } from './sign-in/interaction-handler.js'
import { IssuerCookies } from './http/issuer-cookies.js'
import { IssuerHandler } from './http/issuer-handler.js'
import { loadOidcProvider, type OidcProviderModule } from './provider/load-oidc-provider.js'
import type { PasswordHasher } from './password-hasher.js'
import type { IssuerResource } from './provider/issuer-resource.js'
import { checkRelyingParty, type RelyingParty } from './provider/relying-party.js'
import { parsePublicUrl, type PublicUrl } from './http/public-url.js'
import { SealedRecords } from './record/sealed-records.js'
import { SignInAudit } from './sign-in/sign-in-audit.js'
import { SignInLimits } from './sign-in/sign-in-limits.js'
import { SignInStep } from './sign-in/sign-in-step.js'
import { FollowedKeys, type PublishedKeys } from './provider/followed-keys.js'
import { EndedGrants } from './logout/ended-grants.js'
import { LogoutHandler } from './logout/logout-handler.js'
import { LogoutNotices } from './logout/logout-notices.js'
import { OwnTokenReader } from './token/own-token-reader.js'

export interface IssuerOptions {
  /** Issuer identifier: the public URL and a path, such as `https://mcp.example.com/oauth`. */
  readonly issuer: string
  /** Decides which tenants may sign in. */
  readonly application: Application
  /** Where it is registered; as it is given, unless told. */
  readonly applications?: Pick<ApplicationStore, 'find'> | undefined
  /** The last one is meant where a request names none. */
  readonly resources: readonly IssuerResource[]
  readonly storage: IssuerStorage
  /** The same records by whose they are: users see what they have allowed. */
  readonly owned: OwnedRecords
  /** Tells every process what a user has taken back. */
  readonly feed: Pick<SessionFeed, 'publish'>
  readonly keys: SigningKeyStore
  readonly accounts: AccountStore
  readonly tenants: TenantRegistry
  readonly hasher: PasswordHasher
  readonly keyring: Keyring
  /** How accounts get their passwords, and what they prove themselves with besides. */
  readonly security: AccountSecurity | 'absent'
  /** This server as a client of its own, for the sign-in with the five tools; nobody else is answered at its redirect URI. */
  readonly relyingParty: RelyingParty | undefined
  /** Signing in with identity providers of the tenants. */
  readonly federation?: FederationParts | undefined
  /** Counts attempts, for all processes together. Where it does not answer, nobody signs in or registers. */
  readonly limiter: RateLimiter
  readonly audit: AuditLog
  /** The way to clients: to the documents that describe them, and to where they hear of logouts. Without it they have to register. */
  readonly outgoing?: { readonly fetcher: Fetcher; readonly reach: NetworkReach } | undefined
  readonly log: Log
  readonly clock: Clock
  /** What nobody waits for is done there; whoever closes the databases closes it before. */
  readonly background?: BackgroundWork | undefined
}

export interface Issuer {
  /** Answers a request, or `false` where its path is none of the issuer's. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
  readonly registry: GrantRegistry
  /** Looks now whether the signing keys have changed, as is done by itself every 20 seconds. */
  refreshKeys(): Promise<void>
  /** Follows the signing keys no longer. */
  close(): void
}

/**
 * The embedded authorization server: OAuth 2.1 with our own sign-in and consent pages, over the given ports. Throws
 * `ConfigurationError` for a URL, resources or a relying party that cannot work, `UpstreamError` when the databases do not answer.
 */
export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const url = parsePublicUrl(options.issuer)
  const { background = new BackgroundWork(), clock, limiter, log, outgoing } = options
  const ground: Ground = {
    url,
    resources: listed(options.resources),
    relyingParty: options.relyingParty && checkRelyingParty(options.relyingParty, url),
    module: await loadOidcProvider(log),
    records: new SealedRecords(options.storage, options.keyring, options.application.clientId),
    documents: outgoing && new ClientDocuments({ ...outgoing, limiter, clock, log }),
    clients:
      outgoing && new BackgroundNotifier(new EndedGrants({ ...options, outgoing, issuer: url.issuer }), background),
    background,
  }
  let handle: Issuer['handle'] | undefined
  const keys = await FollowedKeys.open({
    ...{ store: options.keys, log },
    // The provider takes its keys when it is made: another one takes over, and what was begun ends with the earlier one.
    onChange: (signingKeys) => {
      handle = openHandler(options, ground, signingKeys)
    },
  })
  return {
    handle: async (request, response) => (await handle?.(request, response)) ?? false,
    registry: { isActive: (grantDigest) => ground.records.hasGrant(grantDigest) },
    refreshKeys: () => keys.refresh(),
    close: () => keys.close(),
  }
}

/** What stays when the signing keys change. */
interface Ground {
  readonly url: PublicUrl
  readonly resources: readonly [IssuerResource, ...IssuerResource[]]
  readonly relyingParty: RelyingParty | undefined
  readonly module: OidcProviderModule
  readonly records: SealedRecords
  readonly documents: ClientDocuments | undefined
  readonly clients: ClientNotifier | undefined
  readonly background: BackgroundWork
}

function openHandler(options: IssuerOptions, ground: Ground, signingKeys: PublishedKeys): Issuer['handle'] {
  const { documents, module, records, relyingParty, resources, url } = ground
  const { application, accounts, audit, clock, limiter, log, keyring, outgoing, tenants } = options
  const findApplication = async (): Promise<Application | undefined> =>
    options.applications === undefined ? application : options.applications.find(application.clientId)
  const directory = new AccountDirectory({ findApplication, tenants, accounts })
  const cookies = new IssuerCookies(url)
  const signInAudit = new SignInAudit(audit, keyring, url.issuer)
  const provider = createProvider({
    ...{ url, serverName: application.name, signingKeys, documents },
    tokens: new OwnTokenReader({ issuer: url.issuer, keys: signingKeys, clock }),
    audit: signInAudit,
    factors: options.security === 'absent' ? undefined : options.security.factors,
    upstream: options.federation?.keeper,
    refusing: () => refusing(options),
    firstParty: new FirstPartyConsent({ relyingParty, resources, audit: signInAudit }),
    ...{ module, records, directory, resources, relyingParty, cookies, keyring, clock, limiter, log },
  })
  const federation = openFederation(options, { url, directory, cookies, audit: signInAudit })
  const limits = new SignInLimits(records, limiter)
  const ways = openFactorWays(options, { url, records, limits })
  const consents = new IssuerConsents(options, ground.clients)
  const interactions = new InteractionHandler({
    ...{ provider, module, url, cookies, keyring, audit: signInAudit, serverName: application.name },
    signIn: new SignInStep({
      ...{ provider, application, directory, accounts, limits, relyingParty, hasher: options.hasher },
      factor: ways && openFactorStep(ways, { directory, limits, audit: signInAudit }),
      audit: signInAudit,
      providers: async (tenants) => options.federation?.providers.offered(tenants) ?? [],
      refusing: () => refusing(options),
    }),
    federation: federation?.step,
    consent: new ConsentStep({
      ...{ provider, application, directory, records, resources, audit: signInAudit },
      bound: new ConsentBound({ application: application.clientId, consents, feed: options.feed, audit: signInAudit }),
    }),
  })
  const [signingKey] = signingKeys
  const logout = new LogoutHandler({
    ...{ provider, url, cookies, keyring, records, directory, audit: signInAudit, serverName: application.name },
    ...{ errors: module.errors, keys: signingKeys, background: ground.background },
    notices: new LogoutNotices({ issuer: url.issuer, signingKey, outgoing, clock, log }),
  })
  const handler = new IssuerHandler({
    ...{ url, provider, interactions, logout, cookies, resources, application, relyingParty, limiter, log },
    federation: federation?.callback,
    consents: new ConsentsHandler({
      ...{ provider, url, cookies, keyring, application, directory, resources, consents, feed: options.feed },
      ...{ audit: signInAudit, refusing: () => refusing(options), upstream: options.federation?.keeper },
    }),
    ownFactors: openOwnFactors(options, {
      ...{ url, provider, cookies, keyring, directory, limits, records, ways, audit: signInAudit },
      ...{ refusing: () => refusing(options), upstream: options.federation?.keeper },
    }),
    outgoing: outgoing === undefined ? 'closed' : 'open',
  })
  const pages = accountPages(options, { url, cookies, directory, limits, invitations: federation?.invitations })
  return async (request, response) =>
    (await pages?.handle(request, response)) === true || handler.handle(request, response)
}

function accountPages(
  { accounts, application, federation, hasher, keyring, limiter, log, security }: IssuerOptions,
  shared: Pick<AccountPagesParts, 'cookies' | 'invitations' | 'url'> & Pick<PasswordLinksParts, 'directory' | 'limits'>,
): AccountPages | undefined {
  if (security === 'absent') return undefined
  const { name: serverName } = application
  const { directory, limits } = shared
  const links = new PasswordLinks({
    ...{ ...security, serverName, directory, limits, accounts, hasher, keyring },
    providers: async (tenant) => federation?.providers.offered([tenant]) ?? [],
    refusing: () => refusing({ federation }),
  })
  return new AccountPages({ ...shared, serverName, keyring, links, limiter, log })
}

/** UUIDs of the tenants where no password lets anybody in. */
async function refusing({ federation }: Pick<IssuerOptions, 'federation'>): Promise<ReadonlySet<string>> {
  return federation === undefined ? new Set() : federation.passwords.refusing()
}

function listed(resources: readonly IssuerResource[]): readonly [IssuerResource, ...IssuerResource[]] {
  const [first, ...others] = resources
  if (first === undefined) throw new ConfigurationError('ERR_CONFIG_OPTION', 'an issuer needs at least one resource')
  return [first, ...others]
}
