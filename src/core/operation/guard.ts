import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../audit/audit-event.js'
import type { AuditLog } from '../audit/audit-log.js'
import { UpstreamError } from '../error/upstream-error.js'
import type { Caller } from '../identity/caller.js'
import type { Decision } from '../permission/decide.js'
import type { Log } from '../runtime/log.js'
import { decideAccess, type Visitor } from './access.js'
import type { CallChannel } from './call-channel.js'
import { CallContext } from './call-context.js'
import { errorResult, type OperationResult } from './content.js'
import type { OperationCatalogue } from './operation-catalogue.js'
import type { Operation } from './operation.js'
import { failedResult, renderResult } from './render-result.js'
import { ToolError } from './tool-error.js'

export interface GuardPorts {
  readonly catalogue: OperationCatalogue
  readonly audit: AuditLog
  readonly log: Log
}

export interface CallRequest extends Visitor {
  readonly name: string
  readonly args: unknown
  readonly channel: CallChannel
}

/** `unknown` covers hidden and absent alike; the transport must answer both with the same bytes. */
export type CallOutcome =
  { readonly outcome: 'unknown' } | { readonly outcome: 'answered'; readonly result: OperationResult }

type Reason = 'succeeded' | 'failed' | 'invalid' | 'cancelled'

/** Stands before every operation: decides, records, validates, invokes. The only way to run a handler. */
export class Guard {
  readonly #ports: GuardPorts

  constructor(ports: GuardPorts) {
    this.#ports = ports
  }

  /** What this visitor may use, in the order of declaration: the same decision as in `call`. */
  list(visitor: Visitor): readonly Operation[] {
    const visible = this.visible(visitor)
    this.#ports.audit.count({ ...actor(visitor.caller), type: 'list.served', requestId: 'list' })
    return visible
  }

  /** The same as `list` for a transport that compares and serves nothing: no list is on record. */
  visible(visitor: Visitor): readonly Operation[] {
    return this.#ports.catalogue.all().filter((operation) => decideAccess(operation, visitor).outcome === 'allow')
  }

  /** The operation of this name if this visitor may use it, so that a transport can prepare; only `call` runs it. */
  find(name: string, visitor: Visitor): Operation | undefined {
    const operation = this.#ports.catalogue.find(name)
    return operation !== undefined && decideAccess(operation, visitor).outcome === 'allow' ? operation : undefined
  }

  /**
   * Runs an operation if the caller may. An allowed call is on record before its handler starts, its outcome before the answer.
   * Throws `UpstreamError` when the decision cannot be recorded; the handler has not run then, unless it takes rights away. Also
   * throws it for a tool of the sign-in that met an outage.
   */
  async call(request: CallRequest): Promise<CallOutcome> {
    const requestId = randomUUID()
    const operation = this.#ports.catalogue.find(request.name)
    const decision: Decision =
      operation === undefined ? { outcome: 'deny', missing: ['operation'] } : decideAccess(operation, request)
    const event = { ...actor(request.caller), requestId, operation: recordable(request.name) }
    if (operation === undefined || decision.outcome !== 'allow') {
      await this.#ports.audit.record({ ...event, type: 'operation.denied', ...denial(operation, decision) })
      return { outcome: 'unknown' }
    }
    await this.#recordAllowed(operation, { ...event, type: 'operation.allowed', detail: { via: decision.via } })
    return { outcome: 'answered', result: await this.#run(operation, request, event) }
  }

  async #run(operation: Operation, request: CallRequest, event: Omit<AuditEvent, 'type'>): Promise<OperationResult> {
    const started = performance.now()
    const settle = async (reason: Reason): Promise<void> => {
      const detail = { milliseconds: Math.round(performance.now() - started) }
      await this.#recordOutcome({ ...event, type: 'operation.outcome', reason, detail })
    }
    try {
      const { result, reason } = await this.#attempt(operation, request, event.requestId)
      await settle(reason)
      return result
    } catch (error) {
      await settle('failed')
      throw error
    }
  }

  /** Never throws: what has happened is on record, sooner or later. */
  async #recordOutcome(outcome: AuditEvent): Promise<void> {
    try {
      await this.#ports.audit.record(outcome)
    } catch (error) {
      this.#ports.audit.retain(outcome)
      const { requestId: ref } = outcome
      this.#ports.log.write('warn', 'the outcome of a call is kept until it can be recorded', { ref, error })
    }
  }

  /** Signing out must not wait for a database. */
  async #recordAllowed({ revokes }: Operation, event: AuditEvent): Promise<void> {
    try {
      await this.#ports.audit.record(event)
    } catch (error) {
      if (revokes !== true) throw error
      this.#ports.audit.retain(event)
    }
  }

  async #attempt(
    operation: Operation,
    request: CallRequest,
    requestId: string,
  ): Promise<{ result: OperationResult; reason: Reason }> {
    const { caller, channel, login } = request
    try {
      const input = await operation.parseInput(request.args)
      if (!input.valid) return { result: errorResult(`Invalid arguments: ${input.message}`), reason: 'invalid' }
      channel.signal.throwIfAborted()
      const call = new CallContext({
        requestId,
        operation: operation.name,
        user: caller?.user,
        clientId: caller?.clientId,
        elicits: operation.elicits,
        channel,
        login,
        onFault: (error) =>
          this.#ports.log.write('warn', 'a message of an operation was not sent', { ref: requestId, error }),
      })
      const result = await renderResult(operation, await operation.invoke(input.value, call))
      return { result, reason: result.isError === true ? 'failed' : 'succeeded' }
    } catch (error) {
      if (isOutageOf(operation, error)) throw error
      const told = toldBy(error)
      if (told !== undefined) return { result: errorResult(told), reason: 'failed' }
      if (channel.signal.aborted) return { result: failedResult(requestId), reason: 'cancelled' }
      this.#logFailure(operation, requestId, error)
      return { result: failedResult(requestId), reason: 'failed' }
    }
  }

  /** What was thrown may be anything, also something that throws when it is looked at. */
  #logFailure(operation: Operation, ref: string, error: unknown): void {
    const fields = { ref, operation: operation.name }
    try {
      this.#ports.log.write('error', 'an operation failed', { ...fields, error })
    } catch {
      this.#ports.log.write('error', 'an operation failed with something that cannot be shown', fields)
    }
  }
}

const longestMessage = 8_192

/** The tools that sign in are ours: what they depend on is down, not the tool. */
function isOutageOf({ protection }: Operation, error: unknown): boolean {
  return protection.access === 'login' && error instanceof UpstreamError
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

function denial(operation: Operation | undefined, decision: Decision): Pick<AuditEvent, 'reason' | 'detail'> {
  const missing = decision.outcome === 'deny' ? decision.missing : []
  return { reason: operation === undefined ? 'ERR_OPERATION_UNKNOWN' : 'ERR_PERMISSION_DENIED', detail: { missing } }
}

/** A caller chooses the name: PostgreSQL refuses NUL, and a refused row would answer an unknown name with an outage. */
function recordable(name: string): string {
  return name.slice(0, 128).replace(/[\p{Cc}\p{Cs}]/gu, '\uFFFD')
}

function actor(caller: Caller | undefined): Pick<AuditEvent, 'tenant' | 'issuer' | 'subject' | 'clientId'> {
  return {
    tenant: caller?.tenant,
    issuer: caller?.issuer,
    subject: caller?.user.subject,
    clientId: caller?.clientId,
  }
}
