import { closeInstances, startInstance } from './lifecycle-hooks.js'

/** One thing to start: building it may wait, and may fail. */
export interface Startable {
  /** Whether its hooks are ours to call. */
  readonly owned: boolean
  build(): Promise<{ readonly instance: unknown }>
  /** Throws where the instance is not what it has to be. */
  check(instance: unknown): void
}

/** Starts in order, closes in the reverse order, each at most once. */
export class Lifecycle {
  readonly #built: unknown[] = []
  #starting: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #ready = false

  /** Whether the start succeeded and nothing is closed yet. */
  get ready(): boolean {
    return this.#ready
  }

  /** Builds and starts everything, dependencies first. After a failure what was built is closed again. Throws `TypeError` after `close`. */
  start(startables: readonly Startable[]): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new TypeError('what was closed cannot be started again'))
    this.#starting ??= this.#startAll(startables)
    return this.#starting
  }

  /** Closes everything that was built, also where something refuses. Throws `AggregateError` with all that went wrong. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAfterStart()
    return this.#closing
  }

  async #startAll(startables: readonly Startable[]): Promise<void> {
    try {
      for (const startable of startables) {
        const { instance } = await startable.build()
        if (!startable.owned) continue
        this.#built.push(instance)
        startable.check(instance)
        await startInstance(instance)
      }
      this.#ready = true
    } catch (error) {
      const failures = await closeInstances(this.#built.splice(0))
      if (failures.length === 0) throw error
      throw new AggregateError([error, ...failures], 'the start failed, and so did closing what was started')
    }
  }

  async #closeAfterStart(): Promise<void> {
    await this.#starting?.catch(() => undefined)
    this.#ready = false
    const failures = await closeInstances(this.#built.splice(0))
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be closed')
  }
}
