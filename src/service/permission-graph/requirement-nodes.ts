import { nounOf } from '../../core/permission/grants.js'
import type { Protection } from '../../core/permission/protection.js'
import { authenticated, type Requirement } from '../../core/permission/requirement/requirement.js'
import type { GrantNode, PictureEdge, RequirementNode } from './picture-node.js'
import { printable } from './printable.js'
import { protectionWords, requirementWords } from './requirement-words.js'

type Of<Kind> = Requirement & { readonly kind: Kind }

/** What leads into a node. */
interface Input {
  readonly from: string
  readonly negated: boolean
}

/** The nodes that requirements are drawn with. Parts that demand the same are the same node. */
export class RequirementNodes {
  readonly grants: GrantNode[] = []
  readonly requirements: RequirementNode[] = []
  readonly edges: PictureEdge[] = []
  /** A policy is known by its class: two may have the same name. */
  readonly #ids = new Map<unknown, string>()

  /** The node that leads to the operations of this protection. */
  rootOf(protection: Protection): string {
    const { access } = protection
    const words = protectionWords(protection)
    if (access === 'public') return this.#node({ kind: 'public', label: 'everybody (public)', words })
    if (access === 'login') return this.#node({ kind: 'login', label: 'sessions that can be signed in', words })
    return this.#root(protection.requirement)
  }

  #root(requirement: Requirement): string {
    const from = this.#affirmed(requirement)
    const leaf = this.grants.find(({ id }) => id === from)
    if (leaf === undefined) return from
    const label = leaf.kind === 'policies' ? 'decides' : 'is enough'
    return this.#node({ kind: 'alone', label, words: requirementWords(requirement) }, [{ from, negated: false }])
  }

  /** The node that says the whole of it, with a node of its own for a negation. */
  #affirmed(requirement: Requirement): string {
    const input = this.#input(requirement)
    if (!input.negated) return input.from
    return this.#node({ kind: 'not', label: 'must be absent', words: requirementWords(requirement) }, [input])
  }

  #input(requirement: Requirement): Input {
    switch (requirement.kind) {
      case 'grant':
        return { from: this.#grant(requirement), negated: false }
      case 'policy':
        return { from: this.#policy(requirement), negated: false }
      case 'not':
        return { from: this.#affirmed(requirement.of), negated: true }
      case 'allOf':
      case 'anyOf':
        return this.#list(requirement)
    }
  }

  #list(requirement: Of<'allOf' | 'anyOf'>): Input {
    const inputs = distinct(requirement.of.map((part) => this.#input(part)))
    const [only] = inputs
    if (inputs.length === 1 && only !== undefined) return only
    const words = requirementWords(requirement)
    const of = (kind: RequirementNode['kind'], label: string): Input => ({
      from: this.#node({ kind, label, words }, inputs),
      negated: false,
    })
    if (inputs.length > 0) return requirement.kind === 'allOf' ? of('allOf', 'all of') : of('anyOf', 'any of')
    return requirement.kind === 'allOf' ? of('authenticated', requirementWords(authenticated)) : of('nobody', 'nobody')
  }

  #node(node: Omit<RequirementNode, 'id'>, inputs: readonly Input[] = []): string {
    const key = [node.kind, ...inputs.map(({ from, negated }) => `${negated ? '!' : ''}${from}`).toSorted()].join(' ')
    return this.#once(key, () => {
      const id = `r${this.requirements.length + 1}`
      this.requirements.push({ id, ...node })
      this.edges.push(...inputs.map(({ from, negated }) => ({ from, to: id, negated })))
      return id
    })
  }

  #grant({ category, name }: Of<'grant'>): string {
    return this.#once(`${category} ${name}`, () =>
      this.#addGrant({ kind: category, noun: nounOf(category), label: name }),
    )
  }

  #policy({ policy: { key, name } }: Of<'policy'>): string {
    return this.#once(key, () => this.#addGrant({ kind: 'policies', noun: 'policy', label: name }))
  }

  #addGrant({ label, ...node }: Omit<GrantNode, 'id'>): string {
    const id = `g${this.grants.length + 1}`
    this.grants.push({ id, ...node, label: printable(label) })
    return id
  }

  #once(key: unknown, add: () => string): string {
    const id = this.#ids.get(key) ?? add()
    this.#ids.set(key, id)
    return id
  }
}

function distinct(inputs: readonly Input[]): readonly Input[] {
  return inputs.filter((input, index) => inputs.findIndex((other) => isSame(input, other)) === index)
}

function isSame(one: Input, other: Input): boolean {
  return one.from === other.from && one.negated === other.negated
}
