import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { challengeIn, ResourceServer } from '../support/resource-server.js'

let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterAll(() => server.close())

const wellKnown = '/.well-known/oauth-protected-resource'

describe('RFC 9728 §3 Obtaining Protected Resource Metadata', () => {
  it.each(['/mcp', '/mcp/oauth'])('§3.1 is found where the well-known part stands before the path %s', async (path) => {
    expect((await server.document(wellKnown + path)).answer.status).toBe(200)
    expect((await server.document(path + wellKnown)).answer.status).toBe(404)
  })

  it('§3.1 is found at the root, too, for clients that know no path', async () => {
    const { answer, json } = await server.document(wellKnown)
    expect(answer.status).toBe(200)
    expect(json).toEqual((await server.document(`${wellKnown}/mcp/oauth`)).json)
  })

  it.each(['/mcp/', '/MCP', '/other', '/mcp%2f', '/mcp/oauth/more'])(
    '§3.1 is not found for %s, which is no resource',
    async (path) => {
      expect((await server.document(wellKnown + path)).answer.status).toBe(404)
    },
  )

  it('§3.1 takes GET and HEAD, and no other method', async () => {
    const ask = (method: string) => server.ask({ method, path: `${wellKnown}/mcp`, authorization: null })
    expect(await ask('HEAD')).toMatchObject({ status: 200, text: '' })
    expect(await ask('POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, OPTIONS' } })
    expect((await ask('DELETE')).status).toBe(405)
  })

  it('§3.2 is one JSON object with status 200', async () => {
    const { answer, json } = await server.document(`${wellKnown}/mcp`)
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
    expect(Object.keys(json)).toContain('resource')
  })

  it('§3.2 is public: without a token, whatever token comes, and for scripts of every origin', async () => {
    const { answer } = await server.document(`${wellKnown}/mcp`)
    const odd = await server.ask({ method: 'GET', path: `${wellKnown}/mcp`, authorization: 'Bearer nonsense' })
    expect(odd.text).toBe(answer.text)
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
  })

  it('§3.3 has the very resource that the client asked for, wherever it was sent from', async () => {
    for (const path of ['/mcp', '/mcp/oauth']) {
      const { resource_metadata: url = '' } = challengeIn(await server.ask({ authorization: null, path }))
      const { json } = await server.document(new URL(url).pathname)
      expect(json['resource']).toBe(server.origin + path)
    }
  })

  it('§3.3 does not follow the Host header', async () => {
    const headers = { host: 'evil.test' }
    const answer = await server.ask({ method: 'GET', path: `${wellKnown}/mcp`, authorization: null, headers })
    expect(answer.status).toBe(403)
    expect(answer.text).not.toContain('evil.test')
  })
})
