import { describe, expect, it } from '@jest/globals'
import { categories, nounOf } from '../../../../src/core/permission/grants.js'
import { allOf, anyOf, grant, group, not, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import { authenticated } from '../../../../src/core/permission/requirement/requirement.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import { everywhere } from '../permission/samples.js'
import { codes, lint, tenant } from './samples.js'

class OwnInvoices {
  decide() {
    return 'allow' as const
  }
}

const acme = tenant('acme', { roles: ['admin', 'owner'], groups: ['contractors'], scopes: ['write'] })
const beta = tenant('beta', { roles: ['admin'] })

describe('a name that a tenant does not have', () => {
  it.each(categories)('is found in %s', (category) => {
    const known = tenant('acme', everywhere('known'))
    expect(lint(grant(category, 'wanted'), [known])).toMatchObject([
      { code: 'unknown-name', severity: 'error', operation: 'sample', category, name: 'wanted', tenants: ['acme'] },
    ])
    expect(lint(grant(category, 'wanted'), [known])[0]?.message).toContain(`${nounOf(category)} wanted`)
    expect(lint(grant(category, 'known'), [known])).toEqual([])
  })

  it('is found wherever it stands, once', () => {
    const requirement = anyOf(allOf(role('typo'), scope('write')), role('admin'), allOf(role('typo'), role('owner')))
    expect(lint(requirement, [acme])).toMatchObject([{ code: 'unknown-name', name: 'typo' }])
  })

  it('is told from the same name in another category, which is pointed out', () => {
    expect(lint(role('contractors'), [acme])).toMatchObject([
      { code: 'unknown-name', category: 'roles', elsewhere: ['groups'], similar: undefined },
    ])
    expect(lint(role('contractors'), [acme])[0]?.message).toContain('There is a group of that name.')
    expect(lint(group('contractors'), [acme])).toEqual([])
  })

  it('is a mistake where no tenant has it, and only a warning where some have', () => {
    expect(lint(role('typo'), [acme, beta])).toMatchObject([{ severity: 'error', tenants: ['acme', 'beta'] }])
    expect(lint(role('owner'), [acme, beta])).toMatchObject([{ severity: 'warning', tenants: ['beta'] }])
    expect(lint(role('admin'), [acme, beta])).toEqual([])
  })

  it('is only a warning where it is shut out, as it rarely bites', () => {
    expect(lint(allOf(role('admin'), not(group('typo'))), [acme])).toMatchObject([
      { severity: 'warning', sense: 'excluded', category: 'groups' },
    ])
    expect(lint(anyOf(not(role('typo')), allOf(role('typo'), role('admin'))), [acme])).toMatchObject([
      { severity: 'error', sense: 'demanded' },
    ])
    expect(lint(allOf(role('admin'), not(group('contractors'))), [acme])).toEqual([])
  })

  it('is no policy, and nothing is unknown without tenants', () => {
    expect(codes(policy(OwnInvoices), [acme])).toEqual([])
    expect(codes(authenticated, [acme])).toEqual([])
    expect(codes(role('typo'))).toEqual([])
    expect(codes(role('typo'), [])).toEqual([])
  })
})

describe('what is said of an unknown name', () => {
  it('asks about the nearest name', () => {
    expect(lint(role('amdin'), [acme, beta])).toMatchObject([
      {
        similar: { name: 'admin', difference: 'spelling' },
        message:
          "sample asks for role amdin, which does not exist in tenants acme and beta, so that nobody can have it there. Did you mean role admin? Correct the name, or add the role to the tenant's database.",
      },
    ])
  })

  it.each([
    ['Admin', 'It differs from role admin only in upper and lower case.'],
    [' admin', 'It differs from role admin only by blanks or invisible characters.'],
    ['\u0430dmin', 'It differs from role admin only by characters that look alike or hardly show.'],
  ])('says how %j differs', (name, sentence) => {
    expect(lint(role(name), [acme])[0]?.message).toContain(sentence)
  })

  it('suggests only what is there where it is missing', () => {
    const gamma = tenant('gamma', { roles: ['editor'] })
    expect(lint(role('ownr'), [acme])).toMatchObject([{ similar: { name: 'owner' } }])
    expect(lint(role('owner'), [acme, gamma])).toMatchObject([{ tenants: ['gamma'], similar: undefined }])
  })

  it('says that a token may still be shut out by it', () => {
    expect(lint(not(group('typo')), [acme])[0]?.message).toBe(
      "sample shuts out group typo, which does not exist in tenant acme: nobody is shut out there, unless a token says that name. Correct the name, or add the group to the tenant's database.",
    )
  })

  it('shows what would not show', () => {
    expect(lint(role('ad\u200bmin'), [acme])[0]?.message).toContain(String.raw`role "ad\u200bmin"`)
  })
})
