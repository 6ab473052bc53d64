import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ResourceServer } from '../support/resource-server.js'

let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterAll(() => server.close())

const methods = ['GET', 'POST', 'DELETE'] as const

describe('RFC 6750 §2 Authenticated Requests', () => {
  it.each(['Bearer', 'bearer', 'BEARER'])('§2.1 takes a token in the header by the scheme %s', async (scheme) => {
    const answer = await server.call('whoami', { authorization: `${scheme} ${server.token()}` })
    expect(answer.text).toContain('ada@acme.test')
  })

  it.each([
    ['of another scheme', () => `Basic ${server.token()}`],
    ['without a scheme', () => server.token()],
    ['with a scheme that only begins alike', () => `BearerToken ${server.token()}`],
    ['with nothing after it', () => 'Bearer'],
    ['followed by more', () => `Bearer ${server.token()} more`],
    ['as one of two', () => `Bearer ${server.token()}, Bearer ${server.token()}`],
    ['in quotes', () => `Bearer "${server.token()}"`],
    ['with characters that no token has', () => `Bearer ${server.token()}\u00e9`],
    ['after a tab', () => `Bearer\t${server.token()}`],
  ])('§2.1 refuses a token %s with 401', async (_what, authorization) => {
    expect((await server.ask({ authorization: authorization() })).status).toBe(401)
  })

  it('§2.1 refuses two of the header with 400', async () => {
    const authorization = [`Bearer ${server.token()}`, `Bearer ${server.token()}`]
    expect((await server.ask({ authorization })).status).toBe(400)
  })

  it('§2.1 verifies the token of every request, in the same session or not', async () => {
    const opened = await server.ask()
    const session = opened.headers['mcp-session-id'] ?? ''
    for (const method of methods) {
      expect(await server.ask({ method, session, authorization: null })).toMatchObject({ status: 401 })
      expect(await server.ask({ method, session, authorization: 'Bearer nonsense' })).toMatchObject({ status: 401 })
    }
    const body = { jsonrpc: '2.0', id: 1, method: 'ping' }
    expect(await server.ask({ session, body })).toMatchObject({ status: 200 })
  })

  it('§2.2 takes no token from the body', async () => {
    const body = `access_token=${server.token()}`
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await server.ask({ authorization: null, body, headers })).toMatchObject({ status: 401 })
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', access_token: server.token() }
    expect(await server.ask({ authorization: null, body: message })).toMatchObject({ status: 401 })
  })

  it.each(methods)('§2.3 takes no token from the query of a %s', async (method) => {
    const path = `/mcp?access_token=${server.token()}`
    expect(await server.ask({ method, authorization: null, path })).toMatchObject({ status: 401 })
  })

  it('§2.3 goes by the header alone where the query has a token, too', async () => {
    const authorization = `Bearer ${server.token({}, 'grace@acme.test')}`
    const answer = await server.call('whoami', { authorization, path: `/mcp?access_token=${server.token()}` })
    expect(answer.text).toContain('grace@acme.test')
  })

  it('§5.3 takes no token from a cookie', async () => {
    const headers = { cookie: `access_token=${server.token()}; authorization=Bearer ${server.token()}` }
    expect(await server.ask({ authorization: null, headers })).toMatchObject({ status: 401 })
  })
})
