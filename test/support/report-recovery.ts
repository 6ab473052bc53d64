import { writeSync } from 'node:fs'

/** Prints how long something took, a recovery for the most part: to the error output, past the frames that jest puts around what a test prints. */
export function report(row: string, milliseconds: number): void {
  writeSync(2, `${row}: ${Math.round(milliseconds)} ms\n`)
}
