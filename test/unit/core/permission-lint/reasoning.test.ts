import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { bearerOf, type Asker } from '../../../../src/core/permission/asker.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { categories, grantsOf, type Category } from '../../../../src/core/permission/grants.js'
import { holdingOfAll } from '../../../../src/core/permission/holding.js'
import { keyOf, occurrencesIn } from '../../../../src/core/permission/lint/occurrence.js'
import { Reasoning, type Answer } from '../../../../src/core/permission/lint/reasoning.js'
import { allOf, anyOf, grant, not, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import { authenticated, type Requirement } from '../../../../src/core/permission/requirement/requirement.js'
import { randomTree } from '../permission/random-permissions.js'
import { item } from '../permission/samples.js'
import { pigeons } from './samples.js'

class OwnInvoices {
  decide() {
    return 'allow' as const
  }
}

class Other extends OwnInvoices {}

const [a, b, c] = [role('a'), role('b'), role('c')]
const own = policy(OwnInvoices)
const nobodyAtAll: Requirement = { kind: 'anyOf', of: [] }
const many = (from: number, to: number): [Requirement, ...Requirement[]] => [
  role(`r${from}`),
  ...Array.from({ length: to - from }, (_, at) => role(`r${from + at + 1}`)),
]

describe('whether somebody can meet a requirement', () => {
  it.each([
    ['a role', a],
    ['everybody', authenticated],
    ['a role that is not there', not(a)],
    ['a policy', own],
    ['a policy beside a role', allOf(a, own, not(b))],
    ['one alternative that can be met', anyOf(allOf(a, not(a)), b)],
    ['the same name in two categories', allOf(role('a'), not(scope('a')))],
    ['a thousand demands', allOf(...many(1, 1_000))],
    ['a thousand alternatives', anyOf(...many(1, 1_000))],
    ['five times ten alternatives', allOf(a, ...[0, 10, 20, 30, 40].map((at) => anyOf(...many(at, at + 9))))],
  ] as const)('is so for %s', (_what, requirement) => {
    expect(new Reasoning().canBeMet(requirement)).toBe('yes')
  })

  it.each([
    ['a role that is not there', allOf(a, not(a))],
    ['one of two that are both not there', allOf(anyOf(a, b), not(anyOf(a, b)))],
    ['two that are not there together', allOf(a, b, not(allOf(a, b)))],
    ['whatever a policy says', allOf(own, a, not(a))],
    ['no alternative', nobodyAtAll],
    ['five times ten alternatives beside', allOf(anyOf(...many(1, 10)), anyOf(...many(11, 20)), a, not(a))],
  ] as const)('is not so for %s', (_what, requirement) => {
    expect(new Reasoning().canBeMet(requirement)).toBe('no')
  })
})

describe('whether everybody meets a requirement', () => {
  it.each([
    ['every authenticated user', authenticated],
    ['a role and everybody without it', anyOf(a, not(a))],
    ['two roles and everybody who lacks one', anyOf(allOf(a, b), not(a), not(b))],
    ['everybody and a policy', anyOf(own, a, not(a))],
  ] as const)('is so for %s', (_what, requirement) => {
    expect(new Reasoning().isMetByEverybody(requirement)).toBe('yes')
  })

  it.each([
    ['a role', a],
    ['everybody without it', not(a)],
    ['a policy', own],
    ['a policy, and everybody', allOf(own, anyOf(a, not(a)))],
    ['another role', anyOf(a, not(b))],
    ['the same name in another category', anyOf(role('a'), not(scope('a')))],
    ['nobody', nobodyAtAll],
  ] as const)('is not so for %s', (_what, requirement) => {
    expect(new Reasoning().isMetByEverybody(requirement)).toBe('no')
  })
})

describe('whether one requirement implies another', () => {
  it.each([
    [a, a],
    [a, anyOf(a, b)],
    [allOf(a, b), a],
    [allOf(a, anyOf(b, c)), anyOf(allOf(a, b), allOf(a, c))],
    [not(anyOf(a, b)), not(a)],
    [not(a), not(allOf(a, b))],
    [own, own],
    [allOf(own, a), own],
    [a, authenticated],
    [allOf(a, not(a)), b],
    [anyOf(...many(1, 40)), anyOf(...many(1, 41))],
  ])('is so: %#', (one, other) => {
    expect(new Reasoning().implies(one, other)).toBe('yes')
  })

  it.each([
    [a, b],
    [anyOf(a, b), a],
    [a, allOf(a, b)],
    [anyOf(allOf(a, b), allOf(a, c)), allOf(a, b)],
    [not(a), not(anyOf(a, b))],
    [not(allOf(a, b)), not(a)],
    [own, policy(Other)],
    [own, a],
    [a, own],
    [authenticated, own],
    [anyOf(...many(1, 41)), anyOf(...many(1, 40))],
  ])('is not so: %#', (one, other) => {
    expect(new Reasoning().implies(one, other)).toBe('no')
  })

  it('heeds callers whose token says what the database does not', () => {
    expect(new Reasoning().implies(authenticated, anyOf(a, not(a)))).toBe('no')
    expect(new Reasoning().isMetByEverybody(anyOf(a, not(a)))).toBe('yes')
  })
})

describe('an answer that takes too long', () => {
  it('is unknown, where a smaller question of the kind has one', () => {
    expect(new Reasoning().canBeMet(pigeons(3))).toBe('no')
    expect(new Reasoning().canBeMet(pigeons(9))).toBe('unknown')
  })

  it('comes soon where parts have no names in common, or are said again', () => {
    const pairs = (count: number): readonly Requirement[] =>
      Array.from({ length: count }, (_, at) => anyOf(allOf(role(`r${at}`), scope(`s${at}`)), not(role(`r${at}`))))
    const apart: Requirement = { kind: 'allOf', of: pairs(40) }
    const reversed: Requirement = { kind: 'allOf', of: pairs(40).toReversed() }
    expect(new Reasoning(1_000).canBeMet(allOf(apart, a))).toBe('yes')
    expect(new Reasoning(1_000).canBeMet(allOf(apart, pigeons(2)))).toBe('no')
    expect(new Reasoning(1_000).implies(apart, reversed)).toBe('yes')
    expect(new Reasoning(2_000).implies(apart, allOf(reversed, a))).toBe('no')
  })

  it('comes soon where the names that matter come last', () => {
    const contradiction = allOf(anyOf(...many(1, 400)), anyOf(...many(401, 800)), a, not(a))
    expect(new Reasoning(20).canBeMet(contradiction)).toBe('no')
    expect(new Reasoning(20).canBeMet(allOf(anyOf(...many(1, 400)), a))).toBe('yes')
  })

  it('is unknown for all that is asked afterwards', () => {
    const reasoning = new Reasoning(11)
    expect(reasoning.canBeMet(a)).toBe('yes')
    expect(reasoning.gaveUp).toBe(false)
    expect(reasoning.canBeMet(a)).toBe('unknown')
    expect(reasoning.isMetByEverybody(a)).toBe('unknown')
    expect(reasoning.implies(a, b)).toBe('unknown')
    expect(reasoning.gaveUp).toBe(true)
  })
})

describe('answers agree with the decisions about every caller there can be', () => {
  const policies = fc.constantFrom(own, policy(Other))

  it('about one requirement', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(randomTree(policies), (requirement) => {
        fc.pre(leavesOf(requirement) <= 7)
        const verdicts = everyVerdict(requirement)
        const reasoning = new Reasoning()
        const met = reasoning.canBeMet(requirement)
        const always = reasoning.isMetByEverybody(requirement)
        seen.add(`${met} ${always}`)
        expect(met).toBe(yes(verdicts.some((verdict) => verdict !== 'deny')))
        expect(always).toBe(yes(verdicts.every((verdict) => verdict === 'allow')))
      }),
      { numRuns: 500 },
    )
    expect([...seen].toSorted()).toEqual(expect.arrayContaining(['no no', 'yes no', 'yes yes']))
  })

  it('about one requirement and another', () => {
    const seen = new Set<Answer>()
    fc.assert(
      fc.property(randomTree(policies), randomTree(policies), (one, other) => {
        fc.pre(leavesOf(allOf(one, other)) <= 6)
        const answer = new Reasoning().implies(one, other)
        seen.add(answer)
        expect(answer).toBe(yes(everyCaller(allOf(one, other)).every((caller) => follows(one, other, caller))))
      }),
      { numRuns: 400 },
    )
    expect([...seen].toSorted()).toEqual(['no', 'yes'])
  })
})

interface Caller {
  readonly asker: Asker
  readonly answers: ReadonlyMap<object, 'allow' | 'deny'>
}

/** By the graph's own decision: a caller who may the one but not the other breaks it. */
function follows(one: Requirement, other: Requirement, { answers, asker }: Caller): boolean {
  const [first, second] = [item(one, 'one'), item(other, 'other')]
  const graph = new PermissionGraph([first, second])
  return graph.decide(first, asker, answers) !== 'allow' || graph.decide(second, asker, answers) === 'allow'
}

/** What is decided about all whose token and database agree, without policies. */
function everyVerdict(requirement: Requirement) {
  const only = item(requirement)
  const graph = new PermissionGraph([only])
  return subsets(namesIn(requirement)).map((held) => graph.decide(only, bearerOf(holdingOfAll(grantsNamed(held)))))
}

/** All who hold some of the names, are said to hold some more, and get some answers of policies. */
function everyCaller(requirement: Requirement): readonly Caller[] {
  const names = namesIn(requirement)
  const classes = occurrencesIn(requirement).flatMap(({ leaf }) => (leaf.kind === 'policy' ? [leaf.policy.key] : []))
  return subsets(names).flatMap((mentioned) =>
    subsets(mentioned).flatMap((held) => {
      const holding = { ...holdingOfAll(grantsNamed(held)), mentioned: grantsNamed(mentioned) }
      return subsets([...new Set(classes)]).map((allowing) => ({
        asker: bearerOf(holding),
        answers: new Map(classes.map((one) => [one, allowing.includes(one) ? 'allow' : 'deny'])),
      }))
    }),
  )
}

type Name = readonly [Category, string]

function namesIn(requirement: Requirement): readonly Name[] {
  const names = new Map<string, Name>()
  for (const { leaf } of occurrencesIn(requirement)) {
    if (leaf.kind === 'grant') names.set(`${leaf.category} ${leaf.name}`, [leaf.category, leaf.name])
  }
  return [...names.values()]
}

function grantsNamed(names: readonly Name[]) {
  const of = (category: Category): readonly string[] =>
    names.flatMap(([kind, name]) => (kind === category ? [name] : []))
  return grantsOf(Object.fromEntries(categories.map((category) => [category, of(category)])))
}

function leavesOf(requirement: Requirement): number {
  return new Set(occurrencesIn(requirement).map(({ leaf }) => keyOf(leaf))).size
}

function subsets<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  return Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((__, at) => (bits & (1 << at)) !== 0))
}

function yes(answer: boolean): Answer {
  return answer ? 'yes' : 'no'
}

it('names a leaf the same wherever it stands', () => {
  const [first, second] = occurrencesIn(allOf(grant('roles', 'a'), not(role('a'))))
  expect(first && keyOf(first.leaf)).toBe(second && keyOf(second.leaf))
  expect([first?.sense, second?.sense]).toEqual(['demanded', 'excluded'])
})
