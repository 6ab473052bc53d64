import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { McpServer, ProtectedByAuthSec, Public, RateLimit } from '../../../src/index.js'
import { createTestApp } from '../../../src/testing/index.js'

@McpServer({ name: 'limited', version: '1.0.0' })
class LimitedServer {
  @ProtectedByAuthSec({ roles: ['staff'] })
  @RateLimit({ limit: 2, seconds: 60 })
  search(): string {
    return 'found'
  }

  @Public()
  @RateLimit({ limit: 1, seconds: 60 })
  ping(): string {
    return 'pong'
  }
}

afterEach(() => {
  jest.useRealTimers()
})

describe('limits in a test app', () => {
  it('count per user and tool, and end with their window', async () => {
    jest.useFakeTimers({ now: 0, doNotFake: ['setImmediate', 'nextTick', 'performance'] })
    const app = await createTestApp({ servers: [LimitedServer] })
    const ada = app.as({ subject: 'ada', roles: ['staff'] })
    for (let each = 0; each < 2; each += 1) expect(await ada.call('search')).toMatchObject({ text: 'found' })
    jest.setSystemTime(20_000)
    expect(await ada.call('search')).toEqual({
      ...{ outcome: 'limited', isError: false, text: '', structured: undefined, retryAfter: 40 },
    })
    expect(app.audit.at(-1)).toMatchObject({ type: 'operation.denied', reason: 'rate_limited', subject: 'ada' })
    expect(await app.as({ subject: 'bob', roles: ['staff'] }).call('search')).toMatchObject({ text: 'found' })
    expect(await app.as({ subject: 'eve' }).call('search')).toMatchObject({ outcome: 'unknown' })
    expect(await ada.call('ping')).toMatchObject({ text: 'pong', retryAfter: undefined })
    expect(await app.anonymous().call('ping')).toMatchObject({ text: 'pong' })
    expect(await app.anonymous().call('ping')).toMatchObject({ outcome: 'limited' })
    jest.setSystemTime(60_000)
    expect(await ada.call('search')).toMatchObject({ text: 'found' })
    await app.close()
  })

  it('begin afresh with each app', async () => {
    for (let each = 0; each < 2; each += 1) {
      const app = await createTestApp({ servers: [LimitedServer] })
      expect(await app.anonymous().call('ping')).toMatchObject({ outcome: 'answered' })
      expect(await app.anonymous().call('ping')).toMatchObject({ outcome: 'limited' })
      await app.close()
    }
  })
})
