import type OidcProvider from 'oidc-provider'
import type { AdapterFactory, ClientMetadata, Configuration } from 'oidc-provider'
import type { SigningKey } from '../../../src/core/identity/signing-key-store.js'
import type { OutsideUser } from './outside-provider.js'

/** What a provider elsewhere is made of. */
export interface OidcProviderParts {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly secretIn: 'header' | 'body'
  readonly key: SigningKey
  readonly adapter: AdapterFactory
  readonly claimsIn: 'id token' | 'userinfo'
  readonly accessTokenSeconds: () => number
  readonly allowsCallback: (uri: string) => boolean
  readonly find: (sub: string) => OutsideUser | undefined
}

/** The certified provider with one client, whose users agree to everything. */
export function openOidcProvider(Provider: typeof OidcProvider, parts: OidcProviderParts): OidcProvider {
  const provider = new Provider(parts.issuer, {
    ...features,
    adapter: parts.adapter,
    clients: [clientOf(parts)],
    jwks: { keys: [{ ...parts.key.privateJwk, kty: 'EC', kid: parts.key.kid, alg: 'ES256', use: 'sig' }] },
    conformIdTokenClaims: parts.claimsIn === 'userinfo',
    findAccount: (_context, sub) => {
      const user = parts.find(sub)
      return user === undefined ? undefined : { accountId: sub, claims: () => ({ ...user }) }
    },
    ttl: {
      ...{
        AuthorizationCode: 60,
        Grant: 86_400,
        IdToken: 600,
        Interaction: 600,
        RefreshToken: 86_400,
        Session: 86_400,
      },
      AccessToken: parts.accessTokenSeconds,
    },
  })
  Object.assign(provider.Client.prototype, { redirectUriAllowed: parts.allowsCallback })
  provider.on('server_error', (_context, error) => process.stderr.write(`${error.stack}\n`))
  return provider
}

function clientOf({ clientId, clientSecret, secretIn }: OidcProviderParts): ClientMetadata {
  const method = secretIn === 'body' ? 'client_secret_post' : 'client_secret_basic'
  const authentication: Partial<ClientMetadata> =
    clientSecret === undefined
      ? { token_endpoint_auth_method: 'none' }
      : { token_endpoint_auth_method: method, client_secret: clientSecret }
  return {
    ...{ client_id: clientId, redirect_uris: ['https://client.example/callback'], response_types: ['code'] },
    ...{ grant_types: ['authorization_code', 'refresh_token'], id_token_signed_response_alg: 'ES256' },
    ...authentication,
  }
}

const features: Configuration = {
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  cookies: { keys: ['a-key-that-nobody-needs-here'] },
  interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  renderError: (context, out) => {
    context.body = out.error
  },
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  expiresWithSession: () => false,
  loadExistingGrant: async ({ oidc }) => {
    const { client, provider, session } = oidc
    const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: client?.clientId ?? '' })
    grant.addOIDCScope(String(oidc.params?.['scope'] ?? 'openid'))
    await grant.save()
    return grant
  },
  features: { devInteractions: { enabled: false }, revocation: { enabled: true }, userinfo: { enabled: true } },
}
