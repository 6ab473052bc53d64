import { prototypesOf, type Class } from './reflect.js'

interface Descriptions {
  text: string | undefined
  readonly properties: Map<string, string>
}

const byPrototype = new WeakMap<object, Descriptions>()

/**
 * Says what a DTO class or one of its properties means: the `description` in the schema that clients are shown.
 *
 * @example
 * class CreateResource {
 *   @Describe('What to call the new resource') @IsString() @MinLength(1)
 *   name!: string
 * }
 */
export function Describe(text: string): ClassDecorator & PropertyDecorator {
  return (target: object, property?: string | symbol) => {
    const isClass = typeof target === 'function'
    if (property === undefined && isClass) descriptionsOf(target.prototype).text = text
    else if (typeof property === 'string' && !isClass) descriptionsOf(target).properties.set(property, text)
    else throw new TypeError('@Describe belongs on a class or on a property of its instances')
  }
}

/** What `@Describe` says of a class, its own or the nearest ancestor's; `undefined` where nothing is said. */
export function classDescription(cls: Class): string | undefined {
  for (const prototype of prototypesOf(cls)) {
    const text = byPrototype.get(prototype)?.text
    if (text !== undefined) return text
  }
  return undefined
}

/** What `@Describe` says of each property of a class, by name; the nearest ancestor's words win. */
export function propertyDescriptions(cls: Class): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const prototype of prototypesOf(cls).reverse()) {
    for (const [name, text] of byPrototype.get(prototype)?.properties ?? []) found.set(name, text)
  }
  return found
}

function descriptionsOf(prototype: object): Descriptions {
  const known = byPrototype.get(prototype)
  if (known !== undefined) return known
  const fresh: Descriptions = { text: undefined, properties: new Map() }
  byPrototype.set(prototype, fresh)
  return fresh
}
