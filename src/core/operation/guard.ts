import { actorOf, requestFacts } from '../audit/actor-of.js'
import type { Keyring } from '../credential/keyring.js'
import type { ConnectLink } from '../external-service/connect/connect-error.js'
import type { PermissionGraph } from '../permission/graph/permission-graph.js'
import { elevatableScopes, isElevatable } from '../permission/graph/step-up.js'
import type { Clock } from '../runtime/clock.js'
import { silentTracer, type Span, type Tracer } from '../runtime/tracer.js'
import { askerOf, type Visitor } from './access.js'
import { admitCall } from './admit-call.js'
import { ArgumentRecorder } from './argument-recorder.js'
import type { Authenticator } from './authenticator.js'
import type { CallCounter } from './call-counter.js'
import { CallRecord, type RecordedCall, type RecordPorts } from './call-record.js'
import { CallRun, invalidResult, type AdmittedCall, type BegunCall, type CallRequest } from './call-run.js'
import { CurrentCaller } from './current-caller.js'
import { CallServices, type ServicePorts } from './call-services.js'
import { errorResult, type OperationResult } from './content.js'
import { freezeDeeply } from './freeze-deeply.js'
import type { OperationCatalogue } from './operation-catalogue.js'
import type { Operation } from './operation.js'
import { askPolicies, decisionStep } from './policy-round.js'
import { failedResult } from './render-result.js'
import { stepUpTo, type StepUp } from './step-up.js'

export interface GuardPorts extends Omit<RecordPorts, 'recorder'> {
  readonly catalogue: OperationCatalogue
  /** The same caller as everything is now, or nobody: policies take their time. */
  readonly callers: Pick<Authenticator, 'renew'>
  /** Needed where an operation has limits. */
  readonly counter?: CallCounter
  /** Without it no operation uses external services. */
  readonly services?: ServicePorts | undefined
  /** For digests of arguments on record; without it there are none. */
  readonly keyring?: Pick<Keyring, 'digest'> | undefined
  /** By which tokens expire. */
  readonly clock?: Clock
  readonly tracer?: Tracer
}

/** `unknown` covers hidden and absent alike; the transport must answer both with the same bytes. */
export type CallOutcome =
  | { readonly outcome: 'unknown' }
  /** `link`: where the user signs in at a service first, for a client that can be sent there; the result says it in words. */
  | { readonly outcome: 'answered'; readonly result: OperationResult; readonly link?: ConnectLink | undefined }

const guardStep = { name: 'authsec.guard', kind: 'internal' } as const

/** Stands before every operation: decides, records, validates, invokes. The only way to run a handler. */
export class Guard {
  readonly #ports: GuardPorts
  readonly #records: RecordPorts
  readonly #graph: PermissionGraph<Operation>
  readonly #tracer: Tracer

  /** Throws `TypeError` where an operation has limits and nobody counts. */
  constructor(ports: GuardPorts) {
    const limited = ports.catalogue.all().find(({ limits = [] }) => limits.length > 0)
    if (limited !== undefined && ports.counter === undefined)
      throw new TypeError(`nobody counts calls of ${limited.name}`)
    this.#ports = ports
    const { audit, keyring, log, services } = ports
    this.#records = { audit, log, recorder: new ArgumentRecorder({ keyring, inUse: services?.inUse }) }
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
    this.#ports.audit.count({
      ...{ ...actorOf(caller), type: 'list.served', requestId: 'list' },
      ...requestFacts(caller, undefined),
    })
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

  /** Puts on record that a call was answered with a step-up. */
  recordStepUp(call: RecordedCall, { missing }: StepUp): void {
    this.#tracer.trace(guardStep, (span) => new CallRecord(this.#records, call, span).outOfScope(missing))
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
    const record = new CallRecord(this.#records, request, span)
    const operation = this.#graph.find(request.name)
    if (operation === undefined) {
      record.unknown()
      return { outcome: 'unknown' }
    }
    const asker = askerOf(request)
    const verdict = this.#graph.decide(operation, asker)
    if (verdict === 'unknown')
      return this.#served({ operation, request, record }, async (admitted) => {
        const result = await this.#callByPolicy(admitted)
        return { outcome: 'answered', result, link: admitted.services.link }
      })
    const explanation = this.#tracer.trace(decisionStep, (step) => {
      step.set('authsec.verdict', verdict)
      return this.#graph.explain(operation, asker)
    })
    if (verdict !== 'allow') {
      record.denied(explanation)
      return { outcome: 'unknown' }
    }
    await admitCall({ operation, request, record, explanation }, this.#ports.counter)
    return this.#served({ operation, request, record }, async (admitted) => {
      const result = await this.#runOf(admitted).run(() => operation.parseInput(request.args))
      // As for whoever asks a moment later.
      return result === 'revoked'
        ? { outcome: 'unknown' }
        : { outcome: 'answered', result, link: admitted.services.link }
    })
  }

  /** With the external services of the call, which end with it. */
  async #served<Value>(
    { operation, record, request }: BegunCall,
    work: (admitted: AdmittedCall) => Promise<Value>,
  ): Promise<Value> {
    const { args, caller, channel } = request
    const now = new CurrentCaller({ ...this.#ports, graph: this.#graph }, operation, caller)
    const current = () => now.find()
    const services = new CallServices(this.#ports.services, {
      operation,
      args,
      caller,
      current,
      channel,
      ref: record.ref,
      origin: record.origin,
    })
    try {
      return await work({ operation, record, request, services })
    } finally {
      services.end()
    }
  }

  /**
   * Policies are about arguments, so these are checked first. What they refuse was listed: the caller is told that it may not. So
   * is one who has lost meanwhile what the rest of the requirement demands.
   */
  async #callByPolicy(admitted: AdmittedCall): Promise<OperationResult> {
    const { operation, record, request } = admitted
    const parsed = await this.#runOf(admitted).parse()
    if (parsed === undefined || !parsed.valid || request.caller === undefined) {
      record.unasked(parsed === undefined ? 'failed' : 'invalid')
      return parsed?.valid === false ? invalidResult(parsed.message) : failedResult(record.ref)
    }
    const { answers, failure, verdict } = await askPolicies(this.#graph, {
      ...{ operation, asker: askerOf(request), user: request.caller.user },
      input: freezeDeeply(parsed.value),
      call: this.#runOf(admitted).context,
      tracer: this.#tracer,
    })
    if (failure !== undefined)
      record.logFailure(
        admitted.services.withoutSecrets(failure.error),
        `the policy ${failure.policy} failed, so the call is refused`,
      )
    const caller = verdict === 'allow' ? await this.#ports.callers.renew(request.caller) : request.caller
    const now = { ...request, caller }
    const explanation = this.#graph.explain(operation, askerOf(now), answers)
    if (verdict !== 'allow' || explanation.verdict !== 'allow') {
      record.denied(explanation)
      return notPermitted(record.ref)
    }
    await admitCall({ operation, record, request: now, explanation }, this.#ports.counter)
    const result = await this.#runOf({ ...admitted, request: now, answers }).run(() => parsed)
    return result === 'revoked' ? notPermitted(record.ref) : result
  }

  #runOf(call: AdmittedCall): CallRun {
    const { callers, clock, log } = this.#ports
    return new CallRun({ graph: this.#graph, callers, clock, log }, call)
  }
}

function notPermitted(ref: string): OperationResult {
  return errorResult(`Not permitted (ref ${ref})`)
}
