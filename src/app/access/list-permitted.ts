import type { Operation } from '../../core/operation/operation.js'
import { findOperation } from './find-operation.js'
import { readAskers } from './read-askers.js'
import { readTenants, type Place } from './read-tenants.js'

export interface WhoCanQuestion extends Place {
  readonly tool: string
}

/** An account that may use a tool, or may unless a policy refuses the call. */
export interface PermittedAccount {
  readonly tenant: string
  readonly email: string
  readonly name: string | undefined
  readonly verdict: 'allow' | 'unknown'
}

export interface Permitted {
  readonly operation: Operation
  /** Slugs of the tenants that were looked at. */
  readonly tenants: readonly string[]
  /** By tenant and address. */
  readonly accounts: readonly PermittedAccount[]
  /** Slugs of the tenants that let users of other issuers in, who are not counted. */
  readonly uncounted: readonly string[]
}

/** Who may use a tool, with a token as this installation's own issuer would mint it. Throws `RefusedError` for a tool that is not there. */
export async function listPermitted(question: WhoCanQuestion): Promise<Permitted> {
  const { app, tool } = question
  const operation = findOperation(app, tool)
  return readTenants(question, async (readable) => {
    const accounts: PermittedAccount[] = []
    const uncounted: string[] = []
    for (const tenant of readable.tenants) {
      const askers = await readAskers(readable, tenant)
      if (askers.others === 'possible') uncounted.push(tenant.slug)
      for (const { account, verdict } of app.catalogue.permissions.whoCan(operation, askers.accounts)) {
        accounts.push({ tenant: tenant.slug, email: account.email, name: account.name, verdict })
      }
    }
    return { operation, tenants: readable.tenants.map(({ slug }) => slug), accounts, uncounted }
  })
}
