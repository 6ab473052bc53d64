import type { Actor } from '../identity/actor.js'
import { AuthSecError } from './auth-sec-error.js'

export type PermissionDeniedErrorCode = 'ERR_PERMISSION_DENIED' | 'ERR_TENANT_NOT_ADMITTED' | 'ERR_TENANT_UNKNOWN'

/** Who was refused, from a token that was verified: for the record, never for the caller. */
export interface RefusedPrincipal {
  readonly issuer: string
  readonly subject: string
  readonly clientId: string
  readonly tenantClaim: string
  /** Who acted for them, where the token says that it is somebody else. */
  readonly actor?: Actor | undefined
}

export interface PermissionDeniedErrorOptions extends ErrorOptions {
  /** Who was refused, where known. */
  readonly principal?: RefusedPrincipal | undefined
}

/** The caller is known and may not enter. Answered with 403. */
export class PermissionDeniedError extends AuthSecError<PermissionDeniedErrorCode> {
  // Not an own property: whatever prints an error would print claims with it.
  readonly #principal: RefusedPrincipal | undefined

  constructor(code: PermissionDeniedErrorCode, message: string, options: PermissionDeniedErrorOptions = {}) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause })
    this.#principal = options.principal
  }

  /** Who was refused, where known. */
  get principal(): RefusedPrincipal | undefined {
    return this.#principal
  }
}
