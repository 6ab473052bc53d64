import { confirm } from '@clack/prompts'
import type { Agree } from '../../app/administration/change-tenant.js'
import { RefusedError } from '../../app/refused-error.js'
import { printable } from '../printable.js'

export interface YesFlag {
  readonly yes?: true
}

/** Asks on a terminal; elsewhere, only `--yes` is consent. What is said is what would be, since it may be refused yet. */
export function agreement({ yes }: YesFlag): Agree {
  return async (consequences) => {
    const text = printable(consequences.join('\n'))
    if (yes === true) {
      console.error(text)
      return
    }
    if (!process.stdin.isTTY || !process.stderr.isTTY) {
      throw new RefusedError(`${consequences.join('\n')}\nNothing was changed; say --yes to do it all the same`)
    }
    console.error(text)
    const answer = await confirm({ message: 'Do it all the same?', initialValue: false, output: process.stderr })
    if (answer !== true) throw new RefusedError('nothing was changed')
  }
}
