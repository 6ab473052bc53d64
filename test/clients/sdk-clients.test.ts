import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { ClientsBench } from '../support/clients-bench.js'
import { expectedAccess, quickstartUsers, type QuickstartUser } from '../support/expected-access.js'
import { HeadlessClient } from '../support/headless-client.js'
import { oauthClients, type OAuthClient } from '../support/oauth-clients.js'

let bench: ClientsBench
const open: OAuthClient[] = []

beforeAll(async () => {
  bench = await ClientsBench.start()
}, 60_000)

afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
})

afterAll(() => bench?.close())

const userOf = (email: QuickstartUser): HeadlessClient =>
  new HeadlessClient((jar, url) => bench.signIn(jar, url, email))

describe.each(oauthClients)('%s', (name, connect) => {
  async function connected(user: HeadlessClient): Promise<OAuthClient> {
    const client = await connect(new URL(bench.server.oauthUrl), user)
    open.push(client)
    return client
  }

  it.each(quickstartUsers)('registers, signs %s in, lists exactly what the table says, and calls', async (email) => {
    const user = userOf(email)
    const client = await connected(user)
    expect(await client.list()).toEqual(expectedAccess[email])
    expect(await client.call('hello')).toBe(`Hello, ${email}!`)
    expect(user.asked).toHaveLength(1)
    expect(user.asked[0]?.searchParams.get('client_id')).not.toContain('https:')
  })

  it('refreshes by itself when its token has ended, and asks nobody', async () => {
    const user = userOf('john@company.com')
    const client = await connected(user)
    const before = user.saved
    if (before === undefined) throw new TypeError('no tokens')
    user.saved = { ...before, access_token: await bench.endedToken('john@company.com') }
    expect(await client.call('hello')).toBe('Hello, john@company.com!')
    expect(user.asked).toHaveLength(1)
    expect(user.saved.refresh_token).not.toBe(before.refresh_token)
  })

  it('signs in as the client that a document describes, and registers nothing', async () => {
    const user = userOf('john@company.com')
    user.clientMetadataUrl = bench.publish(`/${encodeURIComponent(name)}.json`, user.redirectUrl)
    const client = await connected(user)
    expect(user.asked[0]?.searchParams.get('client_id')).toBe(user.clientMetadataUrl)
    expect(await client.list()).toEqual(expectedAccess['john@company.com'])
    expect(await client.call('hello')).toBe('Hello, john@company.com!')
  })
})
