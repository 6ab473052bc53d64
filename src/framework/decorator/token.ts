import type { Class } from './reflect.js'

declare const carried: unique symbol

/** A typed name for something to inject that is no class, such as an interface or a setting. Made by `createToken`. */
export class Token<T = unknown> {
  declare readonly [carried]?: T
  readonly name: string
  readonly #genuine = true

  /** @internal */
  constructor(name: string) {
    this.name = name
  }

  /** Whether `value` was made by `createToken`. */
  static is(value: unknown): value is Token {
    return typeof value === 'object' && value !== null && #genuine in value && value.#genuine
  }
}

/** What a dependency is asked for by: its class, or a token. */
export type InjectionKey<T = unknown> = Class<T> | Token<T>

/** What is injected for a key. */
export type Injected<Key> = Key extends Token<infer T> ? T : Key extends Class<infer T> ? T : never

/** A new token. Two tokens are never the same, whatever they are called. Throws `TypeError` without a name. */
export function createToken<T>(name: string): Token<T> {
  if (typeof name !== 'string' || name.trim() === '') throw new TypeError('a token needs a name')
  return new Token<T>(name)
}

/** Whether `value` can name a dependency at all. */
export function isInjectionKey(value: unknown): value is InjectionKey {
  return isClass(value) || Token.is(value)
}

/** Whether `value` can be called with `new`; says nothing about whose class it is. */
export function isClass(value: unknown): value is Class {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null
}

/** What messages call a key. */
export function keyLabel(key: InjectionKey): string {
  return Token.is(key) ? `token "${key.name}"` : key.name === '' ? 'an unnamed class' : key.name
}
