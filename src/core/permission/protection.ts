import type { Requirement } from './requirement/requirement.js'

/**
 * Who may use an operation: everybody who reaches the server, callers that meet the requirement, or clients whose session
 * can be signed in with the five tools (`login`: those tools themselves).
 */
export type Protection =
  | { readonly access: 'public' }
  | { readonly access: 'login' }
  | {
      readonly access: 'protected'
      readonly requirement: Requirement
      /** Only callers with a bearer token may use it, not those who signed in with the five tools. */
      readonly bearerOnly?: boolean
      /** Callers are told that it is there, and which scopes to ask for, where nothing but scopes keeps them from it. */
      readonly elevatable?: boolean
    }

/** Anything with a name and a protection: what decisions are about. */
export interface Protected {
  readonly name: string
  readonly protection: Protection
}
