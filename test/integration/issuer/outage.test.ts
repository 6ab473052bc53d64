import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, password, pkcePair } from '../../support/issuer-harness.js'

let harness: IssuerHarness
let clientId: string

beforeAll(async () => {
  harness = await IssuerHarness.start()
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  clientId = await harness.registeredClient()
})

afterEach(() => {
  harness.storage.available = true
  harness.limiter.available = true
})

afterAll(() => harness.close())

function startUrl(): URL {
  const { challenge } = pkcePair()
  return harness.authorizeUrl({
    ...{ client_id: clientId, redirect_uri: callbackUri, code_challenge: challenge, code_challenge_method: 'S256' },
  })
}

describe('while a tenant database is down', () => {
  it('who is signed in is told so on a page, also where the client could be told', async () => {
    const { jar } = await harness.obtainCode('ana@acme.test', { client_id: clientId, scope: 'read' })
    harness.accounts.available = false
    const shown = await jar.open(startUrl())
    harness.accounts.available = true
    expect(shown).toMatchObject({ status: 503, left: undefined })
    expect(shown.html).toContain('Signing in is not possible right now.')
    expect((await jar.open(startUrl())).left).toBeDefined()
  })
})

describe('while the master database is down', () => {
  it('no authorization starts or goes on, each answer is 503, and it goes on afterwards', async () => {
    const jar = new BrowserJar()
    const page = await jar.open(startUrl())
    harness.storage.available = false
    const refused = await new BrowserJar().open(startUrl())
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(refused.html).toContain('Signing in is not possible right now. Try again soon.')
    expect(refused.html).not.toContain('in a way that is not accepted')
    const shown = await jar.open(page.url)
    expect(shown.status).toBe(503)
    expect(shown.headers.get('x-frame-options')).toBe('DENY')
    expect(shown.html).not.toContain('master database')
    harness.storage.available = true
    expect((await jar.open(page.url)).status).toBe(200)
  })

  it('every endpoint says when to come back, and none does otherwise', async () => {
    const post = async (
      path: string,
      body: string | URLSearchParams,
      headers: Readonly<Record<string, string>> = {},
    ) => {
      const response = await fetch(harness.issuer + path, { method: 'POST', body, headers })
      return [response.status, response.headers.get('retry-after')]
    }
    const form = () =>
      new URLSearchParams({ client_id: clientId, token: 'x', grant_type: 'refresh_token', refresh_token: 'x' })
    const metadata = JSON.stringify({ redirect_uris: [callbackUri] })
    const all = async () => [
      await post('/register', metadata, { 'content-type': 'application/json' }),
      await post('/token', form()),
      await post('/revoke', form()),
    ]
    expect(await all()).toEqual([
      [201, null],
      [400, null],
      [200, null],
    ])
    harness.storage.available = false
    expect(await all()).toEqual([
      [503, '5'],
      [503, '5'],
      [503, '5'],
    ])
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

describe('while attempts cannot be counted', () => {
  it('nobody signs in and none starts, and the page says when to come back', async () => {
    const jar = new BrowserJar()
    const page = await jar.open(startUrl())
    harness.limiter.available = false
    const fields = { email: 'ana@acme.test', password }
    for (const refused of [
      await new BrowserJar().open(startUrl()),
      await jar.press(page, 'sign-in', { fields }),
      await jar.press(page, 'sign-in', { fields: { ...fields, password: 'wrong' } }),
    ]) {
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).toBe('5')
      expect(refused.html).toContain('Signing in is not possible right now. Try again soon.')
    }
    harness.limiter.available = true
    expect((await jar.press(page, 'sign-in', { fields })).html).toContain('<h1>Allow')
  })

  it('no client registers, and is told so in JSON', async () => {
    harness.limiter.available = false
    const { status, body } = await harness.register()
    expect({ status, body }).toEqual({ status: 503, body: { error: 'temporarily_unavailable' } })
    harness.limiter.available = true
    expect((await harness.register()).status).toBe(201)
  })
})
