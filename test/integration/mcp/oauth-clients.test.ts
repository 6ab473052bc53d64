import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { HeadlessClient } from '../../support/headless-client.js'
import { oauthClients, type OAuthClient } from '../../support/oauth-clients.js'
import { ResourceServer } from '../../support/resource-server.js'

let server: ResourceServer
const open: OAuthClient[] = []

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
})

afterAll(() => server.close())

function userOf(email: string): HeadlessClient {
  return new HeadlessClient((jar, url) => server.signIn(jar, url, email))
}

/** What was asked of the user, each time. */
function scopesAsked({ asked }: HeadlessClient): readonly (readonly string[])[] {
  return asked.map((url) => (url.searchParams.get('scope') ?? '').split(' ').toSorted())
}

describe.each(oauthClients)('%s', (name, connect) => {
  async function connected(user: HeadlessClient, path = '/mcp'): Promise<OAuthClient> {
    const client = await connect(new URL(path, server.origin), user)
    open.push(client)
    return client
  }

  it.each(['/mcp', '/mcp/oauth'])('finds out by itself where to sign in for %s, and does', async (path) => {
    const user = userOf('hedy@acme.test')
    const client = await connected(user, path)
    expect(await client.call('whoami')).toBe('hedy@acme.test')
    expect(scopesAsked(user)).toEqual([['mcp', 'read', 'write']])
    expect(user.asked[0]?.searchParams.get('resource')).toBe(server.origin + path)
    expect(user.saved?.scope).toBe('mcp read')
    expect(user.saved?.refresh_token).toBeDefined()
  })

  it('refreshes by itself, without asking the user again', async () => {
    const user = userOf('hedy@acme.test')
    const client = await connected(user)
    const before = user.saved
    if (before === undefined) throw new TypeError('no tokens')
    user.saved = { ...before, access_token: server.token({ claims: { iat: 1_000, exp: 1_600 } }) }
    expect(await client.call('whoami')).toBe('hedy@acme.test')
    expect(user.asked).toHaveLength(1)
    expect(user.saved.access_token).not.toBe(before.access_token)
    expect(user.saved.refresh_token).not.toBe(before.refresh_token)
  })

  // With a refresh token the SDK refreshes instead of asking, gets the same scopes, and gives up.
  it(`steps up ${name.endsWith('sdk') ? 'where it has no refresh token ' : ''}by one question to the user`, async () => {
    const user = userOf('hedy@acme.test')
    user.refreshes = !name.endsWith('sdk')
    const client = await connected(user)
    expect(await client.list()).toEqual(['status', 'whoami', 'read', 'launch'])
    expect(await client.call('launch')).toBe('launched')
    expect(scopesAsked(user).slice(1)).toEqual([['launch', 'mcp', 'read']])
    expect(user.saved?.scope?.split(' ').toSorted()).toEqual(['launch', 'mcp', 'read'])
    expect(await client.call('launch')).toBe('launched')
    expect(user.asked).toHaveLength(2)
  })

  if (name.endsWith('sdk')) {
    it('gives up without asking the user where it has a refresh token, and does not call again', async () => {
      const user = userOf('hedy@acme.test')
      const client = await connected(user)
      await expect(client.call('launch')).rejects.toThrow('403 after trying upscoping')
      expect(user.asked).toHaveLength(1)
      expect(await client.call('whoami')).toBe('hedy@acme.test')
    })
  }

  it('is told of a tool that it could never step up to as of one that does not exist', async () => {
    const user = userOf('grace@acme.test')
    const client = await connected(user)
    expect(await client.list()).toEqual(['status', 'whoami', 'read'])
    await expect(client.call('launch')).rejects.toMatchObject({ code: -32602 })
    expect(user.asked).toHaveLength(1)
  })
})
