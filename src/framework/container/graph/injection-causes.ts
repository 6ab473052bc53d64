import { classRecord } from '../../decorator/record.js'
import type { Class } from '../../decorator/reflect.js'
import { isClass, keyLabel, Token } from '../../decorator/token.js'
import { classesOf, isNative } from '../discovery/prototype-chain.js'
import { isScalarType } from '../plan/scalar-type.js'

/** The compiler recorded one of its own types: what was written there is lost. */
export function isErased(asked: unknown): boolean {
  return !Token.is(asked) && (typeof asked !== 'function' || isNative(asked))
}

/** Why something asked for cannot be injected, and what to do about it. Erased types all look alike, so every cause is named. */
export function injectionCauses(asked: unknown): string {
  if (isScalarType(asked)) {
    return `is a ${asked.name.toLowerCase()}: in an operation name it with @Arg('name'), elsewhere inject a token with @Inject`
  }
  if (Token.is(asked)) return `asks for ${keyLabel(asked)}, which no provider provides`
  if (isErased(asked)) {
    return (
      `cannot be injected: its type is recorded as ${typeof asked === 'function' ? asked.name : String(asked)}. Usual causes: ` +
      '`import type` of the class; an interface, a type alias or a union such as `X | undefined` (write `x?: X`), which leave ' +
      'no class behind (use @Inject with a token, or `params`); a module that is part of an import circle'
    )
  }
  return isClass(asked) ? classCauses(asked) : 'asks for something that is neither a class nor a token'
}

function classCauses(asked: Class): string {
  const base = classesOf(asked).find((target) => target !== asked && (classRecord(target)?.injectables.length ?? 0) > 0)
  const hint = base === undefined ? '' : ` (that of ${keyLabel(base)} is not inherited)`
  return (
    `asks for ${keyLabel(asked)}, which can neither be injected nor be an input: add @Injectable() to the class${hint}, ` +
    'list a provider for it, or, if it is the input, put class-validator decorators on its properties'
  )
}
