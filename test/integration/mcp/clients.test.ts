import { afterEach, describe, expect, it } from '@jest/globals'
import { clients, type ClientOptions, type TestClient } from '../../support/mcp-clients.js'
import { McpHarness, type HarnessOptions } from '../../support/mcp-harness.js'
import { until } from '../../support/until.js'

const closing: { close(): Promise<void> }[] = []

async function start(options?: HarnessOptions): Promise<McpHarness> {
  const harness = await McpHarness.start(options)
  closing.push(harness)
  return harness
}

afterEach(async () => {
  for (const thing of closing.splice(0).reverse()) await thing.close()
})

describe.each(['stateful', 'stateless'] as const)('%s', (sessions) => {
  describe.each(['on', 'off'] as const)('with the hot path %s', (hot) => {
    describe.each(clients)('%s', (_name, connect) => {
      async function ready(options: Partial<ClientOptions> = {}): Promise<{ harness: McpHarness; client: TestClient }> {
        const harness = await start({ sessions, hot })
        const client = await connect({ url: harness.url(), token: 'bob', ...options })
        closing.push(client)
        return { harness, client }
      }

      it('lists, calls, and knows nothing of hidden tools', async () => {
        const { client, harness } = await ready()
        const listed = await client.list()
        expect(listed).toContain('read')
        expect(listed).not.toContain('wipe')
        await expect(client.call('read')).resolves.toBe('{"rows":[1,2,3]}')
        await expect(client.call('wipe')).rejects.toMatchObject({
          code: -32602,
          message: expect.stringMatching(/Unknown tool: wipe$/),
        })
        expect(harness.diary.started).toBe(1)
      })

      it('hears of progress while the call runs', async () => {
        const { client } = await ready()
        const heard: number[] = []
        await client.call('steps', { count: 30 }, { onprogress: ({ progress }) => void heard.push(progress) })
        expect(heard).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
      })

      it.each([true, false])('aborts the handler when the client cancels (progress asked for: %s)', async (asks) => {
        const { client, harness } = await ready()
        const abort = new AbortController()
        const options = { signal: abort.signal, ...(asks ? { onprogress: () => undefined } : {}) }
        const call = client.call('wait', { tell: asks }, options)
        call.catch(() => undefined)
        await until(() => harness.diary.waiting.size === 1)
        abort.abort('enough')
        await expect(call).rejects.toBeDefined()
        // The 2025 clients say that they cancel; only a session can tell which request they mean.
        if (sessions === 'stateful') await until(() => harness.diary.aborted === 1)
        else harness.diary.release()
        await expect(client.call('echo')).resolves.toContain('bob')
      })

      it('is refused without a good token', async () => {
        const harness = await start({ sessions, hot })
        await expect(connect({ url: harness.url(), token: 'nobody' })).rejects.toThrow()
        expect(harness.edge.sessionCount).toBe(0)
      })
    })
  })
})

describe.each(['on', 'off'] as const)('with the hot path %s, in a session', (hot) => {
  describe.each(clients)('%s', (_name, connect) => {
    it('tells exactly the session whose tools changed, once', async () => {
      const harness = await start({ hot })
      let bobs = 0
      let alices = 0
      const bob = await connect({ url: harness.url(), token: 'bob', onListChanged: () => void (bobs += 1) })
      const alice = await connect({ url: harness.url(), token: 'alice', onListChanged: () => void (alices += 1) })
      closing.push(bob, alice)
      await bob.list()
      await alice.list()
      await until(() => harness.openStreams === 2)
      harness.people.set('bob', { roles: ['admin'] })
      await bob.call('echo')
      await alice.call('echo')
      await bob.call('echo')
      await until(() => bobs > 0)
      expect(await bob.list()).toContain('wipe')
      expect([bobs, alices]).toEqual([1, 0])
    })

    it('is not told of a change of grants that changes no list', async () => {
      const harness = await start({ hot })
      let told = 0
      const carol = await connect({ url: harness.url(), token: 'carol', onListChanged: () => void (told += 1) })
      closing.push(carol)
      await carol.list()
      await until(() => harness.openStreams === 1)
      harness.people.set('carol', { roles: ['poet'] })
      await carol.call('echo')
      harness.people.set('carol', { roles: ['poet', 'reader'] })
      await carol.call('echo')
      await until(() => told > 0)
      expect(told).toBe(1)
    })

    it('answers a question of an eliciting tool', async () => {
      const harness = await start({ hot })
      const form = (): { action: 'accept'; content: Record<string, string> } => ({
        action: 'accept',
        content: { name: 'Bob' },
      })
      const client = await connect({ url: harness.url(), token: 'bob', form })
      closing.push(client)
      await expect(client.call('ask')).resolves.toBe('hello Bob')
    })

    it('may decline, and is not asked where it shows no forms', async () => {
      const harness = await start({ hot })
      const declining = await connect({ url: harness.url(), token: 'bob', form: () => ({ action: 'decline' }) })
      const formless = await connect({ url: harness.url(), token: 'bob' })
      closing.push(declining, formless)
      await expect(declining.call('ask')).resolves.toBe('decline')
      await expect(formless.call('ask')).resolves.toBe('cannot ask')
    })
  })
})
