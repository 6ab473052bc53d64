import { bearerOf } from '../../core/permission/asker.js'
import type { AccessExplanation } from '../../core/permission/graph/explanation.js'
import type { Grants } from '../../core/permission/grants.js'
import { holdingOf } from '../../core/permission/holding.js'
import { visible } from '../../core/permission/requirement/requirement-words.js'
import type { GrantSource } from '../../core/permission/standing.js'
import { findAccount } from '../find-account.js'
import { RefusedError } from '../refused-error.js'
import { findOperation } from './find-operation.js'
import { askedScopes, ownToken } from './own-token.js'
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
  /** What the account is assigned, and what its tenant counts as granted. */
  readonly grants: Grants
  readonly source: GrantSource
  readonly explanation: AccessExplanation
}

/**
 * Why an account may use a tool or may not, with a token as this installation's own issuer would mint it. Throws `RefusedError`
 * for a tool or an account that is not there, and for a scope that the account does not have.
 */
export async function explainAccess(question: WhyQuestion): Promise<ExplainedAccess> {
  const { app, scope, tool, user } = question
  const operation = findOperation(app, tool)
  return readTenants(question, async ({ issuer, postgres, tenants }) => {
    const { account, tenant } = await findAccount(postgres, { user, tenant: question.tenant })
    if (!tenants.some(({ id }) => id === tenant.id)) {
      throw new RefusedError(`the application does not admit ${tenant.slug}, the tenant of ${visible(account.email)}`)
    }
    const token = ownToken(account, askedScopes(account, scope))
    const standing = await postgres.grants.findStanding(tenant, issuer, account.id)
    const explanation = app.catalogue.permissions.explain(operation, bearerOf(holdingOf(token, standing)))
    return { tenant: tenant.slug, email: account.email, grants: account.grants, source: standing.source, explanation }
  })
}
