export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Structured log of the operator. Never stdout on stdio; never a token, secret or claim set. */
export interface Log {
  write(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void
}
