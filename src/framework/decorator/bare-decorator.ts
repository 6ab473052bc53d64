import { Declaration, type Callable } from './declaration.js'
import { refuse } from './refuse.js'
import { ownerName } from './target.js'
import { isClass } from './token.js'

/**
 * Throws `ConfigurationError` (`ERR_CONFIG_OPTION`) where a compiler called the factory itself: without its brackets a
 * decorator would record nothing, and what it returns would take the place of the class or method.
 */
export function refuseBare(factory: Callable, args: readonly unknown[]): void {
  if (!isBare(args)) return
  const [target, member] = args
  const owner = typeof target === 'object' && target !== null ? ownerName(target) : isClass(target) ? target.name : ''
  const on = { owner, member: typeof member === 'string' || typeof member === 'symbol' ? String(member) : undefined }
  const declaration = Declaration.ofDecorator(factory)(on, factory)
  refuse(`@${factory.name}`, declaration, [`write @${factory.name}() with brackets`])
}

/** A class, a prototype, or a method and its context, as compilers hand them to decorators; never options. */
function isBare(args: readonly unknown[]): boolean {
  const [target] = args
  const isPrototype = typeof target === 'object' && target !== null && Object.hasOwn(target, 'constructor')
  return args.length > 2 || isPrototype || isClass(target) || (typeof target === 'function' && args.length > 1)
}
