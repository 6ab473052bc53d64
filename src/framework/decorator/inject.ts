import { Declaration } from './declaration.js'
import { refuse } from './refuse.js'
import { recordClass, recordMethod } from './record.js'
import { ownerName } from './target.js'
import { isClass, isInjectionKey, keyLabel, type InjectionKey } from './token.js'

/** A decorator for parameters of constructors and operations. */
export type InjectDecorator = (target: object, member: string | undefined, index: number) => void

/**
 * Says what a parameter is given where its type cannot: a token, or the class behind an interface.
 * Throws `ConfigurationError` when the key is undefined, as in an import circle.
 *
 * @example
 * ```ts
 * const clockToken = createToken<Clock>('clock')
 *
 * @Injectable()
 * class Deadlines {
 *   constructor(@Inject(clockToken) private readonly clock: Clock) {}
 * }
 * ```
 */
export function Inject(key: InjectionKey): InjectDecorator {
  const declare = Declaration.ofDecorator(Inject)
  const decorate: InjectDecorator = (target, member, index) => {
    const owner = isClass(target) ? target.name : ownerName(target)
    const declaration = declare({ owner, member, parameter: true }, decorate)
    if (!isInjectionKey(key)) {
      return refuse('@Inject', declaration, [
        'is given neither a class nor a token; perhaps its module is part of an import circle',
      ])
    }
    if (isClass(target) && member !== undefined) {
      return refuse('@Inject', declaration, ['stands on a static method; only methods can be operations'])
    }
    const injections = isClass(target)
      ? recordClass(target).injections
      : recordMethod(target, String(member)).injections
    const other = injections.get(index)
    if (other !== undefined)
      refuse('@Inject', declaration, [`stands twice on one parameter, also with ${keyLabel(other)}`])
    injections.set(index, key)
  }
  return decorate
}
