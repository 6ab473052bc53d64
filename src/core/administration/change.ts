import type { Category } from '../permission/grants.js'
import type { AccountIdentity } from './account-identity.js'
import type { AccessRule, AccountStatus } from './wish.js'

/** What one wish comes to. */
export interface Change {
  readonly action: 'added' | 'changed' | 'removed' | 'kept'
  /** `role`, `account`, `access rule` and the like. */
  readonly noun: string
  readonly name: string
  /** What held before and does not hold any more: `roles:admin`, `disabled`. */
  readonly before: readonly string[]
  /** What holds now and did not hold before. */
  readonly after: readonly string[]
}

/** Why a wish cannot be met. */
export interface WishFault {
  /** Which one, counted from 0. */
  readonly wish: number
  /** A sentence without its full stop. */
  readonly fault: string
}

/** What wishes come to; with faults nothing is to be done at all. */
export interface Plan {
  /** One for each wish that can be met. */
  readonly changes: readonly Change[]
  readonly faults: readonly WishFault[]
  readonly steps: readonly Step[]
}

/** One row more or less. */
export type Step =
  | { readonly step: 'add name'; readonly category: Category; readonly name: string }
  | { readonly step: 'remove name'; readonly category: Category; readonly name: string }
  | { readonly step: 'add account'; readonly email: string; readonly fields: AccountFields }
  | { readonly step: 'change account'; readonly email: string; readonly fields: AccountFields }
  | { readonly step: 'remove account'; readonly email: string }
  | (LinkStep & { readonly step: 'link' })
  | (LinkStep & { readonly step: 'unlink' })
  | IdentityStep
  | (AccountIdentity & { readonly step: 'forget identity' })
  | { readonly step: 'set rule'; readonly rule: AccessRule }

/** What an account is assigned, a role brings along, or a group has. */
export interface LinkStep {
  readonly step: 'link' | 'unlink'
  readonly holder: 'account' | 'role' | 'group'
  /** The address of the account, or the name. */
  readonly of: string
  readonly category: Category
  readonly name: string
}

/** Whom an issuer knows an account as, from now on or not any more. */
export interface IdentityStep extends AccountIdentity {
  readonly step: 'add identity' | 'remove identity'
  /** The address of the account. */
  readonly of: string
}

export interface AccountFields {
  readonly name?: string | undefined
  readonly status?: AccountStatus | undefined
  readonly password?: { readonly hash: string | undefined } | undefined
}
