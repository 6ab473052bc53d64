import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ConfigurationError } from '../../../../src/core/error/configuration-error.js'
import { categories } from '../../../../src/core/permission/grants.js'
import {
  allOf,
  anyOf,
  group,
  not,
  permission,
  resource,
  role,
  scope,
} from '../../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import { requirementFromJson, requirementToJson } from '../../../../src/core/permission/requirement/requirement-json.js'
import { authenticated, type PolicyReference } from '../../../../src/core/permission/requirement/requirement.js'
import { randomTree } from './random-permissions.js'
import { all, any, treeOf } from './samples.js'

class OwnInvoices {
  decide(): 'allow' {
    return 'allow'
  }
}

const own = policy(OwnInvoices)

function findPolicy(name: string): PolicyReference | undefined {
  return name === 'OwnInvoices' && own.kind === 'policy' ? own.policy : undefined
}

/** What the refusal of this JSON says. */
function refusal(json: unknown): string {
  try {
    requirementFromJson(json, findPolicy)
  } catch (error) {
    if (error instanceof ConfigurationError && error.code === 'ERR_CONFIG_REQUIREMENT') return error.message
    throw error
  }
  return 'is accepted'
}

describe('a requirement as JSON', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(randomTree(fc.constant(own)), (tree) => {
        const json: unknown = JSON.parse(JSON.stringify(requirementToJson(tree)))
        expect(requirementFromJson(json, findPolicy)).toEqual(tree)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is a tree of single members', () => {
    const tree = allOf(anyOf(role('r'), group('g'), scope('s')), resource('d'), not(permission('p:q')), own)
    expect(requirementToJson(tree)).toEqual({
      allOf: [
        { anyOf: [{ role: 'r' }, { group: 'g' }, { scope: 's' }] },
        { resource: 'd' },
        { not: { permission: 'p:q' } },
        { policy: 'OwnInvoices' },
      ],
    })
  })

  it('is {} for every authenticated user', () => {
    expect(requirementToJson(authenticated)).toEqual({})
    expect(requirementFromJson({})).toBe(authenticated)
  })

  it('is frozen all through once it is read', () => {
    const read = requirementFromJson({ allOf: [{ anyOf: [{ role: 'a' }, { role: 'b' }] }, { scope: 's' }] })
    expect(Object.isFrozen(read)).toBe(true)
    expect(read.kind === 'allOf' && Object.isFrozen(read.of) && read.of.every(Object.isFrozen)).toBe(true)
  })
})

describe('the flat form', () => {
  it.each(categories)('lists %s', (category) => {
    expect(requirementFromJson({ [category]: ['a'] })).toEqual(treeOf(any({ [category]: ['a'] })))
    expect(requirementFromJson({ [category]: ['a', 'b'] })).toEqual(treeOf(any({ [category]: ['a', 'b'] })))
    expect(requirementFromJson({ [category]: ['a', 'b'], requireAll: true })).toEqual(
      treeOf(all({ [category]: ['a', 'b'] })),
    )
  })

  it('lists several categories once it says requireAll', () => {
    const listed = { roles: ['a', 'b'], resources: ['c', 'd'] }
    expect(requirementFromJson({ ...listed, requireAll: false })).toEqual(
      anyOf(role('a'), role('b'), resource('c'), resource('d')),
    )
    expect(requirementFromJson({ ...listed, requireAll: true })).toEqual(
      allOf(anyOf(role('a'), role('b')), allOf(resource('c'), resource('d'))),
    )
    expect(refusal(listed)).toBe('the requirement lists several categories: say requireAll')
  })

  it('may be a part of a tree', () => {
    expect(requirementFromJson({ allOf: [{ roles: ['a', 'b'] }, { not: { groups: ['g'] } }] })).toEqual(
      allOf(anyOf(role('a'), role('b')), not(group('g'))),
    )
  })
})

describe('JSON that is no requirement is refused, and it is said where', () => {
  it.each([
    ['null', null, 'the requirement is no object'],
    ['text', 'admin', 'the requirement is no object'],
    ['a list', [], 'the requirement is no object'],
    ['true', true, 'the requirement is no object'],
    ['an unknown member', { admin: true }, 'the requirement has an unknown member "admin"'],
    ['a list of one role', { role: ['a'] }, 'the requirement.role is no name'],
    ['a category as text', { roles: 'admin' }, 'the requirement.roles is no list of 1 to 1000 names'],
    ['an empty category', { roles: [] }, 'the requirement.roles is no list of 1 to 1000 names'],
    ['a category that is not there', { roles: undefined }, 'the requirement.roles is no list of 1 to 1000 names'],
    ['a number for a name', { roles: ['a', 1] }, 'the requirement.roles[1] is no name'],
    ['a name twice', { roles: ['a', 'a'] }, 'the requirement.roles[1] is there already'],
    ['requireAll as text', { roles: ['a'], requireAll: 'true' }, 'the requirement has a requireAll that is neither'],
    ['requireAll of null', { roles: ['a'], requireAll: null }, 'the requirement has a requireAll that is neither'],
    ['requireAll alone', { requireAll: true }, 'the requirement says requireAll of nothing'],
    [
      'a flat form and more',
      { roles: ['a'], not: { role: 'b' } },
      'the requirement has "roles" and "not": a part of a tree',
    ],
    [
      'two members',
      { role: 'a', scope: 's' },
      'the requirement has "role" and "scope": a part of a tree has one member',
    ],
    [
      'an unknown flat member',
      { roles: ['a'], users: ['b'] },
      'the requirement has "roles" and "users": a part of a tree',
    ],
    ['an empty allOf', { allOf: [] }, 'the requirement.allOf is no list of requirements'],
    ['an empty anyOf', { anyOf: [] }, 'the requirement.anyOf is no list of requirements'],
    ['no list', { anyOf: { role: 'a' } }, 'the requirement.anyOf is no list of requirements'],
    ['{} in a tree', { anyOf: [{ role: 'a' }, {}] }, 'the requirement.anyOf[1] demands nothing'],
    ['{} under not', { not: {} }, 'the requirement.not demands nothing'],
    ['a list under not', { not: [{ role: 'a' }] }, 'the requirement.not is no object'],
    [
      'a fault deep inside',
      { allOf: [{ anyOf: [{ rule: 'a' }] }] },
      'the requirement.allOf[0].anyOf[0] has an unknown',
    ],
    ['an unknown policy', { policy: 'Other' }, 'the requirement.policy names no policy that is known here: "Other"'],
    ['a policy of no name', { policy: 1 }, 'the requirement.policy names no policy that is known here: 1'],
    ['not over not', { not: { not: { role: 'a' } } }, 'the requirement has a not() over not()'],
    ['not over policy', { not: { policy: 'OwnInvoices' } }, 'the requirement has a not() over policy()'],
    ['not over a hidden not', { not: { anyOf: [{ not: { role: 'a' } }] } }, 'the requirement has a not() over not()'],
    ['an empty name', { role: '' }, 'the requirement.role is no name'],
    ['a blank name', { anyOf: [{ group: ' \t' }] }, 'the requirement.anyOf[0].group is no name'],
    ['two scopes in one', { scope: 'read write' }, 'the requirement.scope is "read write"'],
    ['a quoted scope', { scopes: ['re"ad'] }, 'the requirement.scopes[0] is "re\\"ad"'],
  ])('%s', (_what, json, message) => {
    expect(refusal(json)).toContain(message)
  })

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', ''])(
    'a member %j',
    (key) => {
      const json: unknown = JSON.parse(`{ ${JSON.stringify(key)}: { "roles": ["a"] } }`)
      expect(refusal(json)).toBe(`the requirement has an unknown member "${key}"`)
      expect(refusal({ allOf: [json] })).toBe(`the requirement.allOf[0] has an unknown member "${key}"`)
      const beside: unknown = JSON.parse(`{ "roles": ["a"], ${JSON.stringify(key)}: [] }`)
      expect(refusal(beside)).toContain(`the requirement has "roles" and "${key}"`)
    },
  )

  it.each<readonly [string, unknown]>([
    ['a map', new Map([['roles', ['a']]])],
    ['a date', new Date(0)],
    ['a promise', Promise.resolve({ roles: ['a'] })],
    ['an object that inherits its members', Object.create({ roles: ['a'] })],
    [
      'an object that inherits them from one without a prototype',
      Object.create(Object.assign(Object.create(null), { roles: ['a'] })),
    ],
    ['an object that hides its members', Object.defineProperty({}, 'roles', { value: ['a'] })],
    ['an object with a symbol', { [Symbol('roles')]: ['a'] }],
  ])('%s, which would say that everybody may', (_what, value) => {
    expect(refusal(value)).toBe('the requirement is no object as JSON has them')
    expect(refusal({})).toBe('is accepted')
  })

  it('far too much of it, in few words', () => {
    const many = Array.from({ length: 5_000 }, (_, n) => `name ${n}`)
    expect(refusal({ roles: many })).toBe('the requirement.roles is no list of 1 to 1000 names')
    expect(refusal({ ['x'.repeat(5_000)]: 1 }).length).toBeLessThan(200)
    expect(refusal({ anyOf: many.map((role) => ({ role })) }).length).toBeLessThan(200)
    expect(refusal({ anyOf: many.map(() => ({ role: '' })) }).length).toBeLessThan(2_000)
  })

  it('all faults at once', () => {
    const message = refusal({ allOf: [{ roles: [] }, { rule: 'a' }, { not: 1 }, { role: 'fine' }] })
    expect(message.split('; ')).toEqual([
      'the requirement.allOf[0].roles is no list of 1 to 1000 names',
      'the requirement.allOf[1] has an unknown member "rule"',
      'the requirement.allOf[2].not is no object as JSON has them',
    ])
  })

  it('a tree that is nested more than 32 deep', () => {
    const nested = (depth: number): unknown => (depth === 0 ? { role: 'a' } : { allOf: [nested(depth - 1)] })
    expect(refusal(nested(32))).toBe('is accepted')
    expect(refusal(nested(33))).toContain('is nested more than 32 deep')
    expect(refusal(nested(5_000))).toContain('is nested more than 32 deep')
  })

  it('a tree of more than 1000 parts', () => {
    const wide = (count: number) => ({ anyOf: Array.from({ length: count }, (_, at) => ({ role: `r${at}` })) })
    expect(refusal(wide(999))).toBe('is accepted')
    expect(refusal(wide(1_000))).toBe('the requirement has more than 1000 parts')
    expect(refusal({ roles: Array.from({ length: 1_000 }, (_, at) => `r${at}`) })).toContain('more than 1000 parts')
  })
})
