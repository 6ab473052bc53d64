import type { Caller } from '../identity/caller.js'
import { UpstreamError } from '../error/upstream-error.js'
import type { PolicyAnswers } from '../permission/graph/compiled-requirement.js'
import { systemClock, type Clock } from '../runtime/clock.js'
import { silentTracer, type Span, type Tracer } from '../runtime/tracer.js'
import type { PermissionGraph } from '../permission/graph/permission-graph.js'
import { askerOf, type Visitor } from './access.js'
import { admitCall } from './admit-call.js'
import type { Authenticator } from './authenticator.js'
import { askPolicies, decisionStep } from './policy-round.js'
import type { CallChannel } from './call-channel.js'
import { CallContext } from './call-context.js'
import type { CallCounter, CountedVisitor } from './call-counter.js'
import { actorOf, CallRecord, type Reason, type RecordedCall, type RecordPorts } from './call-record.js'
import { errorResult, type OperationResult } from './content.js'
import type { OperationCatalogue } from './operation-catalogue.js'
import type { Operation, Parsed } from './operation.js'
import { elevatableScopes, isElevatable } from '../permission/graph/step-up.js'
import { stepUpTo, type StepUp } from './step-up.js'
import { freezeDeeply } from './freeze-deeply.js'
import { failedResult, renderResult } from './render-result.js'
import { ToolError } from './tool-error.js'

export interface GuardPorts extends RecordPorts {
  readonly catalogue: OperationCatalogue
  /** The same caller as everything is now, or nobody: policies take their time. */
  readonly callers: Pick<Authenticator, 'renew'>
  /** Needed where an operation has limits. */
  readonly counter?: CallCounter
  /** By which tokens expire. */
  readonly clock?: Clock
  readonly tracer?: Tracer
}

export interface CallRequest extends CountedVisitor {
  readonly name: string
  readonly args: unknown
  readonly channel: CallChannel
}

/** `unknown` covers hidden and absent alike; the transport must answer both with the same bytes. */
export type CallOutcome =
  { readonly outcome: 'unknown' } | { readonly outcome: 'answered'; readonly result: OperationResult }

type Parse = () => Parsed<unknown> | Promise<Parsed<unknown>>

/** A call that may go on. */
interface Admitted {
  readonly operation: Operation
  readonly request: CallRequest
  readonly record: CallRecord
  /** What policies have said. */
  readonly answers?: PolicyAnswers
}

const guardStep = { name: 'authsec.guard', kind: 'internal' } as const

/** Stands before every operation: decides, records, validates, invokes. The only way to run a handler. */
export class Guard {
  readonly #ports: GuardPorts
  readonly #graph: PermissionGraph<Operation>
  readonly #tracer: Tracer

  /** Throws `TypeError` where an operation has limits and nobody counts. */
  constructor(ports: GuardPorts) {
    const limited = ports.catalogue.all().find(({ limits = [] }) => limits.length > 0)
    if (limited !== undefined && ports.counter === undefined)
      throw new TypeError(`nobody counts calls of ${limited.name}`)
    this.#ports = ports
    this.#tracer = ports.tracer ?? silentTracer
    this.#graph = ports.catalogue.permissions
  }

  /** What this visitor may use, in the order of declaration: the same decision as in `call`. */
  list(visitor: Visitor): readonly Operation[] {
    this.served(visitor)
    return this.visible(visitor)
  }

  /** The same as `list` for a transport that compares and serves nothing: no list is on record. */
  visible(visitor: Visitor): readonly Operation[] {
    return this.#graph.listFor(askerOf(visitor))
  }

  /** Puts on record that a list was served, for a transport that kept it from an earlier `visible` of the same key. */
  served({ caller }: Visitor): void {
    this.#ports.audit.count({ ...actorOf(caller), type: 'list.served', requestId: 'list' })
  }

  /** Everything that a visitor's list depends on here: the same key, the same list. */
  listKey(visitor: Visitor): string {
    const { caller } = visitor
    const tenant = caller === undefined ? '-' : `${caller.tenant.id} ${caller.policyVersion}`
    return `${tenant} ${this.#graph.keyOf(askerOf(visitor))}`
  }

  /** The operation of this name if this visitor may use it, so that a transport can prepare; only `call` runs it. */
  find(name: string, visitor: Visitor): Operation | undefined {
    const operation = this.#graph.find(name)
    return operation !== undefined && this.#graph.decide(operation, askerOf(visitor)) !== 'deny' ? operation : undefined
  }

  /**
   * What a bearer has to ask for to use an elevatable operation that nothing but scopes keeps it from; `undefined` otherwise, and
   * always where a sign-in or nobody asks. No permission: `call` decides again.
   */
  stepUpFor(name: string, visitor: Visitor): StepUp | undefined {
    const operation = this.#graph.find(name)
    if (operation === undefined || visitor.caller === undefined || !isElevatable(operation)) return undefined
    const missing = this.#graph.stepUpFor(operation, askerOf(visitor))
    return missing && stepUpTo(missing, visitor.caller, elevatableScopes(operation))
  }

  /** Puts on record that a call was answered with a step-up; answers with its reference. Throws `UpstreamError` where it cannot be. */
  recordStepUp(call: RecordedCall, { missing }: StepUp): Promise<string> {
    return this.#tracer.trace(guardStep, async (span) => {
      const record = new CallRecord(this.#ports, call, span)
      await record.outOfScope(missing)
      return record.ref
    })
  }

  /**
   * Runs an operation if the caller may. An allowed call is on record before its handler starts, its outcome before the answer.
   * Throws `UpstreamError` when the decision cannot be made or recorded; the handler has not run then, unless it takes rights
   * away. Also throws it for a tool of the sign-in that met an outage. Throws `RateLimitError` for an allowed call too many.
   */
  call(request: CallRequest): Promise<CallOutcome> {
    return this.#tracer.trace(guardStep, (span) => this.#call(request, span))
  }

  async #call(request: CallRequest, span: Span): Promise<CallOutcome> {
    const record = new CallRecord(this.#ports, request, span)
    const operation = this.#graph.find(request.name)
    if (operation === undefined) {
      await record.unknown()
      return { outcome: 'unknown' }
    }
    const asker = askerOf(request)
    const verdict = this.#graph.decide(operation, asker)
    const admitted = { operation, request, record }
    if (verdict === 'unknown') return { outcome: 'answered', result: await this.#callByPolicy(admitted) }
    const explanation = this.#tracer.trace(decisionStep, (step) => {
      step.set('authsec.verdict', verdict)
      return this.#graph.explain(operation, asker)
    })
    if (verdict !== 'allow') {
      await record.denied(explanation)
      return { outcome: 'unknown' }
    }
    await admitCall({ ...admitted, explanation }, this.#ports.counter)
    const result = await this.#run(admitted, () => operation.parseInput(request.args))
    // As for whoever asks a moment later.
    return result === 'revoked' ? { outcome: 'unknown' } : { outcome: 'answered', result }
  }

  /**
   * Policies are about arguments, so these are checked first. What they refuse was listed: the caller is told that it may not. So
   * is one who has lost meanwhile what the rest of the requirement demands.
   */
  async #callByPolicy(admitted: Admitted): Promise<OperationResult> {
    const { operation, record, request } = admitted
    const parsed = await this.#parse(admitted)
    if (parsed === undefined || !parsed.valid || request.caller === undefined) {
      await record.unasked(parsed === undefined ? 'failed' : 'invalid')
      return parsed?.valid === false ? invalidResult(parsed.message) : failedResult(record.ref)
    }
    const { answers, failure, verdict } = await askPolicies(this.#graph, {
      ...{ operation, asker: askerOf(request), user: request.caller.user },
      input: freezeDeeply(parsed.value),
      call: this.#contextOf(admitted),
      tracer: this.#tracer,
    })
    if (failure !== undefined)
      record.logFailure(failure.error, `the policy ${failure.policy} failed, so the call is refused`)
    const caller = verdict === 'allow' ? await this.#ports.callers.renew(request.caller) : request.caller
    const now = { ...request, caller }
    const explanation = this.#graph.explain(operation, askerOf(now), answers)
    if (verdict !== 'allow' || explanation.verdict !== 'allow') {
      await record.denied(explanation)
      return notPermitted(record.ref)
    }
    await admitCall({ operation, record, request: now, explanation }, this.#ports.counter)
    const result = await this.#run({ ...admitted, request: now, answers }, () => parsed)
    return result === 'revoked' ? notPermitted(record.ref) : result
  }

  /** `undefined` where the check itself fails. */
  async #parse({ operation, record, request }: Admitted): Promise<Parsed<unknown> | undefined> {
    try {
      return await operation.parseInput(request.args)
    } catch (error) {
      record.logFailure(error)
      return undefined
    }
  }

  /** `revoked` where the caller may not any more, at the last moment; the handler has not run then. */
  async #run(admitted: Admitted, parse: Parse): Promise<OperationResult | 'revoked'> {
    const { record } = admitted
    const started = performance.now()
    const settle = (reason: Reason): Promise<void> => record.outcome(reason, Math.round(performance.now() - started))
    try {
      const { result, reason } = await this.#attempt(admitted, parse)
      await settle(reason)
      return result
    } catch (error) {
      await settle('failed')
      throw error
    }
  }

  async #attempt(admitted: Admitted, parse: Parse): Promise<{ result: OperationResult | 'revoked'; reason: Reason }> {
    const { operation, record, request } = admitted
    const { signal } = request.channel
    let begun = false
    try {
      const input = await parse()
      if (!input.valid) return { result: invalidResult(input.message), reason: 'invalid' }
      signal.throwIfAborted()
      if (!(await this.#stillMay(admitted))) return { result: 'revoked', reason: 'revoked' }
      begun = true
      const result = await renderResult(operation, await operation.invoke(input.value, this.#contextOf(admitted)))
      return { result, reason: result.isError === true ? 'failed' : 'succeeded' }
    } catch (error) {
      if ((!begun || isOurs(operation)) && isOutage(error)) throw error
      const told = toldBy(error)
      if (told !== undefined) return { result: errorResult(told), reason: 'failed' }
      if (signal.aborted) return { result: failedResult(record.ref), reason: 'cancelled' }
      record.logFailure(error)
      return { result: failedResult(record.ref), reason: 'failed' }
    }
  }

  /** Asked last of all: what was read of the caller a while ago, before a slow database or parser, may not hold any more. */
  async #stillMay({ answers, operation, request }: Admitted): Promise<boolean> {
    const { caller } = request
    if (caller === undefined || operation.protection.access !== 'protected') return true
    if (this.#hasExpired(caller)) return false
    if (performance.now() - caller.readAt < freshMilliseconds) return true
    const now = { ...request, caller: await this.#ports.callers.renew(caller) }
    return this.#graph.decide(operation, askerOf(now), answers) === 'allow'
  }

  /** Sign-ins go by the database's clock, when they are looked up. */
  #hasExpired({ credential, expiresAt }: Caller): boolean {
    return credential.kind === 'bearer' && expiresAt * 1000 <= (this.#ports.clock ?? systemClock).now()
  }

  #contextOf({ operation, record, request }: Admitted): CallContext {
    const { caller, channel, login } = request
    const { elicits, name } = operation
    return new CallContext({
      ...{ requestId: record.ref, operation: name, user: caller?.user, clientId: caller?.clientId },
      ...{ actor: caller?.actor, elicits, channel, login },
      onFault: (error) =>
        this.#ports.log.write('warn', 'a message of an operation was not sent', { ref: record.ref, error }),
    })
  }
}

const longestMessage = 8_192
const freshMilliseconds = 200

function notPermitted(ref: string): OperationResult {
  return errorResult(`Not permitted (ref ${ref})`)
}

function invalidResult(message: string): OperationResult {
  return errorResult(`Invalid arguments: ${message}`)
}

/** Of the tools that sign in what they depend on is down, not the tool; so it is of every tool that has not begun. */
function isOurs({ protection }: Operation): boolean {
  return protection.access === 'login'
}

/** What was thrown may be something that throws when it is looked at. */
function isOutage(error: unknown): boolean {
  try {
    return error instanceof UpstreamError
  } catch {
    return false
  }
}

/** The words of a `ToolError`; `undefined` for everything else that a handler may throw. */
function toldBy(error: unknown): string | undefined {
  try {
    if (!(error instanceof ToolError)) return undefined
    const { message }: { readonly message: unknown } = error
    return typeof message === 'string' ? message.slice(0, longestMessage) : undefined
  } catch {
    return undefined
  }
}
