import { AuthSecError } from '../../error/auth-sec-error.js'
import { RotationFault } from './rotator.js'

/** Somebody else goes on with it: nothing more is done here. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost'
}

/** It was not what the new credential was made for. */
export class ServiceChanged extends RotationFault {
  constructor() {
    super('the service was changed by somebody else meanwhile')
  }
}

/** Whether a rotation may fail so without anything being wrong with this server. */
export function isExpected(error: unknown): error is Error {
  return error instanceof RotationFault || error instanceof AuthSecError || error instanceof ClaimLost
}

/** Why a rotation has failed, as the end of a sentence. */
export function wordsOf(error: unknown): string {
  if (error instanceof ClaimLost) return 'it took too long, and another process goes on with it'
  if (isExpected(error)) return error.message
  return 'something failed that was not expected; the log of this process says more'
}
