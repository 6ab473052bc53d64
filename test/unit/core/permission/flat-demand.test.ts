import { describe, expect, it } from '@jest/globals'
import { grantedBy, missingFor } from '../../../../src/core/permission/graph/grounds.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { categories, type Grants } from '../../../../src/core/permission/grants.js'
import { allOf, resource, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import {
  authenticated,
  joinRequirements,
  requirementOf,
  scopesNamedBy,
  type Demand,
  type Requirement,
} from '../../../../src/core/permission/requirement/requirement.js'
import { all, any, caller, everywhere, holder, item, standing, treeOf, verdictOf } from './samples.js'

const outcome = (asked: Demand | Requirement, held: Partial<Grants>) => verdictOf(treeOf(asked), holder(held))

function record(asked: Demand | Requirement, held: Partial<Grants>): readonly string[] {
  const only = item(treeOf(asked))
  const explanation = new PermissionGraph([only]).explain(only, holder(held))
  return explanation.verdict === 'allow' ? grantedBy(explanation) : ['missing', ...missingFor(explanation)]
}

describe('a requirement', () => {
  it('without demands allows every authenticated user', () => {
    expect(outcome(authenticated, {})).toBe('allow')
    expect(record(authenticated, {})).toEqual([])
  })

  describe.each(categories)('on %s', (category) => {
    it('allows who holds the name', () => {
      expect(record(any({ [category]: ['a'] }), { [category]: ['x', 'a'] })).toEqual([`${category}:a`])
    })

    it('refuses who does not, and says what was missing', () => {
      expect(record(any({ [category]: ['a', 'b'] }), { [category]: ['x'] })).toEqual(['missing', `${category}:a|b`])
    })

    it('refuses who holds the name in another category', () => {
      for (const other of categories.filter((name) => name !== category)) {
        expect(outcome(any({ [category]: ['a'] }), { [other]: ['a'] })).toBe('deny')
        expect(outcome(all({ [category]: ['a'] }), { [other]: ['a'] })).toBe('deny')
      }
    })

    it('grants nothing by an empty list', () => {
      const held = everywhere('a')
      expect(outcome(any({ [category]: [] }), held)).toBe('deny')
      expect(outcome(all({ [category]: [] }), held)).toBe('deny')
      expect(outcome(all({ ...everywhere('a'), [category]: [] }), held)).toBe('deny')
      expect(outcome(all(everywhere('a')), held)).toBe('allow')
    })
  })

  it('that lists no category grants nothing', () => {
    expect(outcome(any({}), { roles: ['a'] })).toBe('deny')
    expect(outcome(all({}), { roles: ['a'] })).toBe('deny')
  })

  it('demands all that is joined', () => {
    const both = joinRequirements(treeOf(any({ roles: ['a'] })), treeOf(any({ scopes: ['s', 't'] })))
    expect(record(both, { roles: ['a'], scopes: ['s'] })).toEqual(['roles:a', 'scopes:s'])
    expect(record(both, { roles: ['a'] })).toEqual(['missing', 'scopes:s|t'])
    expect(record(both, { scopes: ['s'] })).toEqual(['missing', 'roles:a'])
  })

  it('that joins nothing is every authenticated user, and one that joins nothing grantable is nobody', () => {
    expect(joinRequirements()).toEqual(authenticated)
    expect(joinRequirements(authenticated, role('a'))).toEqual(role('a'))
    expect(outcome(joinRequirements(authenticated, treeOf(any({}))), { roles: ['a'] })).toBe('deny')
  })

  it('names its scopes once', () => {
    const demand = requirementOf(all({ permissions: ['p'], scopes: ['s', 't'], roles: ['r'] }))
    expect(scopesNamedBy(joinRequirements(demand, requirementOf(any({ scopes: ['t', 'u'] }))))).toEqual(['s', 't', 'u'])
    expect(scopesNamedBy({ kind: 'not', of: scope('s') })).toEqual([])
  })
})

describe('any of several categories', () => {
  it.each([
    [{}, 'deny'],
    [{ roles: ['admin'] }, 'allow'],
    [{ scopes: ['write'] }, 'allow'],
    [{ roles: ['admin'], scopes: ['write'] }, 'allow'],
    [{ roles: ['write'], scopes: ['admin'] }, 'deny'],
  ])('held %j: %s', (held, expected) => {
    expect(outcome(any({ roles: ['admin'], scopes: ['write'] }), held)).toBe(expected)
  })
})

describe('requireAll', () => {
  const demand = all({ roles: ['admin', 'deployer'], scopes: ['write'], resources: ['production', 'sensitive-data'] })
  const enough = { roles: ['deployer'], scopes: ['write'], resources: ['sensitive-data', 'production'] }

  it.each([
    ['any role, the scope and both resources', enough, 'allow'],
    ['no role', { ...enough, roles: [] }, 'deny'],
    ['no scope', { ...enough, scopes: ['read'] }, 'deny'],
    ['one resource', { ...enough, resources: ['production'] }, 'deny'],
    ['the other resource', { ...enough, resources: ['sensitive-data'] }, 'deny'],
    ['the same resource twice', { ...enough, resources: ['production', 'production'] }, 'deny'],
    ['nothing', {}, 'deny'],
  ])('held %s', (_name, held, expected) => {
    expect(outcome(demand, held)).toBe(expected)
  })

  it('is one resource where the token and the database name one each', () => {
    const { resources, ...rest } = enough
    const token = { ...rest, resources: ['production'] }
    const verdict = (stored: Partial<Grants>) => verdictOf(treeOf(demand), caller(token, standing(stored)))
    expect(verdict({ ...rest, resources: ['sensitive-data'] })).toBe('deny')
    expect(verdictOf(treeOf(demand), caller(enough, standing({ ...rest, resources })))).toBe('allow')
  })

  it('says everything that was missing, category by category', () => {
    expect(record(demand, { resources: ['production'] })).toEqual([
      'missing',
      'roles:admin|deployer',
      'scopes:write',
      'resources:sensitive-data',
    ])
  })
})

describe('permissions', () => {
  it('are never split into a resource and a scope', () => {
    const permissions = ['billing:read', 'reports:write']
    const billing = allOf(resource('billing'), scope('write'))
    expect(outcome(billing, { permissions })).toBe('deny')
    expect(outcome(all({ resources: ['billing'], scopes: ['write'] }), { permissions })).toBe('deny')
    expect(outcome(any({ permissions: ['billing:write'] }), { permissions })).toBe('deny')
    expect(outcome(billing, { resources: ['billing'], scopes: ['write'] })).toBe('allow')
    expect(outcome(any({ permissions: ['billing:write'] }), { permissions: ['billing:write'] })).toBe('allow')
  })

  it('are never put together from parts', () => {
    const parts = ['billing', 'read', 'billing:', ':read', 'billing:*', '*', '*:read']
    const held = { ...everywhere('billing', 'read'), permissions: parts }
    expect(outcome(any({ permissions: ['billing:read'] }), held)).toBe('deny')
    expect(outcome(any({ permissions: ['billing:read'] }), { permissions: ['billing:read'] })).toBe('allow')
  })
})
