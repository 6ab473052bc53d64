import { describe, expect, it } from '@jest/globals'
import { AuditBacklog } from '../../../src/adapter/postgres/audit/log/audit-backlog.js'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { acme, globex } from '../../support/core-samples.js'

const down = new UpstreamError('TENANT_UNAVAILABLE', 'down')

function event(requestId: number, tenant: Tenant | undefined = acme): AuditEvent {
  return { type: 'operation.outcome', tenant, requestId: String(requestId) }
}

/** A backlog, what was dropped from it, and databases that can be down. */
class BacklogBench {
  readonly dropped: AuditEvent[] = []
  readonly backlog = new AuditBacklog((events) => this.dropped.push(...events))
  readonly commits: (readonly AuditEvent[])[] = []
  readonly down = new Set<Tenant | undefined>()

  write(): Promise<UpstreamError | undefined> {
    return this.backlog.write(async (events) => {
      await new Promise(setImmediate)
      if (this.down.has(events[0]?.tenant)) return down
      this.commits.push(events)
      return undefined
    })
  }

  written(tenant: Tenant | undefined = acme): readonly string[] {
    return this.commits
      .flat()
      .filter((written) => written.tenant === tenant)
      .map(({ requestId }) => requestId)
  }
}

describe('events that a database would not take', () => {
  it('are written once, in order, when it takes them', async () => {
    const bench = new BacklogBench()
    bench.down.add(acme)
    for (const number of [1, 2, 3]) bench.backlog.add(event(number))
    expect(await bench.write()).toBe(down)
    expect(bench.commits).toEqual([])
    bench.down.clear()
    bench.backlog.add(event(4))
    expect(await bench.write()).toBeUndefined()
    expect(await bench.write()).toBeUndefined()
    expect(bench.written()).toEqual(['1', '2', '3', '4'])
  })

  it('stay in order with those that come while they are written', async () => {
    const bench = new BacklogBench()
    bench.down.add(acme)
    bench.backlog.add(event(1))
    const writing = bench.write()
    bench.backlog.add(event(2))
    await writing
    bench.down.clear()
    await bench.write()
    expect(bench.written()).toEqual(['1', '2'])
  })

  it('keep those of no other database waiting', async () => {
    const bench = new BacklogBench()
    bench.down.add(acme)
    bench.backlog.add(event(1, acme))
    bench.backlog.add(event(2, globex))
    bench.backlog.add(event(3, undefined))
    expect(await bench.write()).toBe(down)
    expect([bench.written(acme), bench.written(globex)]).toEqual([[], ['2']])
  })

  it('are committed 500 at a time', async () => {
    const bench = new BacklogBench()
    for (let number = 0; number < 1_200; number += 1) bench.backlog.add(event(number))
    await bench.write()
    expect(bench.commits.map(({ length }) => length)).toEqual([500, 500, 200])
  })

  it('are 10,000 at most: the oldest are dropped, and that is told', async () => {
    const bench = new BacklogBench()
    for (let number = 0; number < 10_000; number += 1) bench.backlog.add(event(number))
    expect(bench.dropped).toEqual([])
    for (let number = 10_000; number < 10_003; number += 1) bench.backlog.add(event(number))
    expect(bench.dropped.map(({ requestId }) => requestId)).toEqual(['0', '1', '2'])
    bench.down.add(acme)
    const writing = bench.write()
    bench.backlog.add(event(10_003))
    await writing
    expect(bench.dropped.at(-1)?.requestId).toBe('3')
    expect(bench.backlog.take()).toHaveLength(10_000)
  })
})
