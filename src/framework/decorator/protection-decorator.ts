import { ConfigurationError } from '../../core/error/configuration-error.js'
import { demandChecks, optionProblems } from './check-options.js'
import { Declaration, type Callable } from './declaration.js'
import {
  demandOf,
  detailsOf,
  readArguments,
  requireAllProblem,
  type OperationArguments,
} from './operation-arguments.js'
import type { ProtectionOptions } from './options.js'
import { recordClass, recordMethod, type RecordedProtection } from './record.js'
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
  const { name, options, problems } = readArguments(args, written.access)
  const decorate = (...use: DecoratorArguments): void => {
    const target = targetOf(use)
    const declaration = declare(target.on, decorate)
    refuse(written.decorator, declaration, [...placeProblems(written, target, args), ...problems])
    const record: RecordedProtection = {
      access: written.access,
      demand: demandOf(options),
      ambiguity: requireAllProblem(options),
      details: detailsOf(name, options),
      declaration,
    }
    if (target.kind === 'class') recordClass(target.target).protections.push(record)
    if (target.kind === 'method') recordMethod(target.prototype, target.method).protections.push(record)
  }
  return decorate
}

/** Throws `ConfigurationError` with every problem of one decorator. */
export function refuse(decorator: string, declaration: Declaration, problems: readonly string[]): void {
  const fault = ConfigurationError.join(
    problems.map((problem) =>
      declaration.fault('ERR_CONFIG_OPTION', `${decorator} on ${declaration.label}: ${problem}`),
    ),
  )
  if (fault !== undefined) throw fault
}

/** What is wrong with the place of a decorator for methods. */
export function methodProblems(target: Target): readonly string[] {
  if (target.kind === 'class') return ['stands on a class; it belongs on a method']
  return target.kind === 'misplaced' ? [`stands on ${target.reason}; only methods can be operations`] : []
}

function placeProblems(
  written: Written,
  target: Target,
  args: OperationArguments<ProtectionOptions>,
): readonly string[] {
  if (target.kind !== 'class' || written.access === 'public') return methodProblems(target)
  const [options] = args
  if (args.length === 0) return []
  return optionProblems(options, demandChecks).map((problem) => `for a whole class, ${problem}`)
}
