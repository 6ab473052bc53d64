import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool, type McpHarness } from '../../support/mcp-harness.js'
import { acme } from '../../support/mcp-ports.js'
import { OpenStream } from '../../support/mcp-stream.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

/** Everything that a replica is told takes effect within this. */
const atOnce = 1_000
/** The same where nobody is told: a round of two seconds, and the time of a look. */
const inTheNextRound = 3_000

const start = harnessPerTest({ login: 'tools' })
const ping = call('ping')

let test: TestPostgres
/** Replicas that hear each other, and one that hears nobody. */
let one: Postgres
let other: Postgres
let deaf: Postgres
beforeAll(async () => {
  test = await openTestPostgres()
  const values = [acme.id, acme.slug, acme.name]
  await test.sql(`insert into tenant (id, slug, name, database_name) values ($1, $2, $3, 'none')`, values)
  ;[one, other, deaf] = [await test.reopen(), await test.reopen(), await test.reopen()]
  for (const postgres of [one, other]) postgres.changes.follow()
  await until(() => one.changes.alive && other.changes.alive)
})
afterAll(() => test?.close())

/** Two replicas over one database, behind each of which are the same people. */
async function replicas(second: Postgres = other): Promise<readonly [McpHarness, McpHarness]> {
  const first = await start({ database: one })
  return [first, await start({ database: second, beside: first })]
}

/** Ways to have a session that is Bob's. */
const ways = [
  [
    'a bearer',
    async (harness: McpHarness, capabilities = {}) => ({
      token: 'bob',
      session: await harness.open('bob', { capabilities }),
    }),
  ],
  [
    'a client that signed in',
    async (harness: McpHarness, capabilities = {}) => {
      const opened = { token: null, session: await harness.open(null, { capabilities }) }
      await harness.send({ ...opened, body: callTool('sign_in', { as: 'bob' }) })
      return opened
    },
  ],
] as const

describe.each(ways)('a session of %s that was opened at one replica', (_who, openOne) => {
  it('is served by any, in turn and at once', async () => {
    const [a, b] = await replicas()
    const opened = await openOne(a)
    for (const harness of [b, a, b, a]) {
      expect((await harness.send({ ...opened, body: callTool('read') })).text).toContain('rows')
      expect((await harness.send({ ...opened, body: callTool('wipe') })).text).toContain('Unknown tool: wipe')
    }
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, id) =>
        (id % 2 === 0 ? a : b).send({ ...opened, body: callTool('echo', {}, `e${id}`) }),
      ),
    )
    expect(answers.map(({ messages }) => messages[0]?.id)).toEqual(answers.map((_, id) => `e${id}`))
  })

  it("is not another's at any", async () => {
    const [a, b] = await replicas()
    const opened = await openOne(a)
    for (const token of [null, 'alice', 'bob', 'bob+client2'].filter((name) => name !== opened.token)) {
      expect((await b.send({ ...opened, token, body: ping })).status).toBe(404)
    }
    expect((await b.send({ ...opened, body: ping })).status).toBe(200)
  })

  it('tells of changes on a stream at another', async () => {
    const [a, b] = await replicas()
    const opened = await openOne(a)
    await b.list(opened)
    const stream = await OpenStream.open(b, opened)
    b.people.set('bob', { roles: ['admin'] })
    await b.send({ ...opened, body: ping })
    await until(() => stream.changes === 1)
    expect(await a.list(opened)).toContain('wipe')
    stream.close()
  })

  it('has its calls cancelled at another, and no other call than the one that is named', async () => {
    const [a, b] = await replicas()
    const opened = await openOne(a)
    const calls = [
      a.send({ ...opened, body: callTool('wait', {}, 1) }),
      a.send({ ...opened, body: callTool('wait', {}, '1') }),
    ]
    await until(() => a.diary.waiting.size === 2)
    const params = { requestId: 1, reason: 'never mind' }
    const told = performance.now()
    const said = await b.send({ ...opened, body: { jsonrpc: '2.0', method: 'notifications/cancelled', params } })
    expect(said.status).toBe(202)
    await until(() => a.diary.aborted === 1)
    expect(performance.now() - told).toBeLessThan(atOnce)
    a.diary.release()
    const [cancelled, kept] = await Promise.all(calls)
    expect(cancelled?.messages).toEqual([])
    expect(kept?.messages.at(-1)).toMatchObject({ id: '1', result: { content: [{ text: 'waited' }] } })
    expect(a.diary.aborted).toBe(1)
  })

  it('has a question of one replica answered at another, and only by who it is', async () => {
    const [a, b] = await replicas()
    const opened = await openOne(a, { elicitation: {} })
    const asking = await OpenStream.open(a, { ...opened, body: callTool('ask', {}, 'a') })
    const there = await OpenStream.open(b, { ...opened, body: callTool('ask', {}, 'a') })
    await until(() => asking.messages.length === 1 && there.messages.length === 1)
    const [id, idThere] = [asking.messages[0]?.id, there.messages[0]?.id]
    expect(id).not.toBe(idThere)
    const answer = { jsonrpc: '2.0', id, result: { action: 'accept', content: { name: 'Bob' } } }
    const stranger = { token: 'alice', session: await b.open('alice') }
    await b.send({ ...stranger, body: answer })
    await b.send({ ...opened, body: { ...answer, id: `ask-${'x'.repeat(22)}` } })
    expect((await b.send({ ...opened, body: answer })).status).toBe(202)
    await until(() => asking.ended)
    expect(asking.messages.at(-1)).toMatchObject({ id: 'a', result: { content: [{ text: 'hello Bob' }] } })
    expect(there.ended).toBe(false)
    expect(
      (await a.send({ ...opened, body: { jsonrpc: '2.0', id: idThere, result: { action: 'decline' } } })).status,
    ).toBe(202)
    await until(() => there.ended)
    expect(there.messages.at(-1)).toMatchObject({ id: 'a', result: { content: [{ text: 'decline' }] } })
  })

  it('may use the id of a request at two replicas: each is answered for itself, and both are cancelled', async () => {
    const [a, b] = await replicas()
    const opened = await openOne(a)
    const twice = [a, b].map((harness) =>
      harness.send({ ...opened, body: callTool('echo', { nonce: String(harness.port) }, 7) }),
    )
    const answers = await Promise.all(twice)
    expect(answers.map(({ text }, index) => text.includes(String([a, b][index]?.port)))).toEqual([true, true])
    const waiting = [a, b].map((harness) => harness.send({ ...opened, body: callTool('wait', {}, 8) }))
    await until(() => a.diary.waiting.size + b.diary.waiting.size === 2)
    expect((await a.send({ ...opened, body: callTool('wait', {}, 8) })).status).toBe(400)
    for (const harness of [a, b]) {
      await harness.send({
        ...opened,
        body: { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 8 } },
      })
    }
    await Promise.all(waiting)
    expect([a.diary.aborted, b.diary.aborted]).toEqual([1, 1])
  })

  it.each([
    ['at once', () => other, atOnce],
    ['in the next round where nobody is told', () => deaf, inTheNextRound],
  ] as const)(
    'ends %s at all of them once it is deleted at one, with its streams and calls',
    async (_when, second, bound) => {
      const [b, a] = await replicas(second())
      const opened = await openOne(a)
      const stream = await OpenStream.open(a, opened)
      const running = a.send({ ...opened, body: callTool('wait') })
      await until(() => a.diary.waiting.size === 1)
      const deleted = performance.now()
      expect((await b.send({ ...opened, method: 'DELETE' })).status).toBe(200)
      expect((await a.send({ ...opened, body: ping })).status).toBe(404)
      expect((await running).messages.at(-1)?.error?.message).toBe('The session has ended')
      await until(() => stream.ended)
      expect(performance.now() - deleted).toBeLessThan(bound)
      expect([a.diary.aborted, a.edge.sessionCount]).toEqual([1, 0])
    },
  )

  it('hears at every replica, and after a restart, what its client wants to hear', async () => {
    const [a, b] = await replicas()
    const opened = await openOne(a)
    const chatty = async (harness: McpHarness): Promise<readonly unknown[]> => {
      const { messages } = await harness.send({ ...opened, body: callTool('chatty') })
      return messages.flatMap(({ params }) => params?.['level'] ?? [])
    }
    expect(await chatty(b)).toEqual(['debug', 'warning'])
    await a.send({ ...opened, body: call('logging/setLevel', { level: 'warning' }) })
    expect([await chatty(b), await chatty(a)]).toEqual([['warning'], ['warning']])
    await b.send({ ...opened, body: call('logging/setLevel', { level: 'emergency' }) })
    const restarted = await start({ database: one, beside: a })
    expect([await chatty(a), await chatty(restarted)]).toEqual([[], []])
    expect(
      (await a.send({ ...opened, body: call('logging/setLevel', { level: 'loud' }) })).messages[0]?.error?.code,
    ).toBe(-32602)
    expect(await chatty(a)).toEqual([])
  })
})

describe('a session that is signed in or out at one replica', () => {
  it.each([
    ['at once', () => other, atOnce],
    ['in the next round where nobody is told', () => deaf, inTheNextRound],
  ] as const)('says so %s on its stream at another', async (_when, second, bound) => {
    const [b, a] = await replicas(second())
    const opened = { token: null, session: await a.open(null) }
    await a.list(opened)
    const stream = await OpenStream.open(a, opened)
    const signedIn = performance.now()
    await b.send({ ...opened, body: callTool('sign_in', { as: 'bob' }) })
    await until(() => stream.changes === 1)
    expect(performance.now() - signedIn).toBeLessThan(bound)
    expect(await a.list(opened)).toContain('read')
    const signedOut = performance.now()
    await b.send({ ...opened, body: callTool('sign_out') })
    await until(() => stream.changes === 2)
    expect(performance.now() - signedOut).toBeLessThan(bound)
    expect(await a.list(opened)).not.toContain('read')
    stream.close()
  })
})

describe('where replicas do not hear each other', () => {
  it('a client is told that its answer was not taken, and can say it where it was asked', async () => {
    const [a, b] = await replicas(deaf)
    const opened = { token: 'bob', session: await a.open('bob', { capabilities: { elicitation: {} } }) }
    const asking = await OpenStream.open(a, { ...opened, body: callTool('ask', {}, 'a') })
    await until(() => asking.messages.length === 1)
    const answer = {
      jsonrpc: '2.0',
      id: asking.messages[0]?.id,
      result: { action: 'accept', content: { name: 'Bob' } },
    }
    const refused = await b.send({ ...opened, body: answer })
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1'])
    expect(refused.messages[0]?.error?.data).toMatchObject({ code: 'AUTH_UNAVAILABLE', retryable: true })
    expect((await a.send({ ...opened, body: answer })).status).toBe(202)
    await until(() => asking.ended)
    expect(asking.messages.at(-1)).toMatchObject({ result: { content: [{ text: 'hello Bob' }] } })
  })
})

describe('notices', () => {
  it('are believed from nobody who lacks the master key, and can be read by nobody else', async () => {
    const heard: unknown[] = []
    one.notices.subscribe((notice) => heard.push(notice))
    const said: string[] = []
    const stop = other.notices.subscribe(({ about }) => said.push(about))
    const forged = JSON.stringify({ from: 'x', notice: { about: 'everything' } })
    for (const payload of ['', forged, Buffer.from(forged).toString('base64url')]) {
      await test.sql(`select pg_notify('authsec_session', $1)`, [payload])
    }
    expect(await other.notices.publish({ about: 'sign-in', key: 'k' })).toBe(true)
    await until(() => heard.length > 0)
    stop()
    expect(heard).toEqual([{ about: 'sign-in', key: 'k' }])
    // Whoever says something hears it, too, and once.
    expect(said).toEqual(['sign-in'])
  })

  it('that are too long are not said, and that is told', async () => {
    const answer = { result: { content: 'x'.repeat(8_000) } }
    expect(await one.notices.publish({ about: 'answer', digest: 'd', question: 'q', answer })).toBe(false)
  })
})
