import type { ClientOrigin } from '../../../core/audit/request-origin.js'
import type { Interaction, InteractionResults } from 'oidc-provider'
import type { Form } from '../http/read-form.js'

/** One request for a page on which somebody proves who they are: in a sign-in, or on a page of their own. */
export interface ProofVisit {
  /** Tells what belongs to this page apart from what belongs to another. */
  readonly interaction: Pick<Interaction, 'uid'>
  readonly csrf: string
  /** The random value in this browser's cookie. */
  readonly browser: string
  /** The record of this browser's sign-in, on a page of one's own. */
  readonly session?: string | undefined
  /** Where the request comes from; its address counts as one caller for limits. */
  readonly caller: ClientOrigin
}

/** One request for a page of a sign-in, from the browser that the sign-in belongs to. */
export interface Visit extends ProofVisit {
  readonly interaction: Interaction
}

/** A posted form whose token was right. */
export interface Submission extends Visit {
  readonly form: Form
}

/** What a step answers: a page to show, or a result that lets the sign-in go on. */
export type StepAnswer =
  | {
      readonly kind: 'page'
      readonly status: number
      readonly page: string
      readonly retryAfter?: number | undefined
      /** Runs the one script there is. */
      readonly script?: 'passkey'
    }
  | { readonly kind: 'result'; readonly result: InteractionResults; readonly keepEarlier: boolean }
  /** Forgets who is signed in and asks again. */
  | { readonly kind: 'switch' }

/** What the client is told when the user does not want to go on. */
export const denial: StepAnswer = {
  kind: 'result',
  result: { error: 'access_denied', error_description: 'the user did not allow access' },
  keepEarlier: false,
}

/** A parameter of the authorization request behind an interaction, where it is text. */
export function parameterOf({ params }: Interaction, name: string): string | undefined {
  const value = params[name]
  return typeof value === 'string' ? value : undefined
}
