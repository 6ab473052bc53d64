import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { nobody, type Asker } from '../../../../src/core/permission/asker.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { claimOf } from '../../../../src/core/permission/holding.js'
import type { AssertedGrants } from '../../../../src/core/permission/grants.js'
import type { Protected } from '../../../../src/core/permission/protection.js'
import { allOf, anyOf, not, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import {
  authenticated,
  scopesNamedBy,
  type Requirement,
} from '../../../../src/core/permission/requirement/requirement.js'
import type { StoredStanding } from '../../../../src/core/permission/standing.js'
import { randomClaims, randomPositive, randomStanding, randomTree } from './random-permissions.js'
import { account, caller, holder, standing } from './samples.js'

class OwnInvoices {
  decide(): 'allow' {
    return 'allow'
  }
}

const elevatable = (requirement: Requirement, marks: object = {}): Protected => ({
  name: 'sample',
  protection: { access: 'protected', requirement, elevatable: true, ...marks },
})

function stepUpOf(item: Protected, asker: Asker): readonly string[] | undefined {
  return new PermissionGraph([item]).stepUpFor(item, asker)
}

/** Somebody to whom the database grants everything, with a token of these scopes. */
const all = { roles: ['admin'], scopes: ['a', 'b', 'c'] }
const saying = (...scopes: readonly string[]): Asker => caller({ roles: ['admin'], scopes }, standing(all))

/** What a token says whose issuer says scopes. */
const sayingScopes = randomClaims.map((token): AssertedGrants => ({ scopes: [], ...token }))

/** The same caller after a step-up. */
function withScopes(token: AssertedGrants, added: readonly string[], stored: StoredStanding): Asker {
  return caller({ ...token, scopes: [...(claimOf(token, 'scopes') ?? []), ...added] }, stored)
}

describe('a step-up', () => {
  it.each<readonly [string, Requirement, readonly string[], readonly string[]]>([
    ['the one scope', scope('a'), [], ['a']],
    ['every scope where all are demanded', allOf(scope('a'), scope('b')), [], ['a', 'b']],
    ['only what is missing of them', allOf(scope('a'), scope('b'), scope('c')), ['b'], ['a', 'c']],
    ['the first of those that would do', anyOf(scope('b'), scope('a')), [], ['b']],
    ['one way where there are several', anyOf(allOf(scope('a'), scope('b')), scope('c')), [], ['a', 'b']],
    ['nothing for what is held anyway', allOf(role('admin'), scope('a')), ['c'], ['a']],
    ['what a policy still has to say yes to', allOf(scope('a'), policy(OwnInvoices)), [], ['a']],
  ])('asks for %s', (_what, requirement, held, expected) => {
    expect(stepUpOf(elevatable(requirement), saying(...held))).toEqual(expected)
  })

  it.each<readonly [string, Protected, Asker]>([
    ['an operation that may be used already', elevatable(scope('a')), saying('a')],
    ['one that a policy decides', elevatable(anyOf(scope('a'), policy(OwnInvoices))), saying()],
    ['one that is not elevatable', elevatable(scope('a'), { elevatable: false }), saying()],
    ['a role that is missing too', elevatable(allOf(scope('a'), role('owner'))), saying()],
    ['a scope that the database does not grant', elevatable(scope('d')), saying()],
    ['one such scope among others', elevatable(allOf(scope('a'), scope('d'))), saying()],
    ['a role that must not be there', elevatable(allOf(scope('a'), not(role('admin')))), saying()],
    ['a scope that must not be there', elevatable(allOf(scope('a'), not(scope('b')))), saying()],
    ['a sign-in with the five tools', elevatable(scope('a')), { ...saying(), credential: 'sign-in' }],
    ['nobody', elevatable(scope('a')), nobody],
    [
      'a disabled account',
      elevatable(scope('a')),
      caller({ scopes: [] }, standing({}, { account: account(all, true) })),
    ],
    ['an unknown account', elevatable(scope('a')), caller({ scopes: [] }, standing({}, { account: undefined }))],
    [
      'a refresh token',
      elevatable(scope('offline_access')),
      caller({ scopes: [] }, standing({ scopes: ['offline_access'] })),
    ],
    ['a public operation', { name: 'sample', protection: { access: 'public' } }, saying()],
  ])('is not offered for %s', (_what, item, asker) => {
    expect(stepUpOf(item, asker)).toBeUndefined()
    expect(new PermissionGraph([item]).explain(item, asker).stepUp).toBeUndefined()
  })

  it('is not offered where the list of scopes would fit no header', () => {
    const long = ['x'.repeat(700), 'y'.repeat(700)] as const
    const asker = caller({ scopes: [] }, standing({ scopes: [...long] }))
    expect(stepUpOf(elevatable(anyOf(scope(long[0]), scope(long[1]))), asker)).toEqual([long[0]])
    expect(stepUpOf(elevatable(allOf(scope(long[0]), scope(long[1]))), asker)).toBeUndefined()
  })

  it('is offered in a tenant where the token alone says who holds what', () => {
    const names = { roles: ['admin'], groups: [], scopes: ['a'], resources: [], permissions: [] }
    const stored = standing({}, { source: 'catalogue', catalogue: { names, roles: new Map(), groups: new Map() } })
    expect(stepUpOf(elevatable(scope('a')), caller({ scopes: [] }, stored))).toEqual(['a'])
    expect(stepUpOf(elevatable(scope('b')), caller({ scopes: [] }, stored))).toBeUndefined()
  })

  it('is not offered where no token of the issuer says scopes', () => {
    const graph = new PermissionGraph([elevatable(scope('a'))])
    const [silent, none] = [caller({ roles: ['admin'] }, standing(all)), saying()]
    expect(stepUpOf(elevatable(scope('a')), silent)).toBeUndefined()
    expect(graph.listFor(silent)).toEqual([])
    expect(graph.listFor(none)).toHaveLength(1)
    expect(graph.keyOf(silent)).not.toBe(graph.keyOf(none))
  })

  it('gives what it promises: a token with its scopes may use the operation', () => {
    let offered = 0
    fc.assert(
      fc.property(randomTree(), randomClaims, randomStanding, (requirement, token, stored) => {
        const item = elevatable(requirement)
        const graph = new PermissionGraph([item])
        const scopes = graph.stepUpFor(item, caller(token, stored))
        if (scopes === undefined) return
        offered += 1
        expect(graph.decide(item, caller(token, stored))).toBe('deny')
        expect(graph.decide(item, withScopes(token, scopes, stored))).toBe('allow')
      }),
      { numRuns: 3_000 },
    )
    expect(offered).toBeGreaterThan(40)
  })

  it('is offered to nobody whose issuer says no scopes, whatever else is held', () => {
    fc.assert(
      fc.property(randomTree(), randomClaims, randomStanding, (requirement, { scopes: _, ...token }, stored) => {
        const asker = caller(token, stored)
        const item = elevatable(requirement)
        expect(stepUpOf(item, asker)).toBeUndefined()
        expect(new PermissionGraph([item]).listFor(asker)).toEqual(
          new PermissionGraph([elevatable(requirement, { elevatable: false })]).listFor(asker).map(() => item),
        )
      }),
      { numRuns: 3_000 },
    )
  })

  it('asks for nothing that is not needed, and is offered wherever scopes are all that is missing', () => {
    const seen = { offered: 0, refused: 0 }
    fc.assert(
      fc.property(randomPositive, sayingScopes, randomStanding, (requirement, token, stored) => {
        const item = elevatable(requirement)
        const graph = new PermissionGraph([item])
        const asker = caller(token, stored)
        if (graph.decide(item, asker) !== 'deny') return
        const scopes = graph.stepUpFor(item, asker)
        seen[scopes === undefined ? 'refused' : 'offered'] += 1
        const best = withScopes(token, scopesNamedBy(requirement), stored)
        if (scopes === undefined) return expect(graph.decide(item, best)).toBe('deny')
        for (const one of scopes) {
          const fewer = scopes.filter((other) => other !== one)
          expect(graph.decide(item, withScopes(token, fewer, stored))).toBe('deny')
        }
      }),
      { numRuns: 3_000, seed: 20_260_101 },
    )
    expect(Math.min(seen.offered, seen.refused)).toBeGreaterThan(100)
  })
})

describe('the list', () => {
  const open = { name: 'open', protection: { access: 'protected', requirement: authenticated } } as const
  const items = [open, elevatable(scope('a')), { ...elevatable(scope('b'), { elevatable: false }), name: 'hidden' }]
  const graph = new PermissionGraph(items)
  const listed = (asker: Asker): readonly string[] => graph.listFor(asker).map(({ name }) => name)

  it('has what a bearer can step up to, and nothing else that it may not use', () => {
    expect(listed(saying())).toEqual(['open', 'sample'])
    expect(listed({ ...saying(), credential: 'sign-in' })).toEqual(['open'])
    expect(listed(caller({ scopes: [] }, standing({ scopes: ['b'] })))).toEqual(['open'])
  })

  it('has another key where the database grants another scope that can be stepped up to', () => {
    const key = (...scopes: readonly string[]): string => graph.keyOf(caller({ scopes: [] }, standing({ scopes })))
    expect(key('a')).not.toBe(key())
    expect(key('a', 'b', 'c')).toBe(key('a'))
  })

  it('is of another graph as soon as something becomes elevatable', () => {
    expect(new PermissionGraph([elevatable(scope('a'))]).version).not.toBe(
      new PermissionGraph([elevatable(scope('a'), { elevatable: false })]).version,
    )
  })
})

describe('the explanation', () => {
  it('says the scopes to step up with', () => {
    const item = elevatable(allOf(role('admin'), scope('a')))
    const { stepUp, verdict } = new PermissionGraph([item]).explain(item, saying('b'))
    expect({ stepUp, verdict }).toEqual({ stepUp: ['a'], verdict: 'deny' })
    expect(new PermissionGraph([item]).explain(item, holder(all))).not.toHaveProperty('stepUp')
  })
})
