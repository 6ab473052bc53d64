import { refuseBare } from './bare-decorator.js'
import { readOptions } from './check-options.js'
import { Declaration } from './declaration.js'
import { refuse } from './refuse.js'
import { recordClass, type Scope } from './record.js'
import { targetOf, type DecoratorArguments, type ServerClassDecorator } from './target.js'

/** How long an instance lives. */
export interface InjectableOptions {
  /**
   * `singleton` (default): one instance, built while starting. `transient`: a new one for whoever asks. `call`: one for
   * each call, which may ask for `UserContext` and `CallContext` in its constructor.
   */
  readonly scope?: Scope
}

const scopes: readonly unknown[] = ['singleton', 'transient', 'call'] satisfies readonly Scope[]

/**
 * Makes a class something to ask for, in constructors and in operations. Its own constructor parameters are injected.
 * Throws `ConfigurationError` when an option is unknown.
 *
 * @example
 * ```ts
 * @Injectable()
 * class ResourceRepository {}
 * ```
 */
export function Injectable(options: InjectableOptions = {}): ServerClassDecorator {
  const declare = Declaration.ofDecorator(Injectable)
  refuseBare(Injectable, [options])
  const { options: read, problems } = readOptions(options, { scope: scopeProblem })
  const decorate = (...use: DecoratorArguments): void => {
    const target = targetOf(use)
    const declaration = declare(target.on, decorate)
    refuse('@Injectable', declaration, problems)
    if (target.kind !== 'class') return refuse('@Injectable', declaration, ['belongs on a class'])
    recordClass(target.target).injectables.push({ scope: read?.scope ?? 'singleton', declaration })
  }
  return decorate
}

function scopeProblem(value: unknown): string | undefined {
  return scopes.includes(value) ? undefined : "must be 'singleton', 'transient' or 'call'"
}
