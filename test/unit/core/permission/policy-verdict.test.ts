import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Asker } from '../../../../src/core/permission/asker.js'
import type { PolicyAnswers, Verdict } from '../../../../src/core/permission/graph/compiled-requirement.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { allOf, anyOf, not, role } from '../../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import { authenticated, type Requirement } from '../../../../src/core/permission/requirement/requirement.js'
import { randomClaims, randomGrants, randomTree } from './random-permissions.js'
import { account, caller, holder, item, standing } from './samples.js'

abstract class Undecided {
  decide(): 'deny' {
    return 'deny'
  }
}
class One extends Undecided {}
class Two extends Undecided {}
class Three extends Undecided {}

const classes = [One, Two, Three]
const [one, two, three] = [policy(One), policy(Two), policy(Three)]
const admin = role('admin')
const anAdmin = holder({ roles: ['admin'] })

type Answer = 'allow' | 'deny'

function asked(requirement: Requirement, asker: Asker, answers: PolicyAnswers = new Map()) {
  const only = item(requirement)
  const graph = new PermissionGraph([only])
  return { verdict: graph.decide(only, asker, answers), next: graph.nextPolicy(only, asker, answers)?.name }
}

const verdict = (requirement: Requirement, asker: Asker, answers?: PolicyAnswers) =>
  asked(requirement, asker, answers).verdict

describe('a policy', () => {
  it('has the last word where nothing else decides, and its answer decides', () => {
    expect(verdict(one, holder({}))).toBe('unknown')
    expect(verdict(one, holder({}), new Map([[One, 'allow']]))).toBe('allow')
    expect(verdict(one, holder({}), new Map([[One, 'deny']]))).toBe('deny')
    expect(verdict(one, holder({}), new Map([[Two, 'allow']]))).toBe('unknown')
  })

  it('is not heard for who may do nothing', () => {
    const disabled = caller({}, standing({}, { account: account({}, true) }))
    const unknown = caller({}, standing({}, { account: undefined }))
    for (const asker of [disabled, unknown, { ...anAdmin, holding: undefined }]) {
      expect(verdict(one, asker)).toBe('deny')
      expect(verdict(anyOf(one, admin), asker, new Map([[One, 'allow']]))).toBe('deny')
    }
    expect(verdict(one, caller({}, standing()), new Map([[One, 'allow']]))).toBe('allow')
  })

  it('leaves an operation in the list, undecided', () => {
    const items = [item(one, 'asks'), item(allOf(one, admin), 'asks admins'), item(authenticated, 'open')]
    const graph = new PermissionGraph(items)
    const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)
    expect(namesOf(graph.listFor(holder({})))).toEqual(['asks', 'open'])
    expect(namesOf(graph.reachable(anAdmin).undecided)).toEqual(['asks', 'asks admins'])
    expect(namesOf(graph.reachable(anAdmin).allowed)).toEqual(['open'])
    const candidates = [
      { label: 'a', asker: anAdmin },
      { label: 'b', asker: holder({}) },
    ]
    expect(graph.whoCan(items[1] ?? item(one), candidates)).toEqual([{ ...candidates[0], verdict: 'unknown' }])
  })
})

describe('three values', () => {
  const values: readonly Verdict[] = ['allow', 'unknown', 'deny']
  const pairs = values.flatMap((left) => values.map((right) => [left, right] as const))
  const answer = (key: object, value: Verdict): [object, Answer][] => (value === 'unknown' ? [] : [[key, value]])

  it.each(pairs)('%s and %s: all is the worse, any is the better', (left, right) => {
    const answers = new Map([...answer(One, left), ...answer(Two, right)])
    const ranks = [values.indexOf(left), values.indexOf(right)]
    expect(verdict(allOf(one, two), holder({}), answers)).toBe(values[Math.max(...ranks)])
    expect(verdict(anyOf(one, two), holder({}), answers)).toBe(values[Math.min(...ranks)])
  })

  it.each([
    ['allow', 'unknown', 'allow'],
    ['deny', 'deny', 'unknown'],
  ] as const)('a grant that is %s leaves all %s, and any %s', (grant, all, any) => {
    const asker = grant === 'allow' ? anAdmin : holder({})
    expect(verdict(allOf(admin, one), asker)).toBe(all)
    expect(verdict(anyOf(one, admin), asker)).toBe(any)
  })

  it('are unknown just where policies that were not asked can still decide', () => {
    const answers = fc.array(fc.constantFrom<(Answer | undefined)[]>('allow', 'deny', undefined), {
      minLength: 3,
      maxLength: 3,
    })
    fc.assert(
      fc.property(treeWithPolicies(), randomClaims, randomGrants, answers, (tree, token, stored, given) => {
        const completed = (rest: Answer | undefined): PolicyAnswers =>
          new Map(
            classes.flatMap((key, at) => {
              const value = given[at] ?? rest
              return value === undefined ? [] : [[key, value] as const]
            }),
          )
        const asker = caller(token, standing(stored))
        const [best, worst] = [verdict(tree, asker, completed('allow')), verdict(tree, asker, completed('deny'))]
        expect(verdict(tree, asker, completed(undefined))).toBe(best === worst ? best : 'unknown')
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('the policy to ask next', () => {
  it.each([
    ['the first of all', allOf(one, two), 'One'],
    ['the first of any', anyOf(two, one), 'Two'],
    ['none, where a grant allows', anyOf(one, admin), undefined],
    ['none, where a grant refuses', allOf(one, role('owner')), undefined],
    ['not one in a branch that is refused', anyOf(allOf(role('owner'), one), two), 'Two'],
    ['not one in a branch that is refused further down', anyOf(allOf(one, not(admin)), allOf(admin, three)), 'Three'],
    ['not one in a branch that is allowed', allOf(anyOf(admin, one), two), 'Two'],
    ['none, where there is none', admin, undefined],
    ['none, for every authenticated user', authenticated, undefined],
  ])('is %s', (_which, requirement, expected) => {
    expect(asked(requirement, anAdmin).next).toBe(expected)
  })

  it('is the one that an answer leaves', () => {
    const requirement = anyOf(allOf(one, two), three)
    const next = (...answers: readonly (readonly [object, Answer])[]) => asked(requirement, anAdmin, new Map(answers))
    expect(next([One, 'allow'])).toEqual({ verdict: 'unknown', next: 'Two' })
    expect(next([One, 'deny'])).toEqual({ verdict: 'unknown', next: 'Three' })
    expect(next([One, 'allow'], [Two, 'allow'])).toEqual({ verdict: 'allow', next: undefined })
    expect(next([One, 'deny'], [Three, 'deny'])).toEqual({ verdict: 'deny', next: undefined })
  })

  it('is nobody who has answered, until the answers decide as all of them would', () => {
    const everyAnswer = fc.tuple(...classes.map(() => fc.constantFrom<Answer[]>('allow', 'deny')))
    fc.assert(
      fc.property(treeWithPolicies(), randomClaims, randomGrants, everyAnswer, (tree, token, stored, given) => {
        const only = item(tree)
        const graph = new PermissionGraph([only])
        const asker = caller(token, standing(stored))
        const all = new Map<object, Answer>(classes.map((key, at) => [key, given[at] ?? 'deny']))
        const answers = new Map<object, Answer>()
        for (let next = graph.nextPolicy(only, asker, answers); next !== undefined;) {
          expect(graph.decide(only, asker, answers)).toBe('unknown')
          expect(answers.has(next.key)).toBe(false)
          answers.set(next.key, all.get(next.key) ?? 'deny')
          next = graph.nextPolicy(only, asker, answers)
        }
        expect(graph.decide(only, asker, answers)).toBe(graph.decide(only, asker, all))
        expect(graph.decide(only, asker, answers)).not.toBe('unknown')
      }),
      { numRuns: 2_000 },
    )
  })

  it('is none for who may do nothing', () => {
    const next = (asker: Asker) => asked(one, asker).next
    expect(next(caller({}, standing()))).toBe('One')
    expect(next(caller({}, standing({}, { account: account({}, true) })))).toBeUndefined()
    expect(next(caller({}, standing({}, { account: undefined })))).toBeUndefined()
  })

  it('is none for a sign-in where only bearers may', () => {
    const only = { name: 'only', protection: { access: 'protected', requirement: one, bearerOnly: true } } as const
    const graph = new PermissionGraph([only])
    expect(graph.nextPolicy(only, anAdmin, new Map())?.name).toBe('One')
    expect(graph.nextPolicy(only, { ...anAdmin, credential: 'sign-in' }, new Map())).toBeUndefined()
  })
})

function treeWithPolicies(): fc.Arbitrary<Requirement> {
  return randomTree(fc.constantFrom(one, two, three))
}
