import { divertStandardOutput } from '../adapter/mcp/stdio/protocol-output.js'
import { RefusedError } from '../app/refused-error.js'
import { hasCode } from '../core/error/has-code.js'

/**
 * Writes a result to standard output, which is kept clean of everything else from here on. Throws `RefusedError` where it cannot
 * be written.
 */
export async function printResult(text: string): Promise<void> {
  const output = divertStandardOutput()
  output.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    output.write(text.endsWith('\n') ? text : `${text}\n`, (error) => {
      // Whoever reads may have seen enough, as `head` does.
      if (error === null || error === undefined || hasCode(error, 'EPIPE')) resolve()
      else reject(new RefusedError('the result cannot be written to standard output', { cause: error }))
    })
  })
}
