import { CommanderError } from 'commander'
import { failedStartCodes } from '../app/failed-start.js'
import { ServerSilentError } from '../app/leak-test/tested-server.js'
import { RefusedError } from '../app/refused-error.js'
import { SessionsLeftError } from '../app/sessions/sessions-left.js'
import { AuthenticationError } from '../core/error/authentication-error.js'
import { ConfigurationError } from '../core/error/configuration-error.js'
import { PermissionDeniedError } from '../core/error/permission-denied-error.js'
import { UpstreamError } from '../core/error/upstream-error.js'

/** What every command exits with; part of the public interface. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  ...failedStartCodes,
  refused: 5,
  interrupted: 130,
} as const

/** What was checked is not as it should be. The message is the summary of what was printed. */
export class CheckFailedError extends Error {
  override readonly name = 'CheckFailedError'
}

/** What ends a command early, and what it exits with then, as shells count; Ctrl-C is `SIGINT`. */
export const endingSignals = { SIGINT: exitCodes.interrupted, SIGTERM: 143, SIGHUP: 129 } as const

export type EndingSignal = keyof typeof endingSignals

/** Whoever was asked broke off. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  readonly signal: EndingSignal

  constructor(message: string, signal: EndingSignal = 'SIGINT') {
    super(message)
    this.signal = signal
  }
}

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  if (error instanceof ConfigurationError) return exitCodes.configuration
  if (error instanceof UpstreamError || error instanceof ServerSilentError) return exitCodes.dependency
  if (error instanceof SessionsLeftError) return exitCodes.dependency
  if (error instanceof InterruptedError) return endingSignals[error.signal]
  if (error instanceof RefusedError) return exitCodes.refused
  if (error instanceof AuthenticationError || error instanceof PermissionDeniedError) return exitCodes.refused
  return exitCodes.failed
}
