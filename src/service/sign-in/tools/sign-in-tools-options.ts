import type { Caller } from '../../../core/identity/caller.js'
import type { Authenticator } from '../../../core/operation/authenticator.js'
import type { Browser } from '../../../core/sign-in/browser.js'
import type { LoginFlow } from '../../../core/sign-in/login-flow.js'
import type { SessionSignIn } from '../../../core/sign-in/session-sign-in.js'

export interface SignInToolsOptions {
  readonly sessionSignIn: SessionSignIn
  readonly flow: LoginFlow
  readonly authenticator: Pick<Authenticator, 'recognize'>
  /** The origin that the pages are on, without a slash at its end. */
  readonly publicUrl: string
  /** The application that users sign in to. */
  readonly clientId: string
  readonly appName: string
  /** The browser of the user's own computer: only where the server runs there, and may open it. */
  readonly browser: Browser | undefined
  /** The names of the operations that this caller may use, besides the five tools. */
  readonly accessibleTo: (caller: Caller) => readonly string[]
}
