import type { AuditRecord } from '../audit-record.js'

/** Whoever is sent the trail as it grows. */
export interface AuditReceiver {
  /** By what databases know how far it is: another word is another receiver, which is sent everything. Holds nothing secret. */
  readonly destination: string
  /**
   * How many of the records, from the first on, it has taken: at least one. Throws `AuditDeliveryError` where it took none for sure,
   * and the reason of the signal that ended it.
   */
  deliver(records: readonly AuditRecord[], signal: AbortSignal): Promise<number>
}

/** A receiver did not take what it was sent. The message names its host and the reason, nothing that was sent. */
export class AuditDeliveryError extends Error {
  override readonly name = 'AuditDeliveryError'
  /** How long it wants to be left alone, where it says so. */
  readonly retryAfterSeconds: number | undefined

  constructor(message: string, options: ErrorOptions & { readonly retryAfterSeconds?: number | undefined } = {}) {
    super(message, options)
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
