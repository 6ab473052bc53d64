import { refuseBare } from './bare-decorator.js'
import { demandChecks } from './check-options.js'
import { Declaration, type Callable } from './declaration.js'
import { protectionOf, readArguments, type OperationArguments, type WrittenOptions } from './operation-arguments.js'
import type { ProtectionOptions } from './options.js'
import { recordClassProtection, recordMethod, type RecordedProtection } from './record.js'
import { refuse } from './refuse.js'
import { targetOf, type DecoratorArguments, type Target } from './target.js'

interface Written {
  /** As in the source: `@ProtectedByAuthSec`. */
  readonly decorator: string
  readonly access: 'public' | 'protected'
  readonly factory: Callable
}

/** The decorator that records a protection where it stands. It throws `ConfigurationError` when the options or the place are wrong. */
export function protectionDecorator(
  written: Written,
  args: OperationArguments<ProtectionOptions>,
): (...use: DecoratorArguments) => void {
  const declare = Declaration.ofDecorator(written.factory)
  refuseBare(written.factory, args)
  // Read here and not again: a decorator may be used later and more than once, and the options may have changed by then.
  const said = readArguments(args, written.access)
  const protection = protectionOf(written.access, said)
  const decorate = (...use: DecoratorArguments): void => {
    const target = targetOf(use)
    const declaration = declare(target.on, decorate)
    refuse(written.decorator, declaration, [...placeProblems(written, target, said), ...said.problems])
    const record: RecordedProtection = { ...protection, declaration }
    if (target.kind === 'class') recordClassProtection(target.target, record)
    if (target.kind === 'method') recordMethod(target.prototype, target.method).protections.push(record)
  }
  return decorate
}

/** What is wrong with the place of a decorator for methods. */
export function methodProblems(target: Target): readonly string[] {
  if (target.kind === 'class') return ['stands on a class; it belongs on a method']
  return target.kind === 'misplaced' ? [`stands on ${target.reason}; only methods can be operations`] : []
}

function placeProblems(
  written: Written,
  target: Target,
  { name, options = {} }: WrittenOptions<ProtectionOptions>,
): readonly string[] {
  if (target.kind !== 'class' || written.access === 'public') return methodProblems(target)
  const known = Object.keys(demandChecks)
  const unknown = [...(name === undefined ? [] : ['name']), ...Object.keys(options)].filter(
    (key) => !known.includes(key),
  )
  return unknown.map((key) => `for a whole class, unknown option "${key}"; there are ${known.join(', ')}`)
}
