import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  categories,
  grantsOf,
  noGrants,
  type AssertedGrants,
  type Grants,
} from '../../../../src/core/permission/grants.js'
import { holdingOf } from '../../../../src/core/permission/holding.js'
import { not, role } from '../../../../src/core/permission/requirement/builders.js'
import { authenticated } from '../../../../src/core/permission/requirement/requirement.js'
import type { GrantCatalogue, StoredStanding } from '../../../../src/core/permission/standing.js'
import { randomClaims, randomGrants } from './random-permissions.js'
import { account, caller, everywhere, standing, verdictOf } from './samples.js'

const effective = (asserted: AssertedGrants, stored: StoredStanding): Grants => holdingOf(asserted, stored).effective

describe.each(categories)('%s', (category) => {
  it.each([
    ['neither', [], [], []],
    ['the token alone', ['x'], [], []],
    ['the database alone', [], ['x'], []],
    ['both', ['x'], ['x'], ['x']],
  ])('held by %s', (_name, claimed, stored, held) => {
    expect(effective({ [category]: claimed }, standing({ [category]: stored }))[category]).toEqual(held)
  })

  it('are compared byte by byte', () => {
    const claimed = ['admin*', 'ADMIN', ' admin', 'аdmin', 'admin\u200b']
    expect(effective({ [category]: claimed }, standing({ [category]: ['admin'] }))[category]).toEqual([])
    expect(effective({ [category]: ['admin'] }, standing({ [category]: claimed }))[category]).toEqual([])
  })

  it('are not borrowed from another category', () => {
    for (const other of categories.filter((name) => name !== category)) {
      const held = effective({ [category]: ['x'], [other]: [] }, standing({ [other]: ['x'] }))
      expect(held[category]).toEqual([])
      expect(held[other]).toEqual([])
    }
  })
})

describe('a category that the issuer does not declare', () => {
  it.each(categories.filter((name) => name !== 'scopes'))('comes from the account: %s', (category) => {
    expect(effective({}, standing({ [category]: ['x', 'y'] }))[category]).toEqual(['x', 'y'])
    expect(effective({ [category]: [] }, standing({ [category]: ['x', 'y'] }))[category]).toEqual([])
  })

  it('is nothing for scopes, which the token always caps', () => {
    expect(effective({}, standing({ scopes: ['read'] })).scopes).toEqual([])
    expect(effective({ scopes: ['read'] }, standing({ scopes: ['read', 'write'] })).scopes).toEqual(['read'])
  })
})

describe('effective grants', () => {
  it('are none for an account without any', () => {
    expect(effective(everywhere('x'), standing())).toEqual(noGrants)
    expect(effective(everywhere('x'), standing(everywhere('x')))).toEqual(everywhere('x'))
  })

  it('never hold what the database does not, nor a declared category more than the token', () => {
    fc.assert(
      fc.property(randomClaims, randomGrants, (asserted, stored) => {
        const held = effective(asserted, standing(stored))
        for (const category of categories) {
          for (const name of held[category]) {
            expect(stored[category]).toContain(name)
            if (asserted[category] !== undefined || category === 'scopes') expect(asserted[category]).toContain(name)
          }
        }
      }),
    )
  })
})

const catalogue: GrantCatalogue = {
  names: grantsOf({
    roles: ['admin', 'clerk'],
    groups: ['staff', 'board'],
    scopes: ['write'],
    resources: ['production', 'customers'],
    permissions: ['billing:read', 'billing:write'],
  }),
  roles: new Map([
    ['admin', { scopes: ['write'], resources: ['production'], permissions: ['billing:write', 'billing:read'] }],
    ['clerk', { scopes: [], resources: ['customers'], permissions: ['billing:read'] }],
  ]),
  groups: new Map([
    ['staff', ['clerk']],
    ['board', ['admin', 'clerk']],
  ]),
}

describe('the catalogue', () => {
  const catalogued = standing({}, { source: 'catalogue', catalogue })

  it('lets the token say who holds what the tenant has, whatever the account is assigned', () => {
    expect(effective({ roles: ['admin', 'root'] }, catalogued).roles).toEqual(['admin'])
    expect(effective({ roles: ['root'] }, catalogued).roles).toEqual([])
    expect(effective({ roles: [] }, { ...catalogued, account: account({ roles: ['admin'] }) }).roles).toEqual([])
  })

  it('brings along what effective roles carry, where the issuer declares nothing, except scopes', () => {
    const { scopes, resources, permissions } = effective({ roles: ['clerk', 'root'] }, catalogued)
    expect({ scopes, resources, permissions }).toEqual({
      scopes: [],
      resources: ['customers'],
      permissions: ['billing:read'],
    })
    expect(effective({ roles: ['admin', 'clerk'] }, catalogued).permissions).toEqual(['billing:write', 'billing:read'])
    expect(effective({ roles: ['clerk'], resources: [] }, catalogued).resources).toEqual([])
    expect(effective({ roles: ['admin'], scopes: ['write', 'delete'] }, catalogued).scopes).toEqual(['write'])
  })

  it('takes roles that are not declared from effective groups, and groups from nowhere', () => {
    expect(effective({ groups: ['staff', 'nobody'] }, catalogued)).toMatchObject({
      roles: ['clerk'],
      resources: ['customers'],
    })
    expect(effective({ groups: ['staff'], roles: [] }, catalogued)).toMatchObject({ roles: [], resources: [] })
    expect(effective({}, catalogued)).toEqual(noGrants)
  })
})

describe('whether the tenant lets a caller in', () => {
  const signUp = { admits: 'everybody', roles: ['clerk'] } as const
  const token = { ...everywhere('clerk'), resources: ['customers', 'production'], scopes: ['write'] }
  const absent = { account: undefined, catalogue }

  it.each([
    ['an account', standing(), 'active', 'allow'],
    ['a disabled account', standing({}, { account: account({}, true) }), 'disabled', 'deny'],
    [
      'a disabled account where everybody signs up',
      standing({}, { account: account({}, true), signUp }),
      'disabled',
      'deny',
    ],
    ['no account', standing({}, absent), 'unknown', 'deny'],
    ['no account where everybody signs up', standing({}, { ...absent, signUp }), 'signed-up', 'allow'],
  ])('%s', (_whose, stored, state, verdict) => {
    for (const source of ['assigned', 'catalogue'] as const) {
      const asker = caller({ ...token, roles: ['admin'] }, { ...stored, source })
      expect(asker.holding?.account).toBe(state)
      expect(verdictOf(authenticated, asker)).toBe(verdict)
      expect(verdictOf(not(role('guest')), asker)).toBe(verdict)
    }
  })

  it('holds nothing for who is not let in, whatever the token and the database say', () => {
    const disabled = standing({}, { account: account(everywhere('x'), true) })
    expect(effective(everywhere('x'), disabled)).toEqual(noGrants)
    const unknown = standing({}, { source: 'catalogue', account: undefined, catalogue })
    expect(effective({ roles: ['admin'] }, unknown)).toEqual(noGrants)
    expect(effective({ roles: ['admin'] }, { ...unknown, signUp }).roles).toEqual(['admin'])
  })

  it('grants who signs up the roles of the rule with all they carry, as far as the token says so too', () => {
    const signedUp = standing({}, { ...absent, signUp })
    expect(effective(token, signedUp)).toEqual(grantsOf({ roles: ['clerk'], resources: ['customers'] }))
    expect(effective({ ...token, roles: ['admin'], resources: [] }, signedUp)).toEqual(noGrants)
    expect(effective({}, signedUp)).toMatchObject({ roles: ['clerk'], permissions: ['billing:read'] })
  })

  it('takes only a literal false for not disabled', () => {
    const row = { ...account({ roles: ['admin'] }), ...JSON.parse('{ "disabled": null }') }
    expect(holdingOf({}, standing({}, { account: row })).account).toBe('disabled')
    expect(holdingOf({}, standing({}, { account: account({ roles: ['admin'] }) })).account).toBe('active')
  })
})

describe('what a program has put on all objects', () => {
  it.each(categories)('is no claim: %s', (category) => {
    const stored = { ...standing({}), source: 'catalogue', catalogue: everything(category) } as const
    try {
      Object.defineProperty(Object.prototype, category, { value: ['x'], configurable: true, writable: true })
      expect(holdingOf({}, stored).effective[category]).toEqual([])
      expect(holdingOf({}, standing({ [category]: ['y'] })).effective[category]).toEqual(
        category === 'scopes' ? [] : ['y'],
      )
    } finally {
      Reflect.deleteProperty(Object.prototype, category)
    }
    expect(holdingOf({ [category]: ['x'] }, stored).effective[category]).toEqual(['x'])
  })
})

function everything(category: (typeof categories)[number]): GrantCatalogue {
  return { names: grantsOf({ [category]: ['x'] }), roles: new Map(), groups: new Map() }
}
