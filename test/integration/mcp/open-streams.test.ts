import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { HeadlessClient } from '../../support/headless-client.js'
import { oauthClients } from '../../support/oauth-clients.js'
import { ResourceServer, type ServerStream } from '../../support/resource-server.js'
import { until } from '../../support/until.js'

let server: ResourceServer
const streams: ServerStream[] = []

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterEach(() => {
  for (const stream of streams.splice(0)) stream.close()
})

afterAll(() => server.close())

/** The GET stream of a new session. */
async function open(token: string): Promise<ServerStream> {
  const authorization = `Bearer ${token}`
  const { headers } = await server.ask({ authorization })
  const stream = await server.stream({ authorization, session: headers['mcp-session-id'] ?? '' })
  streams.push(stream)
  return stream
}

const now = (): number => Math.floor(Date.now() / 1000)

describe('an open stream', () => {
  it('ends when its token expires, while that of a longer token goes on', async () => {
    const long = await open(server.token())
    // With the minute by which clocks may differ it has five seconds left.
    const short = await open(server.token({ claims: { iat: now() - 600, exp: now() - 55 } }))
    expect(short.ended).toBe(false)
    await until(() => short.ended, 20_000)
    expect(long.ended).toBe(false)
  })

  it.each(oauthClients)('ends when its user takes the grant back that %s got', async (_name, connect) => {
    const user = new HeadlessClient((jar, url) => server.signIn(jar, url, 'hedy@acme.test'))
    const client = await connect(new URL(server.resource), user)
    try {
      const [other, own] = [await open(server.token()), await open(user.saved?.access_token ?? '')]
      const token = user.saved?.refresh_token ?? ''
      const fields = { token, client_id: user.clientInformation()?.client_id ?? '' }
      const revoked = await fetch(`${server.issuer}/revoke`, { method: 'POST', body: new URLSearchParams(fields) })
      expect(revoked.status).toBe(200)
      await until(() => own.ended)
      expect(other.ended).toBe(false)
      const authorization = `Bearer ${user.saved?.access_token}`
      expect(await server.ask({ authorization })).toMatchObject({ status: 401 })
    } finally {
      await client.close()
    }
  })
})
