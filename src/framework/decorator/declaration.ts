import type { ConfigurationErrorCode } from '../../core/error/configuration-error.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { locate, type DeclaredOn } from './source-position.js'

interface Trace {
  readonly stack?: unknown
}

/** Where a decorator was applied or a function called. Finding the line costs something, so it waits until somebody asks. */
export class Declaration {
  readonly on: DeclaredOn
  readonly #traces: readonly Trace[]
  #position: string | undefined

  private constructor(on: DeclaredOn, traces: readonly Trace[]) {
    this.on = on
    this.#traces = traces
  }

  /** For a call: the line that calls `callee`. */
  static ofCall(callee: Callable, name: string): Declaration {
    return new Declaration({ owner: name }, [capture(callee)])
  }

  /**
   * For a decorator: call it in the factory, and what it returns in the decorator itself. The two stacks part at the
   * decorator's use, whatever functions the user put around the factory.
   */
  static ofDecorator(factory: Callable): (on: DeclaredOn, decorator: Callable) => Declaration {
    const made = capture(factory)
    return (on, decorator) => new Declaration(on, [made, capture(decorator)])
  }

  /** What messages call it: `Server.hello`. */
  get label(): string {
    return this.on.member === undefined ? this.on.owner : `${this.on.owner}.${this.on.member}`
  }

  /** `file:line:column`, relative to the working directory; the label where the line cannot be found. */
  get position(): string {
    this.#position ??= locate(
      this.#traces.map(({ stack }) => (typeof stack === 'string' ? stack : '')),
      this.on,
    )
    return this.#position ?? this.label
  }

  /** A fault that points here. */
  fault(code: ConfigurationErrorCode, message: string, path?: readonly string[]): ConfigurationError {
    return new ConfigurationError(code, `${message} (${this.position})`, { declaredAt: this.position, path })
  }
}

/** A function that appears on the stack. */
export type Callable = (...args: never[]) => unknown

function capture(below: Callable): Trace {
  const trace: Trace = {}
  const limit = Error.stackTraceLimit
  // Frozen intrinsics refuse the assignment; a short stack may still do.
  Reflect.set(Error, 'stackTraceLimit', Infinity)
  Error.captureStackTrace(trace, below)
  Reflect.set(Error, 'stackTraceLimit', limit)
  return trace
}
