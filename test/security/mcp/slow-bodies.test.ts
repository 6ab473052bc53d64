import { request as send } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { callTool, McpHarness, type HarnessOptions } from '../../support/mcp-harness.js'
import { until } from '../../support/until.js'

let harness: McpHarness

const start = async (options: HarnessOptions): Promise<void> => {
  harness = await McpHarness.start(options)
}
afterEach(() => harness.close())

/** Sends all of a call but its last byte, waits until it is admitted and `milliseconds` more, does `meanwhile`, and sends the rest. */
async function heldBack(
  name: string,
  meanwhile: () => void,
  { session, milliseconds = 150 }: { readonly session?: string | undefined; readonly milliseconds?: number } = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const body = JSON.stringify(callTool(name))
  const headers = {
    authorization: 'Bearer alice',
    'content-type': 'application/json',
    'content-length': body.length,
    accept: 'application/json, text/event-stream',
    ...(session === undefined ? {} : { 'mcp-session-id': session }),
  }
  const looked = harness.people.lookups
  const outgoing = send({ host: '127.0.0.1', port: harness.port, path: '/mcp', method: 'POST', headers })
  const answer = new Promise<{ status: number; text: string }>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
  })
  outgoing.write(body.slice(0, -1))
  await until(() => harness.people.lookups > looked)
  await pause(milliseconds)
  meanwhile()
  outgoing.end(body.slice(-1))
  return answer
}

describe.each(['stateful', 'stateless'] as const)('a message whose end is held back, %s', (sessions) => {
  let session: string | undefined

  beforeEach(async () => {
    await start({ sessions })
    session = sessions === 'stateful' ? await harness.open() : undefined
  })

  it.each([
    ['the account was disabled', 401, () => harness.people.disable('alice')],
    ['the grant was revoked', 401, () => harness.people.revoke('alice')],
    ['the tenant was suspended', 403, () => (harness.people.suspended = true)],
    ['the application was deleted', 403, () => (harness.people.admits = undefined)],
    ['the database went away', 503, () => (harness.people.databaseDown = true)],
  ] as [string, number, () => void][])('is refused when %s meanwhile', async (_what, status, meanwhile) => {
    expect((await heldBack('wipe', meanwhile, { session })).status).toBe(status)
    expect(harness.diary.started).toBe(0)
  })

  it('is decided by the permissions at its end', async () => {
    const answer = await heldBack('wipe', () => harness.people.set('alice', { roles: ['reader'] }), { session })
    expect(answer.text).toContain('Unknown tool: wipe')
    expect(harness.diary.started).toBe(0)
    expect((await heldBack('read', () => undefined, { session })).text).toContain('rows')
  })

  it('is answered when nothing has changed', async () => {
    const verified = harness.people.verified
    expect((await heldBack('wipe', () => undefined, { session })).text).toContain('wiped')
    expect(harness.people.verified).toBe(verified + 2)
  })

  it('starts nothing while the server closes', async () => {
    let closing = Promise.resolve()
    const close = (): void => {
      closing = harness.edge.close(1_000)
    }
    const answer = await heldBack('wipe', close, { session })
    expect(answer).toMatchObject({ status: 503, text: expect.stringContaining('SHUTTING_DOWN') })
    await closing
    expect(harness.diary.started).toBe(0)
  })
})

describe('a message that comes at once', () => {
  it('is admitted once', async () => {
    await start({ sessions: 'stateless' })
    expect((await harness.send({ body: callTool('wipe') })).text).toContain('wiped')
    expect(harness.people.verified).toBe(1)
  })
})
