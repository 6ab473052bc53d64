import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decide } from '../../../src/core/permission/decide.js'
import { categories, grantsOf, noGrants, type Category, type Grants } from '../../../src/core/permission/grants.js'
import {
  authenticated,
  joinRequirements,
  listedCategories,
  scopesNamedBy,
  type Demand,
  type Requirement,
} from '../../../src/core/permission/requirement.js'

type Names = Partial<Record<Category, readonly string[]>>

const any = (listed: Names): Requirement => ({ allOf: [{ requireAll: false, listed }] })
const all = (listed: Names): Requirement => ({ allOf: [{ requireAll: true, listed }] })
const outcome = (requirement: Requirement, held: Partial<Grants>) => decide(requirement, grantsOf(held)).outcome

/** The written rule, word by word, and nothing of the code under test. */
function oracle(requirement: Requirement, held: Grants): 'allow' | 'deny' {
  for (const { requireAll, listed } of requirement.allOf) {
    let asked = 0
    let passed = 0
    for (const category of ['roles', 'groups', 'scopes', 'resources', 'permissions'] as const) {
      const names = listed[category]
      if (names === undefined) continue
      asked += 1
      let hits = 0
      for (const name of names) for (const own of held[category]) if (own === name) hits += 1
      if (requireAll && category === 'resources') passed += names.length > 0 && hits === names.length ? 1 : 0
      else passed += hits > 0 ? 1 : 0
    }
    const holds = requireAll ? asked > 0 && passed === asked : passed > 0
    if (!holds) return 'deny'
  }
  return 'allow'
}

describe('a requirement', () => {
  it('without demands allows every authenticated user', () => {
    expect(decide(authenticated, noGrants)).toEqual({ outcome: 'allow', via: [] })
  })

  describe.each(categories)('on %s', (category) => {
    it('allows who holds the name', () => {
      expect(decide(any({ [category]: ['a'] }), grantsOf({ [category]: ['x', 'a'] }))).toEqual({
        outcome: 'allow',
        via: [`${category}:a`],
      })
    })

    it('refuses who does not, and says what was missing', () => {
      expect(decide(any({ [category]: ['a', 'b'] }), grantsOf({ [category]: ['x'] }))).toEqual({
        outcome: 'deny',
        missing: [`${category}:a|b`],
      })
    })

    it('refuses who holds the name in another category', () => {
      for (const other of categories.filter((name) => name !== category)) {
        expect(outcome(any({ [category]: ['a'] }), { [other]: ['a'] })).toBe('deny')
        expect(outcome(all({ [category]: ['a'] }), { [other]: ['a'] })).toBe('deny')
      }
    })

    it('grants nothing by an empty list', () => {
      const everything = { roles: ['a'], groups: ['a'], scopes: ['a'], resources: ['a'], permissions: ['a'] }
      expect(outcome(any({ [category]: [] }), everything)).toBe('deny')
      expect(outcome(all({ [category]: [] }), everything)).toBe('deny')
      expect(outcome(all({ [category]: [], roles: category === 'roles' ? [] : ['a'] }), everything)).toBe('deny')
    })
  })

  it('that lists no category grants nothing', () => {
    expect(outcome(any({}), { roles: ['a'] })).toBe('deny')
    expect(outcome(all({}), { roles: ['a'] })).toBe('deny')
  })

  it('demands all that is joined', () => {
    const both = joinRequirements(any({ roles: ['a'] }), any({ scopes: ['s'] }))
    expect(decide(both, grantsOf({ roles: ['a'], scopes: ['s'] }))).toEqual({
      outcome: 'allow',
      via: ['roles:a', 'scopes:s'],
    })
    expect(decide(both, grantsOf({ roles: ['a'] }))).toEqual({ outcome: 'deny', missing: ['scopes:s'] })
    expect(decide(both, grantsOf({ scopes: ['s'] }))).toEqual({ outcome: 'deny', missing: ['roles:a'] })
    expect(outcome(joinRequirements(), {})).toBe('allow')
  })

  it('names its scopes once and its categories in order', () => {
    const demand: Demand = { requireAll: true, listed: { permissions: ['p'], scopes: ['s', 't'], roles: [] } }
    expect(listedCategories(demand)).toEqual(['roles', 'scopes', 'permissions'])
    expect(scopesNamedBy({ allOf: [demand, { requireAll: false, listed: { scopes: ['t', 'u'] } }] })).toEqual([
      's',
      't',
      'u',
    ])
  })
})

describe('any of several categories', () => {
  const requirement = any({ roles: ['admin'], scopes: ['write'] })

  it.each([
    [{}, 'deny'],
    [{ roles: ['admin'] }, 'allow'],
    [{ scopes: ['write'] }, 'allow'],
    [{ roles: ['admin'], scopes: ['write'] }, 'allow'],
    [{ roles: ['write'], scopes: ['admin'] }, 'deny'],
  ])('held %j: %s', (held, expected) => {
    expect(outcome(requirement, held)).toBe(expected)
  })
})

describe('requireAll', () => {
  const requirement = all({ roles: ['admin', 'deployer'], scopes: ['write'], resources: ['production', 'sensitive'] })
  const enough = { roles: ['deployer'], scopes: ['write'], resources: ['sensitive', 'production'] }

  it.each([
    ['any role, the scope and all resources', enough, 'allow'],
    ['no role', { ...enough, roles: [] }, 'deny'],
    ['no scope', { ...enough, scopes: ['read'] }, 'deny'],
    ['one resource', { ...enough, resources: ['production'] }, 'deny'],
    ['the same resource twice', { ...enough, resources: ['production', 'production'] }, 'deny'],
    ['nothing', {}, 'deny'],
  ])('held %s', (_name, held, expected) => {
    expect(outcome(requirement, held)).toBe(expected)
  })

  it('says every category that was missing', () => {
    expect(decide(requirement, grantsOf({ resources: ['production'] }))).toEqual({
      outcome: 'deny',
      missing: ['roles:admin|deployer', 'scopes:write', 'resources:production&sensitive'],
    })
  })
})

describe('matching', () => {
  const lookAlikes = [
    'admin*',
    'adm*',
    '*',
    'adm',
    'administrator',
    'ADMIN',
    'Admin',
    ' admin',
    'admin ',
    'admin\n',
    'admin\0',
    'admin\u200b',
    'аdmin',
    'ａｄｍｉｎ',
    '.*',
    '%',
    '',
  ]

  it.each(lookAlikes)('a caller with %j is no admin', (name) => {
    for (const category of categories) {
      expect(outcome(any({ [category]: ['admin'] }), { [category]: [name] })).toBe('deny')
      expect(outcome(all({ [category]: ['admin'] }), { [category]: [name] })).toBe('deny')
    }
  })

  it.each(lookAlikes)('a demand for %j is not met by admin', (name) => {
    for (const category of categories)
      expect(outcome(any({ [category]: [name] }), { [category]: ['admin'] })).toBe('deny')
  })

  it('does not compose letters', () => {
    expect(outcome(any({ roles: ['é'] }), { roles: ['e\u0301'] })).toBe('deny')
    expect(outcome(any({ roles: ['é'] }), { roles: ['é'] })).toBe('allow')
  })

  it('never splits a permission', () => {
    expect(
      outcome(any({ permissions: ['invoice:read'] }), {
        permissions: ['invoice', 'read', 'invoice:', ':read', 'invoice:*'],
      }),
    ).toBe('deny')
    expect(outcome(any({ permissions: ['invoice:read'] }), { permissions: ['invoice:read'] })).toBe('allow')
  })
})

describe('the decision and the oracle', () => {
  const bit = (mask: number, at: number) => (mask & (1 << at)) !== 0
  const pick = (mask: number, from: number) => ['a', 'b'].filter((_, at) => bit(mask, from + at))

  it('agree on all 4,096 combinations of three categories, two names each, for both modes', () => {
    const seen = { allow: 0, deny: 0 }
    for (let mask = 0; mask < 2 ** 12; mask += 1) {
      const listed: Names = {}
      const [roles, scopes, resources] = [pick(mask, 0), pick(mask, 2), pick(mask, 4)]
      if (roles.length > 0) listed.roles = roles
      if (scopes.length > 0) listed.scopes = scopes
      if (resources.length > 0) listed.resources = resources
      const held = grantsOf({ roles: pick(mask, 6), scopes: pick(mask, 8), resources: pick(mask, 10) })
      for (const requirement of [any(listed), all(listed)]) {
        const decided = decide(requirement, held).outcome
        if (decided !== oracle(requirement, held)) throw new Error(`they differ on ${mask}`)
        seen[decided] += 1
      }
    }
    expect(seen.allow + seen.deny).toBe(2 * 2 ** 12)
    expect(Math.min(seen.allow, seen.deny)).toBeGreaterThan(500)
  })

  it('agree on 2,000 random requirements', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'A', 'a ', ''), { maxLength: 4 })
    const record = { roles: names, groups: names, scopes: names, resources: names, permissions: names }
    const demand = fc.record({ requireAll: fc.boolean(), listed: fc.record(record, { requiredKeys: [] }) })
    const requirement = fc.record({ allOf: fc.array(demand, { maxLength: 3 }) })
    fc.assert(
      fc.property(requirement, fc.record(record), (asked, held) => {
        expect(decide(asked, held).outcome).toBe(oracle(asked, held))
      }),
      { numRuns: 2000 },
    )
  })

  it('never refuse somebody for holding more', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
    const record = { roles: names, groups: names, scopes: names, resources: names, permissions: names }
    const demand = fc.record({ requireAll: fc.boolean(), listed: fc.record(record, { requiredKeys: [] }) })
    fc.assert(
      fc.property(fc.array(demand, { maxLength: 2 }), fc.record(record), fc.record(record), (allOf, less, extra) => {
        const more = grantsOf({})
        const held = Object.fromEntries(
          categories.map((category) => [category, [...less[category], ...extra[category]]]),
        )
        if (decide({ allOf }, less).outcome !== 'allow') return
        expect(decide({ allOf }, { ...more, ...held }).outcome).toBe('allow')
      }),
    )
  })
})
