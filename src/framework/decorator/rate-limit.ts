import { refuseBare } from './bare-decorator.js'
import { Declaration } from './declaration.js'
import { methodProblems } from './protection-decorator.js'
import { readLimits, repeatedLimits, type RateLimits } from './rate-limit-options.js'
import { recordClass, recordClassLimits, recordMethod, type RecordedLimits } from './record.js'
import { refuse } from './refuse.js'
import {
  targetOf,
  type DecoratorArguments,
  type OperationDecorator,
  type ServerClassDecorator,
  type Target,
} from './target.js'

/**
 * Limits how often an operation may be called, in all processes together: each user by themselves unless `per` says otherwise.
 * Calls that may not be made do not count. On a class it is a limit of each of its operations, counted apart, that has none of
 * its own in that class. What a base class limits, its subclasses limit too. Throws `ConfigurationError` at the decorator's line.
 *
 * @example
 * ```ts
 * class Server {
 *   @ProtectedByAuthSec()
 *   @RateLimit([{ limit: 5, seconds: 1 }, { limit: 1000, seconds: 3600, per: 'tenant' }])
 *   search() { return 'found' }
 * }
 * ```
 */
export function RateLimit(limits: RateLimits): OperationDecorator & ServerClassDecorator
export function RateLimit(...args: readonly [limits: RateLimits]): OperationDecorator & ServerClassDecorator {
  const declare = Declaration.ofDecorator(RateLimit)
  refuseBare(RateLimit, args)
  const { limits, problems } = readLimits(args[0])
  const number = args.length > 1 ? ['takes one argument: write several limits as a list'] : []
  const decorate = (...use: DecoratorArguments): void => {
    const target = targetOf(use)
    const declaration = declare(target.on, decorate)
    const place = target.kind === 'class' ? [] : methodProblems(target)
    refuse('@RateLimit', declaration, [...place, ...number, ...problems])
    // Several decorators are as good as one with a list.
    const before = recordedOn(target).flatMap((record) => record.limits)
    refuse('@RateLimit', declaration, repeatedLimits([...before, ...limits]))
    if (target.kind === 'class') recordClassLimits(target.target, { limits, declaration })
    if (target.kind === 'method') recordMethod(target.prototype, target.method).limits.push({ limits, declaration })
  }
  return decorate
}

function recordedOn(target: Target): readonly RecordedLimits[] {
  if (target.kind === 'class') return recordClass(target.target).limits
  return target.kind === 'method' ? recordMethod(target.prototype, target.method).limits : []
}
