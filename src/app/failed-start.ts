import { inspect } from 'node:util'
import { ConfigurationError } from '../core/error/configuration-error.js'
import { UpstreamError } from '../core/error/upstream-error.js'

/** What a process ends with that did not come to serve, as commands do. */
export const failedStartCodes = { configuration: 3, dependency: 4 } as const

/**
 * Where nobody catches why a start has failed, which is somebody's to mend, the process ends with that alone and not with the lines of
 * code it came through. Whoever catches it at once sees the error as it is, and nothing ends.
 */
export function endIfUncaught(failure: unknown): void {
  const code = codeOf(failure)
  if (code === undefined) return
  const onException = (error: unknown): void => {
    const [words, exitCode] =
      error === failure && error instanceof Error ? [`authsec: ${error.message}`, code] : [inspect(error), 1]
    process.stderr.write(`${words}\n`, () => process.exit(exitCode))
  }
  process.on('uncaughtException', onException)
  // Before that, whatever waits for the start has heard of it.
  setImmediate(() => process.off('uncaughtException', onException))
}

/** Does what a start begins with, whose failures end the process as those of the start itself. */
export function asStart<Value>(work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    endIfUncaught(error)
    throw error
  }
}

function codeOf(failure: unknown): number | undefined {
  if (failure instanceof ConfigurationError) return failedStartCodes.configuration
  return failure instanceof UpstreamError ? failedStartCodes.dependency : undefined
}
