import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CliSite } from '../../support/cli-site.js'
import { expectedAccess, quickstartUsers, type QuickstartUser } from '../../support/expected-access.js'
import { HeadlessClient } from '../../support/headless-client.js'

describe('signing in to the quickstart', () => {
  let site: CliSite

  beforeAll(async () => {
    site = await CliSite.start()
  }, 60_000)
  afterAll(() => site?.close())

  const headless = async (user: QuickstartUser, change: { tenant?: string; password?: string } = {}) => {
    const account = (await site.home.accounts()).find(({ email }) => email === user)
    return new HeadlessClient(async (jar, url) => {
      const page = await jar.open(url)
      return jar.press(page, 'sign-in', { fields: { tenant: '', password: '', ...account, ...change } })
    })
  }

  const signIn = async (provider: HeadlessClient): Promise<Client> => {
    const url = new URL(site.server.oauthUrl)
    const first = new StreamableHTTPClientTransport(url, { authProvider: provider })
    const client = new Client({ name: 'test', version: '1' })
    await expect(client.connect(first)).rejects.toThrow('Unauthorized')
    await first.finishAuth(provider.code ?? '')
    const transport = new StreamableHTTPClientTransport(url, { authProvider: provider })
    const signedIn = new Client({ name: 'test', version: '1' })
    await signedIn.connect(transport)
    return signedIn
  }

  it.each(quickstartUsers)('gives %s in a browser exactly the tools of the table', async (user) => {
    const client = await signIn(await headless(user))
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(expectedAccess[user])
    await client.close()
  })

  it.each([
    ['a wrong password', { password: 'guess' }],
    ['the tenant of somebody else', { tenant: 'globex' }],
  ])('gives no code for %s', async (_name, change) => {
    const provider = await headless('john@company.com', change)
    await expect(signIn(provider)).rejects.toThrow()
    expect(provider.code).toBeUndefined()
  })
})
