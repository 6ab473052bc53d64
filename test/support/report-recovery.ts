import { writeSync } from 'node:fs'

/** Prints how long a recovery took: to the error output, past the frames that jest puts around what a test prints. */
export function report(row: string, milliseconds: number): void {
  writeSync(2, `${row}: recovered after ${Math.round(milliseconds)} ms\n`)
}
