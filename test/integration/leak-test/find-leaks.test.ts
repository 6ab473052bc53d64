import { afterEach, describe, expect, it } from '@jest/globals'
import { findLeaks, type LeakTestOptions } from '../../../src/testing/index.js'
import { leakyTokens, LeakyServer, type LeakyServerOptions, type Mistake } from '../../support/leaky-server.js'

let server: LeakyServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const calls = [{ name: 'hello' }, { name: 'wipe' }]

async function look(options: LeakyServerOptions, changes: Partial<LeakTestOptions> = {}) {
  server = await LeakyServer.start(options)
  const callers = leakyTokens.map((token) => ({ token }))
  return findLeaks({ url: server.url, callers, calls, rounds: 5, ...changes })
}

describe('a leak test', () => {
  it.each([
    { sessions: 'stateful', framing: 'json' },
    { sessions: 'stateful', framing: 'events' },
    { sessions: 'stateless', framing: 'json' },
  ] as const)('finds nothing where nothing leaks: %j', async (options) => {
    const report = await look(options)
    expect(report.leaks).toEqual([])
    expect(report.notes).toEqual([])
    expect(report.checks.map(({ check, outcome }) => [check, outcome])).toEqual([
      ['answers', 'passed'],
      ['sessions', options.sessions === 'stateful' ? 'passed' : 'skipped'],
      ['hidden-tools', 'passed'],
      ['tenants', 'passed'],
      ['caching', 'passed'],
    ])
    expect(report.callers).toEqual(['ann@acme.example of acme-corp', 'eve@globex.example of globex'])
  })

  it.each([
    ['one cache of lists for everybody', 'answers', /eve.* gets with tools\/list|ann.* gets with tools\/list/],
    [
      'a list that is everybody’s',
      'hidden-tools',
      /is shown wipe in the list, and it answers as one that does not exist/,
    ],
    ['the caller of the moment', 'answers', /got the e-mail address of /],
    ['the request of the moment', 'answers', /got the answer to another request/],
    ['a session for every token', 'sessions', /was served by POST in the session of/],
    ['a session for no token', 'sessions', /was served by POST in the session of/],
    ['a stream for every token', 'sessions', /was served by GET in the session of/],
    ['a session that anybody ends', 'sessions', /lost the session when/],
    ['another status for a hidden tool', 'hidden-tools', /can tell that wipe exists/],
    ['another header for a hidden tool', 'hidden-tools', /can tell that wipe exists/],
    ['the tenant of a header', 'tenants', /by naming the tenant/],
    ['the tenant of the query', 'tenants', /by naming the tenant/],
    ['the tenant of _meta', 'tenants', /by naming the tenant/],
    ['answers for caches', 'caching', /may be kept by caches.*the answer to tools\/list/],
    ['refusals for caches', 'caching', /may be kept by caches.*the refusal of a request without a token/],
  ] as readonly (readonly [Mistake, string, RegExp])[])(
    'finds %s by the check for it: %s',
    async (mistake, check, message) => {
      const report = await look({ mistake })
      expect([...new Set(report.leaks.map((leak) => leak.check))]).toEqual([check])
      expect(report.checks.filter(({ outcome }) => outcome === 'leaking').map((result) => result.check)).toEqual([
        check,
      ])
      expect(report.leaks.map((leak) => leak.message).join('\n')).toMatch(message)
      for (const token of leakyTokens) expect(JSON.stringify(report)).not.toContain(token)
    },
  )

  it.each(['one cache of lists for everybody', 'the caller of the moment', 'the tenant of a header'] as const)(
    'finds %s where there are no sessions, too',
    async (mistake) => {
      const { leaks } = await look({ mistake, sessions: 'stateless' })
      expect(leaks.length).toBeGreaterThan(0)
    },
  )

  it('finds a list that is another each time, which spoils what others are held against', async () => {
    const { leaks } = await look({ mistake: 'a list of tools that changes hands' })
    expect(leaks).toContainEqual(
      expect.objectContaining({
        check: 'answers',
        message: 'got two lists of tools, one after the other, that differ',
      }),
    )
  })

  it('calls no tool that it was not told to call, hidden or listed', async () => {
    const { notes } = await look({}, { calls: [{ name: 'hello' }] })
    expect(new Set(server?.called.filter((name) => ['wipe', 'count', 'hello'].includes(name)))).toEqual(
      new Set(['hello']),
    )
    expect(notes).toEqual(['not called, because nobody said so, although only some callers see them: wipe'])
  })

  it('says so where no answer tells the callers apart, or one is another each time', async () => {
    const { leaks, notes } = await look(
      {},
      { calls: [{ name: 'count' }], callers: leakyTokens.map((token) => ({ token })) },
    )
    expect(leaks).toEqual([])
    expect(notes).toContain(
      'tools/call count has another answer each time: only the marks of others were looked for in it',
    )
  })

  it('looks for the marks that it is given', async () => {
    const callers = leakyTokens.map((token, index) => ({
      token,
      name: `number ${index}`,
      marks: [`Hello, ${index === 0 ? 'eve' : 'ann'}`],
    }))
    const { leaks } = await look({}, { callers })
    expect(leaks[0]).toMatchObject({
      check: 'answers',
      caller: 'number 0',
      message: 'got a mark of number 1 with tools/call hello',
    })
  })
})

describe('a leak test that cannot be', () => {
  const [ann = '', eve = ''] = leakyTokens
  const callers = [{ token: ann }, { token: eve }]

  it.each<[string, Partial<LeakTestOptions>, RegExp]>([
    ['one caller', { callers: [{ token: ann }] }, /2 to 8 callers/],
    ['one token twice', { callers: [{ token: ann }, { token: ann }] }, /caller 2 has the token of another/],
    ['one user twice', { callers: [{ token: ann }, { token: `${ann}x` }] }, /callers 1 and 2 are the same user/],
    ['a token of two lines', { callers: [{ token: ann }, { token: 'a\nb' }] }, /the token of caller 2 is none/],
    ['plain http to another machine', { url: 'http://mcp.example/mcp' }, /https, or http on this machine/],
    ['another protocol', { url: 'ftp://localhost/' }, /https/],
    ['no rounds', { rounds: 0 }, /rounds is 1 to/],
    ['endless rounds', { rounds: 1e6 }, /rounds is 1 to/],
    ['one tool in two ways', { calls: [{ name: 'a' }, { name: 'a' }] }, /in one way only/],
  ])('is refused before anything is sent: %s', async (_what, changes, message) => {
    await expect(findLeaks({ url: 'http://127.0.0.1:1/mcp', callers, ...changes })).rejects.toThrow(message)
  })

  it('says that nothing listens there', async () => {
    await expect(findLeaks({ url: 'http://127.0.0.1:1/mcp', callers })).rejects.toMatchObject({
      name: 'ServerSilentError',
    })
  })

  it('says who is not let in, without the token', async () => {
    const refused = look({}, { callers: [{ token: ann }, { token: 'stranger-token' }] })
    await expect(refused).rejects.toMatchObject({
      name: 'RefusedError',
      message: 'the server does not let caller 2 in: status 401 to initialize',
    })
  })
})
