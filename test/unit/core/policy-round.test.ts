import { describe, expect, it } from '@jest/globals'
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

  async call(caller = sampleCaller({ roles: ['admin'] })): Promise<CallOutcome> {
    const operation = sampleOperation({
      name: 'wipe',
      protection: {
        access: 'protected',
        requirement: allOf(role('admin'), policy(First, { milliseconds: 50 }), policy(Second, { milliseconds: 50 })),
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
    const channel = { signal: new AbortController().signal }
    return guard.call({ name: 'wipe', args: { id: 1 }, caller, channel })
  }

  get types(): readonly string[] {
    return this.audit.rows.map(({ type }) => type)
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
    expect(bench.audit.rows).toMatchObject([{ type: 'operation.denied', detail: { missing: ['roles:admin'] } }])
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
    ['at once', () => (spin(120), 'allow')],
    ['after a moment', async () => (await Promise.resolve(), spin(120), 'allow')],
  ])('is refused by a policy that lets nothing else run until its time is up: %s', async (_when, answer) => {
    const bench = new Bench()
    bench.second = answer
    expect(await bench.call()).toMatchObject(refused)
    expect(bench.handled).toEqual([])
    bench.second = () => (spin(5), 'allow')
    expect(await bench.call()).toMatchObject({ result: { content: [{ text: 'wiped' }] } })
  })

  it('runs with the arguments that were sent, whatever a policy does to what it is shown', async () => {
    const bench = new Bench()
    const seen: unknown[] = []
    const meddle: Answer = ({ about }) => {
      seen.push(structuredClone(about.input))
      Object.assign(Object(about.input), { id: 2 })
      return 'allow'
    }
    bench.first = meddle
    bench.second = meddle
    await bench.call()
    expect(seen).toEqual([{ id: 1 }, { id: 1 }])
    expect(bench.handled).toEqual([{ id: 1 }])
  })
})

function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}
