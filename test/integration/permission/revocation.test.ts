import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { Authenticator } from '../../../src/core/operation/authenticator.js'
import { Guard } from '../../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../../src/core/operation/operation-catalogue.js'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'
import { operation, role } from '../../support/mcp-operations.js'
import { until } from '../../support/until.js'

const lanes = 4
const rounds = 25

let test: TestPostgres
let tenants: readonly Tenant[]

beforeAll(async () => {
  test = await openTestPostgres()
  const slugs = Array.from({ length: lanes }, (_, lane) => `lane-${lane}`)
  tenants = await Promise.all(slugs.map((slug) => test.postgres.provisioner.createTenant({ slug, name: slug })))
})
afterAll(() => test?.close())

/** Somebody of a tenant who calls a tool that only administrators may use, through the real guard and the real database. */
class Caller {
  handled = 0
  readonly #guard: Guard
  readonly #authenticator: Authenticator

  constructor(
    postgres: Postgres,
    tenant: Tenant,
    readonly subject: string,
  ) {
    const wipe = operation('wipe', {
      requirement: role('admin'),
      run: () => {
        this.handled += 1
        return 'wiped'
      },
    })
    const log = { write: () => undefined }
    this.#authenticator = new Authenticator({
      clientId: 'app',
      applications: { find: async (clientId) => ({ clientId, name: 'App', tenant, admits: 'own' }) },
      logouts: { isOver: async () => false },
      tokens: {
        verify: async (_token, resource) => ({
          ...{ issuer: ownIssuer, subject, clientId: 'client', resource, tenantClaim: tenant.slug },
          ...{
            email: undefined,
            name: undefined,
            grantDigest: 'grant',
            expiresAt: 4_000_000_000,
            issuedAt: 0,
            methods: ['pwd'],
          },
          asserted: { roles: ['admin'], scopes: [] },
        }),
      },
      tenants: postgres.tenants,
      grants: postgres.grants,
      registry: { isActive: async () => true },
      signIns: postgres.signIns,
      developmentTokens: 'refuse',
    })
    const catalogue = new OperationCatalogue([wipe])
    this.#guard = new Guard({ catalogue, callers: this.#authenticator, audit: postgres.audit, log })
  }

  /** Whether a call runs the tool. */
  async call(): Promise<boolean> {
    const caller = await this.#authenticator.authenticate('token', 'resource')
    const before = this.handled
    const channel = { signal: new AbortController().signal }
    const { outcome } = await this.#guard.call({ name: 'wipe', args: {}, caller, channel })
    expect(outcome).toBe(this.handled > before ? 'answered' : 'unknown')
    return this.handled > before
  }
}

async function newCaller(postgres: Postgres, tenant: Tenant): Promise<Caller> {
  const { id } = await test.postgres.accounts.create(tenant, {
    email: `${crypto.randomUUID()}@lane.example`,
    grants: grantsOf({ roles: ['admin'] }),
  })
  return new Caller(postgres, tenant, id)
}

const revoke = (tenant: Tenant, { subject }: Caller) =>
  test.tenantSql(tenant, 'delete from account_role where account_id = $1', [subject])

/** The role goes by plain SQL at any moment; milliseconds until a call that started afterwards was the last one that ran. */
async function lastAllowedAfterRevocation(postgres: Postgres, tenant: Tenant): Promise<number> {
  const caller = await newCaller(postgres, tenant)
  expect(await caller.call()).toBe(true)
  await pause(Math.random() * 600)
  expect(await caller.call()).toBe(true)
  await revoke(tenant, caller)
  const revokedAt = performance.now()
  let last = revokedAt
  for (;;) {
    const startedAt = performance.now()
    if (!(await caller.call())) break
    last = startedAt
    await pause(5)
  }
  // Refused once is refused for good.
  for (let more = 0; more < 3; more += 1) expect(await caller.call()).toBe(false)
  return last - revokedAt
}

async function inEveryLane(postgres: Postgres): Promise<readonly number[]> {
  const measured = await Promise.all(
    tenants.map(async (tenant) => {
      const times: number[] = []
      for (let round = 0; round < rounds; round += 1) times.push(await lastAllowedAfterRevocation(postgres, tenant))
      return times
    }),
  )
  return measured.flat()
}

describe('a role that is taken away by plain SQL', () => {
  it('is refused to every call that starts a second later or more, 100 times of 100', async () => {
    const postgres = await test.reopen()
    postgres.changes.follow()
    await until(() => postgres.changes.alive)
    const times = await inEveryLane(postgres)
    expect(times).toHaveLength(100)
    expect(Math.max(...times)).toBeLessThan(1_000)
    // Else nothing was ever relied on, and this proves little.
    expect(Math.max(...times)).toBeGreaterThan(0)
    expect(postgres.changes.alive).toBe(true)
  }, 240_000)

  it('is refused as soon, 100 times of 100, when the connection that hints come by is black-holed', async () => {
    const proxy: FaultProxy = await FaultProxy.open(test.connection)
    try {
      const postgres = await test.reopen({ direct: proxy.before(test.connection) })
      postgres.changes.follow()
      await until(() => postgres.changes.alive)
      await proxy.set('blackhole')
      const times = await inEveryLane(postgres)
      expect(times).toHaveLength(100)
      expect(Math.max(...times)).toBeLessThan(1_000)
      expect(postgres.changes.alive).toBe(false)
    } finally {
      await proxy.close()
    }
  }, 240_000)

  it('is refused to the very next call of every process once it has been hinted at', async () => {
    const [here, there] = [await test.reopen(), await test.reopen()]
    for (const postgres of [here, there]) postgres.changes.follow()
    await until(() => here.changes.alive && there.changes.alive)
    const [tenant] = tenants
    if (tenant === undefined) throw new TypeError('there is no tenant')
    for (let round = 0; round < 20; round += 1) {
      const caller = await newCaller(there, tenant)
      expect(await caller.call()).toBe(true)
      const heard = new Promise<void>((resolve) => {
        const stop = there.changes.subscribe((tenantId) => {
          if (tenantId !== tenant.id) return
          stop()
          resolve()
        })
      })
      await revoke(tenant, caller)
      await here.changes.publish(tenant)
      await heard
      expect(await caller.call()).toBe(false)
    }
  })
})
