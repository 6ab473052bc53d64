import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import type { McpHarness } from '../../support/mcp-harness.js'
import { OpenStream } from '../../support/mcp-stream.js'
import { until } from '../../support/until.js'

const start = harnessPerTest({ login: 'tools' })

/** Long enough for a message that is on its way, and for two comparisons. */
const moment = (): Promise<void> => pause(600)

/** A session that has listed its tools and waits on an open stream: by a bearer, or signed in with the tools. */
async function waiting(harness: McpHarness, user: string, how: 'bearer' | 'sign-in'): Promise<OpenStream> {
  const token = how === 'bearer' ? user : null
  const session = how === 'bearer' ? await harness.open(user) : await harness.openAs(user)
  await harness.list({ token, session })
  return OpenStream.open(harness, { session, token })
}

describe.each(['bearer', 'sign-in'] as const)('on the stream of a session by %s', (how) => {
  it.each(['a hint', 'no hint'])('a change of its list is told, with %s, and to nobody else', async (told) => {
    const harness = await start()
    const bob = await waiting(harness, 'bob', how)
    const others = [await waiting(harness, 'alice', 'bearer'), await waiting(harness, 'alice', 'sign-in')]
    await moment()
    harness.people.set('bob', {})
    harness.changes.change()
    if (told === 'a hint') harness.changes.hint()
    await until(() => bob.changes === 1)
    await moment()
    expect([bob, ...others].map(({ changes }) => changes)).toEqual([1, 0, 0])
    for (const stream of [bob, ...others]) stream.close()
  })

  it('a change that leaves its list as it is is not told', async () => {
    const harness = await start()
    const bob = await waiting(harness, 'bob', how)
    await moment()
    harness.people.set('bob', { roles: ['reader', 'admirer'] })
    harness.changes.change()
    harness.changes.hint()
    await moment()
    expect(bob.changes).toBe(0)
    bob.close()
  })
})

describe('a bearer whose account is disabled', () => {
  it('is not told of a shorter list: the stream ends', async () => {
    const harness = await start()
    const bob = await waiting(harness, 'bob', 'bearer')
    harness.people.disable('bob')
    harness.changes.change()
    await until(() => bob.ended)
    expect(bob.changes).toBe(0)
  })
})
