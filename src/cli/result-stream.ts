import type { Writable } from 'node:stream'
import { divertStandardOutput } from '../adapter/mcp/stdio/protocol-output.js'
import { RefusedError } from '../app/refused-error.js'
import { hasCode } from '../core/error/has-code.js'

/**
 * Writes a result to standard output, which is kept clean of everything else from here on, as fast as it is read; `enough` once nobody
 * reads any more, as after `head`. Throws `RefusedError` where it cannot be written.
 */
export function openResultStream(
  output: Writable = divertStandardOutput(),
): (text: string) => Promise<'enough' | 'more'> {
  if (output.listenerCount('error') === 0) output.on('error', () => undefined)
  return (text) =>
    new Promise((resolve, reject) => {
      output.write(text, (error) => {
        if (error === null || error === undefined) resolve('more')
        else if (hasCode(error, 'EPIPE') || hasCode(output.errored, 'EPIPE')) resolve('enough')
        else reject(new RefusedError('the result cannot be written to standard output', { cause: error }))
      })
    })
}
