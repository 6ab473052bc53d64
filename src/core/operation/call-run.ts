import type { PolicyAnswers } from '../permission/graph/compiled-requirement.js'
import type { PermissionGraph } from '../permission/graph/permission-graph.js'
import type { Log } from '../runtime/log.js'
import { askerOf } from './access.js'
import type { CallChannel } from './call-channel.js'
import { CallContext } from './call-context.js'
import type { CountedVisitor } from './call-counter.js'
import type { CallRecord, Reason } from './call-record.js'
import type { CallServices } from './call-services.js'
import { freshCaller, type CallerPorts } from './current-caller.js'
import { errorResult, type OperationResult } from './content.js'
import type { Operation, Parsed } from './operation.js'
import { failedResult, renderResult } from './render-result.js'
import { isExpected, isOutage, toldBy, toldInBetween } from './told-failure.js'

export interface CallRequest extends CountedVisitor {
  readonly name: string
  readonly args: unknown
  /** What it is on record by; without one it gets its own. */
  readonly ref?: string | undefined
  readonly channel: CallChannel
}

/** A call of an operation that is there. */
export interface BegunCall {
  readonly operation: Operation
  readonly request: CallRequest
  readonly record: CallRecord
}

/** A call that may go on. */
export interface AdmittedCall extends BegunCall {
  readonly services: CallServices
  /** What policies have said. */
  readonly answers?: PolicyAnswers
}

export interface CallRunPorts extends CallerPorts {
  readonly graph: PermissionGraph<Operation>
  readonly log: Log
}

/** How arguments are come by: checked now, or before. */
export type Parse = () => Parsed<unknown> | Promise<Parsed<unknown>>

/** What became of a handler; `revoked`: it has not run. */
interface Attempt {
  readonly result: OperationResult | 'revoked'
  readonly reason: Reason
}

/** One admitted call from its arguments to its answer. */
export class CallRun {
  readonly #ports: CallRunPorts
  readonly #call: AdmittedCall

  constructor(ports: CallRunPorts, call: AdmittedCall) {
    this.#ports = ports
    this.#call = call
  }

  /** What the operation and its policies are given. */
  get context(): CallContext {
    const { operation, record, request, services } = this.#call
    const { caller, login } = request
    const { access, channel } = services
    const { elicits, name } = operation
    return new CallContext({
      ...{ requestId: record.ref, operation: name, user: caller?.user, clientId: caller?.clientId },
      ...{ actor: caller?.actor, elicits, channel, login, services: access },
      onFault: (error) =>
        this.#ports.log.write('warn', 'a message of an operation was not sent', {
          ref: record.ref,
          error: services.withoutSecrets(error),
        }),
    })
  }

  /** The checked arguments; `undefined` where the check itself fails. */
  async parse(): Promise<Parsed<unknown> | undefined> {
    const { operation, record, request } = this.#call
    try {
      return await operation.parseInput(request.args)
    } catch (error) {
      record.logFailure(this.#call.services.withoutSecrets(error))
      return undefined
    }
  }

  /** `revoked` where the caller may not any more, at the last moment; the handler has not run then. */
  async run(parse: Parse): Promise<OperationResult | 'revoked'> {
    const { record } = this.#call
    const started = performance.now()
    const settle = (reason: Reason): Promise<void> => record.outcome(reason, performance.now() - started)
    try {
      const { result, reason } = this.#cleared(await this.#attempt(parse))
      await settle(reason)
      return result
    } catch (error) {
      await settle('failed')
      throw error
    }
  }

  /** Nothing that shows a credential goes to the client, and the operator hears of it. */
  #cleared(attempt: Attempt): Attempt {
    const { record, services } = this.#call
    if (attempt.result === 'revoked' || !services.leaks(attempt.result)) return attempt
    record.logFailure(new TypeError('the result would show a secret of an external service'))
    const result = errorResult(`The result was withheld: it held a credential of a service (ref ${record.ref})`)
    return { result, reason: 'leaked' }
  }

  async #attempt(parse: Parse): Promise<Attempt> {
    const { operation, request } = this.#call
    let begun = false
    try {
      const input = await parse()
      if (!input.valid) return { result: invalidResult(input.message), reason: 'invalid' }
      request.channel.signal.throwIfAborted()
      if (!(await this.#stillMay())) return { result: 'revoked', reason: 'revoked' }
      begun = true
      const result = await renderResult(operation, await operation.invoke(input.value, this.context))
      return { result, reason: result.isError === true ? 'failed' : 'succeeded' }
    } catch (error) {
      if (isOutage(error) && (!begun || isOurs(operation) || this.#isKept(error))) throw error
      return this.#failed(error)
    }
  }

  #failed(error: unknown): Attempt {
    const { record, request, services } = this.#call
    const told = toldBy(error, record.ref) ?? (services.isOutage(error) ? toldInBetween(record.ref) : undefined)
    services.failed(error)
    if (told === undefined && request.channel.signal.aborted) {
      return { result: failedResult(record.ref), reason: 'cancelled' }
    }
    if (!isExpected(error)) record.logFailure(services.withoutSecrets(error))
    return { result: told === undefined ? failedResult(record.ref) : errorResult(told), reason: 'failed' }
  }

  /** Whether the operation was kept from its services before it was given anything to use them with: nothing has happened there. */
  #isKept(outage: unknown): boolean {
    const { services } = this.#call
    const isPlain = toldBy(outage, '') === undefined && services.withoutSecrets(outage) === outage
    return isPlain && services.isOutage(outage) && !services.isUsed
  }

  /** Asked last of all: what was read of the caller a while ago, before a slow database or parser, may not hold any more. */
  async #stillMay(): Promise<boolean> {
    const { answers, operation, request } = this.#call
    const { caller } = request
    if (caller === undefined || operation.protection.access !== 'protected') return true
    const now = await freshCaller(this.#ports, caller)
    return (
      now === caller || this.#ports.graph.decide(operation, askerOf({ ...request, caller: now }), answers) === 'allow'
    )
  }
}

/** What a caller is told whose arguments are not what is listed. */
export function invalidResult(message: string): OperationResult {
  return errorResult(`Invalid arguments: ${message}`)
}

/** Of the tools that sign in what they depend on is down, not the tool; so it is of every tool that has not begun. */
function isOurs({ protection }: Operation): boolean {
  return protection.access === 'login'
}
