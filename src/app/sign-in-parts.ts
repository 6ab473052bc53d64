import { parsePublicUrl } from '../adapter/issuer/http/public-url.js'
import type { IssuerOptions } from '../adapter/issuer/create-issuer.js'
import { createConnectReturn, isConnectSignIn } from '../adapter/issuer/connect/connect-sign-in.js'
import { createOidcProvider } from '../adapter/oauth/create-oidc-provider.js'
import { createIdTokenVerifier } from '../adapter/token/own/create-id-token-verifier.js'
import type { Application } from '../core/identity/application.js'
import type { TokenVerifier } from '../core/identity/verified-token.js'
import { askerOf } from '../core/operation/access.js'
import type { Authenticator } from '../core/operation/authenticator.js'
import type { Operation } from '../core/operation/operation.js'
import { systemClock } from '../core/runtime/clock.js'
import type { Browser } from '../core/sign-in/browser.js'
import type { IdentityProvider, RefreshingProvider } from '../core/sign-in/identity-provider.js'
import { AwaitedLogins } from '../core/sign-in/awaited-logins.js'
import { LoginFlow } from '../core/sign-in/login-flow.js'
import { LoginKeys } from '../core/sign-in/login-keys.js'
import { LoginRecords } from '../core/sign-in/login-records.js'
import { SessionSignIn } from '../core/sign-in/session-sign-in.js'
import { createLoginPages } from '../service/sign-in/http/create-login-pages.js'
import { createSignInTools } from '../service/sign-in/tools/create-sign-in-tools.js'
import { createBackChannel } from './back-channel.js'
import { issuerOf } from './issuer-of.js'
import type { HttpHandler } from './listener.js'
import { offeredScopes } from './offered-scopes.js'
import type { Foundations, ServerOptions } from './server-options.js'

/** Signing in with the five tools: the tools themselves, their pages, and what ends a sign-in. */
export interface SignInParts {
  readonly operations: readonly Operation[]
  readonly pages: HttpHandler
  readonly sessionSignIn: SessionSignIn
}

export interface SignInNeeds {
  readonly application: Application
  readonly authenticator: Authenticator
  readonly tokens: TokenVerifier
  readonly provider: IdentityProvider
  readonly browser: Browser | undefined
}

const callbackPath = '/authsec/login/callback'

/** This server as a client of its own authorization server. */
export function relyingPartyOf(
  { data, publicUrl }: Foundations,
  { clientId }: Application,
): NonNullable<IssuerOptions['relyingParty']> {
  const { keyring, postgres } = data
  const keys = new LoginKeys(keyring, clientId)
  const records = new LoginRecords(postgres.audit, keyring, clientId)
  const awaited = new AwaitedLogins({ keys, records, logins: postgres.logins })
  return {
    clientId,
    clientSecret: keyring.digest('relying-party', clientId),
    redirectUri: publicUrl + callbackPath,
    isAwaited: async (state, visit) =>
      isConnectSignIn(keyring, state, visit.browser) || awaited.isAwaited(state, visit),
  }
}

/** Takes browsers back that were sent to sign in by the page of a service. */
export function connectReturnOf({ publicUrl }: Pick<Foundations, 'publicUrl'>): HttpHandler {
  return createConnectReturn(parsePublicUrl(issuerOf(publicUrl)), callbackPath)
}

/** Composes the sign-in of one server. */
export function openSignIn(options: ServerOptions, base: Foundations, needs: SignInNeeds): SignInParts {
  const { appName, catalogue, log } = options
  const { data, publicUrl } = base
  const { application, authenticator, browser, provider, tokens } = needs
  const { keyring, postgres } = data
  const { clientId } = application
  const shared = {
    ...{ authenticator, keyring, clientId, provider },
    keys: new LoginKeys(keyring, clientId),
    logins: postgres.logins,
    limiter: postgres.rateLimiter,
    records: new LoginRecords(postgres.audit, keyring, clientId),
  }
  const sessionSignIn = new SessionSignIn({
    ...{ ...shared, tokens, signIns: postgres.signIns },
    tokenResource: options.pastedTokens === 'accepted' ? resourceOf(publicUrl) : undefined,
  })
  const flow = new LoginFlow({ ...shared, sessions: sessionSignIn })
  const pages = createLoginPages({
    ...{ flow, keyring, log, serverName: application.name, clock: systemClock },
    publicUrl: parsePublicUrl(issuerOf(publicUrl)),
  })
  const operations = createSignInTools({
    ...{ sessionSignIn, flow, authenticator, publicUrl, clientId, appName, browser },
    accessibleTo: (caller) => catalogue.permissions.listFor(askerOf({ caller })).map(({ name }) => name),
  })
  return { operations, pages: (request, response) => pages.handle(request, response), sessionSignIn }
}

/** Where users of the five tools prove who they are. */
export function openProvider(
  options: ServerOptions,
  base: Foundations,
  needs: Pick<SignInNeeds, 'application' | 'tokens'>,
): RefreshingProvider {
  const { log, settings, catalogue } = options
  const { data, listener, publicUrl, tracer } = base
  const { application, tokens } = needs
  const issuer = issuerOf(publicUrl)
  const { clientId } = application
  return createOidcProvider({
    ...relyingPartyOf(base, application),
    ...{ issuer, tokens, log, tracer, clock: systemClock },
    resource: resourceOf(publicUrl),
    scopes: ['openid', ...offeredScopes(catalogue)],
    idTokens: createIdTokenVerifier({ issuer, clientId, keys: data.postgres.signingKeys, clock: systemClock, log }),
    fetch: createBackChannel({ host: settings.host, port: listener.port, publicUrl }),
  })
}

/** What the sign-in's own access token is for: the path that serves the five tools. */
function resourceOf(publicUrl: string): string {
  return `${publicUrl}/mcp`
}
