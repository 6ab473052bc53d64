import { isCancel, text } from '@clack/prompts'
import { RefusedError } from '../../app/refused-error.js'
import type { RegisteredTenant } from '../../core/administration/registered-tenant.js'
import { printable } from '../printable.js'

/** Asks for the tenant's slug again, on a terminal; elsewhere `--confirm` has to say it. Throws `RefusedError` without consent. */
export function confirmName(said: string | undefined): (tenant: RegisteredTenant) => Promise<void> {
  return async ({ applications, slug }) => {
    const others = applications.length === 0 ? '' : ` and its applications (${applications.join(', ')})`
    const consequence = `the tenant ${slug}${others} will be gone: its accounts, what they are granted, the credentials of its services, and its audit`
    if (said === slug) return console.error(printable(consequence))
    if (said !== undefined) throw new RefusedError(`--confirm says ${said}: nothing was deleted`)
    if (!process.stdin.isTTY || !process.stderr.isTTY) {
      throw new RefusedError(`${consequence}\nNothing was deleted; say --confirm ${slug} to do it`)
    }
    console.error(printable(consequence))
    const answer = await text({ message: `Type ${slug} to delete it`, output: process.stderr })
    if (isCancel(answer) || answer !== slug) throw new RefusedError('nothing was deleted')
  }
}
