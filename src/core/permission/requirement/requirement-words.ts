import { nounOf } from '../grants.js'
import type { Requirement } from './requirement.js'

const plainName = /^[A-Za-z0-9_.:/-]+$/

/** A requirement in words: `(role admin or role deployer) and not group contractors`. */
export function describeRequirement(requirement: Requirement): string {
  switch (requirement.kind) {
    case 'grant':
      return `${nounOf(requirement.category)} ${nameInWords(requirement.name)}`
    case 'policy':
      return `policy ${nameInWords(requirement.policy.name)}`
    case 'not':
      return `not ${wrapped(requirement.of)}`
    case 'allOf':
    case 'anyOf':
      return describeList(requirement)
  }
}

/** A name as it stands in messages: in quotes where it could be misread. */
export function nameInWords(name: string): string {
  return plainName.test(name) ? name : quoted(name)
}

/** A text as a JSON string of which everything can be seen. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text))
}

/** A text in which everything that would not show, or would move other text, is an escape as in JSON. */
export function visible(text: string): string {
  return text.replace(/(?! )[\p{C}\p{Z}]/gu, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
  })
}

type List = Requirement & { readonly kind: 'allOf' | 'anyOf' }

function describeList({ kind, of }: List): string {
  const [only] = of
  if (only === undefined) return kind === 'allOf' ? 'every authenticated user' : 'nobody'
  if (of.length === 1) return describeRequirement(only)
  return of.map((part) => wrapped(part, kind)).join(kind === 'allOf' ? ' and ' : ' or ')
}

/** What has words of its own between its parts is put in brackets, unless they are the same words as around it. */
function wrapped(part: Requirement, around?: 'allOf' | 'anyOf'): string {
  const inner = unwrapped(part)
  const list = inner.kind === 'allOf' || inner.kind === 'anyOf'
  const words = describeRequirement(inner)
  return list && inner.kind !== around && inner.of.length > 1 ? `(${words})` : words
}

/** A list of one is that one. */
function unwrapped(part: Requirement): Requirement {
  if (part.kind !== 'allOf' && part.kind !== 'anyOf') return part
  const [only] = part.of
  return part.of.length === 1 && only !== undefined ? unwrapped(only) : part
}
