import { describe, expect, it } from '@jest/globals'
import { formatExplanation } from '../../../src/cli/permission/format-explanation.js'
import { bearerOf, nobody, type Asker } from '../../../src/core/permission/asker.js'
import { PermissionGraph } from '../../../src/core/permission/graph/permission-graph.js'
import { grantsOf, type AssertedGrants, type Grants } from '../../../src/core/permission/grants.js'
import { holdingOf } from '../../../src/core/permission/holding.js'
import type { Protection } from '../../../src/core/permission/protection.js'
import { allOf, anyOf, group, not, permission, role, scope } from '../../../src/core/permission/requirement/builders.js'
import { authenticated, type Requirement } from '../../../src/core/permission/requirement/requirement.js'
import { noCatalogue, type GrantSource } from '../../../src/core/permission/standing.js'

const officeHours: Requirement = { kind: 'policy', policy: { name: 'OfficeHours', key: class {}, milliseconds: 1 } }

interface Held {
  readonly stored?: Partial<Grants>
  readonly token?: AssertedGrants
  readonly disabled?: boolean
  readonly source?: GrantSource
  /** What the tenant's tables know. */
  readonly names?: Partial<Grants>
}

function askerOf({
  disabled = false,
  names = {},
  source = 'assigned',
  stored = {},
  token = grantsOf(stored),
}: Held): Asker {
  const account = { id: '1', email: 'ana@x.test', name: undefined, disabled, grants: grantsOf(stored) }
  const catalogue = { ...noCatalogue, names: grantsOf(names) }
  const standing = { account, source, signUp: { admits: 'nobody' }, catalogue } as const
  return bearerOf(holdingOf(token, { ...standing, policyVersion: '1' }))
}

function explained(protection: Protection, asker: Asker, { source = 'assigned', stored = {} }: Held = {}): string {
  const item = { name: 'pay', protection }
  const explanation = new PermissionGraph([item]).explain(item, asker)
  return formatExplanation({ who: 'ana', explanation, assigned: { grants: grantsOf(stored), source } })
}

function explainedFor(requirement: Requirement, held: Held): string {
  return explained({ access: 'protected', requirement }, askerOf(held), held)
}

describe('an explanation in words', () => {
  it('is a sentence and the requirement as a tree', () => {
    expect(explainedFor(allOf(anyOf(role('a'), role('b')), not(group('c'))), { stored: { roles: ['b'] } })).toBe(
      `ana may use pay.

✓ all of
  ✓ any of
    ✗ role a: neither in the token nor in the database
    ✓ role b
  ✓ neither the token nor the database mentions
    ✗ group c: neither in the token nor in the database`,
    )
  })

  it('says where each grant is absent, and what would help', () => {
    const requirement = allOf(role('a'), anyOf(role('b'), group('c')), scope('d'), not(group('e')))
    const stored = { roles: ['a'], groups: ['e'], scopes: ['d'] }
    const token = { roles: ['b'], groups: [], scopes: [] }
    expect(explainedFor(requirement, { stored, token })).toBe(
      `ana may not use pay.

✗ all of
  ✗ role a: in the database, but not in the token
  ✗ any of
    ✗ role b: not in the database
    ✗ group c: neither in the token nor in the database
  ✗ scope d: in the database, but outside the scope of the token
  ✗ neither the token nor the database mentions
    ✓ group e: in the database

What would help:
- sign in again for a token with the role a
- grant the role b in the tenant's database, or grant the group c in the tenant's database
- sign in with the scope d
- take away group e`,
    )
  })

  it('advises to step up where scopes are all that is missing and callers are told so', () => {
    const requirement = allOf(role('a'), scope('b'), scope('c'))
    const asker = askerOf({ stored: { roles: ['a'], scopes: ['b', 'c'] }, token: { roles: ['a'], scopes: [] } })
    const elevatable: Protection = { access: 'protected', requirement, elevatable: true }
    expect(explained(elevatable, asker)).toMatch(/What would help:\n- step up with the scopes b and c$/)
    expect(explained({ access: 'protected', requirement }, asker)).not.toContain('step up')
  })

  it('names the policy that has the last word', () => {
    expect(explainedFor(allOf(role('a'), officeHours), { stored: { roles: ['a'] } })).toBe(
      `ana may use pay unless the policy OfficeHours refuses the call.

✓ all of
  ✓ role a
  ? policy OfficeHours: asked on each call`.replace('✓ all', '? all'),
    )
    expect(explainedFor(allOf(role('a'), officeHours), {})).toContain('ana may not use pay.')
  })

  it('says what stands before any grant', () => {
    const disabled = explainedFor(role('a'), { stored: { roles: ['a'] }, disabled: true })
    expect(disabled).toContain('ana may not use pay.\n✗ the account is disabled\n\n✗ role a: the account is disabled')
    expect(disabled).toMatch(/What would help:\n- enable the account$/)
    const bearerOnly: Protection = { access: 'protected', requirement: authenticated, bearerOnly: true }
    const signedIn: Asker = { ...askerOf({}), credential: 'sign-in' }
    expect(explained(bearerOnly, signedIn)).toContain('✗ it takes a bearer token')
    expect(explained(bearerOnly, askerOf({}))).toBe('ana may use pay.\n\n✓ signed in')
    expect(explained({ access: 'protected', requirement: role('a') }, nobody)).toBe(
      'ana may not use pay.\n✗ nobody is signed in',
    )
  })

  it('says that a public tool is for everybody', () => {
    expect(explained({ access: 'public' }, askerOf({}))).toBe(
      'ana may use pay: it is public, for everybody who reaches the server.',
    )
  })

  it('advises nothing that tokens of the own issuer never say', () => {
    const names = { roles: ['a'], scopes: ['d'], permissions: ['x:y'] }
    const held = { names, source: 'catalogue', stored: { permissions: ['x:y'] } } as const
    const token = { roles: [], groups: [], scopes: ['mcp'], resources: [] }
    const text = explainedFor(allOf(permission('x:y'), role('a'), scope('d')), { ...held, token })
    expect(text.split('\n').slice(-3)).toEqual([
      "- let a role of the account carry the permission x:y in the tenant's database",
      "- grant the role a in the tenant's database",
      "- grant the scope d in the tenant's database",
    ])
    expect(explainedFor(not(role('b')), { ...held, token })).not.toContain('take away')
    const assigned = { stored: { scopes: ['d'] }, token: { ...token, scopes: ['mcp'] } }
    expect(explainedFor(scope('d'), assigned)).toContain('- sign in with the scope d')
    expect(explainedFor(permission('x:y'), assigned)).toContain("- grant the permission x:y in the tenant's database")
  })

  it('shows names as they are, on one line each', () => {
    const forged = 'a\n✓ role b'
    const text = explainedFor(allOf(role(forged), role('admin '), role('admin')), { stored: { roles: ['admin'] } })
    expect(text.split('\n').filter((line) => /^ *[✓✗] role/.test(line))).toEqual([
      String.raw`  ✗ role "a\n✓ role b": neither in the token nor in the database`,
      '  ✗ role "admin ": neither in the token nor in the database',
      '  ✓ role admin',
    ])
    expect(text).toContain(`- grant the role "admin " in the tenant's database`)
  })
})
