import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar, type Shown } from '../support/browser-jar.js'
import { auth } from '@modelcontextprotocol/sdk/client/auth.js'
import { HeadlessClient } from '../support/headless-client.js'
import { challengeIn, ResourceServer } from '../support/resource-server.js'

let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterAll(() => server.close())

const paths = ['/mcp', '/mcp/oauth'] as const

/** A token from the authorization server for the resource at `path`, by the whole of a client's sign-in. */
async function signInFor(path: string): Promise<string> {
  const client = new HeadlessClient((jar, url) => server.signIn(jar, url, 'ada@acme.test'))
  const options = { serverUrl: new URL(path, server.origin) }
  expect(await auth(client, options)).toBe('REDIRECT')
  expect(client.asked[0]?.searchParams.get('resource')).toBe(server.origin + path)
  expect(await auth(client, { ...options, authorizationCode: client.code ?? '' })).toBe('AUTHORIZED')
  return client.saved?.access_token ?? ''
}

/** What is shown to whoever asks for a code for this resource. */
async function authorize(resource: string): Promise<Shown> {
  const client_id = await server.register()
  const url = new URL(`${server.issuer}/authorize`)
  const asked = { client_id, response_type: 'code', redirect_uri: 'http://127.0.0.1:8976/callback', state: 's' }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  url.searchParams.set('code_challenge', 'x'.repeat(43))
  url.searchParams.set('code_challenge_method', 'S256')
  url.searchParams.set('resource', resource)
  return new BrowserJar().open(url)
}

describe('RFC 8707 §2 Resource Parameter', () => {
  it('§2 a token for one resource is for that alone, both ways', async () => {
    for (const path of paths) {
      const authorization = `Bearer ${await signInFor(path)}`
      for (const other of paths) {
        const answer = await server.ask({ authorization, path: other })
        expect([path, other, answer.status]).toEqual([path, other, path === other ? 200 : 401])
        if (path !== other) expect(challengeIn(answer)).toMatchObject({ error: 'invalid_token' })
      }
    }
  })

  it('§2 a token for another server is for none here', async () => {
    const aud = 'https://mcp.other.test/mcp'
    expect(await server.askWith({ claims: { aud } })).toMatchObject({ status: 401 })
  })

  it('§2 the authorization server takes the resource in capitals where URLs do not care', async () => {
    const shown = await authorize(server.resource.replace('http:', 'HTTP:'))
    expect(shown.left).toBeUndefined()
    expect(shown.html).toContain('name="password"')
  })

  it.each([
    ['of another server', 'https://mcp.other.test/mcp'],
    ['with a fragment', 'ORIGIN/mcp#part'],
    ['that is not absolute', '/mcp'],
    ['of this server at a path that is none', 'ORIGIN/other'],
    ['with a slash at its end', 'ORIGIN/mcp/'],
  ])('§2 the authorization server gives no code for a resource %s', async (_what, resource) => {
    const shown = await authorize(resource.replace('ORIGIN', server.origin))
    expect(shown.left?.searchParams.get('error') ?? shown.status).toBe('invalid_target')
    expect(shown.left?.searchParams.get('code') ?? null).toBeNull()
  })

  it('§2 the canonical form is taken in the case that the metadata says, and no other', async () => {
    const aud = server.resource.toUpperCase()
    expect(await server.askWith({ claims: { aud } })).toMatchObject({ status: 401 })
  })
})
