import type { Holding } from './holding.js'

/** Who asks for something, as far as decisions go. */
export interface Asker {
  /** What the caller holds; `undefined` where nobody is authenticated. */
  readonly holding: Holding | undefined
  /** How the caller proved who they are. */
  readonly credential: 'bearer' | 'sign-in' | 'none'
  /** Whether the client's session can be signed in with the five tools. */
  readonly login: 'offered' | 'absent'
}

/** Nobody in particular, who cannot sign in either. */
export const nobody: Asker = { holding: undefined, credential: 'none', login: 'absent' }

/** Somebody with a bearer token who holds this. */
export function bearerOf(holding: Holding): Asker {
  return { holding, credential: 'bearer', login: 'absent' }
}
