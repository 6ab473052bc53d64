import { partsOf, type PolicyReference, type Requirement } from '../requirement/requirement.js'
import { hasAll, hasAny, maskOf, type Bits, type Mask, type NameTable } from './name-table.js'

/** `unknown` where a policy has the last word and was not asked. */
export type Verdict = 'allow' | 'deny' | 'unknown'

/** What a caller holds, as bits. */
export interface HeldBits {
  /** In the token and in the database. */
  readonly effective: Bits
  /** In one of them at least. */
  readonly mentioned: Bits
}

/** What policies have answered so far, by class. */
export type PolicyAnswers = ReadonlyMap<object, 'allow' | 'deny'>

/** A requirement as tests of bits. Grants that stand side by side are one test. */
export type CompiledRequirement =
  | { readonly kind: 'allOf' | 'anyOf'; readonly mask: Mask; readonly of: readonly CompiledRequirement[] }
  | { readonly kind: 'not'; readonly of: CompiledRequirement }
  | { readonly kind: 'policy'; readonly policy: PolicyReference }

/** Compiles a requirement against the table, which learns the names that are new. */
export function compileRequirement(requirement: Requirement, names: NameTable): CompiledRequirement {
  switch (requirement.kind) {
    case 'grant':
      return { kind: 'allOf', mask: maskOf([names.intern(requirement.category, requirement.name)]), of: [] }
    case 'allOf':
    case 'anyOf':
      return compileList(requirement.kind, requirement.of, names)
    case 'not':
      if (partsOf(requirement.of).some(({ kind }) => kind === 'not' || kind === 'policy')) {
        throw new TypeError('not() stands over grants alone')
      }
      return { kind: 'not', of: compileRequirement(requirement.of, names) }
    case 'policy':
      return { kind: 'policy', policy: requirement.policy }
    default:
      throw new TypeError('a requirement of a kind that nobody knows')
  }
}

/** The one decision about grants: whether what is held meets the requirement. */
export function evaluate(compiled: CompiledRequirement, held: HeldBits, answers?: PolicyAnswers): Verdict {
  switch (compiled.kind) {
    case 'allOf':
      return hasAll(held.effective, compiled.mask) ? evaluateAll(compiled.of, held, answers) : 'deny'
    case 'anyOf':
      return hasAny(held.effective, compiled.mask) ? 'allow' : evaluateAny(compiled.of, held, answers)
    case 'not':
      return evaluate(compiled.of, { effective: held.mentioned, mentioned: held.mentioned }) === 'deny'
        ? 'allow'
        : 'deny'
    case 'policy':
      return answers?.get(compiled.policy.key) ?? 'unknown'
  }
}

/** The policy to ask next, where only policies can still decide: the first one, in order, that matters. */
export function nextPolicy(
  compiled: CompiledRequirement,
  held: HeldBits,
  answers: PolicyAnswers,
): PolicyReference | undefined {
  if (evaluate(compiled, held, answers) !== 'unknown') return undefined
  if (compiled.kind === 'policy') return compiled.policy
  if (compiled.kind === 'not') return undefined
  for (const part of compiled.of) {
    const next = nextPolicy(part, held, answers)
    if (next !== undefined) return next
  }
  return undefined
}

function compileList(kind: 'allOf' | 'anyOf', parts: readonly Requirement[], names: NameTable): CompiledRequirement {
  const positions = parts.flatMap((part) => (part.kind === 'grant' ? [names.intern(part.category, part.name)] : []))
  const rest = parts.filter((part) => part.kind !== 'grant').map((part) => compileRequirement(part, names))
  return { kind, mask: maskOf(positions), of: rest }
}

function evaluateAll(parts: readonly CompiledRequirement[], held: HeldBits, answers?: PolicyAnswers): Verdict {
  let verdict: Verdict = 'allow'
  for (const part of parts) {
    const found = evaluate(part, held, answers)
    if (found === 'deny') return 'deny'
    if (found === 'unknown') verdict = 'unknown'
  }
  return verdict
}

function evaluateAny(parts: readonly CompiledRequirement[], held: HeldBits, answers?: PolicyAnswers): Verdict {
  let verdict: Verdict = 'deny'
  for (const part of parts) {
    const found = evaluate(part, held, answers)
    if (found === 'allow') return 'allow'
    if (found === 'unknown') verdict = 'unknown'
  }
  return verdict
}
