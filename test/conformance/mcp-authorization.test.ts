import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CallContext, protectedByAuthSec, UserContext } from '../../src/index.js'
import { callTool } from '../support/mcp-harness.js'
import { ResourceServer } from '../support/resource-server.js'

let server: ResourceServer
let seen: readonly unknown[] = []

beforeAll(async () => {
  const look = protectedByAuthSec('look', { params: [CallContext, UserContext] }, (...given) => {
    seen = given
    return 'seen'
  })
  server = await ResourceServer.start({ sessions: 'stateless' }, [look])
})

afterAll(() => server.close())

describe('Model Context Protocol, authorization: token handling', () => {
  it('runs nothing for a token that is not good, and says nothing of what there is', async () => {
    for (const authorization of [null, 'Bearer nonsense', `Bearer ${server.token({ key: 'foreign' })}`]) {
      const answer = await server.ask({ authorization, body: callTool('look') })
      expect(answer.status).toBe(401)
      expect(answer.text).not.toMatch(/look|conformance/i)
    }
    expect(seen).toEqual([])
  })

  it('answers 401 before anything that is wrong with the request itself', async () => {
    const asked = { authorization: null, body: '{', headers: { 'content-type': 'text/plain', accept: 'x/y' } }
    expect(await server.ask(asked)).toMatchObject({ status: 401 })
    expect(await server.ask({ ...asked, method: 'PUT' })).toMatchObject({ status: 401 })
  })

  it('hands no token to the code of a tool', async () => {
    const token = server.token()
    const answer = await server.ask({ authorization: `Bearer ${token}`, body: callTool('look') })
    expect(answer.text).toContain('seen')
    expect(seen).toHaveLength(2)
    const shown = inspect(seen, { depth: 20, showHidden: true, getters: true }) + JSON.stringify(seen)
    for (const part of token.split('.')) expect(shown).not.toContain(part)
  })

  it('rests on more than the scopes that a token claims', async () => {
    const authorization = `Bearer ${server.token({ claims: { scope: 'mcp read write', roles: ['admin'] } }, 'grace@acme.test')}`
    for (const name of ['hide', 'admin_panel']) {
      const answer = await server.ask({ authorization, body: callTool(name) })
      expect(answer.messages[0]?.error).toEqual({ code: -32602, message: `Unknown tool: ${name}` })
    }
  })

  it('answers a tool that is hidden as one that is not there', async () => {
    const [hidden, absent] = [
      await server.ask({ body: callTool('admin_panel') }),
      await server.ask({ body: callTool('admin_panes') }),
    ]
    expect(hidden.text.replaceAll('admin_panel', '*')).toBe(absent.text.replaceAll('admin_panes', '*'))
    expect(hidden.status).toBe(absent.status)
    expect(Object.keys(hidden.headers)).toEqual(Object.keys(absent.headers))
  })

  it('lets a browser ask whether it may send a token before it has one', async () => {
    const headers = { origin: server.origin, 'access-control-request-headers': 'authorization' }
    const answer = await server.ask({ method: 'OPTIONS', authorization: null, headers })
    expect(answer).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': server.origin } })
    expect(answer.headers['access-control-allow-headers']).toContain('authorization')
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
  })
})
