import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Exchange } from '../../../src/adapter/mcp/http/exchange.js'
import type { TransportSession } from '../../../src/core/identity/session-store.js'
import { openSdkPair, type SdkPair } from '../../../src/adapter/mcp/legacy/sdk-pair.js'
import { SessionTable } from '../../../src/adapter/mcp/legacy/session-table.js'
import { Session } from '../../../src/adapter/mcp/legacy/session.js'
import { ManualClock } from '../../support/manual-clock.js'
import { MemorySessionStore } from '../../support/memory-sessions.js'

let clock: ManualClock
let table: SessionTable

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] })
  clock = new ManualClock()
  table = new SessionTable(clock)
})

afterEach(async () => {
  await table.close()
  jest.useRealTimers()
})

function openPair(): Promise<SdkPair> {
  const log = { write: () => undefined }
  const options = { serverInfo: { name: 'x', version: '1' }, dispatch: async () => ({}), log }
  return openSdkPair(options, { sessionIdGenerator: () => 'id' })
}

function sessionOf(digest: string, pair: SdkPair): Session {
  const record: TransportSession = {
    ...{ digest, application: 'app', endpoint: '/mcp', principal: undefined, signIn: undefined, logLevel: undefined },
    ...{ client: { name: 'test', version: '1' }, capabilities: {}, protocolVersion: '2025-11-25' },
  }
  return new Session(record, { pair, sessions: new MemorySessionStore(clock) }, clock.now())
}

async function add(digest: string): Promise<{ closed(): boolean; readonly session: Session }> {
  const pair = await openPair()
  let closed = false
  pair.server.onclose = () => {
    closed = true
  }
  const session = sessionOf(digest, pair)
  table.add(session)
  return { closed: () => closed, session }
}

const never = (): Promise<Session> => Promise.reject(new TypeError('nothing to restore'))

function has(digest: string): boolean {
  return table.all().some(({ record }) => record.digest === digest)
}

describe('SessionTable', () => {
  it('sweeps what nobody asks for any more, and nothing else', async () => {
    const old = await add('old')
    const used = await add('used')
    clock.advance(20 * 60)
    const young = await add('young')
    expect(await table.get('used', never)).toBe(used.session)
    clock.advance(10 * 60)
    await jest.advanceTimersByTimeAsync(60_000)
    expect([table.size, old.closed(), used.closed(), young.closed()]).toEqual([2, true, false, false])
  })

  it('closes every session when it is closed', async () => {
    const session = await add('one')
    await table.close()
    expect([table.size, session.closed()]).toEqual([0, true])
  })

  it('restores once for all who ask meanwhile, and not again afterwards', async () => {
    const pair = await openPair()
    let restored = 0
    const restore = async (): Promise<Session> => {
      restored += 1
      await new Promise(setImmediate)
      return sessionOf('one', pair)
    }
    const sessions = await Promise.all(Array.from({ length: 20 }, () => table.get('one', restore)))
    expect(await table.get('one', restore)).toBe(sessions[0])
    expect([restored, new Set(sessions).size, table.size]).toEqual([1, 1, 1])
  })

  it('restores again after that has failed, which all who asked hear of', async () => {
    const pair = await openPair()
    const asked = [table.get('one', never), table.get('one', never)]
    await Promise.all(asked.map((one) => expect(one).rejects.toThrow('nothing to restore')))
    expect((await table.get('one', async () => sessionOf('one', pair))).record.digest).toBe('one')
  })

  it('keeps 10,000, and drops those that were not used longest; never one in which something runs', async () => {
    const pair = await openPair()
    const addMany = (from: number, to: number): void => {
      for (let each = from; each < to; each += 1) table.add(sessionOf(String(each), pair))
    }
    addMany(0, 10_000)
    const [busy] = table.all()
    busy?.begin(1, { stop: () => undefined } as unknown as Exchange)
    await table.get('1', never)
    addMany(10_000, 10_002)
    await new Promise(setImmediate)
    expect(table.size).toBe(10_000)
    expect(['0', '1', '2', '3', '4', '10001'].map(has)).toEqual([true, true, false, false, true, true])
  })
})
