import { confirm as ask, isCancel } from '@clack/prompts'
import { RefusedError } from '../app/refused-error.js'
import { InterruptedError } from './exit-code.js'
import { printableLine } from './printable.js'

/**
 * Whether whoever sits at the terminal agrees. Throws `RefusedError` where nobody does, and `InterruptedError` for whoever breaks
 * off.
 */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new RefusedError(`${question} Nobody can be asked here: say --yes`)
  }
  const answer = await ask({ message: printableLine(question), initialValue: false, output: process.stderr })
  if (isCancel(answer)) throw new InterruptedError('interrupted')
  return answer
}
