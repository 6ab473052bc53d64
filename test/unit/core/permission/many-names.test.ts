import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { categories, eachCategory, grantsOf, type AssertedGrants } from '../../../../src/core/permission/grants.js'
import { grant, not } from '../../../../src/core/permission/requirement/builders.js'
import type { GrantRequirement, Requirement } from '../../../../src/core/permission/requirement/requirement.js'
import { randomClaims, randomGrants, randomPositive, randomStanding } from './random-permissions.js'
import { account, caller, holder, item, verdictOf } from './samples.js'

/** That many grants, of all categories in turn. */
function grants(count: number): readonly GrantRequirement[] {
  const categoryAt = (at: number) => categories[at % categories.length] ?? 'roles'
  return Array.from({ length: count }, (_, at) => grant(categoryAt(at), `name-${at}`))
}

const holderOf = (held: readonly GrantRequirement[]) =>
  holder(eachCategory((category) => held.filter((one) => one.category === category).map(({ name }) => name)))

describe.each([1, 31, 32, 33, 63, 64, 65, 96, 97, 200])('%d names', (count) => {
  const asked = grants(count)
  const single = asked.map((one, at) => item(one, `single-${at}`))
  const without = asked.map((one, at) => item(not(one), `without-${at}`))
  const every: Requirement = { kind: 'allOf', of: asked }
  const some: Requirement = { kind: 'anyOf', of: asked }
  const lists = { every: item(every, 'every'), some: item(some, 'some'), none: item(not(some), 'none') }
  const graph = new PermissionGraph([...single, ...without, ...Object.values(lists)])
  const at = Array.from({ length: count }, (_, position) => position)

  it('allow who holds one just that one', () => {
    for (const position of at) {
      const asker = holderOf(asked.slice(position, position + 1))
      const allowed = single.flatMap((one, index) => (graph.decide(one, asker) === 'allow' ? [index] : []))
      const barred = without.flatMap((one, index) => (graph.decide(one, asker) === 'deny' ? [index] : []))
      expect({ allowed, barred }).toEqual({ allowed: [position], barred: [position] })
      expect(graph.decide(lists.some, asker)).toBe('allow')
      expect(graph.decide(lists.none, asker)).toBe('deny')
    }
  })

  it('are all there, or not', () => {
    expect(graph.decide(lists.every, holderOf(asked))).toBe('allow')
    for (const position of at) {
      const asker = holderOf(asked.filter((_, index) => index !== position))
      expect(graph.decide(lists.every, asker)).toBe('deny')
    }
    expect(graph.decide(lists.some, holder({}))).toBe('deny')
    expect(graph.decide(lists.none, holder({}))).toBe('allow')
  })

  it('make keys that differ', () => {
    const keys = at.map((position) => graph.keyOf(holderOf(asked.slice(position, position + 1))))
    expect(new Set([...keys, graph.keyOf(holder({}))]).size).toBe(count + 1)
  })
})

describe('without not, holding more', () => {
  it('never loses access', () => {
    const drawn = [randomPositive, randomClaims, randomStanding, randomGrants, randomGrants] as const
    fc.assert(
      fc.property(...drawn, (requirement, token, stored, claimed, granted) => {
        if (verdictOf(requirement, caller(token, stored)) === 'deny') return
        const names = eachCategory((category) => [...stored.catalogue.names[category], ...granted[category]])
        const grown = {
          ...stored,
          account: stored.account && account(joined(stored.account.grants, granted)),
          catalogue: { ...stored.catalogue, names },
        }
        const more = Object.fromEntries(
          Object.entries(joined(token, claimed)).filter(([category]) => category in token),
        )
        expect(verdictOf(requirement, caller({ ...token, ...more }, grown))).toBe('allow')
      }),
      { numRuns: 2_000 },
    )
  })
})

function joined(one: AssertedGrants, other: AssertedGrants) {
  const all = grantsOf(one)
  return eachCategory((category) => [...all[category], ...(other[category] ?? [])])
}
