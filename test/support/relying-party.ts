import { createOidcProvider, type OidcProviderOptions } from '../../src/adapter/oauth/create-oidc-provider.js'
import { createIdTokenVerifier } from '../../src/adapter/token/own/create-id-token-verifier.js'
import { createTokenVerifier } from '../../src/adapter/token/create-token-verifier.js'
import type { SigningKeyStore } from '../../src/core/identity/signing-key-store.js'
import { systemClock } from '../../src/core/runtime/clock.js'
import type { RefreshingProvider } from '../../src/core/sign-in/identity-provider.js'
import { randomText, type AuthorizationSecrets } from '../../src/core/sign-in/login-transaction.js'
import { relyingPartySecret } from './issuer-harness.js'

export interface TestProvider {
  readonly issuer: string
  readonly origin: string
  readonly loginCallback: string
  readonly keys: Pick<SigningKeyStore, 'list'>
}

/** Our relying party at this provider, with verifiers for what it issues. */
export function relyingPartyOf(
  { issuer, origin, loginCallback, keys }: TestProvider,
  changes: Partial<OidcProviderOptions> = {},
): RefreshingProvider {
  const clock = systemClock
  return createOidcProvider({
    ...{ issuer, clientId: 'app', clientSecret: relyingPartySecret, redirectUri: loginCallback },
    ...{ resource: `${origin}/mcp`, scopes: ['mcp', 'read', 'write'] },
    tokens: createTokenVerifier({ own: { issuer, keys }, clock }),
    idTokens: createIdTokenVerifier({ issuer, clientId: 'app', keys, clock }),
    ...{ fetch, clock, log: { write: () => undefined } },
    ...changes,
  })
}

/** What one sign-in is recognized by. */
export function newSecrets(): AuthorizationSecrets {
  return { state: randomText(), nonce: randomText(), codeVerifier: randomText() }
}
