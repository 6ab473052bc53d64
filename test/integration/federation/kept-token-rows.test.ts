import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { KeptTokens, TokenPlace } from '../../../src/core/federation/token/kept-tokens.js'
import type { UpstreamTokens } from '../../../src/core/federation/upstream-provider.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import { holdRows, type HeldRows } from '../../support/hold-rows.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

const origin = { issuer: 'https://idp.test', clientId: 'us' }

let test: TestPostgres
let acme: Tenant
let database: string
let place: TokenPlace
let accounts = 0

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  const [row] = await test.sql('select database_name from tenant where id = $1', [acme.id])
  database = String(row?.['database_name'])
})
beforeEach(async () => {
  accounts += 1
  const account = await test.postgres.accounts.create(acme, { email: emailOf(accounts), grants: noGrants })
  place = { tenant: acme, account: account.id, provider: randomUUID(), subject: '1' }
})
afterAll(() => test?.close())

const emailOf = (count: number) => `ana-${count}@acme.test`
const tokens = (refreshToken: string | undefined): UpstreamTokens => {
  return { accessToken: `of ${refreshToken}`, refreshToken, expiresAt: Date.now() / 1000 + 3600, scopes: ['read'] }
}
const store = () => test.postgres.federation.tokens
const refreshTokenNow = async () => (await store().find(place))?.tokens.refreshToken

async function kept(): Promise<KeptTokens> {
  const found = await store().find(place)
  if (found === undefined) throw new TypeError('not kept')
  return found
}

const hold = (): Promise<HeldRows> =>
  holdRows(test.connection, database, `select 1 from kept_token where account_id = '${place.account}' for update`)

/** So many wait for a lock in the tenant's database. */
const waiting = (count: number): Promise<void> =>
  until(async () => {
    const query = `select 1 from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`
    return (await test.sql(query, [database])).length === count
  })

describe('a sign-in and a renewal at once', () => {
  it('leave the refresh token that the renewal brought, where the sign-in comes later and brings none', async () => {
    await store().keep(place, origin, tokens('refresh-1'))
    const before = await kept()
    const held = await hold()
    const renewing = store().renew(before, tokens('refresh-2'))
    await waiting(1)
    const keeping = store().keep(place, origin, tokens(undefined))
    await waiting(2)
    await held.release()
    expect(await renewing).toBe(true)
    await keeping
    expect(await refreshTokenNow()).toBe('refresh-2')
  })

  it('leave it also where the sign-in is faster, and has kept the one that is used up', async () => {
    await store().keep(place, origin, tokens('refresh-1'))
    const before = await kept()
    const held = await hold()
    const keeping = store().keep(place, origin, tokens(undefined))
    await waiting(1)
    const renewing = store().renew(before, tokens('refresh-2'))
    await waiting(2)
    await held.release()
    await keeping
    expect(await renewing).toBe(true)
    expect(await refreshTokenNow()).toBe('refresh-2')
  })

  it.each([
    ['has brought a refresh token of its own', origin, 'refresh-9'],
    ['is of another issuer', { ...origin, issuer: 'https://other.test' }, 'refresh-1'],
    ['is of another client of ours', { ...origin, clientId: 'them' }, 'refresh-1'],
  ])('leave what the sign-in kept where it %s', async (_what, theirs, refreshToken) => {
    await store().keep(place, origin, tokens('refresh-1'))
    const before = await kept()
    await store().keep(place, theirs, tokens(refreshToken))
    expect(await store().renew(before, tokens('refresh-2'))).toBe(false)
    expect(await refreshTokenNow()).toBe(refreshToken)
    expect(await store().remove(before)).toBe(false)
  })
})

describe('a process that was too slow', () => {
  const lapse = () => test.tenantSql(acme, 'update kept_token set claimed_until = clock_timestamp()')
  const claimed = async () => {
    const claim = await store().claim(await kept())
    if (claim === undefined) throw new TypeError('not claimed')
    return claim
  }

  it('neither lets others in beside the one that renews now, nor goes on, nor removes what that renews', async () => {
    await store().keep(place, origin, tokens('refresh-1'))
    const late = await claimed()
    await lapse()
    const now = await claimed()
    await store().release(late)
    expect(await store().claim(now.kept)).toBeUndefined()
    expect(await store().extend(late)).toBe(false)
    expect(await store().remove(late.kept, late)).toBe(false)
    expect(await store().extend(now)).toBe(true)
    await store().release(now)
    expect(await store().remove(now.kept, await claimed())).toBe(true)
  })

  it('keeps what it was given all the same, since what is there is used up', async () => {
    await store().keep(place, origin, tokens('refresh-1'))
    const late = await claimed()
    await lapse()
    await claimed()
    expect(await store().renew(late.kept, tokens('refresh-2'))).toBe(true)
    expect(await refreshTokenNow()).toBe('refresh-2')
  })
})

describe('tokens that come after a row was removed', () => {
  it('are others than those before: nobody who had those replaces, claims or removes them', async () => {
    await store().keep(place, origin, tokens('refresh-1'))
    const before = await kept()
    const [row] = await test.tenantSql(acme, 'select sealed from kept_token where account_id = $1', [place.account])
    expect(await store().remove(before)).toBe(true)
    await store().keep(place, origin, tokens('refresh-9'))
    expect(await store().renew(before, tokens('refresh-2'))).toBe(false)
    expect(await store().claim(before)).toBeUndefined()
    expect(await store().remove(before)).toBe(false)
    expect(await refreshTokenNow()).toBe('refresh-9')
    // Nor is an earlier value one in their place.
    await test.tenantSql(acme, 'update kept_token set sealed = $2 where account_id = $1', [
      place.account,
      row?.['sealed'],
    ])
    expect(await store().find(place)).toBeUndefined()
  })
})

describe('two users of one provider that are one account', () => {
  it('keep their tokens apart: neither is renewed, replaced or removed with those of the other', async () => {
    const other = { ...place, subject: '2' }
    await store().keep(place, origin, tokens('refresh-1'))
    await store().keep(other, origin, tokens('refresh-2'))
    const before = await kept()
    expect(before.tokens.refreshToken).toBe('refresh-1')
    expect(await store().claim(before)).toBeDefined()
    expect(await store().renew(before, tokens('refresh-3'))).toBe(true)
    expect((await store().find(other))?.tokens.refreshToken).toBe('refresh-2')
    expect(await store().remove(await kept())).toBe(true)
    expect(await refreshTokenNow()).toBeUndefined()
    expect((await store().find(other))?.tokens.refreshToken).toBe('refresh-2')
    // Nor is what belongs to one opened as the other's.
    await test.tenantSql(acme, `update kept_token set subject = '1' where account_id = $1`, [place.account])
    expect(await store().find(place)).toBeUndefined()
  })
})

describe('a refresh token', () => {
  it.each([
    ['issuer', { ...origin, issuer: 'https://other.test' }],
    ['client id', { ...origin, clientId: 'them' }],
  ])('stays with its %s: what takes its place at the provider does not inherit it', async (_what, other) => {
    await store().keep(place, origin, tokens('refresh-1'))
    await store().keep(place, other, tokens(undefined))
    expect(await refreshTokenNow()).toBeUndefined()
  })

  it('is looked after within the hour where the provider does not say how long its tokens are good for', async () => {
    const left = async () => {
      const query = `select expires_at between now() + interval '50 minutes' and now() + interval '70 minutes' as soon
        from kept_token where account_id = $1`
      return (await test.tenantSql(acme, query, [place.account]))[0]?.['soon']
    }
    await store().keep(place, origin, { ...tokens('refresh-1'), expiresAt: undefined })
    expect(await left()).toBe(true)
    await store().keep(place, { ...origin, clientId: 'them' }, { ...tokens(undefined), expiresAt: undefined })
    expect(await left()).toBeNull()
  })
})

describe('what a provider gave', () => {
  const offer = async (name: string): Promise<string> => {
    const provider = { kind: 'oidc', name, options: {}, clientSecret: 'secret' } as const
    const all = { ...provider, application: undefined, position: undefined }
    await test.postgres.federation.providers.apply({ presence: 'new', tenant: acme, provider: all }, 'cli:ada')
    const stored = await test.postgres.federation.providers.list([acme.id])
    return stored.find((known) => known.name === name)?.id ?? ''
  }

  it('goes with the provider, and what others gave stays', async () => {
    const [gone, other] = [await offer('Gone'), await offer('Other')]
    for (const provider of [gone, other]) await store().keep({ ...place, provider }, origin, tokens('refresh-1'))
    await test.postgres.federation.providers.apply({ presence: 'absent', tenant: acme, name: 'Gone' }, 'cli:ada')
    expect(await store().find({ ...place, provider: gone })).toBeUndefined()
    expect(await store().find({ ...place, provider: other })).toBeDefined()
  })

  it('goes with the next sweep where the provider went without it', async () => {
    const [gone, other] = [await offer('Vanished'), await offer('Stays')]
    for (const provider of [gone, other]) await store().keep({ ...place, provider }, origin, tokens('refresh-1'))
    await test.sql('delete from identity_provider where id = $1', [gone])
    await test.postgres.sweep()
    expect(await store().find({ ...place, provider: gone })).toBeUndefined()
    expect(await store().find({ ...place, provider: other })).toBeDefined()
  })

  it('goes with the identity that it was given to, and with no other', async () => {
    const email = emailOf(accounts)
    const wish = { kind: 'account', email, presence: 'known' } as const
    const [one, two] = [
      { issuer: 'https://one.test', subject: '1' },
      { issuer: 'https://two.test', subject: '1' },
    ]
    const { tenantAdministration } = test.postgres
    await tenantAdministration.apply(acme, [{ ...wish, identify: [one, two] }], 'cli:ada')
    const places = [one, two].map(() => ({ ...place, provider: randomUUID() }))
    const keepBoth = async () => {
      for (const [at, identity] of [one, two].entries()) {
        const { issuer } = identity
        await store().keep(places[at] ?? place, { issuer, clientId: 'us' }, tokens('refresh-1'))
      }
    }
    const there = async () => Promise.all(places.map(async (at) => (await store().find(at)) !== undefined))
    await keepBoth()
    await tenantAdministration.apply(acme, [{ ...wish, forsake: [one] }], 'cli:ada')
    expect(await there()).toEqual([false, true])
  })
})
