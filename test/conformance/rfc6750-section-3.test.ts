import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { challengeIn, ResourceServer } from '../support/resource-server.js'

let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterAll(() => server.close())

/** RFC 6750 §3: what may stand in these parameters. */
const scopeGrammar = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/
const descriptionGrammar = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/

const narrow = (scope: string): string => `Bearer ${server.token({ claims: { scope } })}`

describe('RFC 6750 §3 The WWW-Authenticate Response Header Field', () => {
  it('§3 challenges with the scheme Bearer and each parameter once, and says nothing of an error where no token was sent', async () => {
    const answer = await server.ask({ authorization: null })
    expect(answer.status).toBe(401)
    expect(Object.keys(challengeIn(answer)).toSorted()).toEqual(['resource_metadata', 'scope'])
  })

  it('§3 keeps to the characters that the parameters may have', async () => {
    const refused = [
      challengeIn(await server.ask({ authorization: null })),
      challengeIn(await server.ask({ authorization: 'Bearer nonsense' })),
      challengeIn(await server.call('write', { authorization: narrow('mcp read') })),
    ]
    for (const { error_description: said, scope } of refused) {
      expect(scope).toMatch(scopeGrammar)
      if (said !== undefined) expect(said).toMatch(descriptionGrammar)
    }
  })

  it.each([
    ['is no token', () => 'Bearer nonsense'],
    ['has expired', () => `Bearer ${server.token({ claims: { iat: 1_000, exp: 1_600 } })}`],
    ['is signed by another key', () => `Bearer ${server.token({ key: 'foreign' })}`],
    ['is for another resource', () => `Bearer ${server.token({ claims: { aud: `${server.origin}/mcp/oauth` } })}`],
    ['is of another issuer', () => `Bearer ${server.token({ claims: { iss: 'https://issuer.test' } })}`],
    ['is of a grant that has ended', () => `Bearer ${server.token({ claims: { gid: 'x'.repeat(43) } })}`],
  ])('§3.1 answers a token that %s with 401 invalid_token, always in the same words', async (_what, authorization) => {
    const [answer, nonsense] = [
      await server.ask({ authorization: authorization() }),
      await server.ask({ authorization: 'Bearer x' }),
    ]
    expect(answer.status).toBe(401)
    expect(challengeIn(answer)).toMatchObject({ error: 'invalid_token' })
    expect([answer.text, answer.headers['www-authenticate']]).toEqual([
      nonsense.text,
      nonsense.headers['www-authenticate'],
    ])
  })

  it('§3.1 answers two tokens at once with 400 invalid_request', async () => {
    const answer = await server.ask({ authorization: [`Bearer ${server.token()}`, 'Bearer other'] })
    expect(answer.status).toBe(400)
    expect(challengeIn(answer)).toMatchObject({ error: 'invalid_request' })
  })

  it('§3.1 answers want of a scope with 403 insufficient_scope, and all that is needed in one challenge', async () => {
    const answer = await server.call('write', { authorization: narrow('mcp read') })
    expect(answer.status).toBe(403)
    expect(challengeIn(answer)).toMatchObject({ error: 'insufficient_scope', scope: 'write mcp read' })
    const more = await server.call('write', { authorization: narrow('write mcp read') })
    expect(more.text).toContain('written')
  })

  it('§3.1 never asks for what is not needed, nor for a refresh token', async () => {
    const answer = await server.call('write', { authorization: narrow('mcp offline_access') })
    expect(challengeIn(answer)['scope']).toBe('write mcp')
  })

  it.each([
    ['that the database does not grant', 'launch'],
    ['of a tool that is not elevatable', 'hide'],
    ['where it is a role that is missing', 'admin_panel'],
    ['of a tool that does not exist', 'no_such_tool'],
  ])('§3.1 does not challenge for a scope %s', async (_what, name) => {
    const answer = await server.call(name, { authorization: narrow('mcp read') })
    expect(answer.status).toBe(200)
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.messages[0]?.error).toEqual({ code: -32602, message: `Unknown tool: ${name}` })
  })

  it('§5.2 keeps answers to tokens out of every cache', async () => {
    for (const answer of [await server.ask(), await server.ask({ authorization: null })]) {
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', vary: 'Authorization, Origin' })
    }
  })
})
