import { joinLimits, type CallLimit } from '../../../core/operation/call-limit.js'
import { classRecord, methodRecords, prototypeLimits, type RecordedLimits } from '../../decorator/record.js'
import type { Class } from '../../decorator/reflect.js'
import { classesOf, prototypesOf } from './prototype-chain.js'

/**
 * How often a method may be called. Within one class, what stands on the method takes the place of what stands on the class;
 * what the classes of the chain say counts together, so that no override gets rid of a limit that it inherits.
 */
export function inheritedLimits(server: Class, method: string): readonly CallLimit[] {
  const prototypes = prototypesOf(server)
  const counted = prototypes.flatMap((prototype) => {
    const own = methodRecords(prototype).get(method)?.limits ?? []
    return own.length > 0 ? own : prototypeLimits(prototype)
  })
  return limitsIn([...counted, ...limitsElsewhere(server, new Set(prototypes.flatMap(prototypeLimits)))])
}

/** All that one or more decorators say, together. */
function limitsIn(records: readonly RecordedLimits[]): readonly CallLimit[] {
  return joinLimits(records.flatMap(({ limits }) => limits))
}

/** Of base classes whose prototypes are not in the chain. */
function limitsElsewhere(server: Class, known: ReadonlySet<RecordedLimits>): readonly RecordedLimits[] {
  return classesOf(server)
    .flatMap((target) => classRecord(target)?.limits ?? [])
    .filter((record) => !known.has(record))
}
