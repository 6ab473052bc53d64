import { describe, expect, it } from '@jest/globals'
import { RateLimitError } from '../../../src/core/error/rate-limit-error.js'
import type { Caller } from '../../../src/core/identity/caller.js'
import { UserContext } from '../../../src/core/identity/user-context.js'
import { CallCounter } from '../../../src/core/operation/call-counter.js'
import { joinLimits, type CallLimit } from '../../../src/core/operation/call-limit.js'
import type { CallRequest } from '../../../src/core/operation/call-run.js'
import { Guard, type CallOutcome } from '../../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../../src/core/operation/operation-catalogue.js'
import type { Operation } from '../../../src/core/operation/operation.js'
import { allOf, role } from '../../../src/core/permission/requirement/builders.js'
import { policy, type PolicyVerdict } from '../../../src/core/permission/requirement/policy.js'
import { acme, globex, sampleCaller, sampleOperation } from '../../support/core-samples.js'
import { ManualClock } from '../../support/manual-clock.js'
import { MemoryAuditLog } from '../../support/memory-audit-log.js'
import { MemoryRateLimiter } from '../../support/memory-ports.js'

const twice: CallLimit = { limit: 2, seconds: 60, per: 'user' }

/** A guard over operations with limits; several may share what they count. */
class Bench {
  readonly audit = new MemoryAuditLog()
  readonly clock: ManualClock
  readonly limiter: MemoryRateLimiter
  readonly guard: Guard
  handled = 0

  constructor(changes: readonly Partial<Operation>[], { beside, application = 'app' }: BenchOptions = {}) {
    this.clock = beside?.clock ?? new ManualClock()
    this.limiter = beside?.limiter ?? new MemoryRateLimiter(this.clock)
    const operations = changes.map((change) =>
      sampleOperation({ limits: [twice], ...change, invoke: () => (this.handled += 1) }),
    )
    this.guard = new Guard({
      ...{ catalogue: new OperationCatalogue(operations), audit: this.audit, log: { write: () => undefined } },
      callers: { renew: async (caller) => caller },
      counter: new CallCounter({ limiter: this.limiter, application }),
    })
  }

  call(caller: Caller | undefined, request: Partial<CallRequest> = {}): Promise<CallOutcome> {
    const channel = { signal: new AbortController().signal }
    return this.guard.call({ name: 'sample', args: {}, channel, ...request, caller })
  }

  /** How many calls are answered before one is too many. */
  async left(caller: Caller | undefined, request: Partial<CallRequest> = {}): Promise<number> {
    for (let count = 0; count <= 20; count += 1) {
      const outcome = await this.call(caller, request).catch((error: unknown) => error)
      if (outcome instanceof RateLimitError) return count
      expect(outcome).toMatchObject({ outcome: 'answered' })
    }
    throw new TypeError('there is no limit')
  }
}

interface BenchOptions {
  readonly beside?: Bench
  readonly application?: string
}

function callerLike(changes: Partial<Caller>, subject = 'ada'): Caller {
  const caller = sampleCaller({ roles: ['user'] })
  const { email, name, tenantId } = caller.user
  const user = new UserContext({ email, name, tenantId, subject, grants: caller.holding.effective })
  return { ...caller, user, ...changes }
}

const ada = callerLike({})

describe('a call beyond the limit of its operation', () => {
  it('runs nothing, is told how long to wait, and is counted on record', async () => {
    const bench = new Bench([{}])
    expect(await bench.left(ada)).toBe(2)
    bench.clock.advance(18)
    await expect(bench.call(ada)).rejects.toMatchObject({
      ...{ code: 'ERR_RATE_LIMITED', secondsLeft: 42, retryable: true },
      ref: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(bench.handled).toBe(2)
    const limited = {
      type: 'operation.denied',
      operation: 'sample',
      reason: 'rate_limited',
      subject: 'ada',
      tenant: acme,
    }
    expect(bench.audit.counted).toMatchObject([limited, limited])
    const begun = bench.audit.rows.map(({ type }) => type)
    expect(begun).toEqual(['operation.allowed', 'operation.outcome', 'operation.allowed', 'operation.outcome'])
  })

  it('is admitted again when the window has ended', async () => {
    const bench = new Bench([{}])
    expect(await bench.left(ada)).toBe(2)
    bench.clock.advance(59)
    expect(await bench.left(ada)).toBe(0)
    bench.clock.advance(1)
    expect(await bench.left(ada)).toBe(2)
  })

  it('is one of a hundred that come at once: exactly as many run as the limit says', async () => {
    const bench = new Bench([{ limits: [{ limit: 10, seconds: 60, per: 'user' }] }])
    const calls = await Promise.allSettled(Array.from({ length: 100 }, () => bench.call(ada)))
    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    expect(bench.handled).toBe(10)
    expect(bench.audit.counted).toHaveLength(90)
  })

  it('is what a second guard over the same counts says too', async () => {
    const bench = new Bench([{}])
    await bench.call(ada)
    expect(await new Bench([{}], { beside: bench }).left(ada)).toBe(1)
    expect(await bench.left(ada)).toBe(0)
  })

  it('counts under no limit where one of several is used up', async () => {
    const hourly: CallLimit = { limit: 3, seconds: 3600, per: 'user' }
    const bench = new Bench([{ limits: [twice, hourly] }])
    expect(await bench.left(ada)).toBe(2)
    for (let each = 0; each < 10; each += 1) expect(await bench.left(ada)).toBe(0)
    bench.clock.advance(60)
    expect(await bench.left(ada)).toBe(1)
    await expect(bench.call(ada)).rejects.toMatchObject({ secondsLeft: 3540 })
  })

  it('leaves operations without limits alone', async () => {
    const bench = new Bench([{ limits: [] }, { name: 'limited' }])
    bench.limiter.available = false
    for (let each = 0; each < 5; each += 1) expect(await bench.call(ada)).toMatchObject({ outcome: 'answered' })
  })
})

describe('calls that count together', () => {
  it('are those of one user, whatever client they use', async () => {
    const bench = new Bench([{}])
    expect(await bench.left(ada)).toBe(2)
    expect(await bench.left(callerLike({ clientId: 'client-2', grantDigest: 'grant-2' }))).toBe(0)
    expect(await bench.left(callerLike({}, 'bob'))).toBe(2)
    expect(await bench.left(callerLike({ tenant: globex }))).toBe(2)
    expect(await bench.left(callerLike({ issuer: 'https://other.example' }))).toBe(2)
  })

  it('are those of one operation of one application', async () => {
    const bench = new Bench([{}, { name: 'other' }])
    expect(await bench.left(ada)).toBe(2)
    expect(await bench.left(ada, { name: 'other' })).toBe(2)
    expect(await new Bench([{}], { beside: bench, application: 'another' }).left(ada)).toBe(2)
  })

  it('are those of a tenant where the limit says so', async () => {
    const bench = new Bench([{ limits: [{ ...twice, per: 'tenant' }] }])
    await bench.call(ada)
    expect(await bench.left(callerLike({}, 'bob'))).toBe(1)
    expect(await bench.left(ada)).toBe(0)
    expect(await bench.left(callerLike({ tenant: globex }))).toBe(2)
  })

  it('are those of everybody where the limit says so', async () => {
    const bench = new Bench([{ limits: [{ ...twice, per: 'everybody' }], protection: { access: 'public' } }])
    await bench.call(ada)
    await bench.call(undefined, { network: '203.0.113.7' })
    expect(await bench.left(callerLike({ tenant: globex }, 'bob'))).toBe(0)
    expect(await bench.left(undefined, { network: '203.0.113.8' })).toBe(0)
  })

  it.each(['user', 'tenant'] as const)('are those from one address where nobody is known, per %s', async (per) => {
    const bench = new Bench([{ limits: [{ ...twice, per }], protection: { access: 'public' } }])
    expect(await bench.left(undefined, { network: '203.0.113.7' })).toBe(2)
    expect(await bench.left(undefined, { network: '203.0.113.8' })).toBe(2)
    expect(await bench.left(ada, { network: '203.0.113.7' })).toBe(2)
    expect(await bench.left(ada, { network: '203.0.113.8' })).toBe(0)
    expect(await bench.left(undefined)).toBe(2)
    expect(await bench.left(undefined)).toBe(0)
  })

  it('are not those of a user and an address with the same name', async () => {
    const bench = new Bench([{ limits: [{ ...twice, per: 'tenant' }], protection: { access: 'public' } }])
    expect(await bench.left(ada)).toBe(2)
    expect(await bench.left(undefined, { network: acme.id })).toBe(2)
  })
})

describe('who may not call', () => {
  it('learns nothing of a limit that is used up, and uses none', async () => {
    const admin = callerLike({ ...sampleCaller({ roles: ['admin'] }) })
    const everybody: CallLimit = { limit: 2, seconds: 60, per: 'everybody' }
    const bench = new Bench([{ protection: { access: 'protected', requirement: role('admin') }, limits: [everybody] }])
    for (let each = 0; each < 3; each += 1) expect(await bench.call(ada)).toEqual({ outcome: 'unknown' })
    expect(await bench.left(admin)).toBe(2)
    expect(await bench.call(ada)).toEqual({ outcome: 'unknown' })
    expect(await bench.call(undefined)).toEqual({ outcome: 'unknown' })
  })

  it('uses no limit by what a policy refuses', async () => {
    class Even {
      decide(): PolicyVerdict {
        return 'allow'
      }
    }
    const bench = new Bench([
      {
        protection: { access: 'protected', requirement: allOf(role('user'), policy(Even)) },
        askPolicy: (_policy, { about }) => (isEven(about.input) ? 'allow' : 'deny'),
      },
    ])
    const odd = { args: { n: 1 } }
    for (let each = 0; each < 3; each += 1) {
      expect(await bench.call(ada, odd)).toMatchObject({ outcome: 'answered', result: { isError: true } })
    }
    expect(await bench.left(ada, { args: { n: 2 } })).toBe(2)
    expect(bench.handled).toBe(2)
    expect(await bench.call(ada, odd)).toMatchObject({ outcome: 'answered', result: { isError: true } })
  })
})

describe('what cannot be counted or recorded', () => {
  it('does not run, and is an outage', async () => {
    const bench = new Bench([{}])
    bench.limiter.available = false
    await expect(bench.call(ada)).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    expect(bench.handled).toBe(0)
    expect(bench.audit.rows).toEqual([])
    bench.limiter.available = true
    expect(await bench.left(ada)).toBe(2)
  })

  it('does not count where it could not be recorded', async () => {
    const bench = new Bench([{}])
    bench.audit.refuse('operation.allowed')
    for (let each = 0; each < 5; each += 1) {
      await expect(bench.call(ada)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    }
    expect(bench.handled).toBe(0)
  })

  it('counts where the arguments are wrong', async () => {
    const bench = new Bench([{ parseInput: () => ({ valid: false, message: 'no' }) }])
    expect(await bench.left(ada)).toBe(2)
    expect(bench.handled).toBe(0)
  })

  it('has a guard that does not start: limits that nobody counts', () => {
    const catalogue = new OperationCatalogue([sampleOperation({ limits: [twice] })])
    const ports = { catalogue, audit: new MemoryAuditLog(), log: { write: () => undefined } }
    const callers = { renew: async (caller: Caller) => caller }
    expect(() => new Guard({ ...ports, callers })).toThrow('nobody counts calls of sample')
    const free = new OperationCatalogue([sampleOperation({ limits: [] })])
    expect(() => new Guard({ ...ports, callers, catalogue: free })).not.toThrow()
  })
})

describe('joinLimits', () => {
  it('keeps the lowest of those that count the same, and all others', () => {
    const tenant: CallLimit = { ...twice, per: 'tenant' }
    const hourly: CallLimit = { ...twice, seconds: 3600 }
    expect(joinLimits([{ ...twice, limit: 9 }, tenant, twice, hourly, { ...twice, limit: 3 }])).toEqual([
      twice,
      tenant,
      hourly,
    ])
  })
})

function isEven(input: unknown): boolean {
  return typeof input === 'object' && input !== null && Number(Reflect.get(input, 'n')) % 2 === 0
}
