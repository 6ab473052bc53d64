import type { RequestOrigin } from '../audit/request-origin.js'
import type { Caller } from '../identity/caller.js'
import type { LoginRequester } from './login-transaction.js'
import type { SignInReference } from './sign-in-store.js'

/** The client's session as the five tools see it: what a sign-in is started from and bound to. */
export interface LoginSession {
  /** Digest that stands for the session; the session's id is not in it. */
  readonly key: string
  readonly requester: LoginRequester
  /** Where the request at hand comes from, where that is a place. */
  readonly origin?: RequestOrigin | undefined
  /** The sign-in that the session is bound to, whether or not it still stands. */
  readonly signIn: SignInReference | undefined
  /** Who is signed in now. */
  readonly caller: Caller | undefined
  /**
   * Binds the session to a sign-in, or to none, and tells the client that its list of tools has changed. `secret` is the
   * sign-in's own id, for a session that keeps it across restarts (stdio). Throws `UpstreamError`; `false` where the session is gone.
   */
  bind(signIn: SignInReference | undefined, secret: string | undefined): Promise<boolean>
}
