import { ConfigurationError } from '../../core/error/configuration-error.js'
import { classRecord } from '../decorator/record.js'
import { parameterTypes, type Class } from '../decorator/reflect.js'
import { keyLabel } from '../decorator/token.js'
import { parameterLabel } from './parameter-name.js'
import { classesOf } from './prototype-chain.js'

/** Something that a constructor, factory or operation asks for. */
export interface Asked {
  readonly value: unknown
  /** As in messages: `parameter 1 (clock)`. */
  readonly parameter: string
}

/**
 * What the constructor of a class asks for. A class without a constructor of its own has that of its base. Throws
 * `ConfigurationError` (`ERR_CONFIG_METADATA`) where there are parameters and nobody recorded their types.
 */
export function constructorParameters(target: Class): readonly Asked[] {
  for (const owner of classesOf(target)) {
    const recorded = parameterTypes(owner)
    const injections = classRecord(owner)?.injections ?? new Map<number, unknown>()
    const count = Math.max(recorded?.length ?? owner.length, ...[...injections.keys()].map((index) => index + 1))
    if (recorded === undefined && count === 0) continue
    if (recorded === undefined && injections.size < count) throw unrecorded(target, owner)
    return Array.from({ length: count }, (_, index) => ({
      value: injections.has(index) ? injections.get(index) : recorded?.[index],
      parameter: parameterLabel(owner, index),
    }))
  }
  return []
}

function unrecorded(target: Class, owner: Class): ConfigurationError {
  const whose =
    owner === target ? 'its constructor parameters' : `those of the constructor of its base ${keyLabel(owner)}`
  return new ConfigurationError(
    'ERR_CONFIG_METADATA',
    `${keyLabel(target)} cannot be built: the types of ${whose} are not recorded. ` +
      `Either ${keyLabel(owner)} has no decorator (add @Injectable(), or write a constructor in ${keyLabel(target)}), or the ` +
      'compiler emits no metadata (emitDecoratorMetadata is off; tsx, esbuild and vitest emit none): then put ' +
      '@Inject(Class) on each parameter',
  )
}
