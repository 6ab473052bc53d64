import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { openSdkPair } from '../../../src/adapter/mcp/legacy/sdk-pair.js'
import { SessionTable } from '../../../src/adapter/mcp/legacy/session-table.js'
import { Session } from '../../../src/adapter/mcp/legacy/session.js'
import { ManualClock } from '../../support/manual-clock.js'

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

async function add(digest: string): Promise<{ closed(): boolean }> {
  const log = { write: () => undefined }
  const pair = await openSdkPair(
    { serverInfo: { name: 'x', version: '1' }, dispatch: async () => ({}), log },
    { sessionIdGenerator: () => digest },
  )
  let closed = false
  pair.server.onclose = () => {
    closed = true
  }
  const createdAt = clock.now()
  await table.add(digest, new Session({ principal: 'p', endpoint: '/mcp', version: '2025-11-25', createdAt, pair }))
  return { closed: () => closed }
}

describe('SessionTable', () => {
  it('sweeps what nobody asks for any more, and nothing else', async () => {
    const old = await add('old')
    clock.advance(20 * 60)
    const young = await add('young')
    clock.advance(10 * 60)
    await jest.advanceTimersByTimeAsync(60_000)
    expect([table.size, old.closed(), young.closed()]).toEqual([1, true, false])
  })

  it('closes every session when it is closed', async () => {
    const session = await add('one')
    await table.close()
    expect([table.size, session.closed()]).toEqual([0, true])
  })
})
