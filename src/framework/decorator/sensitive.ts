import { refuseBare } from './bare-decorator.js'
import { prototypesOf, type Class } from './reflect.js'

const byPrototype = new WeakMap<object, Set<string>>()

/**
 * Marks a property of a DTO class as secret: `x-sensitive` in the schema that clients are shown, and no `audit.include` may name it or
 * what is within it.
 *
 * @example
 * class SignIn {
 *   @Sensitive() @IsString()
 *   password!: string
 * }
 */
export function Sensitive(...none: readonly never[]): PropertyDecorator {
  refuseBare(Sensitive, none)
  return (target: object, property: string | symbol | undefined) => {
    if (typeof property !== 'string' || typeof target === 'function')
      throw new TypeError('@Sensitive belongs on a property of the instances of a class')
    const known = byPrototype.get(target)
    if (known === undefined) byPrototype.set(target, new Set([property]))
    else known.add(property)
  }
}

/** The properties of a class with `@Sensitive`, own or inherited: what an ancestor keeps secret stays so. */
export function sensitiveProperties(cls: Class): ReadonlySet<string> {
  return new Set(prototypesOf(cls).flatMap((prototype) => [...(byPrototype.get(prototype) ?? [])]))
}
