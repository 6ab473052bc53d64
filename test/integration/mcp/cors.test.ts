import { describe, expect, it } from '@jest/globals'
import { harnessPerTest } from '../../support/harness-per-test.js'
import { call, callTool, initialize, type HarnessOptions, type Received, type Sent } from '../../support/mcp-harness.js'

const origin = 'https://app.test'
const start = harnessPerTest()

async function answerTo(sent: Sent, options: HarnessOptions = {}): Promise<Received> {
  const edge = await start({ allowedOrigins: [origin], maxBodyBytes: 2_000, ...options })
  return edge.send({ ...sent, headers: { origin, ...sent.headers } })
}

describe('the script of an allowed origin can read an answer', () => {
  it.each<readonly [number, string, Sent]>([
    [200, 'that opens a session', { body: initialize() }],
    [400, 'to a broken message', { body: '{' }],
    [401, 'without a token', { token: null, body: initialize() }],
    [401, 'to a bad token', { token: 'mallory', body: initialize() }],
    [403, 'to a tenant that may not enter', { token: 'bob+stranger', body: initialize() }],
    [403, 'under another name', { body: initialize(), headers: { host: 'other.test' } }],
    [404, 'to an unknown session', { session: 'x'.repeat(43), body: call('ping') }],
    [405, 'to another method', { method: 'PUT', body: initialize() }],
    [406, 'to a client that takes no answer', { body: initialize(), headers: { accept: 'text/html' } }],
    [413, 'to a body that is too long', { body: callTool('echo', { nonce: 'x'.repeat(3_000) }) }],
    [415, 'to a body of another kind', { body: initialize(), headers: { 'content-type': 'text/plain' } }],
  ])('%i %s', async (status, _what, sent) => {
    const answer = await answerTo(sent)
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After',
      vary: 'Authorization, Origin',
    })
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
  })

  it('503 during an outage, and while the server shuts down', async () => {
    const edge = await start({ allowedOrigins: [origin] })
    const send = (): Promise<Received> => edge.send({ body: initialize(), headers: { origin } })
    edge.people.down = true
    const outage = await send()
    edge.people.down = false
    await edge.edge.close(0)
    for (const answer of [outage, await send()]) {
      expect(answer).toMatchObject({
        status: 503,
        headers: { 'access-control-allow-origin': origin, 'retry-after': '1' },
      })
    }
  })
})

describe('the script of another origin', () => {
  it.each<readonly [string, Sent]>([
    ['with a good token', { body: initialize() }],
    ['without a token', { token: null, body: initialize() }],
    ['before it sends anything', { token: null, method: 'OPTIONS' }],
  ])('is told nothing %s', async (_what, sent) => {
    const edge = await start({ allowedOrigins: [origin] })
    const answer = await edge.send({ ...sent, headers: { origin: 'https://evil.test' } })
    expect(answer.status).toBe(403)
    const headers = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))
    expect(headers).toEqual([])
    expect(edge.people.verified).toBe(0)
  })
})

describe('a preflight', () => {
  it('is answered before anybody is authenticated, also with a bad token', async () => {
    const edge = await start({ allowedOrigins: [origin] })
    edge.people.down = true
    const headers = { origin, 'access-control-request-method': 'POST' }
    for (const token of [null, 'mallory']) {
      const answer = await edge.send({ token, method: 'OPTIONS', headers })
      expect(answer).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': origin } })
      expect(answer.headers['access-control-allow-methods']).toContain('DELETE')
    }
    expect(edge.people.verified).toBe(0)
  })
})
