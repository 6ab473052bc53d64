import { evaluate, type CompiledRequirement, type HeldBits, type PolicyAnswers } from '../graph/compiled-requirement.js'
import { maskOf, type Bits } from '../graph/name-table.js'

/** `mentioned`: in the token or in the database, but not in both. What is not settled yet is `open`. */
export type State = 'held' | 'mentioned' | 'absent' | 'open'

/** A name by its position in the table, or a policy by its class. For a policy, `held` is that it allows. */
export type Atom = { readonly at: number } | { readonly policy: object }

/** A caller of whom only some is settled. Requirements only gain by what is held and only lose by what is mentioned. */
export class PartialWorld {
  readonly #best: Side
  readonly #worst: Side

  constructor(empty: Bits) {
    this.#best = sideOf(empty)
    this.#worst = sideOf(empty)
  }

  set(atom: Atom, state: State): void {
    const held = state === 'held'
    if ('policy' in atom) {
      this.#best.answers.set(atom.policy, held || state === 'open' ? 'allow' : 'deny')
      this.#worst.answers.set(atom.policy, held ? 'allow' : 'deny')
      return
    }
    write(this.#best.held.effective, atom.at, held || state === 'open')
    write(this.#best.held.mentioned, atom.at, held || state === 'mentioned')
    write(this.#worst.held.effective, atom.at, held)
    write(this.#worst.held.mentioned, atom.at, state !== 'absent')
  }

  /** Whether the requirement is met however the rest turns out, or may be, or cannot be any more. */
  judge(compiled: CompiledRequirement): 'met' | 'open' | 'missed' {
    if (!meets(compiled, this.#best)) return 'missed'
    return meets(compiled, this.#worst) ? 'met' : 'open'
  }
}

interface Side {
  readonly held: HeldBits
  readonly answers: Map<object, 'allow' | 'deny'> & PolicyAnswers
}

function sideOf(empty: Bits): Side {
  return { held: { effective: empty.slice(), mentioned: empty.slice() }, answers: new Map() }
}

function meets(compiled: CompiledRequirement, { answers, held }: Side): boolean {
  return evaluate(compiled, held, answers) === 'allow'
}

function write(bits: Bits, at: number, on: boolean): void {
  const [word = 0, bit = 0] = maskOf([at])
  const now = bits[word] ?? 0
  bits[word] = on ? now | bit : now & ~bit
}
