/** From the most to the least talkative (RFC 5424 severities). */
export const callLogLevels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const

export type CallLogLevel = (typeof callLogLevels)[number]

/** What a form asked through the client came back with (Model Context Protocol, `client/elicitation`). */
export type ElicitAnswer =
  | { readonly action: 'accept'; readonly content: Readonly<Record<string, unknown>> }
  | { readonly action: 'decline' | 'cancel' }

export interface ElicitRequest {
  readonly message: string
  /** A flat object schema, as the specification allows for forms. */
  readonly requestedSchema: {
    readonly type: 'object'
    readonly properties: Readonly<Record<string, unknown>>
    readonly required?: readonly string[]
  }
}

/** The way back to the client while an operation runs; every transport brings its own. */
export interface CallChannel {
  /** Aborted when the client cancels, goes away, or the server stops. */
  readonly signal: AbortSignal
  /** Absent when the client did not ask for progress. */
  progress?(progress: number, total: number | undefined, message: string | undefined): Promise<void>
  log?(level: CallLogLevel, data: unknown): Promise<void>
  /** Absent where the client cannot be asked. */
  elicit?(request: ElicitRequest): Promise<ElicitAnswer>
}
