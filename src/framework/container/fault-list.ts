import { ConfigurationError } from '../../core/error/configuration-error.js'

/** Collects faults, so that one start shows all of them. */
export class FaultList {
  readonly #faults: ConfigurationError[] = []

  /** What was noted so far. */
  get all(): readonly ConfigurationError[] {
    return this.#faults
  }

  /** Notes a fault, once: what several classes inherit is one mistake. */
  add(fault: ConfigurationError): void {
    if (fault.faults.length > 0) {
      for (const part of fault.faults) this.add(part)
    } else if (!this.#faults.some(({ code, message }) => code === fault.code && message === fault.message)) {
      this.#faults.push(fault)
    }
  }

  /** The result of `action`, or `undefined` after noting the `ConfigurationError` that it threw. */
  attempt<Result>(action: () => Result): Result | undefined {
    try {
      return action()
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      this.add(error)
      return undefined
    }
  }

  /** Throws one `ConfigurationError` for everything that was noted. */
  throwIfAny(): void {
    const fault = ConfigurationError.join(this.#faults)
    if (fault !== undefined) throw fault
  }
}
