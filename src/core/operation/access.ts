import type { RequestOrigin } from '../audit/request-origin.js'
import type { Caller } from '../identity/caller.js'
import { nobody, type Asker } from '../permission/asker.js'
import type { LoginSession } from '../sign-in/login-session.js'

/** Who asks: an authenticated user or nobody, and the session that can be signed in with the five tools, where there is one. */
export interface Visitor {
  readonly caller: Caller | undefined
  readonly login?: LoginSession | undefined
  /** Where the request comes from, for the record. */
  readonly origin?: RequestOrigin | undefined
}

/** What decisions need to know of a visitor. */
export function askerOf({ caller, login }: Visitor): Asker {
  const offered = login === undefined ? 'absent' : 'offered'
  if (caller === undefined) return { ...nobody, login: offered }
  return { holding: caller.holding, credential: caller.credential.kind, login: offered }
}
