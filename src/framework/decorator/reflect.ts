import 'reflect-metadata'

/** A class of the user's, as a value. */
export type Class<T = unknown> = abstract new (...args: never[]) => T

/** The parameter types a compiler recorded for a method, or for the constructor; `undefined` where it recorded none. */
export function parameterTypes(target: object, method?: string): readonly unknown[] | undefined {
  const types: unknown =
    method === undefined
      ? Reflect.getOwnMetadata('design:paramtypes', target)
      : Reflect.getMetadata('design:paramtypes', target, method)
  return Array.isArray(types) ? types : undefined
}

/** The type a compiler recorded for a decorated property, such as `String` or a class. */
export function propertyType(prototype: object, property: string): unknown {
  return Reflect.getMetadata('design:type', prototype, property)
}

/** What instances of a class inherit from, the class itself first. */
export function prototypesOf(cls: Class): object[] {
  const chain: object[] = []
  let prototype: unknown = cls.prototype
  while (typeof prototype === 'object' && prototype !== null && prototype !== Object.prototype) {
    chain.push(prototype)
    prototype = Object.getPrototypeOf(prototype)
  }
  return chain
}
