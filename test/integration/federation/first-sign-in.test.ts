import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { AccessRule, AccountWish } from '../../../src/core/administration/wish.js'
import type { Entrant } from '../../../src/core/federation/entry/federated-accounts.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const google = 'https://google.test'
const github = 'https://github.test'
const provider = '11111111-1111-4111-8111-111111111111'

let test: TestPostgres
let acme: Tenant
let globex: Tenant
let tenants = 0

beforeAll(async () => {
  test = await openTestPostgres()
})
beforeEach(async () => {
  tenants += 1
  const { provisioner } = test.postgres
  acme = await provisioner.createTenant({ slug: `acme-${tenants}`, name: 'Acme' })
  globex = await provisioner.createTenant({ slug: `globex-${tenants}`, name: 'Globex' })
})
afterAll(() => test?.close())

async function rule(wanted: Partial<AccessRule>, tenant = acme): Promise<void> {
  const { faults } = await test.postgres.tenantAdministration.apply(
    tenant,
    [
      { kind: 'name', category: 'roles', name: 'member', presence: 'present' },
      { kind: 'access rule', rule: wanted },
    ],
    'cli:ada',
  )
  expect(faults).toEqual([])
}

async function accounts(...wishes: readonly Partial<AccountWish>[]): Promise<void> {
  const wanted = wishes.map((wish): AccountWish => {
    return { kind: 'account', email: 'ana@acme.test', presence: 'present', ...wish }
  })
  expect((await test.postgres.tenantAdministration.apply(acme, wanted, 'cli:ada')).faults).toEqual([])
}

/** The address of the account that the entrant is let in as, or why not. */
async function enter(entrant: Partial<Entrant> = {}, tenant = acme): Promise<string> {
  const entry = await test.postgres.federation.accounts.enter(tenant, {
    ...{ issuer: google, subject: '1', email: 'ana@acme.test', emailIs: 'theirs now', name: 'Ana', provider },
    ...{ requestId: 'request', clientId: 'app' },
    ...entrant,
  })
  if (entry.outcome === 'refused') return entry.reason
  if (entry.state === 'disabled') return 'disabled'
  return (await test.postgres.accounts.find(tenant, entry.accountId))?.email ?? 'nobody'
}

const everybody = { signUp: 'everybody' } as const
const domains = { signUp: 'domains', signUpDomains: ['acme.test', 'xn--bcher-kva.test'] } as const

describe('an identity that an administrator has linked', () => {
  it('is its account, whatever address the provider vouches for', async () => {
    await accounts({ identify: [{ issuer: google, subject: '1' }] })
    expect(await enter({ email: 'somebody@else.test' })).toBe('ana@acme.test')
    expect(await enter({ email: undefined })).toBe('ana@acme.test')
  })

  it('is nobody at another issuer, as another subject or in another tenant', async () => {
    await accounts({ identify: [{ issuer: google, subject: '1' }] })
    expect(await enter({ issuer: github })).toBe('ERR_FEDERATION_UNINVITED')
    expect(await enter({ issuer: `${google}/` })).toBe('ERR_FEDERATION_UNINVITED')
    expect(await enter({ subject: '2' })).toBe('ERR_FEDERATION_UNINVITED')
    expect(await enter({ subject: '1 ' })).toBe('ERR_FEDERATION_UNINVITED')
    expect(await enter({}, globex)).toBe('ERR_FEDERATION_UNINVITED')
  })

  it('does not enter as a disabled account, and as none once it was taken away, also where everybody may', async () => {
    await rule(everybody)
    await accounts({ identify: [{ issuer: google, subject: '1' }], status: 'disabled' })
    expect(await enter()).toBe('disabled')
    await accounts({ status: 'active', forsake: [{ issuer: google, subject: '1' }] })
    expect(await enter()).toBe('ERR_FEDERATION_SHUT_OUT')
    await accounts({ presence: 'absent' })
    expect(await enter()).toBe('ERR_FEDERATION_SHUT_OUT')
  })
})

describe('an identity that is no account', () => {
  it('enters nowhere unless the tenant says so', async () => {
    expect(await enter()).toBe('ERR_FEDERATION_UNINVITED')
    expect(await test.postgres.accounts.list(acme)).toEqual([])
    expect(await test.postgres.tenantAdministration.identities(acme)).toEqual([])
  })

  it('becomes an account with the roles of sign-up where everybody may enter, on record', async () => {
    await rule({ ...everybody, signUpRoles: ['member'] })
    const origin = { address: '192.0.2.1', userAgent: 'probe/1', traceId: '0af7651916cd43dd8448eb211c80319c' }
    expect(await enter({ origin })).toBe('ana@acme.test')
    expect(await enter({ email: 'changed@acme.test' })).toBe('ana@acme.test')
    const [account, ...others] = await test.postgres.accounts.list(acme)
    expect(others).toEqual([])
    expect(account).toMatchObject({ email: 'ana@acme.test', name: 'Ana', disabled: false })
    expect(account?.grants.roles).toEqual(['member'])
    const rows = await test.tenantSql(
      acme,
      `select issuer, subject, request_id, detail->>'account' as account, personal, trace_id from audit_event
        where reason = 'account_created'`,
    )
    const { traceId, ...personal } = origin
    expect(rows).toEqual([
      { issuer: google, subject: '1', request_id: 'request', account: account?.id, personal, trace_id: traceId },
    ])
  })

  it('with an address that its provider had confirmed once comes in where everybody may, and not by the domain of it', async () => {
    const left = { emailIs: 'once confirmed' } as const
    await rule(domains)
    expect(await enter(left)).toBe('ERR_FEDERATION_UNINVITED')
    await rule(everybody)
    expect(await enter(left)).toBe('ana@acme.test')
  })

  it('becomes one account, however many sign-ins come at once', async () => {
    await rule(everybody)
    const entered = await Promise.all(Array.from({ length: 8 }, () => enter()))
    expect(new Set(entered)).toEqual(new Set(['ana@acme.test']))
    expect(await test.postgres.accounts.list(acme)).toHaveLength(1)
  })

  it.each([
    ['ana@acme.test', 'ana@acme.test'],
    ['ana@ACME.test', 'ana@ACME.test'],
    ['ana@xn--bcher-kva.test', 'ana@xn--bcher-kva.test'],
    ['ana@other.test', 'ERR_FEDERATION_UNINVITED'],
    ['ana@sub.acme.test', 'ERR_FEDERATION_UNINVITED'],
    ['ana@notacme.test', 'ERR_FEDERATION_UNINVITED'],
    ['ana@acme.test.evil.test', 'ERR_FEDERATION_UNINVITED'],
    ['ana@acme.test@evil.test', 'ERR_FEDERATION_UNVERIFIED'],
    ['ana@\u{212A}acme.test', 'ERR_FEDERATION_UNINVITED'],
    ['ana@acme.test ', 'ERR_FEDERATION_UNVERIFIED'],
    ['ana@acme.test\u202e', 'ERR_FEDERATION_UNVERIFIED'],
    ['@acme.test', 'ERR_FEDERATION_UNVERIFIED'],
    ['acme.test', 'ERR_FEDERATION_UNVERIFIED'],
    [`${'a'.repeat(250)}@acme.test`, 'ERR_FEDERATION_UNVERIFIED'],
    [undefined, 'ERR_FEDERATION_UNVERIFIED'],
  ])('with the address %j comes in as %s where domains are allowed', async (email, expected) => {
    await rule(domains)
    expect(await enter({ email })).toBe(expected)
  })

  it('never takes over an account by its address, however that is written', async () => {
    await accounts({}, { email: 'Bob@acme.test' })
    for (const wanted of [everybody, domains]) {
      await rule(wanted)
      expect(await enter()).toBe('ERR_FEDERATION_ADDRESS_TAKEN')
      expect(await enter({ email: 'ANA@acme.test' })).toBe('ERR_FEDERATION_ADDRESS_TAKEN')
      expect(await enter({ email: 'bob@acme.test' })).toBe('ERR_FEDERATION_ADDRESS_TAKEN')
    }
    await rule({ signUp: 'nobody' })
    expect(await enter()).toBe('ERR_FEDERATION_UNINVITED')
  })

  it('is another account for another issuer and in another tenant, though subject and address are the same', async () => {
    await rule(everybody)
    await rule(everybody, globex)
    expect(await enter()).toBe('ana@acme.test')
    expect(await enter({ issuer: github })).toBe('ERR_FEDERATION_ADDRESS_TAKEN')
    expect(await enter({ issuer: github, email: 'ana@github.test' })).toBe('ana@github.test')
    expect(await enter({ issuer: github }, globex)).toBe('ana@acme.test')
    const [of, there] = await Promise.all([acme, globex].map((tenant) => test.postgres.accounts.list(tenant)))
    expect(of).toHaveLength(2)
    expect(there).toHaveLength(1)
    expect(of?.map(({ id }) => id)).not.toContain(there?.[0]?.id)
  })

  it('keeps no name that people could not read', async () => {
    await rule(everybody)
    await enter({ name: 'Ana\u202enA' })
    await enter({ subject: '2', email: 'bob@acme.test', name: ' '.repeat(3) })
    await enter({ subject: '3', email: 'cyd@acme.test', name: `C${'y'.repeat(200)}d` })
    expect((await test.postgres.accounts.list(acme)).map(({ name }) => name)).toEqual([undefined, undefined, undefined])
  })

  it('whose issuer or subject the database could not hold byte for byte is refused', async () => {
    await rule(everybody)
    expect(await enter({ subject: '1\0' })).toBe('ERR_FEDERATION_SHUT_OUT')
    expect(await enter({ subject: '\ud800' })).toBe('ERR_FEDERATION_SHUT_OUT')
  })
})

describe('allowed domains', () => {
  it('are shown, changed and on record with the access rule, and let nobody in by a token', async () => {
    await rule(domains)
    const { tenantAdministration: administration } = test.postgres
    expect(await administration.accessRule(acme)).toMatchObject(domains)
    const standing = await test.postgres.grants.findStanding(acme, google, '1')
    expect(standing.signUp).toEqual({ admits: 'nobody' })
    await rule({ signUpDomains: ['acme.test'] })
    expect(await administration.accessRule(acme)).toMatchObject({ signUp: 'domains', signUpDomains: ['acme.test'] })
    const [row] = await test.tenantSql(
      acme,
      `select detail from audit_event where reason = 'access_rule_changed' order by id desc limit 1`,
    )
    expect(row?.['detail']).toMatchObject({ before: ['sign-up domain:xn--bcher-kva.test'], after: [] })
  })

  it.each([
    [['ACME.test'], 'ACME.test is no domain such as example.com, in small letters'],
    [['acme'], 'acme is no domain such as example.com, in small letters'],
    [['*.acme.test'], '*.acme.test is no domain such as example.com, in small letters'],
    [['@acme.test'], '@acme.test is no domain such as example.com, in small letters'],
    [['bücher.test'], '"bücher.test" is no domain such as example.com, in small letters'],
    [[], 'nobody could enter: name a domain'],
  ])('%j are refused', async (signUpDomains, fault) => {
    const wish = { kind: 'access rule', rule: { signUp: 'domains', signUpDomains } } as const
    const { faults } = await test.postgres.tenantAdministration.apply(acme, [wish], 'cli:ada')
    expect(faults).toEqual([{ wish: 0, fault }])
  })
})
