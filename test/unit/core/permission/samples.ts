import { bearerOf, type Asker } from '../../../../src/core/permission/asker.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import type { Verdict } from '../../../../src/core/permission/graph/compiled-requirement.js'
import { eachCategory, grantsOf, type AssertedGrants, type Grants } from '../../../../src/core/permission/grants.js'
import { holdingOf, holdingOfAll } from '../../../../src/core/permission/holding.js'
import type { Protected } from '../../../../src/core/permission/protection.js'
import {
  requirementOf,
  type Demand,
  type Requirement,
} from '../../../../src/core/permission/requirement/requirement.js'
import { noCatalogue, type StoredAccount, type StoredStanding } from '../../../../src/core/permission/standing.js'

/** An operation with this requirement. */
export function item(requirement: Requirement, name = 'sample'): Protected {
  return { name, protection: { access: 'protected', requirement } }
}

/** An account that is not disabled, unless said otherwise. */
export function account(grants: Partial<Grants> = {}, disabled = false): StoredAccount {
  return { id: 'account-1', email: 'ada@acme.example', name: 'Ada', disabled, grants: grantsOf(grants) }
}

/** What the database says of an account that is assigned these grants, unless said otherwise. */
export function standing(grants: Partial<Grants> = {}, changes: Partial<StoredStanding> = {}): StoredStanding {
  return {
    account: account(grants),
    source: 'assigned',
    signUp: { admits: 'nobody' },
    catalogue: noCatalogue,
    policyVersion: '1',
    ...changes,
  }
}

/** Somebody whose bearer token says the one and whose tenant's database the other. */
export function caller(asserted: AssertedGrants, stored: StoredStanding): Asker {
  return bearerOf(holdingOf(asserted, stored))
}

/** Somebody whose token and database agree on this. */
export function holder(grants: Partial<Grants>): Asker {
  return bearerOf(holdingOfAll(grantsOf(grants)))
}

/** What is decided about one operation with this requirement. */
export function verdictOf(requirement: Requirement, asker: Asker): Verdict {
  const only = item(requirement)
  return new PermissionGraph([only]).decide(only, asker)
}

/** The tree of a demand in either form. */
export function treeOf(asked: Demand | Requirement): Requirement {
  return 'kind' in asked ? asked : requirementOf(asked)
}

export const any = (listed: Demand['listed']): Demand => ({ requireAll: false, listed })
export const all = (listed: Demand['listed']): Demand => ({ requireAll: true, listed })

/** The same names in every category. */
export function everywhere(...names: readonly string[]): Grants {
  return eachCategory(() => names)
}
