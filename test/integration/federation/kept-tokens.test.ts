import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { requestSeconds } from '../../../src/adapter/oauth/bounded-fetch.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { TokenPlace } from '../../../src/core/federation/token/kept-tokens.js'
import type { OpenedProvider } from '../../../src/core/federation/provider/upstream-directory.js'
import {
  UpstreamTokenKeeper,
  type UpstreamTokenKeeperPorts,
} from '../../../src/core/federation/token/upstream-token-keeper.js'
import type {
  UpstreamProvider,
  UpstreamRenewal,
  UpstreamTokens,
} from '../../../src/core/federation/upstream-provider.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

const origin = { issuer: 'https://idp.test', clientId: 'us' }

let test: TestPostgres
let acme: Tenant
let place: TokenPlace
let accounts = 0
/** What the provider answers, and how often it was asked. */
let answer: (tokens: UpstreamTokens) => Promise<UpstreamRenewal>
let asked: string[] = []
/** What has ended with the tokens. */
let ended: string[] = []
let offered: Partial<typeof origin> | undefined = {}

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
})
beforeEach(async () => {
  accounts += 1
  const account = await test.postgres.accounts.create(acme, { email: `ana-${accounts}@acme.test`, grants: noGrants })
  place = { tenant: acme, account: account.id, provider: randomUUID(), subject: '1' }
  asked = []
  ended = []
  offered = {}
  answer = async () => ({ outcome: 'refreshed', tokens: { ...tokens('new'), refreshToken: 'refresh-2' } })
})
afterAll(() => test?.close())

const seconds = () => Date.now() / 1000
const tokens = (accessToken: string, lifetime = 3600): UpstreamTokens => {
  return { accessToken, refreshToken: 'refresh-1', expiresAt: seconds() + lifetime, scopes: ['read'] }
}
const store = () => test.postgres.federation.tokens

function keeperOf(
  postgres: Postgres = test.postgres,
  ports: Partial<UpstreamTokenKeeperPorts> = {},
): UpstreamTokenKeeper {
  const provider: Pick<UpstreamProvider, 'renew'> = {
    renew: async (given, subject) => {
      asked.push(`${given.refreshToken} ${subject}`)
      return answer(given)
    },
  }
  const find = async (id: string) => {
    if (offered === undefined) return undefined
    // A stand-in for the two things that the keeper asks.
    return { id, tenant: acme.id, settings: { ...origin, ...offered }, provider } as unknown as OpenedProvider
  }
  const log = { write: () => undefined }
  return new UpstreamTokenKeeper({
    store: postgres.federation.tokens,
    providers: { find, isPosing: async () => false },
    log,
    end: async ({ account }, reason) => void ended.push(`${account} ${reason}`),
    pause: (ms) => pause(ms, undefined, { ref: false }),
    ...ports,
  })
}

describe('the upstream tokens of an account', () => {
  it('are there for that account at that provider, sealed', async () => {
    await store().keep(place, origin, tokens('marker-access'))
    expect(await keeperOf().accessToken(place)).toBe('marker-access')
    expect(asked).toEqual([])
    expect(await keeperOf().accessToken({ ...place, provider: randomUUID() })).toBeUndefined()
    expect(await keeperOf().accessToken({ ...place, account: randomUUID() })).toBeUndefined()
    const [row] = await test.tenantSql(acme, `select t::text as text from kept_token t where account_id = $1`, [
      place.account,
    ])
    for (const secret of ['marker-access', 'refresh-1']) {
      expect(String(row?.['text'])).not.toContain(Buffer.from(secret).toString('hex'))
    }
  })

  it('are none once their row was moved, altered, or put back', async () => {
    await store().keep(place, origin, tokens('first'))
    const [row] = await test.tenantSql(acme, `select sealed from kept_token where account_id = $1`, [place.account])
    await store().keep(place, origin, tokens('second'))
    await test.tenantSql(acme, `update kept_token set sealed = $2 where account_id = $1`, [
      place.account,
      row?.['sealed'],
    ])
    expect(await keeperOf().accessToken(place)).toBeUndefined()
    await store().keep(place, origin, tokens('third'))
    expect(await keeperOf().accessToken(place)).toBe('third')
  })

  it('keep a refresh token that only the first sign-in brought, and not one of another client of ours', async () => {
    await store().keep(place, origin, tokens('first'))
    await store().keep(place, origin, { ...tokens('second', -1), refreshToken: undefined })
    expect(await keeperOf().accessToken(place)).toBe('new')
    expect(asked).toEqual(['refresh-1 1'])
    await store().keep(place, { ...origin, clientId: 'them' }, { ...tokens('third', -1), refreshToken: undefined })
    offered = { clientId: 'them' }
    expect(await keeperOf().accessToken(place)).toBeUndefined()
  })

  it('go with their account', async () => {
    await store().keep(place, origin, tokens('access'))
    await test.tenantSql(acme, `delete from account where id = $1`, [place.account])
    expect(await test.tenantSql(acme, `select from kept_token where account_id = $1`, [place.account])).toEqual([])
  })
})

describe('the export of a tenant', () => {
  it('has the allowed domains, and no token of a provider', async () => {
    const { federation, tenantAdministration, tenantDirectory } = test.postgres
    const tenant = await tenantDirectory.create({ slug: 'moved', name: 'Moved' }, 'cli:ada')
    const account = await test.postgres.accounts.create(tenant, { email: 'ana@acme.test', grants: noGrants })
    await federation.tokens.keep({ ...place, tenant, account: account.id }, origin, tokens('access'))
    const rule = { signUp: 'domains', signUpDomains: ['acme.test'] } as const
    await tenantAdministration.apply(tenant, [{ kind: 'access rule', rule }], 'cli:ada')
    const lines: string[] = []
    await tenantDirectory.export(tenant, async (line) => void lines.push(line))
    expect(lines.join('\n')).not.toContain('kept_token')
    const from = async function* () {
      yield* lines
    }
    const restored = await tenantDirectory.create({ slug: 'restored' }, 'cli:ada', from())
    expect(await tenantAdministration.accessRule(restored)).toMatchObject(rule)
    expect(await test.tenantSql(restored, 'select from kept_token')).toEqual([])
  })
})

describe('upstream tokens that have run out', () => {
  it('are renewed once for twenty calls at once over two processes, none of which fails (O14)', async () => {
    await store().keep(place, origin, tokens('old', -1))
    answer = async () => {
      await pause(200)
      return { outcome: 'refreshed', tokens: tokens('new') }
    }
    const other = await test.reopen()
    const keepers = [keeperOf(), keeperOf(other), keeperOf(), keeperOf(other)]
    const calls = keepers.flatMap((keeper) => Array.from({ length: 5 }, () => keeper.accessToken(place)))
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 20 }, () => 'new'))
    expect(asked).toEqual(['refresh-1 1'])
  })

  it('use each refresh token once, where the provider rotates it', async () => {
    await store().keep(place, origin, tokens('old', -1))
    answer = async ({ refreshToken }) => {
      const next = refreshToken === 'refresh-1' ? 'refresh-2' : 'refresh-3'
      return { outcome: 'refreshed', tokens: { ...tokens(`by ${refreshToken}`, -1), refreshToken: next } }
    }
    expect(await keeperOf().accessToken(place)).toBe('by refresh-1')
    expect(await keeperOf().accessToken(place)).toBe('by refresh-2')
    expect(asked).toEqual(['refresh-1 1', 'refresh-2 1'])
  })

  it.each(['revoked_upstream', 'changed_upstream'] as const)('end where the provider says %s', async (outcome) => {
    await store().keep(place, origin, tokens('old', -1))
    answer = async () => ({ outcome })
    expect(await keeperOf().accessToken(place)).toBeUndefined()
    expect(await keeperOf().accessToken(place)).toBeUndefined()
    expect(asked).toHaveLength(1)
  })

  it.each(['revoked_upstream', 'changed_upstream'] as const)(
    'end what goes back to them, once for two processes, where the provider says %s',
    async (outcome) => {
      await store().keep(place, origin, tokens('old', -1))
      answer = async () => {
        await pause(200)
        return { outcome }
      }
      const keepers = [keeperOf(), keeperOf(await test.reopen())]
      const ends = await Promise.all(keepers.map((keeper) => keeper.attend(place)))
      // Whoever only sees that the tokens are gone does not know why.
      expect(ends).toContain(outcome)
      expect(ends.filter((end) => end === undefined)).toEqual([])
      expect(ended).toEqual([`${place.account} ${outcome}`])
      expect(asked).toHaveLength(1)
    },
  )

  it('are there to be asked about again as long as something could not be ended', async () => {
    await store().keep(place, origin, tokens('old', -1))
    answer = async () => ({ outcome: 'revoked_upstream' })
    const end = async () => {
      throw new UpstreamError('AUTH_UNAVAILABLE', 'down')
    }
    const keeper = keeperOf(test.postgres, { end })
    await expect(keeper.attend(place)).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    expect(await keeperOf().attend(place)).toBe('revoked_upstream')
    expect(ended).toHaveLength(1)
  })

  it('end nothing where a new sign-in has come before the answer', async () => {
    await store().keep(place, origin, tokens('old', -1))
    answer = async () => {
      await store().keep(place, origin, { ...tokens('newer'), refreshToken: 'refresh-9' })
      return { outcome: 'revoked_upstream' }
    }
    expect(await keeperOf().attend(place)).toBeUndefined()
    expect(ended).toEqual([])
    expect(await keeperOf().accessToken(place)).toBe('newer')
  })

  it('keep nobody waiting for long who refreshes, and are kept once they come', async () => {
    await store().keep(place, origin, tokens('old', -1))
    let arrive = (): void => undefined
    answer = async () => {
      await new Promise<void>((resolve) => (arrive = resolve))
      return { outcome: 'refreshed', tokens: tokens('new') }
    }
    const waits: number[] = []
    const briefly = async (milliseconds: number) => {
      waits.push(milliseconds)
      await until(() => asked.length === 1)
    }
    const keeper = keeperOf(test.postgres, { pause: briefly })
    expect(await keeper.attend(place)).toBeUndefined()
    // Whoever gives up meanwhile, this server's own sign-in among them, has lost the new refresh token.
    expect(waits[0]).toBeLessThan((requestSeconds * 1000) / 2)
    expect((await store().find(place))?.tokens.accessToken).toBe('old')
    arrive()
    await keeper.close()
    expect((await store().find(place))?.tokens.accessToken).toBe('new')
  })

  it('stay where the provider does not answer: the old one as long as it is good, then nobody gets one', async () => {
    answer = async () => {
      throw new UpstreamError('IDP_UNAVAILABLE', 'down')
    }
    await store().keep(place, origin, tokens('due', 30))
    expect(await keeperOf().accessToken(place)).toBe('due')
    await store().keep(place, origin, tokens('over', -1))
    await expect(keeperOf().accessToken(place)).rejects.toMatchObject({ code: 'ERR_IDP_UNAVAILABLE' })
    answer = async () => ({ outcome: 'refreshed', tokens: tokens('again') })
    expect(await keeperOf().accessToken(place)).toBe('again')
  })

  it('are left to another process for half a minute if one died over it', async () => {
    await store().keep(place, origin, tokens('old', -1))
    const kept = await store().find(place)
    if (kept === undefined) throw new TypeError('not kept')
    expect(await store().claim(kept)).toBeDefined()
    expect(await store().claim(kept)).toBeUndefined()
    await test.tenantSql(acme, `update kept_token set claimed_until = clock_timestamp() where account_id = $1`, [
      place.account,
    ])
    expect(await keeperOf().accessToken(place)).toBe('new')
  })

  it('stay, with what was signed in with them, where who was too slow hears that they are used up', async () => {
    await store().keep(place, origin, tokens('old', -1))
    const old = await store().find(place)
    if (old === undefined) throw new TypeError('not kept')
    answer = async () => {
      await test.tenantSql(acme, 'update kept_token set claimed_until = clock_timestamp()')
      expect(await store().claim(old)).toBeDefined()
      return { outcome: 'revoked_upstream' }
    }
    const another = async () => void (await store().renew(old, tokens('by another')))
    expect(await keeperOf(test.postgres, { pause: another }).accessToken(place)).toBe('by another')
    expect(ended).toEqual([])
  })

  it('keep nobody waiting for a process that died over them, either', async () => {
    await store().keep(place, origin, tokens('old', -1))
    const kept = await store().find(place)
    expect(kept && (await store().claim(kept))).toBeDefined()
    const keeper = keeperOf()
    expect(await keeper.attend(place)).toBeUndefined()
    await test.tenantSql(acme, `update kept_token set claimed_until = null where account_id = $1`, [place.account])
    await keeper.close()
    expect((await store().find(place))?.tokens.accessToken).toBe('new')
  })

  it.each([
    ['is another client of ours', { clientId: 'them' }],
    ['is another issuer now', { issuer: 'https://other.test' }],
  ])('are shown to nobody where the provider %s', async (_what, changed) => {
    await store().keep(place, origin, tokens('old', -1))
    offered = changed
    expect(await keeperOf().accessToken(place)).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('are gone where the provider was removed', async () => {
    await store().keep(place, origin, tokens('old', -1))
    offered = undefined
    expect(await keeperOf().accessToken(place)).toBeUndefined()
    expect(asked).toEqual([])
  })
})

describe('sealed values of providers', () => {
  it('are sealed anew with the key of today, in master and in the tenants', async () => {
    const { federation, keyAdministration } = test.postgres
    const tenant = await test.postgres.provisioner.createTenant({ slug: 'resealed', name: 'Resealed' })
    const account = await test.postgres.accounts.create(tenant, { email: 'ana@acme.test', grants: noGrants })
    const there = { tenant, account: account.id, provider: randomUUID(), subject: '1' }
    await federation.tokens.keep(there, origin, tokens('access'))
    await federation.providers.apply(
      {
        ...{ presence: 'new', tenant },
        provider: {
          ...{ kind: 'oidc', name: 'Corp', options: {}, clientSecret: 'secret' },
          ...{ application: undefined, position: undefined },
        },
      },
      'cli:ada',
    )
    const read = async () => {
      const [provider] = await test.sql(`select sealed_secret from identity_provider where tenant_id = $1`, [tenant.id])
      const [token] = await test.tenantSql(tenant, `select sealed from kept_token`)
      return [provider?.['sealed_secret'], token?.['sealed']].map((sealed) => (sealed as Buffer).toString('hex'))
    }
    const before = await read()
    await keyAdministration.rotate()
    await test.sql(`update data_key set active_at = clock_timestamp() - interval '1 second'`)
    await keyAdministration.reseal()
    const after = await read()
    expect(after.map((sealed, at) => sealed.slice(0, 18) === before[at]?.slice(0, 18))).toEqual([false, false])
    expect(await keeperOf().accessToken(there)).toBe('access')
    expect((await federation.providers.list([tenant.id]))[0]?.clientSecret).toBe('secret')
  })
})

describe('a keeper that closes', () => {
  it('keeps what is on its way, waits for no other process, and asks nobody afterwards', async () => {
    await store().keep(place, origin, tokens('first', 1))
    const kept = await store().find(place)
    if (kept === undefined) throw new TypeError('not kept')
    const [renewing, waiting] = [keeperOf(), keeperOf()]
    let answered = () => {}
    const held = new Promise<void>((resolve) => (answered = resolve))
    answer = async () => {
      await held
      return { outcome: 'refreshed', tokens: tokens('second') }
    }
    const renewed = renewing.accessToken(place)
    await until(() => asked.length === 1)
    const given = expect(waiting.accessToken(place)).rejects.toMatchObject({ outage: 'SHUTTING_DOWN' })
    await waiting.close()
    await given
    const closing = renewing.close()
    answered()
    await closing
    expect(await renewed).toBe('second')
    expect((await store().find(place))?.tokens.accessToken).toBe('second')
    for (const closed of [renewing, waiting]) {
      await expect(closed.accessToken(place)).rejects.toMatchObject({ outage: 'SHUTTING_DOWN' })
      await expect(closed.attend(place)).rejects.toMatchObject({ outage: 'SHUTTING_DOWN' })
    }
    expect(asked).toHaveLength(1)
  })
})
