import { UserContext } from '../../../core/identity/user-context.js'
import { ServiceAccess } from '../../../core/external-service/service-access.js'
import { CallContext } from '../../../core/operation/call-context.js'
import { isClass, keyLabel, Token } from '../../decorator/token.js'
import { isErased } from '../graph/injection-causes.js'
import { isScalarType } from './scalar-type.js'

/**
 * What is wrong with everything that is said about one parameter: what is to be put there, by `@Inject` and by `params`,
 * and its recorded type. A parameter for the caller takes nothing but the caller.
 */
export function disagreement(said: readonly unknown[], recorded: unknown): string | undefined {
  const [one, other] = said.filter((value) => value !== undefined)
  if (other !== undefined && other !== one)
    return `is to be given ${labelOf(one)} by @Inject, but ${labelOf(other)} by \`params\``
  if (one === undefined || recorded === undefined || agree(one, recorded)) return undefined
  return `is to be given ${labelOf(one)}, but its type is ${labelOf(recorded)}`
}

function agree(said: unknown, type: unknown): boolean {
  if (said === type) return true
  if (type === UserContext || type === CallContext || type === ServiceAccess) return false
  if (isScalarType(type)) return !isClass(said)
  if (!isClass(said) || isErased(type) || !isClass(type)) return true
  return said.prototype instanceof type
}

function labelOf(value: unknown): string {
  return isClass(value) || Token.is(value) ? keyLabel(value) : 'a schema'
}
