import { randomUUID } from 'node:crypto'
import { actorOf, requestFacts } from '../audit/actor-of.js'
import type { AuditEvent } from '../audit/audit-event.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { RequestOrigin } from '../audit/request-origin.js'
import { boundLabels, grantedBy, missingFor } from '../permission/graph/grounds.js'
import type { AccessExplanation } from '../permission/graph/explanation.js'
import type { Log } from '../runtime/log.js'
import type { Span } from '../runtime/tracer.js'
import type { ArgumentRecorder, ArgumentsSeen } from './argument-recorder.js'
import type { Operation } from './operation.js'

/** How long what takes rights away waits for its row. */
const patienceMilliseconds = 300
const unknownOperation = 'ERR_OPERATION_UNKNOWN'

/** How a call that was allowed came out. */
export type Reason = 'succeeded' | 'failed' | 'invalid' | 'cancelled' | 'revoked' | 'leaked'

export interface RecordPorts {
  readonly audit: AuditLog
  readonly log: Log
  /** Without it nothing of arguments is on record. */
  readonly recorder?: ArgumentRecorder | undefined
}

type Facts = NonNullable<AuditEvent['detail']>

/** What is on record of a call whatever becomes of it. */
export interface RecordedCall extends ArgumentsSeen {
  /** What it is called on record and to whoever asks about it; without one it gets its own. */
  readonly ref?: string | undefined
  readonly origin?: RequestOrigin | undefined
}

/** The rows of one call: decision and outcome, joined by its reference. */
export class CallRecord {
  /** What callers are shown. */
  readonly ref: string
  /** Where the call comes from, in the trace that it is followed in. */
  readonly origin: RequestOrigin
  readonly #ports: RecordPorts
  readonly #span: Span
  readonly #call: RecordedCall
  readonly #begunAt = performance.now()
  readonly #event: Omit<AuditEvent, 'type'>

  constructor(ports: RecordPorts, call: RecordedCall, span: Span) {
    const { caller, name, origin, ref = randomUUID() } = call
    this.ref = ref
    this.#ports = ports
    this.#call = call
    this.#span = span
    this.origin = { ...origin, traceId: span.traceId ?? origin?.traceId }
    this.#event = {
      ...{ ...actorOf(caller), requestId: this.ref, operation: recordable(name) },
      ...requestFacts(caller, this.origin),
    }
  }

  /** Throws `UpstreamError` where it cannot be recorded, unless the operation takes rights away: that must not wait for a database. */
  async allowed({ audit, revokes }: Operation, explanation: AccessExplanation): Promise<void> {
    const event: AuditEvent = {
      ...this.#event,
      ...{ type: 'operation.allowed', intentId: this.ref, milliseconds: this.#sinceReceived() },
      detail: this.#decided({ via: grantedBy(explanation) }),
      ...this.#readable(audit),
    }
    if (revokes === true) await this.#recordSoon(event)
    else await this.#ports.audit.record(event)
    this.#trace('allowed')
  }

  /** A denial is counted, and nobody waits for its row: that an outage turns it into something else helps nobody but attackers. */
  denied(explanation: AccessExplanation): void {
    this.#deny('ERR_PERMISSION_DENIED', missingFor(explanation))
  }

  /** The same for a name that no operation has. */
  unknown(): void {
    this.#deny(unknownOperation, ['operation'])
  }

  /** The same for a call that no policy could be asked about, because of its arguments. */
  unasked(reason: 'invalid' | 'failed'): void {
    this.#deny(reason, ['input'])
  }

  /** The same for a bearer who lacks these scopes and nothing else, and is told so. */
  outOfScope(scopes: readonly string[]): void {
    const missing = boundLabels(scopes.map((scope) => `scopes:${scope}`))
    this.#deny('insufficient_scope', missing)
  }

  /** The same for one call too many. */
  limited(): void {
    this.#deny('rate_limited', ['limit'])
  }

  /** Never throws: what has happened is on record, sooner or later. */
  async outcome(reason: Reason, milliseconds: number): Promise<void> {
    const outcome: AuditEvent = {
      ...{ ...this.#event, type: 'operation.outcome', intentId: this.ref, reason },
      milliseconds: tenths(milliseconds),
    }
    this.#span.set('authsec.outcome', reason)
    if (reason === 'failed' || reason === 'leaked') this.#span.fail(reason)
    try {
      await this.#ports.audit.record(outcome)
    } catch (error) {
      this.#ports.audit.retain(outcome)
      const message = 'the outcome of a call is kept until it can be recorded'
      this.#ports.log.write('warn', message, { ref: this.ref, error })
    }
  }

  /** Tells the operator why a call failed. What was thrown may be anything, also something that throws when it is looked at. */
  logFailure(error: unknown, message = 'an operation failed'): void {
    const fields = { ref: this.ref, operation: this.#event.operation }
    try {
      this.#ports.log.write('error', message, { ...fields, error })
    } catch {
      this.#ports.log.write('error', `${message}, with something that cannot be shown`, fields)
    }
  }

  /** What takes rights away does not wait for a trail that is slow; its row follows. */
  async #recordSoon(event: AuditEvent): Promise<void> {
    const recorded = this.#ports.audit.record(event).catch(() => this.#ports.audit.retain(event))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => (timer = setTimeout(resolve, patienceMilliseconds)))
    await Promise.race([recorded, late])
    clearTimeout(timer)
  }

  #deny(reason: string, missing: readonly string[]): void {
    this.#ports.audit.count({
      ...{ ...this.#event, type: 'operation.denied', reason, detail: this.#decided({ missing }) },
      milliseconds: this.#sinceReceived(),
    })
    this.#trace('denied', reason)
    const fields = { ref: this.ref, operation: this.#event.operation, reason, missing }
    this.#ports.log.write('debug', 'a call was refused', fields)
  }

  /** How long it took to decide, from when the request came. */
  #sinceReceived(): number {
    return tenths(performance.now() - (this.origin.receivedAt ?? this.#begunAt))
  }

  #decided(facts: Facts): Facts {
    const digest = this.#ports.recorder?.digestOf(this.#call)
    return { ...facts, ...(digest !== undefined && { arguments: digest }) }
  }

  #readable(audit: Operation['audit']): Pick<AuditEvent, 'personal'> {
    const readable = this.#ports.recorder?.readable({ audit }, this.#call.args) ?? []
    return readable.length === 0 ? {} : { personal: { ...this.#event.personal, arguments: readable } }
  }

  /** A name that no operation has is the caller's own words, which no span is to say. */
  #trace(decision: 'allowed' | 'denied', reason?: string): void {
    const { operation, tenant } = this.#event
    if (!this.#span.recording) return
    this.#span.set('authsec.operation', reason === unknownOperation ? 'unknown' : (operation ?? 'unknown'))
    this.#span.set('authsec.decision', decision)
    this.#span.set('authsec.ref', this.ref)
    if (reason !== undefined) this.#span.set('authsec.reason', reason)
    if (tenant !== undefined) this.#span.set('authsec.tenant', tenant.slug)
  }
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}

/** A caller chooses the name: PostgreSQL refuses NUL, and a refused row would answer an unknown name with an outage. */
function recordable(name: string): string {
  return name.slice(0, 128).replace(/[\p{Cc}\p{Cs}]/gu, '\uFFFD')
}
