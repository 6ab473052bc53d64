import { describe, expect, it } from '@jest/globals'
import { planChanges } from '../../../../src/core/administration/plan-changes.js'
import type { TenantFacts } from '../../../../src/core/administration/tenant-facts.js'
import type { AccountWish, NameWish, Wish } from '../../../../src/core/administration/wish.js'
import { grantsOf, type Category } from '../../../../src/core/permission/grants.js'

const facts: TenantFacts = {
  catalogue: {
    names: grantsOf({ roles: ['admin', 'analyst'], groups: ['ops'], scopes: ['read', 'write'] }),
    roles: new Map([
      ['admin', { scopes: ['write'], resources: [], permissions: [] }],
      ['analyst', { scopes: [], resources: [], permissions: [] }],
    ]),
    groups: new Map([['ops', ['admin']]]),
  },
  accounts: new Map([
    [
      'ana@x.test',
      {
        ...{ id: '1', email: 'ana@x.test', name: 'Ana', status: 'active', password: 'set' },
        ...{ assigned: grantsOf({ roles: ['admin'] }), identities: [] },
      },
    ],
  ]),
  alike: new Map([['bob@x.test', 'Bob@x.test']]),
  identities: new Map(),
  rule: { grants: 'by issuer', signUp: 'nobody', signUpDomains: [], signUpRoles: ['admin'] },
  holders: new Map([['roles:admin', ['ana@x.test']]]),
}

const plan = (...wishes: readonly Wish[]) => planChanges(facts, wishes, () => undefined)
const name = (category: Category, text: string, rest: Partial<NameWish> = {}): NameWish => {
  return { kind: 'name', category, name: text, presence: 'present', ...rest }
}
const account = (email: string, rest: Partial<AccountWish> = {}): AccountWish => {
  return { kind: 'account', email, presence: 'known', ...rest }
}
const faultsOf = (...wishes: readonly Wish[]) => plan(...wishes).faults.map(({ fault }) => fault)

describe('a plan', () => {
  it('adds what is missing and keeps what is there', () => {
    const { changes, steps } = plan(
      name('roles', 'auditor', { give: grantsOf({ scopes: ['read'] }) }),
      name('roles', 'admin'),
    )
    expect(changes).toEqual([
      { action: 'added', noun: 'role', name: 'auditor', before: [], after: ['scopes:read'] },
      { action: 'kept', noun: 'role', name: 'admin', before: [], after: [] },
    ])
    expect(steps).toEqual([
      { step: 'add name', category: 'roles', name: 'auditor' },
      { step: 'link', holder: 'role', of: 'auditor', category: 'scopes', name: 'read' },
    ])
  })

  it('gives what is not held and takes what is held, and nothing else', () => {
    const give = grantsOf({ roles: ['admin', 'analyst'] })
    expect(plan(account('ana@x.test', { give })).changes).toEqual([
      { action: 'changed', noun: 'account', name: 'ana@x.test', before: [], after: ['roles:analyst'] },
    ])
    expect(plan(account('ana@x.test', { take: give }))).toMatchObject({
      changes: [{ action: 'changed', before: ['roles:admin'], after: [] }],
      steps: [{ step: 'unlink', holder: 'account', of: 'ana@x.test', category: 'roles', name: 'admin' }],
    })
  })

  it('tells all faults with the wishes that they are of, and has changes for the others', () => {
    const give = grantsOf({ roles: ['amdin'], scopes: ['delete', 'read'] })
    const { changes, faults } = plan(account('ana@x.test', { give }), name('roles', 'new'), account('eve@x.test'))
    expect(faults).toEqual([
      { wish: 0, fault: 'there is no role amdin; did you mean admin?' },
      { wish: 0, fault: 'there is no scope delete' },
      { wish: 2, fault: 'there is no account eve@x.test' },
    ])
    expect(changes.map((change) => change.name)).toEqual(['new'])
  })

  it.each(['ADMIN', 'аdmin', 'adm in', 'admın'])(
    'refuses a new name that could be taken for another one: %j',
    (text) => {
      expect(faultsOf(name('roles', text))).toEqual([expect.stringContaining('could be taken for admin')])
      expect(faultsOf(name('scopes', text))).toEqual([])
    },
  )

  it('refuses two new names that could be taken for each other', () => {
    expect(faultsOf(name('scopes', 'export'), name('scopes', 'Export'))).toEqual([
      'the scope Export could be taken for export, which is there already',
    ])
  })

  it('tells scripts whose marks are vowels apart', () => {
    expect(faultsOf(name('roles', 'कि'), name('roles', 'की'))).toEqual([])
  })

  it('refuses what the check of names refuses, for new names only', () => {
    const check = (_category: Category, text: string) => `${text} is bad`
    const { faults } = planChanges(facts, [name('roles', 'new'), name('roles', 'admin')], check)
    expect(faults).toEqual([{ wish: 0, fault: 'new is bad' }])
  })

  it('has everything on record that goes with a name', () => {
    expect(plan(name('roles', 'admin', { presence: 'absent' })).changes).toEqual([
      {
        ...{ action: 'removed', noun: 'role', name: 'admin', after: [] },
        before: ['scopes:write', 'of group:ops', 'of account:ana@x.test', 'of sign-up'],
      },
    ])
    expect(plan(name('scopes', 'write', { presence: 'absent' })).changes[0]?.before).toEqual(['of role:admin'])
    expect(faultsOf(name('scopes', 'wirte', { presence: 'absent' }))).toEqual([
      'there is no scope wirte; did you mean write?',
    ])
  })

  it('says that a name only looks like one that is there', () => {
    expect(faultsOf(account('ana@x.test', { give: grantsOf({ roles: ['аdmin'] }) }))).toEqual([
      'there is no role "аdmin"; it only looks like admin',
    ])
  })
})

describe('a plan for an account', () => {
  it('changes what is said of it and differs', () => {
    const wish = account('ana@x.test', { name: 'Anna', status: 'disabled', password: { hash: 'secret' } })
    expect(plan(wish).changes).toEqual([
      {
        ...{ action: 'changed', noun: 'account', name: 'ana@x.test' },
        ...{ before: ['name:Ana', 'active', 'a password'], after: ['name:Anna', 'disabled', 'another password'] },
      },
    ])
    expect(plan(account('ana@x.test', { name: 'Ana', status: 'active' }))).toMatchObject({
      changes: [{ action: 'kept' }],
      steps: [],
    })
  })

  it('takes no password away that is not there, and shows none', () => {
    const { changes, steps } = plan(account('new@x.test', { presence: 'new', password: { hash: 'secret' } }))
    expect(JSON.stringify(changes)).not.toContain('secret')
    expect(changes[0]?.after).toEqual(['active', 'a password'])
    expect(steps).toEqual([
      { step: 'add account', email: 'new@x.test', fields: { status: 'active', password: { hash: 'secret' } } },
    ])
    expect(plan(account('ana@x.test', { password: { hash: undefined } })).changes[0]?.after).toEqual(['no password'])
  })

  it.each([
    ['one that is there', account('ana@x.test', { presence: 'new' }), /already/],
    [
      'one that differs in capitals only',
      account('bob@x.test', { presence: 'present' }),
      /Bob@x\.test in capitals only/,
    ],
    ['no address', account('ana', { presence: 'new' }), /no e-mail address/],
    ['a blank in it', account('a b@x.test', { presence: 'new' }), /no e-mail address/],
    ['letters of two scripts', account('аnа-s@x.test', { presence: 'new' }), /look alike/],
    ['something that does not show', account('a\u200b@x.test', { presence: 'new' }), /do not show/],
    ['a name that steers a terminal', account('c@x.test', { presence: 'new', name: 'C\u001b[2J' }), /do not show/],
    ['an empty name', account('ana@x.test', { name: ' ' }), /1 to 200 characters/],
    ['an account that is not there', account('bob@x.test'), /did you mean Bob@x\.test/],
  ])('refuses %s', (_what, wish, fault) => {
    expect(faultsOf(wish)).toEqual([expect.stringMatching(fault)])
  })

  it('takes addresses of other scripts', () => {
    expect(faultsOf(account('анна@x.test', { presence: 'new' }))).toEqual([])
  })
})

describe('a plan for the access rule', () => {
  it('changes what is said and keeps the rest', () => {
    expect(plan({ kind: 'access rule', rule: { signUp: 'everybody', signUpRoles: ['analyst'] } }).changes).toEqual([
      {
        ...{ action: 'changed', noun: 'access rule', name: 'of the tenant' },
        before: ['sign-up:nobody', 'sign-up role:admin'],
        after: ['sign-up:everybody', 'sign-up role:analyst'],
      },
    ])
    expect(plan({ kind: 'access rule', rule: { signUp: 'nobody' } })).toMatchObject({
      changes: [{ action: 'kept' }],
      steps: [],
    })
  })

  it('refuses a role that is not there', () => {
    expect(faultsOf({ kind: 'access rule', rule: { signUpRoles: ['nope'] } })).toEqual(['there is no role nope'])
  })
})
