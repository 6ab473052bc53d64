import type { Protection } from '../../../core/permission/protection.js'
import { joinRequirements, scopesNamedBy } from '../../../core/permission/requirement/requirement.js'
import type { RecordedProtection } from '../../decorator/record.js'
import type { FaultList } from '../fault-list.js'
import type { MethodLayer } from './prototype-chain.js'

/**
 * Who may use a method: everything that its class, the class's bases and each override demand, together. Whatever would
 * take back a demand is a fault. `undefined` where a fault was noted: there is no protection to fall back on.
 */
export function inheritedProtection(
  layers: readonly MethodLayer[],
  onClasses: readonly RecordedProtection[],
  faults: FaultList,
): Protection | undefined {
  const onMethod = layers.flatMap(({ record }) => record.protections)
  const [nearest] = onMethod
  if (nearest === undefined) return undefined
  const isTwice = layers.map(({ record }) => twice(record.protections, faults)).includes(true)
  const isAmbiguous = [...onMethod, ...onClasses].map((protection) => ambiguous(protection, faults)).includes(true)
  if (isTwice || opened(onMethod, onClasses, faults) || isAmbiguous) return undefined
  if (onMethod.every(({ access }) => access === 'public')) return { access: 'public' }
  return joinProtections(nearest, [...onClasses, ...onMethod], faults)
}

/**
 * All that these demand, together: what one of them leaves open, another may close. Only the nearest says whether the operation
 * is shown to callers who would have to step up. `undefined` where a fault was noted.
 */
export function joinProtections(
  nearest: RecordedProtection,
  protections: readonly RecordedProtection[],
  faults: FaultList,
): Protection | undefined {
  const requirement = joinRequirements(...protections.map((protection) => protection.requirement))
  const bearerOnly = protections.some((protection) => protection.bearerOnly)
  const { declaration, elevatable } = nearest
  if (elevatable && scopesNamedBy(requirement).length === 0) {
    const message = `${declaration.label} is elevatable, but demands no scope that a caller could ask for: list scopes, or leave elevatable out`
    faults.add(declaration.fault('ERR_CONFIG_PROTECTION', message))
    return undefined
  }
  return {
    ...{ access: 'protected', requirement },
    ...(bearerOnly ? { bearerOnly } : {}),
    ...(elevatable ? { elevatable } : {}),
  }
}

function twice(protections: readonly RecordedProtection[], faults: FaultList): boolean {
  const [one, other] = protections
  if (one === undefined || other === undefined) return false
  const { declaration } = one
  faults.add(
    declaration.fault(
      'ERR_CONFIG_PROTECTION',
      `${declaration.label} has two protections, also the one at ${other.declaration.position}: keep one of them`,
    ),
  )
  return true
}

function ambiguous({ ambiguity, declaration }: RecordedProtection, faults: FaultList): boolean {
  if (ambiguity === undefined) return false
  faults.add(declaration.fault('ERR_CONFIG_REQUIRE_ALL', `${declaration.label} ${ambiguity}`))
  return true
}

/** `@Public` where something nearer to the root, or the class, demands a caller. */
function opened(
  onMethod: readonly RecordedProtection[],
  onClasses: readonly RecordedProtection[],
  faults: FaultList,
): boolean {
  const open = onMethod.findIndex(({ access }) => access === 'public')
  const declaration = onMethod[open]?.declaration
  if (declaration === undefined) return false
  const overridden = onMethod.slice(open + 1).find(({ access }) => access === 'protected')
  if (overridden !== undefined) {
    const message = `@Public on ${declaration.label} would open what ${overridden.declaration.label} protects at ${overridden.declaration.position}: an override demands all that it inherits`
    faults.add(declaration.fault('ERR_CONFIG_OVERRIDE', message))
    return true
  }
  const [onClass] = onClasses
  if (onClass === undefined) return false
  const message = `@Public on ${declaration.label} is inside a class that is protected at ${onClass.declaration.position}: move it to a class of its own`
  faults.add(declaration.fault('ERR_CONFIG_PROTECTION', message))
  return true
}
