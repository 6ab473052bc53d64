import type { Class } from '../decorator/reflect.js'
import type { Scope } from '../decorator/record.js'
import type { InjectionKey } from '../decorator/token.js'

/** Builds `useClass` where `provide` is asked for; `useClass` needs `@Injectable()`. */
export interface ClassProvider {
  readonly provide: InjectionKey
  readonly useClass: Class
  /** Defaults to what the class's `@Injectable` says. */
  readonly scope?: Scope
}

/** Hands out a value that exists already. Whoever made it also closes it. */
export interface ValueProvider {
  readonly provide: InjectionKey
  readonly useValue: unknown
}

/** Calls a function. It may be asynchronous where its scope is `singleton`: the start waits for it. */
export interface FactoryProvider {
  readonly provide: InjectionKey
  readonly useFactory: (...dependencies: never[]) => unknown
  /** What the function is given, by position. */
  readonly inject?: readonly InjectionKey[]
  /** Defaults to `singleton`. */
  readonly scope?: Scope
}

/** What the container can hand out beside the classes that say so themselves. */
export type Provider = Class | ClassProvider | ValueProvider | FactoryProvider
