import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { effectiveGrants } from '../../../src/core/permission/effective-grants.js'
import { categories, grantsOf, noGrants } from '../../../src/core/permission/grants.js'

describe.each(categories)('%s', (category) => {
  it.each([
    ['neither', [], [], []],
    ['the token alone', ['x'], [], []],
    ['the database alone', [], ['x'], []],
    ['both', ['x'], ['x'], ['x']],
  ])('held by %s', (_name, claimed, stored, held) => {
    const effective = effectiveGrants({ [category]: claimed }, grantsOf({ [category]: stored }))
    expect(effective[category]).toEqual(held)
  })

  it('are compared byte by byte', () => {
    const claimed = ['admin*', 'ADMIN', ' admin', 'аdmin', 'admin\u200b']
    expect(effectiveGrants({ [category]: claimed }, grantsOf({ [category]: ['admin'] }))[category]).toEqual([])
    expect(effectiveGrants({ [category]: ['admin'] }, grantsOf({ [category]: claimed }))[category]).toEqual([])
  })

  it('are not borrowed from another category', () => {
    for (const other of categories.filter((name) => name !== category)) {
      const effective = effectiveGrants({ [category]: ['x'], [other]: [] }, grantsOf({ [other]: ['x'] }))
      expect(effective[category]).toEqual([])
      expect(effective[other]).toEqual([])
    }
  })
})

describe('a category that the issuer does not declare', () => {
  it.each(categories.filter((name) => name !== 'scopes'))('comes from the database: %s', (category) => {
    expect(effectiveGrants({}, grantsOf({ [category]: ['x', 'y'] }))[category]).toEqual(['x', 'y'])
  })

  it('is nothing for scopes, which the token always caps', () => {
    expect(effectiveGrants({}, grantsOf({ scopes: ['read'] })).scopes).toEqual([])
    expect(effectiveGrants({ scopes: ['read'] }, grantsOf({ scopes: ['read', 'write'] })).scopes).toEqual(['read'])
  })
})

describe('effective grants', () => {
  it('are none for an account without any', () => {
    const asserted = { roles: ['x'], groups: ['x'], scopes: ['x'], resources: ['x'], permissions: ['x'] }
    expect(effectiveGrants(asserted, noGrants)).toEqual(noGrants)
  })

  it('never hold what the database does not, nor a declared category more than the token', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'))
    const record = { roles: names, groups: names, scopes: names, resources: names, permissions: names }
    fc.assert(
      fc.property(fc.record(record, { requiredKeys: [] }), fc.record(record), (asserted, stored) => {
        const effective = effectiveGrants(asserted, stored)
        for (const category of categories) {
          for (const name of effective[category]) {
            expect(stored[category]).toContain(name)
            if (asserted[category] !== undefined || category === 'scopes') expect(asserted[category]).toContain(name)
          }
        }
      }),
    )
  })
})
