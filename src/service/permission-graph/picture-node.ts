import type { Category, nounOf } from '../../core/permission/grants.js'

/** Something a requirement is about: a grant, or a policy. */
export interface GrantNode {
  readonly id: string
  readonly kind: Category | 'policies'
  readonly noun: ReturnType<typeof nounOf> | 'policy'
  readonly label: string
}

/** One requirement, or a part of one. */
export interface RequirementNode {
  readonly id: string
  readonly kind: 'allOf' | 'anyOf' | 'alone' | 'not' | 'authenticated' | 'public' | 'login' | 'nobody'
  readonly label: string
  /** The whole of it. */
  readonly words: string
}

/** What deserves a second look. */
export type OperationMark = 'destructive' | 'bearer only' | 'elevatable'

/** An operation, and in words who may use it. */
export interface OperationNode {
  readonly id: string
  readonly label: string
  readonly title: string | undefined
  readonly description: string | undefined
  /** Who may use it. */
  readonly words: string
  readonly marks: readonly OperationMark[]
}

/** From left to right. A negated one says what must not be there. */
export interface PictureEdge {
  readonly from: string
  readonly to: string
  readonly negated: boolean
}
