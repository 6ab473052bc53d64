import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { categories, noGrants } from '../../../../src/core/permission/grants.js'
import { allOf, anyOf, grant, not, role } from '../../../../src/core/permission/requirement/builders.js'
import type { Requirement } from '../../../../src/core/permission/requirement/requirement.js'
import type { StoredStanding } from '../../../../src/core/permission/standing.js'
import { randomClaims, randomGrants, randomPositive, randomStanding } from './random-permissions.js'
import { account, caller, holder, item, standing, verdictOf } from './samples.js'

const notGuest = not(role('guest'))
const catalogue = {
  names: { ...noGrants, roles: ['guest', 'user'] },
  roles: new Map(),
  groups: new Map([['visitors', ['guest']]]),
}

describe('not', () => {
  describe.each(categories)('over %s', (category) => {
    it.each([
      ['neither', [], [], 'allow'],
      ['the token alone', ['x'], [], 'deny'],
      ['the database alone', [], ['x'], 'deny'],
      ['both', ['x'], ['x'], 'deny'],
    ])('of what is held by %s', (_whose, claimed, stored, expected) => {
      const asker = caller({ [category]: claimed }, standing({ [category]: stored }))
      expect(verdictOf(not(grant(category, 'x')), asker)).toBe(expected)
    })

    it('asks the database where the issuer declares nothing', () => {
      expect(verdictOf(not(grant(category, 'x')), caller({}, standing({ [category]: ['x'] })))).toBe('deny')
      expect(verdictOf(not(grant(category, 'x')), caller({}, standing({ [category]: ['y'] })))).toBe('allow')
    })
  })

  it('never comes to hold by a claim that is lost, where the token alone says who holds what', () => {
    const anyCategory = fc.constantFrom(...categories)
    fc.assert(
      fc.property(randomPositive, randomClaims, randomStanding, anyCategory, (of, claims, drawn, category) => {
        const stored: StoredStanding = { ...drawn, source: 'catalogue' }
        const { [category]: lost, ...absent } = claims
        if (lost === undefined || verdictOf(not(of), caller(claims, stored)) === 'allow') return
        expect(verdictOf(not(of), caller({ ...claims, [category]: [] }, stored))).toBe('deny')
        expect(verdictOf(not(of), caller(absent, stored))).toBe('deny')
      }),
      { numRuns: 2_000 },
    )
  })

  it('never holds of what an account is assigned, whatever the token says', () => {
    fc.assert(
      fc.property(randomPositive, randomClaims, randomGrants, (of, claims, assigned) => {
        if (verdictOf(of, holder(assigned)) === 'deny') return
        expect(verdictOf(not(of), caller(claims, standing(assigned)))).toBe('deny')
      }),
      { numRuns: 2_000 },
    )
  })

  it('over several is about all that is mentioned anywhere', () => {
    const asker = caller({ roles: ['a'] }, standing({ roles: ['b'] }))
    expect(verdictOf(not(allOf(role('a'), role('b'))), asker)).toBe('deny')
    expect(verdictOf(not(allOf(role('a'), role('c'))), asker)).toBe('allow')
    expect(verdictOf(not(anyOf(role('a'), role('c'))), asker)).toBe('deny')
    expect(verdictOf(not(anyOf(role('c'), role('d'))), asker)).toBe('allow')
  })

  it.each(['not', 'policy'] as const)('over %s is refused by the graph', (kind) => {
    const policy = { name: 'Some', key: class Some {}, milliseconds: 1 }
    const of: Requirement = kind === 'not' ? notGuest : { kind, policy }
    expect(() => new PermissionGraph([item(not(of))])).toThrow(TypeError)
    expect(() => new PermissionGraph([item(not(anyOf(role('a'), of)))])).toThrow(TypeError)
    expect(() => new PermissionGraph([item(not(anyOf(role('a'), role('b'))))])).not.toThrow()
  })
})

describe('not, where the token alone says who holds what', () => {
  const catalogued = standing({}, { source: 'catalogue', catalogue })

  it.each([
    ['says other roles', { roles: ['user'] }, 'allow'],
    ['says roles that the tenant does not have', { roles: ['root'] }, 'allow'],
    ['says the role', { roles: ['guest'] }, 'deny'],
    ['says an empty list', { roles: [] }, 'deny'],
    ['says nothing of roles', {}, 'deny'],
    ['says nothing of roles but groups that carry it', { groups: ['visitors'] }, 'deny'],
    ['says another category only', { scopes: ['user'] }, 'deny'],
  ])('and the token %s', (_what, asserted, expected) => {
    expect(verdictOf(notGuest, caller(asserted, catalogued))).toBe(expected)
  })

  it('holds only where the account is not assigned it either', () => {
    const assigned = { ...catalogued, account: account({ roles: ['guest'] }) }
    expect(verdictOf(notGuest, caller({ roles: ['user'] }, assigned))).toBe('deny')
    expect(verdictOf(notGuest, caller({ roles: ['user'] }, catalogued))).toBe('allow')
  })

  it('holds only where signing up does not bring it along', () => {
    const signedUp = (roles: readonly string[]) =>
      caller({ roles: ['user'] }, { ...catalogued, account: undefined, signUp: { admits: 'everybody', roles } })
    expect(verdictOf(notGuest, signedUp(['guest']))).toBe('deny')
    expect(verdictOf(notGuest, signedUp(['user']))).toBe('allow')
  })
})
