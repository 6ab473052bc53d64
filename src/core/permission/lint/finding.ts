import type { Asker } from '../asker.js'
import type { Category } from '../grants.js'
import type { Protected } from '../protection.js'
import type { GrantCatalogue } from '../standing.js'
import type { SimilarName } from './similar-name.js'

/** What is looked at of an operation. */
export interface LintItem extends Protected {
  readonly annotations?: { readonly readOnlyHint?: boolean; readonly destructiveHint?: boolean } | undefined
  /** The external services that it uses, by name. */
  readonly services?: readonly string[]
  /** `file:line:column` of the user's declaration. */
  readonly declaredAt?: string
}

/** A tenant as it is now. */
export interface LintTenant {
  readonly tenant: string
  readonly catalogue: GrantCatalogue
  /** The external services that it has, by name; where they are not known, nothing is said of services. */
  readonly services?: readonly string[]
  /** Who can sign in there; without any, nothing is said of who may call what. */
  readonly askers?: readonly Asker[]
  /** Whether users of other issuers may be let in, who are not among the askers. */
  readonly others?: 'possible' | 'none'
}

/** What is wrong, with its facts. Requirements are in words. */
export type Fault =
  | {
      readonly code: 'unknown-name'
      readonly category: Category
      readonly name: string
      /** Where it is unknown. */
      readonly tenants: readonly string[]
      /** `excluded` where it is only under `not`. */
      readonly sense: 'demanded' | 'excluded'
      readonly similar: SimilarName | undefined
      /** Categories that do have this name. */
      readonly elsewhere: readonly Category[]
    }
  /** An external service that none of the tenants has. */
  | {
      readonly code: 'unknown-service'
      readonly service: string
      readonly tenants: readonly string[]
      readonly similar: SimilarName | undefined
    }
  | { readonly code: 'unreachable'; readonly requirement: string }
  | {
      readonly code: 'unreachable-in-tenant'
      readonly requirement: string
      readonly tenants: readonly string[]
      /** Those of the tenants that users of other issuers may enter, of whom nothing is known. */
      readonly uncounted: readonly string[]
    }
  | { readonly code: 'destructive-public' }
  | { readonly code: 'destructive-for-everybody'; readonly requirement: string }
  /** A demand that another one makes anyway. */
  | { readonly code: 'redundant-demand'; readonly part: string; readonly because: string }
  /** An alternative that another one makes pointless. */
  | { readonly code: 'redundant-alternative'; readonly part: string; readonly because: string }
  | { readonly code: 'impossible-alternative'; readonly part: string }
  /** Finding out would take too long, so that other faults may have been missed. */
  | { readonly code: 'too-complex' }

/** Something about one operation that its developer should look at. */
export type Finding = Fault & {
  readonly operation: string
  readonly severity: 'error' | 'warning'
  /** For people: what is wrong, and what to do. */
  readonly message: string
  readonly declaredAt: string | undefined
}
