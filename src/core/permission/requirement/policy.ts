import type { Actor } from '../../identity/actor.js'
import type { UserContext } from '../../identity/user-context.js'
import type { PolicyReference, Requirement } from './requirement.js'

/** What a policy answers. Anything else than `allow` refuses. */
export type PolicyVerdict = 'allow' | 'deny'

/** The call that a policy is asked about. */
export interface PolicyCall {
  readonly operation: string
  /** The arguments that the handler will get, checked against the operation's schema. Frozen, for the handler too. */
  readonly input: unknown
  /** Names this call in the audit trail and in logs. */
  readonly requestId: string
  /** The OAuth client that acts for the user. */
  readonly clientId: string
  /** Who acts for the user by the token's `act` claim, such as an agent. */
  readonly actor: Actor | undefined
  /** Aborted as soon as nobody waits for the answer: the time is up, the call is called off, or the policy has answered. */
  readonly signal: AbortSignal
}

/**
 * A rule about one call, such as "only invoices of your own". Its class is injectable; `policy()` puts it into a requirement.
 * It is asked at most once per call, after the arguments have been checked. One that throws, or takes too long, refuses the call.
 */
export interface Policy {
  decide(user: UserContext, call: PolicyCall): Promise<PolicyVerdict> | PolicyVerdict
}

/** A class of policies. */
export type PolicyClass = abstract new (...args: never[]) => Policy

export interface PolicyOptions {
  /** How long it may take; 2000 unless told. */
  readonly milliseconds?: number
}

const defaultMilliseconds = 2_000

/** What an injectable class says of the call. Tools are listed where only a policy could refuse. */
export function policy(
  policyClass: PolicyClass,
  { milliseconds = defaultMilliseconds }: PolicyOptions = {},
): Requirement {
  const reference: PolicyReference = { name: nameOf(policyClass), key: policyClass, milliseconds }
  return { kind: 'policy', policy: reference }
}

/** An import circle leaves `undefined` here: what is wrong with it is said where the requirement is used. */
function nameOf(policyClass: unknown): string {
  return typeof policyClass === 'function' ? policyClass.name : String(policyClass)
}
