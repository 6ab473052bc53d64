import {
  classRecord,
  methodRecords,
  prototypeProtections,
  type MethodRecord,
  type RecordedProtection,
} from '../../decorator/record.js'
import type { Class } from '../../decorator/reflect.js'
import { isClass } from '../../decorator/token.js'

/** What one class of a chain says about a method. */
export interface MethodLayer {
  readonly prototype: object
  readonly record: MethodRecord
}

/** The prototypes that instances of a class inherit from, nearest first. */
export function prototypesOf(server: Class): readonly object[] {
  return chain(server.prototype)
}

/** The class and its base classes, nearest first: along constructors and along prototypes, should the two differ. */
export function classesOf(server: Class): readonly Class[] {
  const constructors = prototypesOf(server).map((prototype): unknown =>
    Object.hasOwn(prototype, 'constructor') ? Reflect.get(prototype, 'constructor') : undefined,
  )
  return [...new Set([...chain(server), ...constructors].filter(isClass).filter((target) => !isNative(target)))]
}

/** Whether a function is the engine's own, such as `Object`. */
export function isNative(value: object): boolean {
  return /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(value))
}

/** Every method that any class of the chain decorates, base classes first. */
export function decoratedMethods(server: Class): readonly string[] {
  const names = prototypesOf(server)
    .toReversed()
    .flatMap((prototype) => [...methodRecords(prototype).keys()])
  return [...new Set(names)]
}

/** What the classes of the chain say about one method, nearest first. */
export function layersOf(server: Class, method: string): readonly MethodLayer[] {
  return prototypesOf(server).flatMap((prototype) => {
    const record = methodRecords(prototype).get(method)
    return record === undefined ? [] : [{ prototype, record }]
  })
}

/** The protections that stand on the classes of the chain, also where another constructor took a prototype over. */
export function classProtections(server: Class): readonly RecordedProtection[] {
  const onClasses = classesOf(server).flatMap((target) => classRecord(target)?.protections ?? [])
  return [...new Set([...onClasses, ...prototypesOf(server).flatMap(prototypeProtections)])]
}

function chain(from: unknown): readonly object[] {
  const objects: object[] = []
  let current = from
  while ((typeof current === 'object' || typeof current === 'function') && current !== null) {
    objects.push(current)
    current = Object.getPrototypeOf(current)
  }
  return objects
}
