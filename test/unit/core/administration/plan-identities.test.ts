import { describe, expect, it } from '@jest/globals'
import { identityKey } from '../../../../src/core/administration/account-identity.js'
import { planChanges } from '../../../../src/core/administration/plan-changes.js'
import type { AccountFacts, TenantFacts } from '../../../../src/core/administration/tenant-facts.js'
import type { AccountWish, Wish } from '../../../../src/core/administration/wish.js'
import { noGrants } from '../../../../src/core/permission/grants.js'
import { noCatalogue } from '../../../../src/core/permission/standing.js'

const idp = 'https://idp.example'
const anas = { issuer: idp, subject: 'ana' }
const gone = { issuer: idp, subject: 'gone' }
const fresh = { issuer: idp, subject: 'fresh' }

function accountOf(email: string, identities: AccountFacts['identities'] = []): readonly [string, AccountFacts] {
  const assigned = noGrants
  return [email, { id: email, email, name: undefined, status: 'active', password: 'none', assigned, identities }]
}

const facts: TenantFacts = {
  catalogue: noCatalogue,
  accounts: new Map([accountOf('ana@x.test', [anas]), accountOf('bob@x.test')]),
  alike: new Map(),
  identities: new Map([
    [identityKey(anas), 'ana@x.test'],
    [identityKey(gone), undefined],
  ]),
  rule: { grants: 'by issuer', signUp: 'nobody', signUpDomains: [], signUpRoles: [] },
  holders: new Map(),
}

const plan = (...wishes: readonly Wish[]) => planChanges(facts, wishes, () => undefined)
const faultsOf = (...wishes: readonly Wish[]) => plan(...wishes).faults.map(({ fault }) => fault)
const account = (email: string, rest: Partial<AccountWish>): AccountWish => {
  return { kind: 'account', email, presence: 'known', ...rest }
}

describe('a plan for whom issuers know an account as', () => {
  it('gives what is nobody’s, also what is no account’s any more, and nothing twice', () => {
    expect(plan(account('ana@x.test', { identify: [anas, gone, fresh, fresh] }))).toEqual({
      changes: [
        {
          ...{ action: 'changed', noun: 'account', name: 'ana@x.test', before: [] },
          after: [`identity:gone of ${idp}`, `identity:fresh of ${idp}`],
        },
      ],
      faults: [],
      steps: [
        { step: 'add identity', of: 'ana@x.test', ...gone },
        { step: 'add identity', of: 'ana@x.test', ...fresh },
      ],
    })
    expect(plan(account('ana@x.test', { identify: [anas] }))).toMatchObject({
      changes: [{ action: 'kept' }],
      steps: [],
    })
  })

  it('gives it to a new account', () => {
    expect(plan(account('new@x.test', { presence: 'present', identify: [fresh] }))).toMatchObject({
      changes: [{ action: 'added', after: ['active', 'no password', `identity:fresh of ${idp}`] }],
      steps: [{ step: 'add account' }, { step: 'add identity', of: 'new@x.test', ...fresh }],
    })
  })

  it('refuses what is another account’s, or is about to be, and names it', () => {
    expect(faultsOf(account('bob@x.test', { identify: [anas] }))).toEqual([`ana of ${idp} is the account ana@x.test`])
    expect(faultsOf(...['ana', 'bob'].map((who) => account(`${who}@x.test`, { identify: [fresh] })))).toEqual([
      `fresh of ${idp} is the account ana@x.test`,
    ])
  })

  it('takes a subject of one issuer for nobody of another', () => {
    const elsewhere = { issuer: `${idp}/`, subject: 'ana' }
    expect(plan(account('bob@x.test', { identify: [elsewhere] })).changes[0]?.after).toEqual([
      `identity:ana of ${idp}/`,
    ])
  })

  it('takes away what is the account’s, and refuses to take what is not', () => {
    expect(plan(account('ana@x.test', { forsake: [anas] }))).toMatchObject({
      changes: [{ action: 'changed', before: [`identity:ana of ${idp}`], after: [] }],
      steps: [{ step: 'remove identity', of: 'ana@x.test', ...anas }],
    })
    expect(faultsOf(account('bob@x.test', { forsake: [anas] }))).toEqual([`ana of ${idp} is the account ana@x.test`])
    expect(faultsOf(account('bob@x.test', { forsake: [fresh] }))).toEqual([
      `the account bob@x.test is not fresh of ${idp}`,
    ])
    expect(faultsOf(account('eve@x.test', { forsake: [fresh] }))).toEqual(['there is no account eve@x.test'])
  })

  it('lets it pass from one account to another', () => {
    const wishes = [account('ana@x.test', { forsake: [anas] }), account('bob@x.test', { identify: [anas] })]
    expect(plan(...wishes)).toMatchObject({ faults: [], changes: [{ action: 'changed' }, { action: 'changed' }] })
  })

  it('has it on record when the account goes', () => {
    expect(plan(account('ana@x.test', { presence: 'absent' })).changes[0]?.before).toContain(`identity:ana of ${idp}`)
  })

  it.each([
    ['no issuer', { ...fresh, issuer: '' }, /issuer "" is not a text of 1 to 255 bytes/],
    ['an issuer that is no address', { ...fresh, issuer: 'idp' }, /issuer idp is not an absolute URL/],
    ['an issuer without TLS', { ...fresh, issuer: 'http://idp.example' }, /does not use https/],
    ['an issuer in another form', { ...fresh, issuer: 'https://IDP.example' }, /normal form/],
    ['an issuer with a place for directories', { ...fresh, issuer: 'https://idp.example/{tid}' }, /normal form/],
    ['an issuer that is too long', { ...fresh, issuer: `${idp}/${'é'.repeat(118)}` }, /issuer .* 255 bytes/],
    ['no subject', { ...fresh, subject: '' }, /subject "" is not/],
    ['a subject that is too long', { ...fresh, subject: 'é'.repeat(128) }, /subject .* 255 bytes/],
    ['a subject with a NUL', { ...fresh, subject: 'a\0' }, /subject "a\\u0000" is not/],
    ['a subject with half a character', { ...fresh, subject: 'a\ud800' }, /subject .* is not/],
  ])('refuses %s', (_what, identity, fault) => {
    expect(faultsOf(account('ana@x.test', { identify: [identity] }))).toEqual([expect.stringMatching(fault)])
  })

  it.each([
    ['the longest', { issuer: `${idp}/${'a'.repeat(235)}`, subject: 'é'.repeat(127) }],
    ['one on this computer', { issuer: 'http://127.0.0.1:8080/realms/one', subject: 'auth0|5f "x" y' }],
  ])('takes %s', (_what, identity) => {
    expect(faultsOf(account('ana@x.test', { identify: [identity] }))).toEqual([])
  })
})

describe('a plan to forget somebody', () => {
  const forget = (identity: typeof anas): Wish => ({ kind: 'forget identity', identity })

  it('is for who is no account’s any more', () => {
    expect(plan(forget(gone))).toEqual({
      changes: [{ action: 'removed', noun: 'identity', name: `gone of ${idp}`, before: ['shut out'], after: [] }],
      faults: [],
      steps: [{ step: 'forget identity', ...gone }],
    })
  })

  it('refuses who is an account’s, and who is not known', () => {
    expect(faultsOf(forget(anas), forget(fresh), forget(gone), forget(gone))).toEqual([
      `ana of ${idp} is the account ana@x.test: take it away from it first`,
      `fresh of ${idp} is not on record here`,
      `gone of ${idp} is not on record here`,
    ])
  })
})
