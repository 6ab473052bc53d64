import { describe, expect, it } from '@jest/globals'
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
import { describeRequirement, nameInWords } from '../../../../src/core/permission/requirement/requirement-words.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import {
  authenticated,
  requirementOf,
  type Requirement,
} from '../../../../src/core/permission/requirement/requirement.js'
import { all, any } from '../permission/samples.js'

class OwnInvoices {
  decide() {
    return 'allow' as const
  }
}

const [admin, deployer, write, contractors] = [role('admin'), role('deployer'), scope('write'), group('contractors')]

describe('a requirement in words', () => {
  const said: readonly (readonly [Requirement, string])[] = [
    [authenticated, 'every authenticated user'],
    [requirementOf(any({})), 'nobody'],
    [admin, 'role admin'],
    [permission('invoice:read'), 'permission invoice:read'],
    [requirementOf(any({ roles: ['admin'], scopes: ['write'] })), 'role admin or scope write'],
    [requirementOf(all({ resources: ['production', 'sensitive'] })), 'resource production and resource sensitive'],
    [
      allOf(anyOf(admin, deployer), write, not(contractors)),
      '(role admin or role deployer) and scope write and not group contractors',
    ],
    [anyOf(admin, allOf(write, not(contractors))), 'role admin or (scope write and not group contractors)'],
    [not(anyOf(contractors, admin)), 'not (group contractors or role admin)'],
    [policy(OwnInvoices), 'policy OwnInvoices'],
    [allOf(admin, allOf(write, deployer)), 'role admin and scope write and role deployer'],
    [allOf(admin, anyOf(allOf(write))), 'role admin and scope write'],
    [allOf(anyOf(admin, deployer)), 'role admin or role deployer'],
    [allOf(write, anyOf(anyOf(admin, deployer))), 'scope write and (role admin or role deployer)'],
    [not(allOf(anyOf(admin, deployer))), 'not (role admin or role deployer)'],
    [resource('north wing'), 'resource "north wing"'],
  ]

  it.each(said)('of %j is "%s"', (requirement, words) => {
    expect(describeRequirement(requirement)).toBe(words)
  })
})

describe('a name in words', () => {
  it.each(['admin', 'invoice:read', 'a/b.c-d_e', '0'])('stands as it is where it cannot be misread: %s', (name) => {
    expect(nameInWords(name)).toBe(name)
  })

  it.each([
    ['north wing', '"north wing"'],
    ['say "hi"', String.raw`"say \"hi\""`],
    ['', '""'],
    ['two\nlines', String.raw`"two\nlines"`],
    ['zürich', '"zürich"'],
  ])('is in quotes otherwise: %j', (name, words) => {
    expect(nameInWords(name)).toBe(words)
  })

  it.each([
    ['a\u200bb', String.raw`"a\u200bb"`],
    ['\u202eadmin', String.raw`"\u202eadmin"`],
    ['a\u00a0b', String.raw`"a\u00a0b"`],
    ['\u{e0041}', String.raw`"\udb40\udc41"`],
    ['\u007f', String.raw`"\u007f"`],
  ])('shows what would not show: %j', (name, words) => {
    expect(nameInWords(name)).toBe(words)
    expect(JSON.parse(nameInWords(name))).toBe(name)
  })
})
