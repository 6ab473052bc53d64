import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { ChangeWatch } from '../../../src/adapter/mcp/legacy/change-watch.js'
import type { Session } from '../../../src/adapter/mcp/legacy/session.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { acme, globex } from '../../support/core-samples.js'
import { ManualClock } from '../../support/manual-clock.js'
import { QuietChanges } from '../../support/quiet-changes.js'
import { MemorySessionStore } from '../../support/memory-sessions.js'

interface Sketch {
  readonly digest: string
  /** Where it is signed in. */
  readonly tenant?: Tenant
  readonly stream?: boolean
  readonly busy?: boolean
}

/** What a watch sees of a session. */
function session({ digest, tenant, stream = true, busy = stream }: Sketch): Session {
  const signIn = tenant && { tenant, key: digest }
  const seen = { record: { digest, signIn }, signIn, stream: stream ? {} : undefined, busy }
  return seen as unknown as Session
}

/** A watch over sessions; those of a tenant that is down cannot be announced to. */
class WatchBench {
  readonly announced: string[] = []
  readonly ended: string[] = []
  /** Told that they were signed in or out. */
  readonly signedIn: string[] = []
  readonly lines: string[] = []
  readonly store = new MemorySessionStore(new ManualClock())
  readonly down = new Set<string>()
  readonly hanging = new Set<string>()
  #sessions: readonly Session[] = []
  readonly watch = new ChangeWatch({
    table: {
      all: () => [...this.#sessions],
      peek: (digest) => this.#sessions.find(({ record }) => record.digest === digest),
      end: async (digest) => void this.ended.push(digest),
    },
    sessions: this.store,
    changes: new QuietChanges(),
    grants: { policyVersion: () => Promise.reject(new UpstreamError('TENANT_UNAVAILABLE', 'down')) },
    announce: (announced) => this.#announce(announced),
    announceSignIn: async ({ record }) => void this.signedIn.push(record.digest),
    log: { write: (_level, message) => void this.lines.push(message) },
  })

  async keep(...sketches: readonly Sketch[]): Promise<void> {
    this.#sessions = sketches.map(session)
    for (const { digest, tenant } of sketches) {
      const signIn = tenant && { tenant, key: digest }
      await this.store.open({
        ...{ digest, application: 'app', endpoint: '/mcp', principal: undefined, signIn, logLevel: undefined },
        ...{ client: { name: 'test', version: '1' }, capabilities: {}, protocolVersion: '2025-11-25' },
      })
    }
  }

  async #announce({ record, signIn }: Session): Promise<void> {
    this.announced.push(record.digest)
    await new Promise(setImmediate)
    const slug = signIn?.tenant.slug ?? ''
    if (this.hanging.has(slug)) return new Promise(() => undefined)
    if (this.down.has(slug)) throw new UpstreamError('TENANT_UNAVAILABLE', 'down')
  }
}

let bench: WatchBench

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] })
  bench = new WatchBench()
})

afterEach(() => {
  bench.watch.close()
  jest.useRealTimers()
})

async function pass(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds)
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
}

describe('a session that is behind the policy version', () => {
  it('is looked at until that could be done, and then no more', async () => {
    const version = { current: 'v2' }
    const looked: (string | undefined)[] = []
    let down = true
    const behind = { value: true }
    const signIn = { tenant: acme, key: 'k' }
    const waiting = { record: { digest: 'one' }, signIn, stream: {}, busy: true, isBehind: () => behind.value }
    const lines: string[] = []
    const watch = new ChangeWatch({
      table: { all: () => [waiting as unknown as Session], peek: () => undefined, end: async () => undefined },
      sessions: undefined,
      changes: new QuietChanges(),
      grants: { policyVersion: async () => version.current },
      announce: async (_session, policyVersion) => {
        looked.push(policyVersion)
        if (down) throw new UpstreamError('TENANT_UNAVAILABLE', 'down')
        behind.value = false
      },
      announceSignIn: async () => undefined,
      log: { write: (_level, message) => void lines.push(message) },
    })
    await pass(900)
    expect(looked).toEqual(['v2', 'v2', 'v2', 'v2'])
    expect(lines).toHaveLength(1)
    down = false
    await pass(800)
    expect(looked).toHaveLength(5)
    watch.close()
  })
})

describe('every two seconds', () => {
  it('looks at sessions that are signed in and listen, and at no other', async () => {
    await bench.keep(
      { digest: 'signed in', tenant: acme },
      { digest: 'nobody' },
      { digest: 'deaf', tenant: acme, stream: false, busy: true },
    )
    await pass(2_000)
    expect(bench.announced).toEqual(['signed in'])
    await pass(2_000)
    expect(bench.announced).toHaveLength(2)
  })

  it('is not kept from some tenants by others that are down, and asks for those once', async () => {
    bench.down.add(acme.slug)
    const many = Array.from({ length: 100 }, (_, index) => ({ digest: String(index), tenant: acme }))
    await bench.keep({ digest: 'of globex', tenant: globex }, ...many)
    await pass(2_000)
    expect(bench.announced).toContain('of globex')
    expect(bench.announced.length).toBeLessThanOrEqual(13)
    expect(bench.lines.length).toBeLessThanOrEqual(4)
    bench.down.clear()
    await pass(6_000)
    expect(new Set(bench.announced).size).toBe(101)
  })

  it('looks at fifty at most, and at each of them in its turn', async () => {
    const many = Array.from({ length: 120 }, (_, index) => ({ digest: String(index), tenant: acme }))
    await bench.keep(...many)
    await pass(2_000)
    expect(bench.announced).toHaveLength(50)
    await pass(4_000)
    expect(bench.announced).toHaveLength(150)
    expect(new Set(bench.announced).size).toBe(120)
  })

  it('does not look again while it still looks', async () => {
    bench.hanging.add(acme.slug)
    await bench.keep({ digest: 'one', tenant: acme })
    await pass(2_000)
    await pass(6_000)
    expect(bench.announced).toEqual(['one'])
  })
})

describe('every two seconds', () => {
  it('keeps sessions alive in which something is open or runs, and ends those that were ended elsewhere', async () => {
    await bench.keep(
      { digest: 'listens' },
      { digest: 'runs', stream: false, busy: true },
      { digest: 'idle', stream: false },
      { digest: 'gone' },
    )
    await bench.store.end('gone')
    await bench.store.end('idle')
    await pass(2_000)
    expect([bench.store.touched, bench.ended]).toEqual([1, ['gone']])
    expect(bench.store.standing.map(({ digest }) => digest)).toEqual(['listens', 'runs'])
  })

  it('ends nothing while the store does not answer, and says so', async () => {
    await bench.keep({ digest: 'listens' })
    await bench.store.end('listens')
    bench.store.refuse('touch')
    await pass(2_000)
    expect([bench.ended, bench.lines]).toEqual([[], ['open sessions could not be kept alive']])
    bench.store.recover()
    await pass(2_000)
    expect(bench.ended).toEqual(['listens'])
  })

  it('asks the store nothing where nothing is open', async () => {
    await bench.keep({ digest: 'idle', stream: false })
    await pass(60_000)
    expect(bench.store.touched).toBe(0)
  })

  it('does nothing any more once it is closed', async () => {
    await bench.keep({ digest: 'listens', tenant: acme })
    bench.watch.close()
    await pass(60_000)
    expect([bench.announced, bench.store.touched]).toEqual([[], 0])
  })
})

describe('a notice', () => {
  const signedIn = { digest: 'one', tenant: acme }

  it('of a session that has ended ends it here at once, and one of a session that stands does not', async () => {
    await bench.keep({ digest: 'one' }, { digest: 'other' })
    await bench.store.end('one')
    for (const digest of ['one', 'other', 'unknown']) bench.watch.hear({ about: 'session', digest })
    await pass(0)
    expect([bench.ended, bench.store.touched]).toEqual([['one'], 2])
  })

  it('of a session that was signed in or out elsewhere is told to its client', async () => {
    await bench.keep(signedIn, { digest: 'other' })
    await bench.store.bind('one', undefined)
    await bench.store.bind('other', { tenant: globex, key: 'new' })
    for (const digest of ['one', 'other']) bench.watch.hear({ about: 'session', digest })
    await pass(0)
    expect([bench.signedIn.toSorted(), bench.ended]).toEqual([['one', 'other'], []])
    bench.watch.hear({ about: 'session', digest: 'one' })
    await pass(0)
    expect(bench.signedIn).toHaveLength(2)
  })

  it('of a sign-in is followed for whoever goes by it', async () => {
    await bench.keep(signedIn, { digest: 'other', tenant: acme })
    bench.watch.hear({ about: 'sign-in', key: 'one' })
    await pass(0)
    expect(bench.announced).toEqual(['one'])
  })

  it('that any may have ended is followed for every session, whether or not something is open in it', async () => {
    await bench.keep({ digest: 'one' }, { digest: 'idle', stream: false }, { digest: 'stands', stream: false })
    for (const digest of ['one', 'idle']) await bench.store.end(digest)
    bench.watch.hear({ about: 'everything' })
    await pass(0)
    expect(bench.ended.toSorted()).toEqual(['idle', 'one'])
  })
})
