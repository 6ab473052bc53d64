import { AuthenticationError, type AuthenticationErrorCode } from '../error/authentication-error.js'
import { PermissionDeniedError } from '../error/permission-denied-error.js'
import type { Authenticator } from '../operation/authenticator.js'
import { signInIdentityOf, type IdentityProvider } from './identity-provider.js'
import type { LoginFailure } from './login-failure.js'
import type { LoginSession } from './login-session.js'
import type { LoginStore, StoredLogin } from './login-store.js'
import { authenticateLogin, codeSeconds, endLogin, type Phase } from './login-transaction.js'
import { createOneTimeCode } from './one-time-code.js'
import type { SessionSignIn } from './session-sign-in.js'
import type { NewIdentity } from './sign-in-store.js'

export interface LoginExchangePorts {
  readonly logins: LoginStore
  readonly provider: IdentityProvider
  readonly authenticator: Authenticator
  readonly sessions: SessionSignIn
}

type Exchanging = StoredLogin & { readonly transaction: Phase<'exchanging'> }

type Identified =
  | { readonly reason?: undefined; readonly identity: NewIdentity; readonly email: string }
  | { readonly reason: LoginFailure }

/** What happens once the provider has sent the browser back: the code is exchanged, and what comes of it is made usable once. */
export class LoginExchange {
  readonly #ports: LoginExchangePorts

  constructor(ports: LoginExchangePorts) {
    this.#ports = ports
  }

  /**
   * Asks the provider who signed in. With a `direct` session that one is signed in at once, else a one-time code is made. Answers
   * with why it failed. Throws `UpstreamError`; the transaction is over then.
   */
  async finish(
    login: Exchanging,
    parameters: URLSearchParams,
    direct: LoginSession | undefined,
  ): Promise<LoginFailure | undefined> {
    const { logins, sessions } = this.#ports
    const { transaction } = login
    const identified = await this.#identifyOrFail(login, parameters)
    if (identified.reason !== undefined) {
      const how = identified.reason === 'ERR_LOGIN_DENIED' ? 'denied' : 'failed'
      await logins.advance(login, endLogin(transaction, how))
      return identified.reason
    }
    const { identity, email } = identified
    const next =
      direct === undefined
        ? authenticateLogin(transaction, { identity, email, code: createOneTimeCode() })
        : endLogin(transaction, 'completed')
    // Taken before the session is bound: what can be used twice must have happened once.
    if (!(await logins.advance(login, next, codeSeconds))) return 'ERR_LOGIN_REPLAYED'
    if (direct === undefined) return undefined
    return (await sessions.signIn(direct, identity, transaction.id)) === undefined ? 'ERR_LOGIN_UNKNOWN' : undefined
  }

  /** A transaction whose answer cannot be had any more must not look as if it could go on. */
  async #identifyOrFail(login: Exchanging, parameters: URLSearchParams): Promise<Identified> {
    try {
      return await this.#identify(parameters, login.transaction)
    } catch (error) {
      await this.#ports.logins.advance(login, endLogin(login.transaction, 'failed')).catch(() => false)
      throw error
    }
  }

  async #identify(parameters: URLSearchParams, { secrets }: Phase<'exchanging'>): Promise<Identified> {
    const { provider, authenticator } = this.#ports
    try {
      const found = await provider.exchange(parameters, secrets)
      const { tenant, standing } = await authenticator.enter(found)
      return { identity: signInIdentityOf(found, tenant), email: standing.account?.email ?? found.subject }
    } catch (error) {
      if (error instanceof AuthenticationError && isFromProvider(error.code)) return { reason: error.code }
      if (error instanceof AuthenticationError || error instanceof PermissionDeniedError) {
        return { reason: 'ERR_LOGIN_ACCOUNT' }
      }
      throw error
    }
  }
}

function isFromProvider(code: AuthenticationErrorCode): code is 'ERR_LOGIN_DENIED' | 'ERR_LOGIN_PROVIDER' {
  return code === 'ERR_LOGIN_DENIED' || code === 'ERR_LOGIN_PROVIDER'
}
