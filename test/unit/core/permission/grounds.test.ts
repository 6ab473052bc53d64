import { describe, expect, it } from '@jest/globals'
import { nobody, type Asker } from '../../../../src/core/permission/asker.js'
import { grantedBy, missingFor } from '../../../../src/core/permission/graph/grounds.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import type { Protection } from '../../../../src/core/permission/protection.js'
import {
  allOf,
  anyOf,
  group,
  not,
  resource,
  role,
  scope,
} from '../../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import { authenticated, type Requirement } from '../../../../src/core/permission/requirement/requirement.js'
import { account, caller, holder, standing } from './samples.js'

class OwnInvoices {
  decide(): 'allow' {
    return 'allow'
  }
}

const own = policy(OwnInvoices)
const [a, b, c] = [role('a'), role('b'), role('c')]

/** What is put on record of a decision. */
function grounds(protection: Protection, asker: Asker, answer?: 'allow' | 'deny') {
  const one = { name: 'one', protection }
  const answers = new Map(answer === undefined ? [] : [[OwnInvoices, answer]])
  const explanation = new PermissionGraph([one]).explain(one, asker, answers)
  return { granted: grantedBy(explanation), missing: missingFor(explanation) }
}

const demand = (requirement: Requirement): Protection => ({ access: 'protected', requirement })

describe('what granted', () => {
  it.each([
    ['the role', a, { roles: ['a'] }, ['roles:a']],
    ['each of all', allOf(a, scope('s')), { roles: ['a'], scopes: ['s'] }, ['roles:a', 'scopes:s']],
    ['the first of any', anyOf(a, b, c), { roles: ['c', 'b'] }, ['roles:b']],
    ['what any needed', anyOf(a, allOf(b, scope('s'))), { roles: ['b'], scopes: ['s'] }, ['roles:b', 'scopes:s']],
    ['the absence of a role', allOf(b, not(a)), { roles: ['b'] }, ['roles:b', 'not roles:a']],
    ['the absence of several', not(anyOf(a, b, group('g'))), {}, ['not roles:a|b', 'not groups:g']],
    ['the absence of one of both', not(allOf(a, b)), { roles: ['a'] }, ['not roles:b']],
    ['nothing, for every authenticated user', authenticated, {}, []],
  ])('is %s', (_what, requirement, held, granted) => {
    expect(grounds(demand(requirement), holder(held))).toEqual({ granted, missing: [] })
  })

  it('is what makes an operation open', () => {
    expect(grounds({ access: 'public' }, nobody)).toEqual({ granted: ['public'], missing: [] })
    expect(grounds({ access: 'login' }, { ...nobody, login: 'offered' })).toEqual({ granted: ['login'], missing: [] })
  })
})

describe('what was missing', () => {
  it.each([
    ['the role', a, { roles: ['b'] }, ['roles:a']],
    ['what else is needed of all', allOf(a, scope('s'), scope('t')), { scopes: ['s'] }, ['roles:a', 'scopes:t']],
    ['any of one category', anyOf(a, b), { roles: ['c'] }, ['roles:a|b']],
    ['any of several categories', anyOf(a, scope('s'), b), {}, ['roles:a|b', 'scopes:s']],
    ['what a part of any needs', anyOf(a, allOf(b, resource('d'))), { roles: ['b'] }, ['roles:a', 'resources:d']],
    ['the absence of a role', not(a), { roles: ['a'] }, ['not roles:a']],
    ['the absence of what is there', not(anyOf(a, b)), { roles: ['b'] }, ['not roles:b']],
    ['the absence of both', not(allOf(a, b)), { roles: ['a', 'b'] }, ['not roles:a', 'not roles:b']],
  ])('is %s', (_what, requirement, held, missing) => {
    expect(grounds(demand(requirement), holder(held))).toEqual({ granted: [], missing })
  })

  it.each([
    ['the caller', demand(a), nobody, ['caller']],
    ['a sound account', demand(a), caller({}, standing({}, { account: account({}, true) })), ['account']],
    ['an account', demand(a), caller({}, standing({}, { account: undefined })), ['account']],
    ['a bearer', { ...demand(b), bearerOnly: true }, { ...holder({}), credential: 'sign-in' }, ['bearer']],
    ['a session to sign in', { access: 'login' }, nobody, ['login']],
  ] as const)('is %s, whatever else there is', (_what, protection, asker, missing) => {
    expect(grounds(protection, asker).missing).toEqual(missing)
  })
})

describe('a policy', () => {
  const requirement = allOf(a, own)

  it('is what granted, or what was missing', () => {
    const held = holder({ roles: ['a'] })
    expect(grounds(demand(requirement), held, 'allow')).toEqual({
      granted: ['roles:a', 'policy:OwnInvoices'],
      missing: [],
    })
    expect(grounds(demand(requirement), held, 'deny')).toEqual({ granted: [], missing: ['policy:OwnInvoices'] })
  })

  it('is missing as long as it was not asked', () => {
    expect(grounds(demand(own), holder({}))).toEqual({ granted: [], missing: ['policy:OwnInvoices'] })
    expect(grounds(demand(anyOf(a, own)), holder({})).missing).toEqual(['roles:a', 'policy:OwnInvoices'])
    expect(grounds(demand(anyOf(a, own)), holder({ roles: ['a'] }))).toEqual({ granted: ['roles:a'], missing: [] })
  })
})
