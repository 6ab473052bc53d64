import type { UserContext } from '../identity/user-context.js'
import type { Asker } from '../permission/asker.js'
import type { Verdict } from '../permission/graph/compiled-requirement.js'
import type { PermissionGraph } from '../permission/graph/permission-graph.js'
import type { PolicyReference } from '../permission/requirement/requirement.js'
import type { Tracer } from '../runtime/tracer.js'
import type { CallContext } from './call-context.js'
import type { Operation } from './operation.js'

/** A call that only policies can still decide. */
export interface UndecidedCall {
  readonly operation: Operation
  readonly asker: Asker
  readonly user: UserContext
  /** Checked arguments, frozen: the handler gets the very same. */
  readonly input: unknown
  readonly call: CallContext
  readonly tracer: Tracer
}

/** What decides a call, for whoever follows it. */
export const decisionStep = { name: 'authsec.decision', kind: 'internal' } as const
const policyStep = { name: 'authsec.policy', kind: 'internal' } as const

/** What policies made of a call. One that failed refuses it, whatever others would say. */
export interface PolicyOutcome {
  readonly verdict: Verdict
  readonly answers: ReadonlyMap<object, 'allow' | 'deny'>
  readonly failure?: { readonly policy: string; readonly error: unknown }
}

/** Asks policies one after another, each class once and only those that matter, until the call is decided. Never throws. */
export function askPolicies(graph: PermissionGraph<Operation>, undecided: UndecidedCall): Promise<PolicyOutcome> {
  return undecided.tracer.trace(decisionStep, async (step) => {
    const outcome = await askInTurn(graph, undecided)
    step.set('authsec.verdict', outcome.verdict)
    return outcome
  })
}

async function askInTurn(graph: PermissionGraph<Operation>, undecided: UndecidedCall): Promise<PolicyOutcome> {
  const { asker, operation } = undecided
  const answers = new Map<object, 'allow' | 'deny'>()
  for (;;) {
    const policy = graph.nextPolicy(operation, asker, answers)
    if (policy === undefined) return { verdict: graph.decide(operation, asker, answers), answers }
    try {
      answers.set(policy.key, await verdictOf(policy, undecided))
    } catch (error) {
      answers.set(policy.key, 'deny')
      return { verdict: 'deny', answers, failure: { policy: policy.name, error } }
    }
  }
}

function verdictOf(policy: PolicyReference, undecided: UndecidedCall): Promise<'allow' | 'deny'> {
  return undecided.tracer.trace(policyStep, async (step) => {
    step.set('authsec.policy', policy.name)
    const verdict = verdictIn(await answerOf(policy, undecided), policy)
    step.set('authsec.verdict', verdict)
    return verdict
  })
}

/** Only a literal `allow` allows. What is neither is a mistake, and somebody should hear of it. */
function verdictIn(answer: unknown, { name }: PolicyReference): 'allow' | 'deny' {
  if (answer === 'allow' || answer === 'deny') return answer
  throw new TypeError(`the policy ${name} answered neither 'allow' nor 'deny'`)
}

/** Throws what the policy throws, and `TypeError` when its time is up or the call is called off. */
async function answerOf(policy: PolicyReference, { operation, input, user, call }: UndecidedCall): Promise<unknown> {
  const { actor, requestId, clientId = '' } = call
  const until = performance.now() + policy.milliseconds
  const deadline = new AbortController()
  const signal = AbortSignal.any([call.signal, deadline.signal])
  const late = new TypeError(`the policy ${policy.name} did not answer within ${policy.milliseconds} ms`)
  const timer = setTimeout(() => deadline.abort(late), policy.milliseconds)
  try {
    signal.throwIfAborted()
    const about = { operation: operation.name, input, requestId, clientId, actor, signal }
    // Before it asks: the time may be up, or the call called off, before the policy has handed out a promise.
    const calledOff = aborted(signal)
    // After a policy that throws at once nobody else waits for it.
    calledOff.catch(() => undefined)
    const answer = await Promise.race([calledOff, operation.askPolicy?.(policy, { user, about, call })])
    // One that lets nothing else run lets no timer ring.
    if (performance.now() > until) throw late
    return answer
  } finally {
    clearTimeout(timer)
    // Else what listens to both signals would be kept for as long as the process lives.
    deadline.abort()
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
