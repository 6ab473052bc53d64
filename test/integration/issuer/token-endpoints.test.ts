import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import type { Account } from '../../../src/core/identity/account-store.js'
import { IssuerHarness, relyingPartySecret, type TokenAnswer } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
let ana: Account
/** Registrations are counted by address, and every test has the same one. */
let client: string
let stranger: string

beforeAll(async () => {
  harness = await IssuerHarness.start()
  ana = await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  client = await harness.registeredClient()
  stranger = await harness.registeredClient()
})

afterAll(() => harness.close())

type Fields = Readonly<Record<string, string>>

const introspect = (fields: Fields): Promise<TokenAnswer> => harness.token(fields, '/introspect')
const revoke = (fields: Fields): Promise<TokenAnswer> => harness.token(fields, '/revoke')

function isActive(accessToken: unknown): Promise<boolean> {
  return harness.running.registry.isActive(String(decodeJwt(String(accessToken))['gid']))
}

/** A client with a secret, and what it sends to say who it is. */
async function confidential(method: 'client_secret_basic' | 'client_secret_post') {
  const { body } = await harness.register({ token_endpoint_auth_method: method })
  const [id, secret] = [String(body['client_id']), String(body['client_secret'])]
  const { code, verifier } = await harness.obtainCode('ana@acme.test', { client_id: id, scope: 'read' })
  const post = async (path: string, fields: Fields, given = secret): Promise<TokenAnswer> => {
    const basic = `Basic ${Buffer.from(`${id}:${given}`).toString('base64')}`
    const inBody: Fields = method === 'client_secret_post' ? { client_id: id, client_secret: given } : {}
    const headers: Fields = method === 'client_secret_basic' ? { authorization: basic } : {}
    const body = new URLSearchParams({ ...fields, ...inBody })
    const response = await fetch(harness.issuer + path, { method: 'POST', headers, body })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
  }
  const redirect_uri = 'https://client.example/callback'
  const exchange = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri }
  return { id, post, tokens: (await post('/token', exchange)).body }
}

describe('an access token at the introspection endpoint (RFC 7662 §2.2)', () => {
  it('is described to the client that it was issued to, without what its bearer may do', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read write', client)
    const answer = await introspect({ token: String(body['access_token']), client_id: clientId })
    const { exp, iat, jti } = decodeJwt(String(body['access_token']))
    expect(answer).toEqual({
      status: 200,
      body: {
        ...{ active: true, client_id: clientId, exp, iat, jti, iss: harness.issuer, aud: harness.resource },
        ...{ sub: ana.id, tenant_id: 'acme', scope: 'mcp read', token_type: 'Bearer' },
      },
    })
  })

  it.each(['', 'refresh_token', 'access_token', 'other'])('is found with the hint %j', async (token_type_hint) => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read', client)
    const fields = { token: String(body['access_token']), client_id: clientId, token_type_hint }
    expect((await introspect(fields)).body['active']).toBe(true)
  })

  it('is inactive for another client, also for one with a secret', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', client)
    const token = String(body['access_token'])
    expect(await introspect({ token, client_id: stranger })).toEqual({ status: 200, body: { active: false } })
    const { post } = await confidential('client_secret_basic')
    expect(await post('/introspect', { token })).toEqual({ status: 200, body: { active: false } })
  })

  it('is inactive once its grant is revoked', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read', client)
    await revoke({ token: String(body['refresh_token']), client_id: clientId })
    const answer = await introspect({ token: String(body['access_token']), client_id: clientId })
    expect(answer.body).toEqual({ active: false })
  })

  it('is inactive when it is over, a minute for clocks that differ included', async () => {
    const clock = new ShiftableClock()
    const timed = await IssuerHarness.start({ clock, storageClock: clock })
    await timed.addAccount(timed.acme, 'ana@acme.test', ['read'])
    const { body, clientId } = await timed.obtainTokens('ana@acme.test', 'read')
    const fields = { token: String(body['access_token']), client_id: clientId }
    clock.advance(600 + 50)
    expect((await timed.token(fields, '/introspect')).body['active']).toBe(true)
    clock.advance(20)
    expect((await timed.token(fields, '/introspect')).body).toEqual({ active: false })
    expect((await timed.token(fields, '/revoke')).status).toBe(200)
    await timed.close()
  })

  it('is inactive while its account is disabled or its tenant is not active', async () => {
    const account = await harness.addAccount(harness.acme, 'cy@acme.test', ['read'])
    const { body, clientId } = await harness.obtainTokens('cy@acme.test', 'read', client)
    const active = async (token: unknown) =>
      (await introspect({ token: String(token), client_id: clientId })).body['active']
    for (const token of [body['access_token'], body['refresh_token']]) {
      expect(await active(token)).toBe(true)
      await harness.accounts.change(harness.acme, account.id, { disabled: true })
      expect(await active(token)).toBe(false)
      await harness.accounts.change(harness.acme, account.id, { disabled: false })
    }
  })

  it.each<[string, (parts: readonly string[]) => string]>([
    [
      'signature',
      ([head, body, mac]) => [head, body, String(mac).replace(/^./, (x) => (x === 'A' ? 'B' : 'A'))].join('.'),
    ],
    ['payload', ([head, , mac]) => [head, Buffer.from('{"sub":"x"}').toString('base64url'), mac].join('.')],
    ['algorithm', ([, body]) => [Buffer.from('{"alg":"none"}').toString('base64url'), body, ''].join('.')],
  ])('is inactive with another %s, which revokes nothing either', async (_title, forge) => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read', client)
    const token = forge(String(body['access_token']).split('.'))
    expect((await introspect({ token, client_id: clientId })).body).toEqual({ active: false })
    expect((await revoke({ token, client_id: clientId })).status).toBe(200)
    expect(await isActive(body['access_token'])).toBe(true)
  })

  it('cannot be an ID token', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'openid read', client)
    const token = String(body['id_token'])
    expect((await introspect({ token, client_id: clientId })).body).toEqual({ active: false })
    await revoke({ token, client_id: clientId })
    expect(await isActive(body['access_token'])).toBe(true)
  })

  it('gets 503 while the databases do not answer, and is not called inactive', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read', client)
    const fields = { token: String(body['access_token']), client_id: clientId }
    harness.accounts.available = false
    const refused = [await introspect(fields), await introspect({ ...fields, token: String(body['refresh_token']) })]
    harness.accounts.available = true
    for (const answer of refused)
      expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect((await introspect(fields)).body['active']).toBe(true)
  })
})

describe('a refresh token at the introspection endpoint', () => {
  it('is described by account and tenant to its own client, and inactive for others', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read', client)
    const token = String(body['refresh_token'])
    expect((await introspect({ token, client_id: clientId })).body).toMatchObject({
      ...{ active: true, client_id: clientId, sub: ana.id, tenant_id: 'acme' },
    })
    expect((await introspect({ token, client_id: stranger })).body).toEqual({ active: false })
  })

  it('is inactive once it was used', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read', client)
    await harness.refresh(clientId, body['refresh_token'])
    const answer = await introspect({ token: String(body['refresh_token']), client_id: clientId })
    expect(answer.body).toEqual({ active: false })
  })
})

describe('an access token at the revocation endpoint (RFC 7009 §2)', () => {
  it('ends with its grant, and so does the refresh token; the trail says it', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read', client)
    const answer = await revoke({ token: String(body['access_token']), client_id: clientId })
    expect(answer).toEqual({ status: 200, body: {} })
    expect(await isActive(body['access_token'])).toBe(false)
    expect((await harness.refresh(clientId, body['refresh_token'])).body['error']).toBe('invalid_grant')
    expect(harness.audit.ofType('signin.completed').at(-1)).toMatchObject({
      ...{ reason: 'revoked', clientId, subject: ana.id, tenant: { slug: 'acme' } },
    })
  })

  it('goes on when another client sends it', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', client)
    expect((await revoke({ token: String(body['access_token']), client_id: stranger })).status).toBe(200)
    expect(await isActive(body['access_token'])).toBe(true)
  })

  it('gets 200 also a second time', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read', client)
    const fields = { token: String(body['access_token']), client_id: clientId }
    expect([(await revoke(fields)).status, (await revoke(fields)).status]).toEqual([200, 200])
  })
})

describe.each(['client_secret_basic', 'client_secret_post'] as const)('a client with %s', (method) => {
  it('is answered with its secret, at both endpoints', async () => {
    const { post, tokens } = await confidential(method)
    const token = String(tokens['access_token'])
    expect((await post('/introspect', { token })).body['active']).toBe(true)
    expect((await post('/revoke', { token })).status).toBe(200)
    expect((await post('/introspect', { token })).body).toEqual({ active: false })
  })

  it('is refused with another secret or none, at both endpoints, and nothing happens', async () => {
    const { id, post, tokens } = await confidential(method)
    const token = String(tokens['access_token'])
    for (const path of ['/introspect', '/revoke']) {
      const refused = [
        await post(path, { token }, 'another-secret'),
        await harness.token({ token, client_id: id }, path),
      ]
      for (const answer of refused) expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    }
    expect(await isActive(token)).toBe(true)
  })
})

describe.each(['/introspect', '/revoke'])('%s', (path) => {
  it.each<[string, (token: string, client: string) => string, number]>([
    ['no client', (token) => `token=${token}`, 400],
    ['an unknown client', (token) => `token=${token}&client_id=nobody`, 401],
    ['no token', (_token, client) => `client_id=${client}`, 400],
    ['two tokens', (token, client) => `token=${token}&token=${token}&client_id=${client}`, 400],
    ['two clients', (token, client) => `token=${token}&client_id=${client}&client_id=${client}`, 400],
  ])('refuses a request with %s', async (_title, form, status) => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read', client)
    const answer = await fetch(harness.issuer + path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form(String(body['access_token']), clientId),
    })
    expect(answer.status).toBe(status)
    expect(await isActive(body['access_token'])).toBe(true)
  })

  it('takes no GET and no other spelling', async () => {
    expect((await fetch(harness.issuer + path)).status).toBe(405)
    for (const spelled of [path.toUpperCase(), `${path}/`]) {
      expect((await fetch(harness.issuer + spelled, { method: 'POST' })).status).toBe(404)
    }
  })
})

describe('the relying party', () => {
  it('learns nothing of the tokens of others', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', client)
    const answer = await fetch(`${harness.issuer}/introspect`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`app:${relyingPartySecret}`).toString('base64')}` },
      body: new URLSearchParams({ token: String(body['access_token']) }),
    })
    expect(await answer.json()).toEqual({ active: false })
  })
})
