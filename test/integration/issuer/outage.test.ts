import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, pkcePair } from '../../support/issuer-harness.js'

let harness: IssuerHarness
let clientId: string

beforeAll(async () => {
  harness = await IssuerHarness.start()
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  clientId = await harness.registeredClient()
})

afterEach(() => {
  harness.storage.available = true
})

afterAll(() => harness.close())

function startUrl(): URL {
  const { challenge } = pkcePair()
  return harness.authorizeUrl({
    ...{ client_id: clientId, redirect_uri: callbackUri, code_challenge: challenge, code_challenge_method: 'S256' },
  })
}

describe('while the master database is down', () => {
  it('no authorization starts or goes on, each answer is 503, and it goes on afterwards', async () => {
    const jar = new BrowserJar()
    const page = await jar.open(startUrl())
    harness.storage.available = false
    expect((await new BrowserJar().open(startUrl())).status).toBe(503)
    const shown = await jar.open(page.url)
    expect(shown.status).toBe(503)
    expect(shown.headers.get('x-frame-options')).toBe('DENY')
    expect(shown.html).not.toContain('master database')
    harness.storage.available = true
    expect((await jar.open(page.url)).status).toBe(200)
  })

  it('no token and no client is handed out', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', clientId)
    harness.storage.available = false
    expect(await harness.refresh(clientId, body['refresh_token'])).toMatchObject({
      status: 503,
      body: { error: 'temporarily_unavailable' },
    })
    expect((await harness.register()).status).toBe(503)
    harness.storage.available = true
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(200)
  })

  it('no grant counts as active or as ended: the question throws', async () => {
    harness.storage.available = false
    await expect(harness.running.registry.isActive('x')).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
  })

  it('the key set and the metadata are still served', async () => {
    harness.storage.available = false
    expect((await fetch(`${harness.issuer}/jwks`)).status).toBe(200)
    expect((await fetch(`${harness.issuer}/.well-known/openid-configuration`)).status).toBe(200)
  })
})
