import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Account } from '../../../src/core/identity/account-store.js'
import { BrowserJar } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, pkcePair } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
let ana: Account
let clientId: string
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock, storageClock: clock })
  ana = await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  clientId = await harness.registeredClient()
})

beforeEach(() => {
  harness.audit.available = true
  harness.audit.events.length = 0
  clock.advance(16 * 60)
})

afterAll(() => harness.close())

const ours = () => ({ tenant: harness.acme, subject: ana.id, clientId, issuer: harness.issuer })
const reasons = () => harness.audit.events.map(({ reason }) => reason)

async function openConsent(jar: BrowserJar) {
  const { challenge } = pkcePair()
  const url = harness.authorizeUrl({
    ...{ client_id: clientId, redirect_uri: callbackUri, code_challenge: challenge, code_challenge_method: 'S256' },
    scope: 'read openid',
  })
  return harness.signIn(jar, url, 'ana@acme.test')
}

describe('on record', () => {
  it('is what a user allowed, and to whom it was handed', async () => {
    const jar = new BrowserJar()
    await jar.press(await openConsent(jar), 'allow')
    expect(harness.audit.events.at(-1)).toMatchObject({
      ...ours(),
      ...{ type: 'signin.completed', reason: 'consent_allowed' },
      personal: { address: '127.0.0.1' },
      detail: {
        ...{ destination: 'client.example', resource: harness.resource },
        ...{ scopes: ['mcp', 'read', 'openid'], grant: expect.stringMatching(/^.{22}$/) },
      },
    })
    expect(new Set(harness.audit.events.map(({ requestId }) => requestId)).size).toBe(1)
  })

  it('is that a user denied', async () => {
    const jar = new BrowserJar()
    await jar.press(await openConsent(jar), 'deny')
    expect(harness.audit.events.at(-1)).toMatchObject({
      ...ours(),
      ...{ type: 'signin.failed', reason: 'consent_denied' },
    })
    expect(reasons()).not.toContain('consent_allowed')
  })

  it('is every token that is issued and refreshed, joined to what was allowed', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', clientId)
    await harness.refresh(clientId, body['refresh_token'])
    const [allowed, issued, refreshed] = harness.audit.events.slice(-3)
    expect([allowed?.reason, issued?.reason, refreshed?.reason]).toEqual([
      ...['consent_allowed', 'token_issued', 'token_refreshed'],
    ])
    for (const row of [issued, refreshed]) {
      expect(row).toMatchObject({ ...ours(), type: 'signin.completed', requestId: allowed?.detail?.['grant'] })
    }
  })

  it('is a refresh token that comes again, which ends the family', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', clientId)
    const next = await harness.refresh(clientId, body['refresh_token'])
    await harness.refresh(clientId, body['refresh_token'])
    expect(reasons()).not.toContain('refresh_reused')
    clock.advance(11)
    await harness.refresh(clientId, body['refresh_token'])
    expect(harness.audit.events.at(-1)).toMatchObject({
      ...ours(),
      ...{ type: 'signin.failed', reason: 'refresh_reused' },
    })
    expect((await harness.refresh(clientId, next.body['refresh_token'])).status).toBe(400)
  })

  it('is a code that comes again', async () => {
    const { code, verifier } = await harness.obtainCode('ana@acme.test', { client_id: clientId, scope: 'read' })
    const exchange = () => harness.exchange({ client_id: clientId, code, code_verifier: verifier })
    await exchange()
    expect(reasons()).not.toContain('code_reused')
    await exchange()
    expect(harness.audit.events.at(-1)).toMatchObject({ clientId, type: 'signin.failed', reason: 'code_reused' })
  })

  it('is a revocation by the client that holds the token, and by no other', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', clientId)
    const token = String(body['refresh_token'])
    await harness.token({ token, client_id: await harness.registeredClient() }, '/revoke')
    expect(reasons()).not.toContain('revoked')
    await harness.token({ token, client_id: clientId }, '/revoke')
    expect(harness.audit.events.at(-1)).toMatchObject({ ...ours(), type: 'signin.completed', reason: 'revoked' })
  })
})

describe('without a record', () => {
  it('no token is issued for a code', async () => {
    const { code, verifier } = await harness.obtainCode('ana@acme.test', { client_id: clientId, scope: 'read' })
    harness.audit.available = false
    const refused = await harness.exchange({ client_id: clientId, code, code_verifier: verifier })
    expect(refused).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect(refused.body['access_token']).toBeUndefined()
  })

  it('no token is refreshed, and the refresh token is not used up', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', clientId)
    harness.audit.available = false
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(503)
    harness.audit.available = true
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(200)
  })
})
