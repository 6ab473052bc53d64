import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuditLog } from '../../core/audit/audit-log.js'
import type { Keyring } from '../../core/credential/keyring.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { AccountStore } from '../../core/identity/account-store.js'
import type { Application, ApplicationStore } from '../../core/identity/application.js'
import type { IssuerStorage } from '../../core/identity/issuer-storage.js'
import type { SigningKeyStore } from '../../core/identity/signing-key-store.js'
import type { TenantRegistry } from '../../core/identity/tenant.js'
import type { GrantRegistry } from '../../core/identity/verified-token.js'
import type { Clock } from '../../core/runtime/clock.js'
import type { Log } from '../../core/runtime/log.js'
import type { RateLimiter } from '../../core/runtime/rate-limiter.js'
import { AccountPages, type AccountPagesParts } from './account/account-pages.js'
import type { AccountSecurity } from './account/account-security.js'
import { PasswordLinks } from './account/password-links.js'
import { AccountDirectory } from './sign-in/account-directory.js'
import { ConsentStep } from './sign-in/consent-step.js'
import { openFactorStep } from './sign-in/factor/open-factor-step.js'
import { FirstPartyConsent } from './sign-in/first-party-consent.js'
import { createProvider } from './provider/create-provider.js'
import { InteractionHandler } from './sign-in/interaction-handler.js'
import { IssuerCookies } from './http/issuer-cookies.js'
import { IssuerHandler } from './http/issuer-handler.js'
import { loadOidcProvider } from './provider/load-oidc-provider.js'
import type { PasswordHasher } from './password-hasher.js'
import type { IssuerResource } from './provider/issuer-resource.js'
import { checkRelyingParty, type RelyingParty } from './provider/relying-party.js'
import { parsePublicUrl } from './http/public-url.js'
import { SealedRecords } from './record/sealed-records.js'
import { SignInAudit } from './sign-in/sign-in-audit.js'
import { SignInLimits } from './sign-in/sign-in-limits.js'
import { SignInStep } from './sign-in/sign-in-step.js'
import { ensureSigningKeys } from './provider/signing-keys.js'

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
  readonly keys: SigningKeyStore
  readonly accounts: AccountStore
  readonly tenants: TenantRegistry
  readonly hasher: PasswordHasher
  readonly keyring: Keyring
  /** How accounts get their passwords, and what they prove themselves with besides. */
  readonly security: AccountSecurity | 'absent'
  /** This server as a client of its own, for the sign-in with the five tools; nobody else is answered at its redirect URI. */
  readonly relyingParty: RelyingParty | undefined
  /** Counts attempts, for all processes together. Where it does not answer, nobody signs in or registers. */
  readonly limiter: RateLimiter
  readonly audit: AuditLog
  readonly log: Log
  readonly clock: Clock
}

export interface Issuer {
  /** Answers a request, or `false` where its path is none of the issuer's. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
  readonly registry: GrantRegistry
}

/**
 * The embedded authorization server: OAuth 2.1 with our own sign-in and consent pages, over the given ports. Throws
 * `ConfigurationError` for a URL, resources or a relying party that cannot work, `UpstreamError` when the databases do not answer.
 */
export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const url = parsePublicUrl(options.issuer)
  const resources = listed(options.resources)
  const relyingParty = options.relyingParty && checkRelyingParty(options.relyingParty, url)
  const { application, accounts, audit, clock, limiter, log, keyring, tenants } = options
  const module = await loadOidcProvider(log)
  const records = new SealedRecords(options.storage, keyring, application.clientId)
  const findApplication = async (): Promise<Application | undefined> =>
    options.applications === undefined ? application : options.applications.find(application.clientId)
  const directory = new AccountDirectory({ findApplication, tenants, accounts })
  const cookies = new IssuerCookies(url)
  const signInAudit = new SignInAudit(audit, keyring, url.issuer)
  const provider = createProvider({
    url,
    serverName: application.name,
    signingKeys: await ensureSigningKeys(options.keys),
    audit: signInAudit,
    firstParty: new FirstPartyConsent({ relyingParty, resources, audit: signInAudit }),
    ...{ module, records, directory, resources, relyingParty, cookies, keyring, clock, log },
  })
  const limits = new SignInLimits(records, limiter)
  const interactions = new InteractionHandler({
    ...{ provider, module, url, cookies, keyring, audit: signInAudit, serverName: application.name },
    signIn: new SignInStep({
      ...{ provider, application, directory, accounts, limits, relyingParty, hasher: options.hasher },
      factor: openFactorStep(options, { url, records, directory, limits, audit: signInAudit }),
      audit: signInAudit,
    }),
    consent: new ConsentStep({ provider, application, directory, records, resources, audit: signInAudit }),
  })
  const handler = new IssuerHandler({
    ...{ url, provider, interactions, cookies, resources, application, relyingParty, limiter, log },
  })
  const pages = accountPages(options, { url, cookies, directory })
  return {
    handle: async (request, response) =>
      (await pages?.handle(request, response)) === true || handler.handle(request, response),
    registry: { isActive: (grantDigest) => records.hasGrant(grantDigest) },
  }
}

function accountPages(
  { accounts, application, hasher, keyring, limiter, log, security }: IssuerOptions,
  shared: Pick<AccountPagesParts, 'cookies' | 'url'> & { readonly directory: AccountDirectory },
): AccountPages | undefined {
  if (security === 'absent') return undefined
  const { name: serverName } = application
  const { directory } = shared
  const links = new PasswordLinks({ ...security, serverName, directory, accounts, hasher, keyring })
  return new AccountPages({ ...shared, serverName, keyring, links, limiter, log })
}

function listed(resources: readonly IssuerResource[]): readonly [IssuerResource, ...IssuerResource[]] {
  const [first, ...others] = resources
  if (first === undefined) throw new ConfigurationError('ERR_CONFIG_OPTION', 'an issuer needs at least one resource')
  return [first, ...others]
}
