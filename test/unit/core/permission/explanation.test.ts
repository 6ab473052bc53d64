import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { nobody, type Asker } from '../../../../src/core/permission/asker.js'
import type { AccessExplanation, Explanation } from '../../../../src/core/permission/graph/explanation.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { noGrants } from '../../../../src/core/permission/grants.js'
import type { Protection } from '../../../../src/core/permission/protection.js'
import { allOf, anyOf, not, resource, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import { authenticated, type Requirement } from '../../../../src/core/permission/requirement/requirement.js'
import { randomClaims, randomPositive, randomStanding } from './random-permissions.js'
import { account, caller, holder, item, standing } from './samples.js'

const admin = role('admin')
const write = scope('write')
const disabled = standing({}, { account: account({ roles: ['admin'], scopes: ['write'] }, true) })
const unknown = standing({}, { account: undefined })

function explained(requirement: Requirement, asker: Asker): AccessExplanation {
  const only = item(requirement)
  return new PermissionGraph([only]).explain(only, asker)
}

/** What is said of a requirement that is one grant. */
function leaf(requirement: Requirement, asker: Asker): Explanation & { readonly kind: 'grant' } {
  const { requirement: part } = explained(requirement, asker)
  if (part?.kind !== 'grant') throw new TypeError('this is no grant')
  return part
}

function grantsIn(part: Explanation): readonly (Explanation & { readonly kind: 'grant' })[] {
  if (part.kind === 'grant') return [part]
  return part.kind === 'allOf' || part.kind === 'anyOf' ? part.of.flatMap(grantsIn) : []
}

describe('a grant that does not count', () => {
  const admins = { roles: ['admin'] }
  const writers = { scopes: ['write'] }

  it.each([
    ['not in the token', admin, { roles: ['user'] }, standing(admins), ['no', 'yes', 'not-in-token']],
    ['not in the database', admin, admins, standing({ roles: ['user'] }), ['yes', 'no', 'not-in-database']],
    ['in neither', admin, { roles: [] }, standing(), ['no', 'no', 'not-in-token', 'not-in-database']],
    ['neither declared nor stored', admin, {}, standing(), ['not-declared', 'no', 'not-in-database']],
    ['outside of the scope', write, { scopes: ['read'] }, standing(writers), ['no', 'yes', 'outside-scope']],
    ['a scope without a claim', write, {}, standing(writers), ['not-declared', 'yes', 'outside-scope']],
    ['a scope in neither', write, { scopes: [] }, standing(), ['no', 'no', 'not-in-token', 'not-in-database']],
    ['a scope that is not stored', write, writers, standing(), ['yes', 'no', 'not-in-database']],
    ['of a disabled account', admin, admins, disabled, ['yes', 'yes', 'account-disabled']],
    [
      'a scope of a disabled account',
      write,
      {},
      disabled,
      ['not-declared', 'yes', 'account-disabled', 'outside-scope'],
    ],
    ['of no account', admin, admins, unknown, ['yes', 'no', 'account-unknown', 'not-in-database']],
  ])('is %s', (_why, requirement, token, stored, [inToken, inDatabase, ...obstacles]) => {
    const asker = caller(token, stored)
    expect(leaf(requirement, asker)).toEqual({ ...requirement, verdict: 'deny', inToken, inDatabase, obstacles })
    expect(explained(requirement, asker).verdict).toBe('deny')
  })

  it.each([
    ['in both', admin, admins, standing(admins), 'yes'],
    ['stored, and not declared', admin, {}, standing(admins), 'not-declared'],
    ['within the scope', write, writers, standing(writers), 'yes'],
  ])('while one does that is %s', (_why, requirement, token, stored, inToken) => {
    const asker = caller(token, stored)
    const found = { verdict: 'allow', inToken, inDatabase: 'yes', obstacles: [] }
    expect(leaf(requirement, asker)).toEqual({ ...requirement, ...found })
    expect(explained(requirement, asker)).toMatchObject({ verdict: 'allow', barriers: [] })
  })

  it('has an obstacle, and none where it counts', () => {
    fc.assert(
      fc.property(randomPositive, randomClaims, randomStanding, (requirement, token, drawn) => {
        const asker = caller(token, { ...drawn, source: 'assigned' })
        const { requirement: part } = explained(requirement, asker)
        for (const { verdict, obstacles } of part === undefined ? [] : grantsIn(part)) {
          expect(obstacles.length > 0).toBe(verdict === 'deny')
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('has an obstacle where the roles do not carry what the tenant has', () => {
    const names = { ...noGrants, roles: ['user'], resources: ['production'] }
    const catalogue = { names, roles: new Map(), groups: new Map() }
    const asker = caller({ roles: ['user'] }, standing({}, { source: 'catalogue', catalogue }))
    expect(leaf(resource('production'), asker).verdict).toBe('deny')
    expect(leaf(resource('production'), asker).obstacles).not.toEqual([])
  })
})

describe('what stands in the way before any grant', () => {
  const protectedFrom: Protection = { access: 'protected', requirement: authenticated }
  const bearerOnly: Protection = { ...protectedFrom, bearerOnly: true }
  const signedIn: Asker = { ...holder({}), credential: 'sign-in', login: 'offered' }

  it.each([
    ['a disabled account', protectedFrom, caller({}, disabled), 'account-disabled', caller({}, standing())],
    ['an unknown account', protectedFrom, caller({}, unknown), 'account-unknown', caller({}, standing())],
    ['a sign-in where only bearers may', bearerOnly, signedIn, 'bearer-needed', holder({})],
    ['nobody', protectedFrom, nobody, 'nobody-authenticated', holder({})],
    ['nobody where only bearers may', bearerOnly, nobody, 'nobody-authenticated', holder({})],
    ['no session to sign in', { access: 'login' }, nobody, 'no-sign-in-here', { ...nobody, login: 'offered' }],
  ] as const)('is %s', (_what, protection, refused, barrier, allowed) => {
    const one = { name: 'one', protection }
    const graph = new PermissionGraph([one])
    expect(graph.explain(one, refused)).toMatchObject({ verdict: 'deny', barriers: [barrier] })
    expect(graph.explain(one, allowed)).toMatchObject({ verdict: 'allow', barriers: [] })
  })

  it('is all that is said where a grant would have been enough', () => {
    const one = { name: 'one', protection: { ...bearerOnly, requirement: admin } }
    const graph = new PermissionGraph([one])
    const asker = { ...caller({ roles: ['admin'] }, disabled), credential: 'sign-in' } as const
    expect(graph.explain(one, asker).barriers).toEqual(['account-disabled', 'bearer-needed'])
  })
})

describe('an explanation', () => {
  it('has the verdict of every part', () => {
    const requirement = allOf(anyOf(admin, write), resource('production'))
    expect(explained(requirement, holder({ scopes: ['write'] }))).toMatchObject({
      operation: 'sample',
      access: 'protected',
      verdict: 'deny',
      requirement: {
        kind: 'allOf',
        verdict: 'deny',
        of: [
          { kind: 'anyOf', verdict: 'allow', of: [{ verdict: 'deny' }, { verdict: 'allow' }] },
          { kind: 'grant', category: 'resources', name: 'production', verdict: 'deny' },
        ],
      },
    })
  })

  it.each([
    ['mentioned nowhere', { roles: [] }, standing(), 'allow', 'deny'],
    ['only in the token', { roles: ['admin'] }, standing(), 'deny', 'allow'],
    ['only in the database', { roles: [] }, standing({ roles: ['admin'] }), 'deny', 'allow'],
  ])('of a not says whether its part is mentioned: %s', (_where, token, stored, verdict, mentioned) => {
    expect(explained(not(admin), caller(token, stored))).toMatchObject({
      verdict,
      requirement: { kind: 'not', verdict, of: { kind: 'grant', verdict: mentioned } },
    })
  })

  it('has no requirement where nothing is demanded, or nobody is there', () => {
    const open = { name: 'open', protection: { access: 'public' } } as const
    expect(new PermissionGraph([open]).explain(open, nobody)).toEqual({
      operation: 'open',
      verdict: 'allow',
      access: 'public',
      barriers: [],
      requirement: undefined,
    })
    expect(explained(admin, nobody).requirement).toBeUndefined()
    expect(explained(admin, holder({})).requirement).toBeDefined()
  })

  it('is of an operation of this graph only', () => {
    const graph = new PermissionGraph([item(admin)])
    expect(() => graph.explain(item(admin), holder({}))).toThrow(TypeError)
    expect(() => graph.explain(item(admin, 'other'), holder({}))).toThrow(TypeError)
  })
})
