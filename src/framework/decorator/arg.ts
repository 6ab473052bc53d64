import { refuseBare } from './bare-decorator.js'
import { flag, readOptions, text, type ReadOptions } from './check-options.js'
import { Declaration } from './declaration.js'
import { refuse } from './refuse.js'
import { recordMethod } from './record.js'
import { ownerName } from './target.js'
import { isClass } from './token.js'

/** What a model is told of an argument, and whether it may be left out. */
export interface ArgOptions {
  /** What a model is told of the argument. */
  readonly description?: string
  /** Used where the caller leaves the argument out. */
  readonly default?: string | number | boolean
  /** `false`: the parameter is `undefined` where the caller leaves it out. Defaults to `true` without a default. */
  readonly required?: boolean
}

/** A decorator for parameters of operations. */
export type ArgDecorator = (target: object, member: string, index: number) => void

/**
 * Makes a parameter of type string, number or boolean an argument of the tool. Not mixed with a DTO.
 * Throws `ConfigurationError` when the name or an option is wrong.
 *
 * @example
 * ```ts
 * class Server {
 *   @ProtectedByAuthSec()
 *   greet(@Arg('name', { description: 'Whom to greet' }) name: string) { return `Hello, ${name}!` }
 * }
 * ```
 */
export function Arg(name: string, options: ArgOptions = {}): ArgDecorator {
  const declare = Declaration.ofDecorator(Arg)
  refuseBare(Arg, [name])
  const read = readOptions(options, { description: text, default: scalarProblem, required: flag })
  const decorate: ArgDecorator = (target, member, index) => {
    const owner = isClass(target) ? target.name : ownerName(target)
    const declaration = declare({ owner, member, parameter: true }, decorate)
    if (isClass(target)) return refuse('@Arg', declaration, ['belongs on a parameter of a method'])
    refuse('@Arg', declaration, problemsOf(name, read))
    if (read.options === undefined) return
    const known = recordMethod(target, member).arguments
    if (known.has(index)) refuse('@Arg', declaration, ['stands twice on one parameter'])
    const { description, default: preset, required } = read.options
    known.set(index, { name, description, default: preset, required: required ?? preset === undefined, declaration })
  }
  return decorate
}

function problemsOf(name: string, { options, problems }: ReadOptions<ArgOptions>): readonly string[] {
  const contradiction = options?.required === true && options?.default !== undefined
  return [
    ...(isArgumentName(name) ? [] : ['the name must be letters, digits, "_" or "-", not starting with a digit']),
    ...problems,
    ...(contradiction ? ['a required argument has no use for a default'] : []),
  ]
}

/** Names that every client can send and that no prototype has. */
function isArgumentName(name: unknown): boolean {
  return typeof name === 'string' && /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name) && !(name in {})
}

function scalarProblem(value: unknown): string | undefined {
  const isScalar =
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  return isScalar ? undefined : 'must be a text, a finite number, true or false'
}
