import type { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { Declaration } from '../../decorator/declaration.js'
import { classRecord } from '../../decorator/record.js'
import { parameterTypes, type Class } from '../../decorator/reflect.js'
import { keyLabel, type InjectionKey } from '../../decorator/token.js'
import { parameterLabel } from '../plan/parameter-name.js'
import { classesOf } from '../discovery/prototype-chain.js'
import { disagreement } from '../plan/type-agreement.js'

/** Something that a constructor, factory or operation asks for. */
export interface Asked {
  readonly value: unknown
  /** As in messages: `parameter 1 (clock)`. */
  readonly parameter: string
}

/**
 * What the constructor of a class asks for. A class without a constructor of its own has that of its base. Throws
 * `ConfigurationError` where there are parameters and nobody recorded their types, or where `@Inject` contradicts one.
 */
export function constructorParameters(target: Class, declaration: Declaration): readonly Asked[] {
  for (const owner of classesOf(target)) {
    const recorded = parameterTypes(owner)
    const injections = classRecord(owner)?.injections ?? new Map<number, InjectionKey>()
    const count = Math.max(recorded?.length ?? owner.length, ...[...injections.keys()].map((index) => index + 1))
    if (recorded === undefined && count === 0) continue
    if (recorded === undefined && injections.size < count) throw unrecorded(target, owner, declaration)
    return Array.from({ length: count }, (_, index) => {
      const parameter = parameterLabel(owner, index)
      const injected = injections.get(index)
      const problem = disagreement([injected], recorded?.[index])
      if (problem !== undefined) {
        throw declaration.fault('ERR_CONFIG_PARAMETER', `${parameter} of ${keyLabel(owner)} ${problem}`)
      }
      return { value: injected ?? recorded?.[index], parameter }
    })
  }
  return []
}

function unrecorded(target: Class, owner: Class, declaration: Declaration): ConfigurationError {
  const whose =
    owner === target ? 'its constructor parameters' : `those of the constructor of its base ${keyLabel(owner)}`
  return declaration.fault(
    'ERR_CONFIG_METADATA',
    `${keyLabel(target)} cannot be built: the types of ${whose} are not recorded. ` +
      `Either ${keyLabel(owner)} has no decorator (add @Injectable(), or write a constructor in ${keyLabel(target)}), or the ` +
      'compiler emits no metadata (emitDecoratorMetadata is off; tsx, esbuild and vitest emit none): then put ' +
      '@Inject(Class) on each parameter',
  )
}
