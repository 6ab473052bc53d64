import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import { RateLimitError } from '../../../src/core/error/rate-limit-error.js'
import type { Caller } from '../../../src/core/identity/caller.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { UserContext } from '../../../src/core/identity/user-context.js'
import { CallCounter } from '../../../src/core/operation/call-counter.js'
import { Guard } from '../../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../../src/core/operation/operation-catalogue.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import { sampleCaller } from '../../support/core-samples.js'
import { operation } from '../../support/mcp-operations.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: Tenant
let globex: Tenant
let replicas: readonly Replica[]

/** One process: its own connections and its own guard. */
class Replica {
  handled = 0
  readonly #guard: Guard

  constructor(readonly postgres: Postgres) {
    const run = (): string => `run ${(this.handled += 1)}`
    const tools = ['search', 'other', 'once'].map((name) =>
      operation(name, { limits: [{ limit: name === 'once' ? 1 : 10, seconds: 600, per: 'user' }], run }),
    )
    this.#guard = new Guard({
      ...{ catalogue: new OperationCatalogue(tools), audit: postgres.audit, log: { write: () => undefined } },
      callers: { renew: async (caller) => caller },
      counter: new CallCounter({ limiter: postgres.rateLimiter, application: 'app' }),
    })
  }

  /** Whether the call ran, or the seconds to wait. */
  async call(caller: Caller, name = 'search'): Promise<'run' | number> {
    const channel = { signal: new AbortController().signal }
    try {
      await this.#guard.call({ name, args: {}, caller, channel })
      return 'run'
    } catch (error) {
      if (error instanceof RateLimitError) return error.secondsLeft
      throw error
    }
  }
}

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await test.postgres.provisioner.createTenant({ slug: 'globex', name: 'Globex' })
  replicas = [test.postgres, await test.reopen()].map((postgres) => new Replica(postgres))
})
afterAll(() => test?.close())

function callerOf(tenant: Tenant, subject: string): Caller {
  const user = new UserContext({ subject, email: 'a@b.example', name: 'A', tenantId: tenant.slug, grants: noGrants })
  return { ...sampleCaller(), tenant, user }
}

/** That many calls at once, spread over the replicas. */
function atOnce(count: number, caller: Caller, name?: string): Promise<readonly ('run' | number)[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => {
      const replica = replicas[index % replicas.length]
      if (replica === undefined) throw new TypeError('no replica')
      return replica.call(caller, name)
    }),
  )
}

const ran = (answers: readonly ('run' | number)[]): number => answers.filter((answer) => answer === 'run').length
const handled = (): number => replicas.reduce((sum, replica) => sum + replica.handled, 0)

describe('two replicas', () => {
  it('let exactly ten of a hundred run that come at once, and nobody else pays for it', async () => {
    const ada = callerOf(acme, 'ada')
    const before = handled()
    const answers = await atOnce(100, ada)
    expect(ran(answers)).toBe(10)
    expect(handled()).toBe(before + 10)
    const waits = answers.filter((answer) => answer !== 'run')
    expect(waits.every((seconds) => seconds > 500 && seconds <= 600)).toBe(true)
    expect(ran(await atOnce(4, ada))).toBe(0)
    expect(ran(await atOnce(12, ada, 'other'))).toBe(10)
    expect(ran(await atOnce(12, callerOf(acme, 'bob')))).toBe(10)
    expect(ran(await atOnce(12, callerOf(globex, 'ada')))).toBe(10)
  })

  it('put every call on record that was refused, in few rows', async () => {
    const eve = callerOf(globex, 'eve')
    expect(ran(await atOnce(400, eve))).toBe(10)
    await Promise.all(replicas.map(({ postgres }) => postgres.audit.flush()))
    const rows = await test.tenantSql(
      globex,
      `select count(*)::int as rows, sum(count)::int as calls from audit_event
       where type = 'operation.denied' and reason = 'rate_limited' and subject = 'eve' and operation = 'search'`,
    )
    expect(rows[0]?.['calls']).toBe(390)
    // Of each replica the first of a second have a row of their own, and the others one.
    expect(Number(rows[0]?.['rows'])).toBeLessThan(130)
  })

  it('let in again when the window has ended, by the clock of the database', async () => {
    const ada = callerOf(acme, 'late')
    expect(ran(await atOnce(4, ada, 'once'))).toBe(1)
    await test.sql(`update rate_limit set ends_at = clock_timestamp() + interval '100 seconds'`)
    const [wait] = await atOnce(1, ada, 'once')
    expect(wait).toBeGreaterThan(90)
    expect(wait).toBeLessThanOrEqual(100)
    await test.sql('update rate_limit set ends_at = clock_timestamp()')
    expect(ran(await atOnce(4, ada, 'once'))).toBe(1)
  })

  it('run nothing while calls cannot be counted', async () => {
    const ada = callerOf(acme, 'outage')
    await test.sql('alter table rate_limit rename to rate_limit_away')
    const before = handled()
    const failed = await atOnce(1, ada).catch((error: unknown) => error)
    await test.sql('alter table rate_limit_away rename to rate_limit')
    expect(failed).toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    expect(handled()).toBe(before)
    expect(ran(await atOnce(1, ada))).toBe(1)
  })
})
