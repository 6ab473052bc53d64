import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { call, callTool, initialize } from '../support/mcp-harness.js'
import { ResourceServer, type Answered } from '../support/resource-server.js'

let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start({ allowedOrigins: ['https://app.test'] })
})

afterAll(() => server.close())

const sessionIn = ({ headers }: Answered): string => headers['mcp-session-id'] ?? ''

async function open(email = 'ada@acme.test'): Promise<string> {
  return sessionIn(await server.ask({ authorization: `Bearer ${server.token({}, email)}` }))
}

/** Everything that a client can tell answers apart by. */
function look({ headers, status, text }: Answered): unknown {
  const { date: _, ...rest } = headers
  return { status, text, rest }
}

describe('Model Context Protocol, transports: session management', () => {
  it('gives out ids that nobody guesses, of visible ASCII', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => open()))
    expect(new Set(ids).size).toBe(20)
    for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{43}$/)
    expect(new Set(ids.map((id) => id.slice(0, 6))).size).toBe(20)
  })

  it('takes no id that a client brings of its own', async () => {
    const session = 'x'.repeat(43)
    expect(await server.ask({ session })).toMatchObject({ status: 404 })
    expect(await server.ask({ headers: { 'mcp-session-id': '' } })).toMatchObject({ status: 404 })
  })

  it('is no authentication: an id without a token is worth nothing', async () => {
    const session = await open()
    expect(await server.ask({ session, authorization: null, body: call('tools/list') })).toMatchObject({ status: 401 })
  })

  it.each(['GET', 'POST', 'DELETE'])(
    'answers a %s by another user as it answers an unknown session',
    async (method) => {
      const session = await open()
      const authorization = `Bearer ${server.token({}, 'grace@acme.test')}`
      const body = method === 'POST' ? { body: call('tools/list') } : {}
      const other = await server.ask({ method, session, authorization, ...body })
      const unknown = await server.ask({ method, session: 'x'.repeat(43), authorization, ...body })
      expect(other.status).toBe(404)
      expect(look(other)).toEqual(look(unknown))
      expect(await server.ask({ session, body: call('ping') })).toMatchObject({ status: 200 })
    },
  )

  it('goes on with a refreshed token of the same user', async () => {
    const session = await open()
    const authorization = `Bearer ${server.token({ claims: { jti: 'another', exp: Math.floor(Date.now() / 1000) + 90 } })}`
    expect(await server.ask({ session, authorization, body: call('ping') })).toMatchObject({ status: 200 })
  })

  it('does not go on for another client of the same user', async () => {
    const session = await open()
    const authorization = `Bearer ${server.token({ claims: { client_id: 'another' } })}`
    expect(await server.ask({ session, authorization, body: call('ping') })).toMatchObject({ status: 404 })
  })

  it('answers 404 once a session is over, and 400 where none is named', async () => {
    const session = await open()
    expect(await server.ask({ method: 'DELETE', session })).toMatchObject({ status: 200 })
    expect(await server.ask({ session, body: call('ping') })).toMatchObject({ status: 404 })
    expect(await server.ask({ body: call('ping') })).toMatchObject({ status: 400 })
  })

  it('promises no resumption: no event has an id that another stream could be asked for', async () => {
    const session = await open()
    const params = { name: 'whoami', arguments: {}, _meta: { progressToken: 1 } }
    const answer = await server.ask({ session, body: call('tools/call', params) })
    expect(answer.status).toBe(200)
    expect(answer.text).not.toMatch(/^id:/m)
  })
})

describe('Model Context Protocol, transports: security', () => {
  it.each(['https://evil.test', 'null', 'http://127.0.0.1.evil.test', 'http://localhost.'])(
    'refuses the Origin %s, whatever token comes with it',
    async (origin) => {
      const answer = await server.ask({ headers: { origin } })
      expect(answer.status).toBe(403)
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    },
  )

  it.each(['https://app.test', 'http://localhost:6274'])('takes the Origin %s', async (origin) => {
    expect(await server.ask({ headers: { origin } })).toMatchObject({ status: 200 })
  })

  it.each(['evil.test', 'localhost', '127.0.0.1.nip.io'])('refuses the Host %s', async (host) => {
    expect(await server.ask({ headers: { host } })).toMatchObject({ status: 403 })
  })

  it('is bound to loopback alone', () => {
    expect(new URL(server.resource).hostname).toBe('127.0.0.1')
  })
})

describe('Model Context Protocol, transports: messages', () => {
  it('refuses a batch', async () => {
    expect(await server.ask({ body: [initialize()] })).toMatchObject({ status: 400 })
    expect(await server.ask({ body: [] })).toMatchObject({ status: 400 })
  })

  it.each(['{', '', '\u0000', '{"jsonrpc":"2.0"', 'null', '7'])('refuses the body %j', async (body) => {
    expect(await server.ask({ body })).toMatchObject({ status: 400 })
  })

  it('answers a notification with 202 and no body', async () => {
    const session = await open()
    const body = { jsonrpc: '2.0', method: 'notifications/initialized' }
    expect(await server.ask({ session, body })).toMatchObject({ status: 202, text: '' })
  })

  it('refuses a protocol version that it does not know, and takes a request without one', async () => {
    const session = await open()
    const send = (version: string) =>
      server.ask({ session, body: call('ping'), headers: { 'mcp-protocol-version': version } })
    expect(await send('1999-01-01')).toMatchObject({ status: 400 })
    expect(await send('2025-11-25')).toMatchObject({ status: 200 })
    expect(await server.ask({ session, body: call('ping') })).toMatchObject({ status: 200 })
  })

  it('decides by the body, never by a header that says what the body is', async () => {
    const authorization = `Bearer ${server.token({ claims: { scope: 'mcp' } })}`
    const session = sessionIn(await server.ask({ authorization }))
    const ask = (name: string, said: string) =>
      server.ask({
        ...{ authorization, session, body: callTool(name) },
        headers: { 'mcp-method': 'tools/call', 'mcp-name': said },
      })
    expect(await ask('write', 'status')).toMatchObject({ status: 403 })
    expect((await ask('hide', 'status')).messages[0]?.error).toMatchObject({ code: -32602 })
    expect((await ask('status', 'write')).text).toContain('up')
  })
})
