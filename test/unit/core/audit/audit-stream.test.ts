import { afterEach, describe, expect, it } from '@jest/globals'
import type { AuditPlace } from '../../../../src/core/audit/audit-reader.js'
import type { AuditRecord } from '../../../../src/core/audit/audit-record.js'
import { AuditDeliveryError } from '../../../../src/core/audit/stream/audit-receiver.js'
import { AuditStream, type StreamTimes } from '../../../../src/core/audit/stream/audit-stream.js'
import { StreamLease } from '../../../../src/core/audit/stream/stream-lease.js'
import type { Tenant } from '../../../../src/core/identity/tenant.js'
import { until } from '../../../support/until.js'
import { usualRecord } from './random-audit-record.js'

const acme: Tenant = { id: 'a', slug: 'acme', name: 'Acme' }
const globex: Tenant = { id: 'g', slug: 'globex', name: 'Globex' }
const fast: StreamTimes = { busy: 1, idle: 1, retry: 1, longest: 4, delivery: 200 }

/** Trails and how far they were sent, as databases keep them. */
class MemoryTrail {
  readonly rows = new Map<string | undefined, AuditRecord[]>()
  readonly sent = new Map<string | undefined, number>()
  /** Places whose database does not answer. */
  readonly silent = new Set<string>()

  add(place: AuditPlace, many: number): void {
    const rows = this.rows.get(place?.id) ?? []
    for (let added = 0; added < many; added += 1) {
      rows.push({ ...usualRecord, tenant: place?.slug, position: { chain: 'c', sequence: rows.length + 1 } })
    }
    this.rows.set(place?.id, rows)
  }

  read(place: AuditPlace, _destination: string, limit: number): Promise<readonly AuditRecord[]> {
    if (this.silent.has(place?.slug ?? '')) return Promise.reject(new Error('no answer'))
    const sent = this.sent.get(place?.id) ?? 0
    return Promise.resolve((this.rows.get(place?.id) ?? []).slice(sent, sent + limit))
  }

  note(place: AuditPlace, _destination: string, sent: readonly AuditRecord[]): Promise<void> {
    this.sent.set(place?.id, sent.at(-1)?.position?.sequence ?? 0)
    return Promise.resolve()
  }
}

/** One turn for all who share it, as the rate limiter has it. */
class MemoryTurns {
  #taken = false
  take() {
    const admitted = !this.#taken
    this.#taken = true
    return Promise.resolve(admitted ? { admitted } : { admitted, secondsLeft: 1 })
  }
  forget() {
    this.#taken = false
    return Promise.resolve()
  }
}

const open: AuditStream[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((stream) => stream.close()))
})

type Deliver = (records: readonly AuditRecord[], signal: AbortSignal) => Promise<number>

function start(
  trail: MemoryTrail,
  changes: { deliver?: Deliver; tenants?: () => Promise<Tenant[]>; turns?: MemoryTurns } = {},
) {
  const received: AuditRecord[] = []
  const logged: string[] = []
  const take: Deliver = (records) => Promise.resolve(records.length)
  const { deliver = take, tenants = () => Promise.resolve([acme, globex]), turns = new MemoryTurns() } = changes
  const receiver = {
    destination: 'test',
    async deliver(records: readonly AuditRecord[], signal: AbortSignal) {
      const taken = await deliver(records, signal)
      received.push(...records.slice(0, taken))
      return taken
    },
  }
  const stream = new AuditStream({
    ...{ receiver, unsent: trail, tenants, times: fast },
    lease: new StreamLease(turns, 'test'),
    log: { write: (level) => logged.push(level) },
  })
  open.push(stream)
  stream.start()
  const of = (place: AuditPlace) =>
    received.filter(({ tenant }) => tenant === place?.slug).map(({ position }) => position?.sequence)
  return { logged, of, received, stream }
}

const upTo = (many: number) => Array.from({ length: many }, (_, index) => index + 1)

describe('the trail on its way elsewhere', () => {
  it('is sent whole, of master and of every tenant, and goes on with what comes', async () => {
    const trail = new MemoryTrail()
    trail.add(undefined, 3)
    trail.add(acme, 1500)
    const { of } = start(trail)
    await until(() => of(acme).length === 1500 && of(undefined).length === 3)
    trail.add(globex, 2)
    await until(() => of(globex).length === 2)
    expect([of(undefined), of(acme), of(globex)]).toEqual([upTo(3), upTo(1500), upTo(2)])
  })

  it('picks up tenants that are new', async () => {
    const trail = new MemoryTrail()
    const tenants = [acme]
    const { of } = start(trail, { tenants: () => Promise.resolve(tenants) })
    trail.add(globex, 2)
    tenants.push(globex)
    await until(() => of(globex).length === 2)
  })

  it('goes on where the receiver said that it had it', async () => {
    const trail = new MemoryTrail()
    trail.add(acme, 10)
    const { of } = start(trail, { deliver: (records) => Promise.resolve(Math.min(3, records.length)) })
    await until(() => of(acme).length === 10)
    expect(of(acme)).toEqual(upTo(10))
  })

  it('waits for a receiver that is down, says so once, and loses nothing', async () => {
    const trail = new MemoryTrail()
    trail.add(acme, 5)
    let attempts = 0
    const { logged, of } = start(trail, {
      deliver: (records) => {
        attempts += 1
        return attempts > 4 ? Promise.resolve(records.length) : Promise.reject(new AuditDeliveryError('down'))
      },
    })
    await until(() => of(acme).length === 5)
    expect(of(acme)).toEqual(upTo(5))
    expect(logged).toEqual(['warn', 'info'])
  })

  it('leaves a receiver alone for as long as it says', async () => {
    const trail = new MemoryTrail()
    trail.add(acme, 1)
    const attempts: number[] = []
    const { of } = start(trail, {
      deliver: (records) => {
        attempts.push(performance.now())
        if (attempts.length > 1) return Promise.resolve(records.length)
        return Promise.reject(new AuditDeliveryError('later', { retryAfterSeconds: 1 }))
      },
    })
    await until(() => of(acme).length === 1)
    expect((attempts[1] ?? 0) - (attempts[0] ?? 0)).toBeGreaterThanOrEqual(999)
  })

  it('gives up on a receiver that does not answer, and asks it again', async () => {
    const trail = new MemoryTrail()
    trail.add(acme, 1)
    let attempts = 0
    const { of } = start(trail, {
      deliver: (records, signal) => {
        attempts += 1
        if (attempts > 1) return Promise.resolve(records.length)
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason)
          })
        })
      },
    })
    await until(() => of(acme).length === 1)
    expect(attempts).toBe(2)
  })

  it('is sent for all tenants but the one whose database does not answer', async () => {
    const trail = new MemoryTrail()
    trail.add(acme, 1)
    trail.add(globex, 2)
    trail.silent.add('acme')
    const { of } = start(trail)
    await until(() => of(globex).length === 2)
    expect(of(acme)).toEqual([])
    trail.silent.clear()
    await until(() => of(acme).length === 1)
  })

  it('is sent by one process at a time, and by the next once that one stops', async () => {
    const trail = new MemoryTrail()
    const turns = new MemoryTurns()
    const first = start(trail, { turns })
    trail.add(acme, 2)
    await until(() => first.of(acme).length === 2)
    const second = start(trail, { turns })
    trail.add(acme, 1)
    await until(() => first.of(acme).length === 3)
    expect(second.received).toEqual([])
    await first.stream.close()
    trail.add(acme, 1)
    await until(() => second.of(acme).length === 1)
    expect(second.of(acme)).toEqual([4])
  })

  it('may be sent twice and never not at all, where a process ends between sending and noting it', async () => {
    const trail = new MemoryTrail()
    trail.add(acme, 3)
    const note = trail.note.bind(trail)
    let isCut = true
    trail.note = (...noted) => {
      const cut = isCut
      isCut = false
      return cut ? Promise.reject(new Error('cut off')) : note(...noted)
    }
    const { of } = start(trail)
    await until(() => of(acme).length === 6)
    expect(of(acme)).toEqual([...upTo(3), ...upTo(3)])
  })
})
