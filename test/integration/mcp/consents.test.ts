import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { HeadlessClient } from '../../support/headless-client.js'
import { oauthClients } from '../../support/oauth-clients.js'
import { ResourceServer } from '../../support/resource-server.js'
import { until } from '../../support/until.js'

const [, [, connect]] = oauthClients
let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start({ scopeDescriptions: { read: 'See what was launched' } })
})

afterAll(() => server.close())

async function signedIn(): Promise<HeadlessClient> {
  const user = new HeadlessClient((jar, url) => server.signIn(jar, url, 'hedy@acme.test'))
  const client = await connect(new URL(server.resource), user)
  await client.close()
  return user
}

const grantOf = ({ saved }: HeadlessClient): string =>
  String(JSON.parse(Buffer.from(saved?.access_token.split('.')[1] ?? '', 'base64url').toString())['gid'])

describe('what a user takes back on their page', () => {
  it('ends the access of that client at once, open streams and refresh tokens included, and no other', async () => {
    const [gone, stays] = [await signedIn(), await signedIn()]
    const authorization = `Bearer ${gone.saved?.access_token}`
    const session = (await server.ask({ authorization })).headers['mcp-session-id'] ?? ''
    const stream = await server.stream({ authorization, session })
    const shown = await gone.jar.open(`${server.origin}/authsec/consents`)
    expect(shown.html).toContain('See what was launched')
    await gone.jar.press(shown, 'take-back', { fields: { consent: grantOf(gone) } })
    expect((await server.ask({ authorization })).status).toBe(401)
    await until(() => stream.ended)
    const refreshing = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'refresh_token', client_id: gone.clientInformation()?.client_id ?? '' },
        refresh_token: gone.saved?.refresh_token ?? '',
      }),
    })
    expect(await refreshing.json()).toMatchObject({ error: 'invalid_grant' })
    expect((await server.ask({ authorization: `Bearer ${stays.saved?.access_token}` })).status).toBe(200)
  })
})
