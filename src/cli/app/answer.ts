import { CheckFailedError } from '../exit-code.js'
import { printResult } from '../print-result.js'
import { printableLine } from '../printable.js'
import { writeResult } from '../write-result.js'

/** What a command has to say about an app. */
export interface Answer {
  readonly text: string
  /** The file that it goes to; standard output unless told. */
  readonly out?: string | undefined
  /** Why the check failed that it is the answer of. */
  readonly failure?: string
}

/** Prints or writes an answer. Throws `CheckFailedError` for a check that failed, `RefusedError` where it cannot be written. */
export async function giveAnswer({ failure, out, text }: Answer): Promise<void> {
  if (out === undefined) await printResult(text)
  else {
    await writeResult(out, text)
    console.error(`authsec: wrote ${printableLine(out)}`)
  }
  if (failure !== undefined) throw new CheckFailedError(failure)
}
