import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { allOf, anyOf, group, not, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import { readRequirement } from '../../../../src/core/permission/requirement/read-requirement.js'
import { partsOf } from '../../../../src/core/permission/requirement/requirement.js'
import { randomTree } from './random-permissions.js'

class OwnInvoices {
  decide(): 'allow' {
    return 'allow'
  }
}
class NoPolicy {}

const problemsOf = (value: unknown): readonly string[] => readRequirement(value).problems

describe('a requirement that is read', () => {
  it('is an equal copy, frozen all through', () => {
    fc.assert(
      fc.property(randomTree(fc.constant(policy(OwnInvoices))), (tree) => {
        const { requirement, problems } = readRequirement(tree)
        expect({ requirement, problems }).toEqual({ requirement: tree, problems: [] })
        if (requirement === undefined) return
        const lists = partsOf(requirement).flatMap((part) => ('of' in part ? [part.of] : []))
        const policies = partsOf(requirement).flatMap((part) => (part.kind === 'policy' ? [part.policy] : []))
        expect([...partsOf(requirement), ...lists, ...policies].every(Object.isFrozen)).toBe(true)
      }),
    )
  })

  it('stays what it was when the original is changed', () => {
    const first = { kind: 'grant', category: 'roles', name: 'admin' }
    const original = { kind: 'allOf', of: [first, { kind: 'grant', category: 'scopes', name: 'write' }] }
    const { requirement } = readRequirement(original)
    first.name = 'everybody'
    original.of.pop()
    original.kind = 'anyOf'
    expect(requirement).toEqual(allOf(role('admin'), scope('write')))
  })

  it('looks at each member once, so that none can be one thing and then another', () => {
    let looks = 0
    const sly = {
      kind: 'grant',
      category: 'roles',
      get name() {
        looks += 1
        return looks === 1 ? 'admin' : 'everybody'
      },
    }
    expect(readRequirement(sly).requirement).toEqual(role('admin'))
    expect(looks).toBe(1)
  })

  it('takes nothing along that is no part of it', () => {
    expect(readRequirement({ ...role('a'), of: [], requireAll: false }).requirement).toEqual(role('a'))
  })
})

describe('a requirement that cannot be read', () => {
  const strange = 'holds something that is no requirement: use role(), allOf() and the like'
  const circle = 'holds a policy() of something that is no class: perhaps its module is part of an import circle'

  it.each([
    ['nothing', undefined, strange],
    ['text', 'admin', strange],
    ['a flat form', { roles: ['admin'] }, strange],
    ['a builder that was not called', role, strange],
    ['a kind that nobody knows', { kind: 'oneOf', of: [role('a')] }, strange],
    ['a list of nothing', { kind: 'allOf', of: [] }, 'has an allOf() of nothing: name what is demanded'],
    ['a list that is none', { kind: 'anyOf', of: role('a') }, 'has an anyOf() of nothing: name what is demanded'],
    ['a hole in a list', { kind: 'anyOf', of: [role('a'), undefined] }, strange],
    ['no category', { kind: 'grant', category: 'users', name: 'a' }, 'holds a grant of no category'],
    ['a prototype for a category', { kind: 'grant', category: '__proto__', name: 'a' }, 'holds a grant of no category'],
    ['a blank name', role(' '), 'holds a role that is no name'],
    ['no name', { kind: 'grant', category: 'groups' }, 'holds a group that is no name'],
    ['two scopes in one', scope('a b'), 'holds a scope that is "a b", which is not one scope (RFC 6749 §3.3)'],
    ['not over not', not(not(role('a'))), 'has a not() over not(): what is lost or undecided there must not grant'],
    [
      'not over a policy further down',
      not(allOf(role('a'), anyOf(policy(OwnInvoices)))),
      'has a not() over policy(): what is lost or undecided there must not grant',
    ],
    ['no policy', { kind: 'policy' }, 'holds a policy() of nothing'],
    ['a policy of no class', { kind: 'policy', policy: { name: 'x', key: undefined, milliseconds: 1 } }, circle],
    [
      'a class that decides nothing',
      { kind: 'policy', policy: { name: 'NoPolicy', key: NoPolicy, milliseconds: 1 } },
      'holds the policy NoPolicy, which has no method decide(user, call)',
    ],
  ])('%s', (_what, value, problem) => {
    expect(readRequirement(value)).toEqual({ requirement: undefined, problems: [problem] })
  })

  it.each([0, -1, Number.NaN, 60_001, Number.POSITIVE_INFINITY])('a policy with %d milliseconds', (milliseconds) => {
    expect(problemsOf(policy(OwnInvoices, { milliseconds }))).toEqual([
      'gives the policy OwnInvoices no time: milliseconds is above 0 and at most 60000',
    ])
    expect(problemsOf(policy(OwnInvoices, { milliseconds: 60_000 }))).toEqual([])
  })

  it('holds a list that says by other means that it is shorter', () => {
    const admin = allOf(role('admin'), role('owner'))
    const emptied = [role('admin')]
    Object.defineProperty(emptied, Symbol.iterator, { value: function* () {} })
    class Short extends Array<unknown> {
      override *[Symbol.iterator](): ArrayIterator<unknown> {}
    }
    for (const list of [emptied, Short.from([role('admin')])]) {
      for (const kind of ['allOf', 'anyOf']) {
        const { requirement } = readRequirement({ kind, of: list })
        expect(requirement).toEqual({ kind, of: [role('admin')] })
      }
    }
    expect(readRequirement(admin).requirement).toEqual(admin)
    expect(problemsOf({ kind: 'allOf', of: Array.from({ length: 1 }) })).toHaveLength(1)
    expect(problemsOf({ kind: 'allOf', of: new Array(2) })).toHaveLength(1)
  })

  it('inherits what it says', () => {
    expect(problemsOf(Object.create({ kind: 'allOf', of: [role('admin')] }))).toHaveLength(1)
    expect(problemsOf({ kind: 'anyOf', of: [Object.create(role('admin'))] })).toHaveLength(1)
    expect(problemsOf(Object.assign(Object.create({ category: 'roles' }), { kind: 'grant', name: 'a' }))).toHaveLength(
      1,
    )
  })

  it('says everything that is wrong at once', () => {
    expect(problemsOf(allOf(role(''), anyOf(group('fine'), scope('a b')), { kind: 'anyOf', of: [] }))).toEqual([
      'holds a role that is no name',
      'holds a scope that is "a b", which is not one scope (RFC 6749 §3.3)',
      'has an anyOf() of nothing: name what is demanded',
    ])
  })

  it('is nested more than 32 deep, even where it holds itself', () => {
    const nested = (depth: number): unknown => (depth === 0 ? role('a') : { kind: 'allOf', of: [nested(depth - 1)] })
    expect(problemsOf(nested(32))).toEqual([])
    expect(problemsOf(nested(33))).toEqual(['is nested more than 32 deep'])
    const round: { readonly kind: string; readonly of: unknown[] } = { kind: 'allOf', of: [] }
    round.of.push(round, round)
    expect(problemsOf(round)).toContain('is nested more than 32 deep')
  })

  it('has more than 1000 parts', () => {
    const wide = (count: number) => ({ kind: 'anyOf', of: Array.from({ length: count }, (_, at) => role(`r${at}`)) })
    expect(problemsOf(wide(999))).toEqual([])
    expect(problemsOf(wide(1_000))).toEqual(['has more than 1000 parts'])
  })
})
