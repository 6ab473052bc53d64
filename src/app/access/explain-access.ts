import { bearerOf } from '../../core/permission/asker.js'
import type { AccessExplanation } from '../../core/permission/graph/explanation.js'
import type { AssertedGrants, Grants } from '../../core/permission/grants.js'
import { holdingOf } from '../../core/permission/holding.js'
import { findAccount } from '../find-account.js'
import { RefusedError } from '../refused-error.js'
import { findOperation } from './find-operation.js'
import { readTenants, type Place } from './read-tenants.js'

export interface WhyQuestion extends Place {
  readonly user: string
  readonly tool: string
  /** Separated by spaces; all scopes of the account unless told. */
  readonly scope?: string | undefined
}

export interface ExplainedAccess {
  readonly tenant: string
  readonly email: string
  readonly explanation: AccessExplanation
}

/**
 * Why an account may use a tool or may not, with a token that says all that its database does. Throws `RefusedError` for a tool or
 * an account that is not there.
 */
export async function explainAccess(question: WhyQuestion): Promise<ExplainedAccess> {
  const { app, scope, tool, user } = question
  const operation = findOperation(app, tool)
  return readTenants(question, async ({ issuer, postgres, tenants }) => {
    const { account, tenant } = await findAccount(postgres, { user, tenant: question.tenant })
    if (!tenants.some(({ id }) => id === tenant.id)) {
      throw new RefusedError(`the application does not admit ${tenant.slug}, the tenant of ${account.email}`)
    }
    const standing = await postgres.grants.findStanding(tenant, issuer, account.id)
    const asker = bearerOf(holdingOf(tokenOf(account.grants, scope), standing))
    const explanation = app.catalogue.permissions.explain(operation, asker)
    return { tenant: tenant.slug, email: account.email, explanation }
  })
}

/** A token has no scope that the account does not have, and none that was not asked for. */
function tokenOf(grants: Grants, scope: string | undefined): AssertedGrants {
  if (scope === undefined) return grants
  const asked = new Set(scope.split(' '))
  return { ...grants, scopes: grants.scopes.filter((name) => asked.has(name)) }
}
