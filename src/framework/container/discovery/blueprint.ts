import type { CallLimit } from '../../../core/operation/call-limit.js'
import type { Protection } from '../../../core/permission/protection.js'
import type { Callable, Declaration } from '../../decorator/declaration.js'
import type { Parameter } from '../../decorator/options.js'
import type { RecordedArgument, RecordedDetails } from '../../decorator/record.js'
import type { Class } from '../../decorator/reflect.js'
import type { InjectionKey } from '../../decorator/token.js'

/** One operation as found, before its parameters are planned. */
export interface Blueprint {
  readonly name: string
  readonly details: RecordedDetails
  readonly protection: Protection
  readonly limits: readonly CallLimit[]
  readonly declaration: Declaration
  /** As it was when the graph was read: a function put in its place later is never called. */
  readonly handler: Callable
  /** The server class and the method, or `undefined` for a function. */
  readonly method: { readonly server: Class; readonly name: string } | undefined
  readonly signature: Signature
}

/** What is known of an operation's parameters. */
export interface Signature {
  /** What the compiler recorded; `undefined` where it recorded nothing. */
  readonly recorded: readonly unknown[] | undefined
  /** What `params` says. */
  readonly params: readonly Parameter[] | undefined
  readonly arguments: ReadonlyMap<number, RecordedArgument>
  readonly injections: ReadonlyMap<number, InjectionKey>
}
