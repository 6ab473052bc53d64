import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { challengeIn, ResourceServer, type Asked } from '../support/resource-server.js'

let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterAll(() => server.close())

const metadata = (path: string): string => `${server.origin}/.well-known/oauth-protected-resource${path}`

describe('RFC 9728 §5 Use of WWW-Authenticate', () => {
  it.each<readonly [string, () => Asked]>([
    ['without a token', () => ({ authorization: null })],
    ['with another scheme', () => ({ authorization: 'Basic YTpi' })],
    ['with a bad token', () => ({ authorization: 'Bearer nonsense' })],
    [
      'with a token of another resource',
      () => ({ authorization: `Bearer ${server.token({ claims: { aud: 'https://other.test/mcp' } })}` }),
    ],
  ])('§5.1 says where the metadata is on a 401 %s', async (_what, asked) => {
    for (const path of ['/mcp', '/mcp/oauth']) {
      const answer = await server.ask({ ...asked(), path })
      expect(answer.status).toBe(401)
      expect(challengeIn(answer)['resource_metadata']).toBe(metadata(path))
    }
  })

  it.each(['GET', 'POST', 'DELETE'])('§5.1 says it for %s', async (method) => {
    const answer = await server.ask({ method, authorization: null })
    expect(answer.status).toBe(401)
    expect(challengeIn(answer)['resource_metadata']).toBe(metadata('/mcp'))
  })

  it('§5.1 says it on a 403 for want of scopes', async () => {
    const answer = await server.call('write', {
      authorization: `Bearer ${server.token({ claims: { scope: 'mcp read' } })}`,
    })
    expect(answer.status).toBe(403)
    expect(challengeIn(answer)['resource_metadata']).toBe(metadata('/mcp'))
  })

  it('§5.1 names the scopes to begin with on a 401, the same as the metadata', async () => {
    const { json } = await server.document('/.well-known/oauth-protected-resource/mcp')
    const { scope } = challengeIn(await server.ask({ authorization: null }))
    expect(scope?.split(' ')).toEqual(json['scopes_supported'])
  })

  it('§5.1 sends no challenge with an answer that needs none', async () => {
    const answers = [await server.ask(), await server.call('whoami'), await server.call('admin_panel')]
    for (const { headers } of answers) expect(headers['www-authenticate']).toBeUndefined()
  })

  it('§5.3 is not led elsewhere by headers that a caller or a proxy could set', async () => {
    const headers = { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https', forwarded: 'host=evil.test' }
    const answer = await server.ask({ authorization: null, headers })
    expect(challengeIn(answer)['resource_metadata']).toBe(metadata('/mcp'))
  })
})
