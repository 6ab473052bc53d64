import { formatOtlp } from '../../core/audit/format/format-otlp.js'
import type { AuditOrigin } from '../../core/audit/format/audit-origin.js'
import type { AuditRecord } from '../../core/audit/audit-record.js'
import { AuditDeliveryError, type AuditReceiver } from '../../core/audit/stream/audit-receiver.js'
import { FetchError, type FetchAnswer, type Fetcher } from '../../core/runtime/fetcher.js'
import type { Log } from '../../core/runtime/log.js'
import { faultOf } from './delivery-fault.js'
import { readPartialSuccess } from './partial-success.js'
import { parseRetryAfter } from './retry-after.js'

export interface OtlpReceiverOptions {
  /** Of the logs, such as `https://collector.example:4318/v1/logs`. */
  readonly url: string
  /** By which it knows us. */
  readonly headers: ReadonlyMap<string, string>
  readonly origin: AuditOrigin
  readonly fetcher: Fetcher
  readonly log: Log
}

/** Collectors take four times as much, and more, unless told. */
const mostBytes = 1024 * 1024

/**
 * A receiver of OpenTelemetry logs over HTTP, as JSON. It has taken what it answers 2xx to; what it then says it has refused, it is not
 * sent again (OTLP: "the client MUST NOT retry"): that is in the log as an error.
 */
export function createOtlpReceiver(options: OtlpReceiverOptions): AuditReceiver {
  const { host, origin, pathname } = new URL(options.url)
  return {
    // What its query says may be secret.
    destination: `otlp ${origin}${pathname}`,
    async deliver(records, signal) {
      for (let body = fit(records, options.origin); ; body = half(body, options.origin)) {
        const answer = await post(options, body.text, signal)
        if (answer.status === 413 && body.records.length > 1) continue
        if (answer.status < 200 || answer.status > 299) throw refusal(host, answer)
        reportRefused(options.log, host, answer)
        return body.records.length
      }
    },
  }
}

interface Body {
  readonly records: readonly AuditRecord[]
  readonly text: string
}

function fit(records: readonly AuditRecord[], origin: AuditOrigin): Body {
  const body = { records, text: formatOtlp(records, origin) }
  return records.length > 1 && Buffer.byteLength(body.text) > mostBytes ? half(body, origin) : body
}

function half({ records }: Body, origin: AuditOrigin): Body {
  return fit(records.slice(0, Math.ceil(records.length / 2)), origin)
}

async function post({ fetcher, headers, url }: OtlpReceiverOptions, body: string, signal: AbortSignal) {
  const all = { ...Object.fromEntries(headers), 'content-type': 'application/json' }
  try {
    return await fetcher.fetch({ url, method: 'POST', headers: all, body, reach: 'private', signal })
  } catch (error) {
    if (error instanceof FetchError) throw faultOf(new URL(url).host, error)
    throw error
  }
}

function refusal(host: string, { headers, status }: FetchAnswer): AuditDeliveryError {
  const retryAfterSeconds = parseRetryAfter(headers.get('retry-after'))
  return new AuditDeliveryError(`${host}: it answers ${status}`, { retryAfterSeconds })
}

function reportRefused(log: Log, host: string, { body }: FetchAnswer): void {
  const { message, rejected } = readPartialSuccess(body)
  if (rejected > 0)
    log.write('error', 'a receiver of the audit trail refuses records for good', { host, rejected, message })
  else if (message !== '') log.write('warn', 'a receiver of the audit trail complains', { host, message })
}
