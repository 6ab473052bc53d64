import type { Class } from './reflect.js'
import { isClass } from './token.js'
import type { DeclaredOn } from './source-position.js'

/** The prototype that holds a method; a class itself, as for a static method, is refused by the compiler. */
export type MethodHolder<Holder> = Holder extends abstract new (...args: never[]) => unknown ? never : Holder

/** A decorator for methods. The compiler refuses it on getters, fields, symbols and static methods. */
export type OperationDecorator = <Holder extends object, Method extends (...args: never[]) => unknown>(
  holder: MethodHolder<Holder>,
  method: string,
  descriptor: TypedPropertyDescriptor<Method>,
) => void

type Takes<Input, Method> = Method extends (...args: infer Parameters) => unknown
  ? true extends { [Index in keyof Parameters]: [Input] extends [Parameters[Index]] ? true : false }[keyof Parameters &
      `${number}`]
    ? unknown
    : never
  : never

/** The same for a method with a declared input: the compiler refuses it where no parameter takes that input. */
export type InputDecorator<Input> = <Holder extends object, Method extends (...args: never[]) => unknown>(
  holder: MethodHolder<Holder>,
  method: string,
  descriptor: TypedPropertyDescriptor<Method> & Takes<Input, Method>,
) => void

/** A decorator for classes. */
export type ServerClassDecorator = (target: abstract new (...args: never[]) => unknown) => void

/** The arguments that a compiler hands to a decorator, whatever it stands on. */
export type DecoratorArguments = readonly [target: object, member?: string | symbol, descriptor?: unknown]

/** What a decorator stands on, or the reason why it may not stand there. */
export type Target =
  | { readonly kind: 'class'; readonly target: Class; readonly on: DeclaredOn }
  | { readonly kind: 'method'; readonly prototype: object; readonly method: string; readonly on: DeclaredOn }
  | { readonly kind: 'misplaced'; readonly reason: string; readonly on: DeclaredOn }

/** Finds out what a decorator was put on. */
export function targetOf(args: DecoratorArguments): Target {
  const [target, member, descriptor] = args
  const isStatic = isClass(target)
  if (isStatic && member === undefined) return { kind: 'class', target, on: { owner: target.name } }
  const on = { owner: isStatic ? target.name : ownerName(target), member: String(member) }
  if (isStatic) return { kind: 'misplaced', reason: 'a static member', on }
  if (typeof member !== 'string') return { kind: 'misplaced', reason: 'a member without a name', on }
  const value = methodIn(descriptor)
  if (value === undefined) return { kind: 'misplaced', reason: 'something that is no method', on }
  return { kind: 'method', prototype: target, method: member, on }
}

/** The name of the class that a prototype belongs to. */
export function ownerName(prototype: object): string {
  const owner: unknown = Reflect.get(prototype, 'constructor')
  return typeof owner === 'function' ? owner.name : ''
}

function methodIn(descriptor: unknown): object | undefined {
  if (typeof descriptor !== 'object' || descriptor === null || !('value' in descriptor)) return undefined
  return typeof descriptor.value === 'function' ? descriptor.value : undefined
}
