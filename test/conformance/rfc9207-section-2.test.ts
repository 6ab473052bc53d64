import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../support/browser-jar.js'
import { IssuerHarness, pkcePair } from '../support/issuer-harness.js'

let harness: IssuerHarness
let clientId: string
const redirect_uri = 'http://127.0.0.1:4711/callback'

beforeAll(async () => {
  harness = await IssuerHarness.start()
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  clientId = await harness.registeredClient({ redirect_uris: [redirect_uri] })
})

afterAll(() => harness.close())

function url(parameters: Readonly<Record<string, string>> = {}): URL {
  const pkce = { code_challenge: pkcePair().challenge, code_challenge_method: 'S256' }
  return harness.authorizeUrl({ client_id: clientId, redirect_uri, scope: 'read', ...pkce, ...parameters })
}

/** What the client is sent once the user has answered. */
async function answerTo(action: 'allow' | 'deny'): Promise<URLSearchParams> {
  const jar = new BrowserJar()
  const { left } = await jar.press(await harness.signIn(jar, url(), 'ana@acme.test'), action)
  return left?.searchParams ?? new URLSearchParams()
}

describe('Authorization Server Issuer Identification (RFC 9207)', () => {
  it('§2.1 names the issuer once, byte for byte as the metadata does, beside a code', async () => {
    const metadata = await fetch(`${harness.origin}/.well-known/oauth-authorization-server/oauth`)
    const { issuer } = (await metadata.json()) as { issuer: string }
    const answer = await answerTo('allow')
    expect(answer.get('code')).toEqual(expect.any(String))
    expect(answer.getAll('iss')).toEqual([issuer])
    expect(issuer).toBe(harness.issuer)
  })

  it('§2.1 names it beside an error too', async () => {
    const denied = await answerTo('deny')
    expect([denied.get('error'), denied.getAll('iss')]).toEqual(['access_denied', [harness.issuer]])
    for (const parameters of [{ prompt: 'none' }, { resource: 'https://other.example/' }]) {
      const { left } = await new BrowserJar().open(url(parameters))
      expect(left?.searchParams.get('error')).toEqual(expect.any(String))
      expect(left?.searchParams.getAll('iss')).toEqual([harness.issuer])
    }
  })

  it('§2.3 says in the metadata that it does', async () => {
    for (const path of ['oauth-authorization-server', 'openid-configuration']) {
      const metadata = (await (await fetch(`${harness.origin}/.well-known/${path}/oauth`)).json()) as object
      expect(metadata).toMatchObject({ authorization_response_iss_parameter_supported: true })
    }
  })
})
