import type { Caller } from '../identity/caller.js'
import { decide, type Decision } from '../permission/decide.js'
import type { LoginSession } from '../sign-in/login-session.js'
import type { Operation } from './operation.js'

/** Who asks: an authenticated user or nobody, and the session that can be signed in with the five tools, where there is one. */
export interface Visitor {
  readonly caller: Caller | undefined
  readonly login?: LoginSession | undefined
}

/** Whether this visitor may use the operation: the one answer for lists and calls. */
export function decideAccess(operation: Operation, { caller, login }: Visitor): Decision {
  const { protection } = operation
  if (protection.access === 'public') return { outcome: 'allow', via: ['public'] }
  if (protection.access === 'login') {
    return login === undefined ? { outcome: 'deny', missing: ['login'] } : { outcome: 'allow', via: ['login'] }
  }
  if (caller === undefined) return { outcome: 'deny', missing: ['caller'] }
  if (protection.bearerOnly === true && caller.credential.kind !== 'bearer')
    return { outcome: 'deny', missing: ['bearer'] }
  return decide(protection.requirement, caller.user)
}
