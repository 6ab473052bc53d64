import { describe, expect, it, jest } from '@jest/globals'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { Caller } from '../../../src/core/identity/caller.js'
import { Guard, type CallOutcome } from '../../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../../src/core/operation/operation-catalogue.js'
import type { PolicyQuestion } from '../../../src/core/operation/operation.js'
import { allOf, role } from '../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../src/core/permission/requirement/policy.js'
import { sampleCaller, sampleOperation } from '../../support/core-samples.js'
import { MemoryAuditLog } from '../../support/memory-audit-log.js'

class First {
  decide(): 'allow' {
    return 'allow'
  }
}
class Second extends First {}

type Answer = (question: PolicyQuestion) => unknown

/** A tool for administrators that two policies have a say in. */
class Bench {
  readonly audit = new MemoryAuditLog()
  readonly handled: unknown[] = []
  first: Answer = () => 'allow'
  second: Answer = () => 'allow'
  renew: (caller: Caller) => Promise<Caller | undefined> = async (caller) => caller

  policies: 'both' | 'none' = 'both'

  async call(caller = sampleCaller({ roles: ['admin'] }), signal = new AbortController().signal): Promise<CallOutcome> {
    const operation = sampleOperation({
      name: 'wipe',
      protection: {
        access: 'protected',
        requirement:
          this.policies === 'none'
            ? role('admin')
            : allOf(role('admin'), policy(First, { milliseconds: 1_000 }), policy(Second, { milliseconds: 1_000 })),
      },
      parseInput: (args) => ({ valid: true, value: structuredClone(args) }),
      askPolicy: ({ key }, question) => (key === First ? this.first(question) : this.second(question)),
      invoke: (input) => {
        this.handled.push(input)
        return 'wiped'
      },
    })
    const guard = new Guard({
      ...{ catalogue: new OperationCatalogue([operation]), audit: this.audit, log: { write: () => undefined } },
      callers: { renew: (known) => this.renew(known) },
    })
    return guard.call({ name: 'wipe', args: { id: 1, of: [{ n: 1 }] }, caller, channel: { signal } })
  }

  get types(): readonly string[] {
    return this.audit.events.map(({ type }) => type)
  }
}

const refused = {
  outcome: 'answered',
  result: { isError: true, content: [{ text: expect.stringMatching(/^Not permitted \(ref /) }] },
}

describe('a call that policies decide', () => {
  it('runs for who still holds what else is demanded once they have answered', async () => {
    const bench = new Bench()
    expect(await bench.call()).toMatchObject({ outcome: 'answered', result: { content: [{ text: 'wiped' }] } })
    expect(bench.types).toEqual(['operation.allowed', 'operation.outcome'])
  })

  it('does not run for who has lost it while they thought, and says so on record', async () => {
    const bench = new Bench()
    bench.renew = async () => sampleCaller({ roles: [] })
    expect(await bench.call()).toMatchObject(refused)
    expect(bench.handled).toEqual([])
    expect(bench.audit.counted).toMatchObject([{ type: 'operation.denied', detail: { missing: ['roles:admin'] } }])
  })

  it('does not run for who may not enter any more', async () => {
    const bench = new Bench()
    bench.renew = async () => undefined
    expect(await bench.call()).toMatchObject(refused)
    expect(bench.handled).toEqual([])
  })

  it('does not run where that cannot be told', async () => {
    const bench = new Bench()
    bench.renew = () => Promise.reject(new UpstreamError('TENANT_UNAVAILABLE', 'down'))
    await expect(bench.call()).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(bench.handled).toEqual([])
  })

  it.each<readonly [string, Answer]>([
    ['at once', () => (spin(1_100), 'allow')],
    ['after a moment', async () => (await Promise.resolve(), spin(1_100), 'allow')],
  ])('is refused by a policy that lets nothing else run until its time is up: %s', async (_when, answer) => {
    const bench = new Bench()
    bench.second = answer
    expect(await bench.call()).toMatchObject(refused)
    expect(bench.handled).toEqual([])
    bench.second = () => 'allow'
    expect(await bench.call()).toMatchObject({ result: { content: [{ text: 'wiped' }] } })
  })

  it('runs with the very arguments that the policies saw, which none of them can change', async () => {
    const bench = new Bench()
    const seen: unknown[] = []
    const note: Answer = ({ about }) => (seen.push(about.input), 'allow')
    bench.first = note
    bench.second = note
    await bench.call()
    expect(bench.handled).toEqual([{ id: 1, of: [{ n: 1 }] }])
    expect(seen).toEqual([...bench.handled, ...bench.handled])
    expect(seen.every((one) => one === bench.handled[0])).toBe(true)
    for (const meddle of [
      (input: Input) => (input.id = 2),
      (input: Input) => input.of.push({ n: 2 }),
      (input: Input) => input.of.forEach((one) => (one.n = 2)),
    ]) {
      bench.first = ({ about }) => (meddle(about.input as Input), 'allow')
      expect(await bench.call()).toMatchObject(refused)
    }
    expect(bench.handled).toHaveLength(1)
  })

  it('leaves nothing behind in memory once it is over', async () => {
    const bench = new Bench()
    const signal = new AbortController().signal
    const listeners = jest.spyOn(signal, 'addEventListener')
    const aborted: AbortSignal[] = []
    bench.first = ({ about }) => (aborted.push(about.signal), 'allow')
    await bench.call(undefined, signal)
    expect(aborted.map((one) => one.aborted)).toEqual([true])
    expect(listeners).not.toHaveBeenCalled()
  })
})

describe('a call whose caller was looked up a while ago', () => {
  const old = () => ({ ...sampleCaller({ roles: ['admin'] }), readAt: performance.now() - 1_000 })

  it('is decided again before the handler runs, whatever took so long', async () => {
    const bench = new Bench()
    bench.policies = 'none'
    const renewed: Caller[] = []
    bench.renew = async (caller) => (renewed.push(caller), sampleCaller({ roles: ['admin'] }))
    expect(await bench.call(old())).toMatchObject({ result: { content: [{ text: 'wiped' }] } })
    expect(renewed).toHaveLength(1)
    await bench.call()
    expect(renewed).toHaveLength(1)
  })

  it.each<readonly [string, () => Promise<Caller | undefined>]>([
    ['has lost what is demanded', async () => sampleCaller({})],
    ['may not enter any more', async () => undefined],
  ])('does not run for one who %s', async (_how, renew) => {
    const bench = new Bench()
    bench.policies = 'none'
    bench.renew = renew
    expect(await bench.call(old())).toEqual({ outcome: 'unknown' })
    expect(bench.handled).toEqual([])
    expect(bench.audit.events.map(({ type, reason }) => [type, reason])).toEqual([
      ['operation.allowed', undefined],
      ['operation.outcome', 'revoked'],
    ])
  })

  it('does not run where that cannot be told, which is an outage and no failure of the tool', async () => {
    const bench = new Bench()
    bench.policies = 'none'
    bench.renew = () => Promise.reject(new UpstreamError('TENANT_UNAVAILABLE', 'down'))
    await expect(bench.call(old())).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(bench.handled).toEqual([])
    expect(bench.types).toEqual(['operation.allowed', 'operation.outcome'])
  })

  it('does not run after the token has expired', async () => {
    const bench = new Bench()
    bench.policies = 'none'
    const now = Math.floor(Date.now() / 1_000)
    expect(await bench.call({ ...sampleCaller({ roles: ['admin'] }), expiresAt: now })).toEqual({ outcome: 'unknown' })
    bench.policies = 'both'
    expect(await bench.call({ ...sampleCaller({ roles: ['admin'] }), expiresAt: now })).toMatchObject(refused)
    bench.policies = 'none'
    expect(bench.handled).toEqual([])
    const caller = { ...sampleCaller({ roles: ['admin'] }), expiresAt: now + 60 }
    expect(await bench.call(caller)).toMatchObject({ result: { content: [{ text: 'wiped' }] } })
  })
})

interface Input {
  id: number
  of: { n: number }[]
}

function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}
