import { openResultStream } from './result-stream.js'

/**
 * Writes a result to standard output, which is kept clean of everything else from here on. Throws `RefusedError` where it cannot
 * be written.
 */
export async function printResult(text: string): Promise<void> {
  await openResultStream()(text.endsWith('\n') ? text : `${text}\n`)
}
