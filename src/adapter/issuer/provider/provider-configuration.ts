import type { ClientMetadata, Configuration } from 'oidc-provider'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { AccountFactorStore } from '../../../core/identity/account-factor-store.js'
import type { SigningKey } from '../../../core/identity/signing-key-store.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { RateLimiter } from '../../../core/runtime/rate-limiter.js'
import type { ClientDocuments } from '../client/client-documents.js'
import { parseContext } from '../federation/sign-in-context.js'
import type { UpstreamAttention } from '../federation/upstream-attention.js'
import { documentFeature, documentFetch } from '../client/document-feature.js'
import { applyClientPolicy } from './client-policy.js'
import { relyingPartyClient, type RelyingParty } from './relying-party.js'
import type { FirstPartyConsent } from '../sign-in/first-party-consent.js'
import { createIntrospectionPolicy } from '../token/structured-tokens.js'
import { createTokenCustomizer } from './customize-token.js'
import { createAccountFinder } from '../sign-in/issuer-account.js'
import type { AccountDirectory } from '../sign-in/account-directory.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import type { IssuerCookies } from '../http/issuer-cookies.js'
import type { PublicUrl } from '../http/public-url.js'
import { interactionPolicy } from './interaction-policy.js'
import type { IssuerResource } from './issuer-resource.js'
import { createRevocationPolicy } from './revocation-policy.js'
import { baseScope } from './access-token-claims.js'
import { clientAuthMethods, endpoints } from '../http/issuer-metadata.js'
import type { OidcProviderModule } from './load-oidc-provider.js'
import { createAdapterFactory } from './oidc-adapter.js'
import type { SealedRecords } from '../record/sealed-records.js'
import { signingJwk } from './signing-keys.js'

/** Seconds that an access token is good for. */
export const accessTokenSeconds = 10 * 60
const interactionSeconds = 10 * 60
const codeSeconds = 60
const sessionSeconds = 12 * 60 * 60
const refreshTokenSeconds = 14 * 24 * 60 * 60
const grantSeconds = 30 * 24 * 60 * 60
/** Nobody refreshes a sign-in of this server's own: it ends after the time of a session, which begins a little later. */
const ownGrantSeconds = sessionSeconds + 60 * 60

export interface ProviderParts {
  readonly url: PublicUrl
  readonly module: OidcProviderModule
  readonly records: SealedRecords
  readonly directory: AccountDirectory
  readonly signingKeys: readonly [SigningKey, ...SigningKey[]]
  readonly resources: readonly [IssuerResource, ...IssuerResource[]]
  readonly cookies: IssuerCookies
  readonly keyring: Keyring
  readonly clock: Clock
  readonly limiter: RateLimiter
  readonly audit: SignInAudit
  readonly relyingParty: RelyingParty | undefined
  readonly firstParty: FirstPartyConsent
  readonly factors: Pick<AccountFactorStore, 'standing'> | undefined
  /** Whether sign-ins with identity providers stand there. */
  readonly upstream: UpstreamAttention | undefined
  /** UUIDs of the tenants where no password lets anybody in. */
  readonly refusing: () => Promise<ReadonlySet<string>>
  /** `undefined`: clients have to register. */
  readonly documents: ClientDocuments | undefined
  readonly renderError: NonNullable<Configuration['renderError']>
}

/**
 * Everything the provider may ask is answered here, since its defaults print to the console; everything it can do that
 * is not needed is off.
 */
export function providerConfiguration(parts: ProviderParts): Configuration {
  const { errors } = parts.module
  const { relyingParty } = parts
  return {
    clients: relyingParty === undefined ? [] : [relyingPartyClient(relyingParty)],
    adapter: createAdapterFactory(parts.records, errors),
    findAccount: createAccountFinder({ ...parts, errors }),
    jwks: { keys: parts.signingKeys.map(signingJwk) },
    cookies: cookieOptions(parts),
    interactions: { policy: interactionPolicy(parts), url: (_context, { uid }) => `/authsec/signin/${uid}` },
    renderError: parts.renderError,
    routes: endpoints,
    clientAuthMethods: [...clientAuthMethods],
    clientBasedCORS: () => true,
    clientDefaults: {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'none',
    },
    extraClientMetadata: {
      // The provider runs the policy once per member named here; a name that no client sends is enough.
      properties: ['authsec_client_policy'],
      validator: (_context, _key, _value, metadata: ClientMetadata) =>
        applyClientPolicy(metadata, { errors, url: parts.url, relyingParty }),
    },
    claims: { openid: ['sub', 'tenant_id'], email: ['email'], profile: ['name'] },
    conformIdTokenClaims: false,
    scopes: ['openid'],
    subjectTypes: ['public'],
    responseTypes: ['code'],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    pkce: { required: () => true },
    ttl: lifetimes(parts),
    rotateRefreshToken: true,
    issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    revokeGrantPolicy: () => true,
    allowOmittingSingleRegisteredRedirectUri: false,
    formats: { customizers: { jwt: createTokenCustomizer(parts.url.issuer, parts.records, errors) } },
    features: features(parts),
    fetch: documentFetch(parts.documents),
  }
}

function features(parts: ProviderParts): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    // Our own pages do both, in front of the provider: what it is told of them lets clients register for them.
    rpInitiatedLogout: { enabled: true, logoutSource: unserved, postLogoutSuccessSource: unserved },
    backchannelLogout: { enabled: true },
    userinfo: { enabled: false },
    clientIdMetadataDocument: documentFeature(parts.documents, parts.module.errors),
    registration: { enabled: true, initialAccessToken: false, issueRegistrationAccessToken: false },
    introspection: {
      enabled: true,
      allowedPolicy: createIntrospectionPolicy(parts.directory, parts.module.errors),
    },
    revocation: { enabled: true, allowedPolicy: createRevocationPolicy(parts) },
    resourceIndicators: resourceIndicators(parts),
  }
}

function unserved(): never {
  throw new TypeError('the pages of a logout are our own')
}

function resourceIndicators(
  parts: ProviderParts,
): NonNullable<NonNullable<Configuration['features']>['resourceIndicators']> {
  const [signing] = parts.signingKeys
  return {
    enabled: true,
    defaultResource: (_context, _client, oneOf) => oneOf ?? (parts.resources.at(-1) ?? parts.resources[0]).resource,
    useGrantedResource: () => true,
    getResourceServerInfo: (_context, identifier) => {
      const known = parts.resources.find(({ resource }) => resource === identifier)
      if (known === undefined) throw new parts.module.errors.InvalidTarget('this is not a resource of this server')
      return {
        scope: [...new Set([baseScope, ...known.scopes])].join(' '),
        audience: known.resource,
        accessTokenTTL: accessTokenSeconds,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256', kid: signing.kid } },
      }
    },
  }
}

function lifetimes({ clock, relyingParty }: ProviderParts): NonNullable<Configuration['ttl']> {
  return {
    AccessToken: accessTokenSeconds,
    AuthorizationCode: codeSeconds,
    Grant: (_context, { clientId }) => (clientId === relyingParty?.clientId ? ownGrantSeconds : grantSeconds),
    IdToken: accessTokenSeconds,
    Interaction: interactionSeconds,
    RefreshToken: refreshTokenSeconds,
    // Counted from the sign-in here, not from the last use, nor from when somebody proved elsewhere who they are.
    Session: (_context, { acr, loginTs }) => {
      const now = Math.floor(clock.now() / 1000)
      const since = parseContext(acr)?.signedInAt ?? loginTs ?? now
      return Math.min(sessionSeconds, Math.max(1, since + sessionSeconds - now))
    },
  }
}

function cookieOptions({ cookies, keyring }: ProviderParts): NonNullable<Configuration['cookies']> {
  const options = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true } as const
  return {
    names: cookies.names,
    long: { ...options, path: '/' },
    short: options,
    keys: [keyring.derive('issuer-cookie').toString('base64url')],
  }
}
