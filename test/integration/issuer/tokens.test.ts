import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Account } from '../../../src/core/identity/account-store.js'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { IssuerHarness, pkcePair } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
let ana: Account
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock, storageClock: clock })
  ana = await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
})

afterAll(() => harness.close())
// Registrations are counted by address, and every test has the same one.
afterEach(() => clock.advance(61))

async function isActive(accessToken: unknown): Promise<boolean> {
  return harness.running.registry.isActive(String(decodeJwt(String(accessToken))['gid']))
}

describe('an access token', () => {
  it('says exactly this for a user with read who was asked for read and write', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read write')
    const claims = decodeJwt(String(body['access_token']))
    expect(claims).toEqual({
      iss: harness.issuer,
      sub: ana.id,
      aud: harness.resource,
      exp: Number(claims.iat) + 600,
      iat: expect.any(Number),
      jti: expect.stringMatching(/^.{43}$/),
      client_id: clientId,
      scope: 'mcp read',
      tenant_id: 'acme',
      email: 'ana@acme.test',
      roles: ['clerk'],
      groups: ['finance'],
      resources: ['ledger'],
      amr: ['pwd'],
      gid: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    })
    const [key] = await harness.keys.list()
    expect(decodeProtectedHeader(String(body['access_token']))).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: key?.kid })
    expect(body['scope']).toBe('mcp read')
  })

  it('has only what was asked for, though the account has more', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'mcp')
    expect(decodeJwt(String(body['access_token']))['scope']).toBe('mcp')
  })

  it('has no scope that nobody offers', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read admin root')
    expect(decodeJwt(String(body['access_token']))['scope']).toBe('mcp read')
  })

  it('is for the last resource where the request names none', async () => {
    const client_id = await harness.registeredClient()
    const url = { client_id, scope: 'read', resource: undefined as unknown as string }
    const { code, verifier } = await harness.obtainCode('ana@acme.test', url)
    const { body } = await harness.exchange({ client_id, code, code_verifier: verifier })
    expect(decodeJwt(String(body['access_token'])).aud).toBe(harness.resource)
  })

  it('are for the resource in its canonical form, in whatever case it was asked for', async () => {
    const client_id = await harness.registeredClient()
    const resource = harness.resource.replace('http:', 'HTTP:')
    const { code, verifier } = await harness.obtainCode('ana@acme.test', { client_id, scope: 'mcp', resource })
    const answer = await harness.exchange({ client_id, code, code_verifier: verifier, resource })
    expect(answer.status).toBe(200)
    expect(decodeJwt(String(answer.body['access_token'])).aud).toBe(harness.resource)
    const other = await harness.obtainCode('ana@acme.test', { client_id, scope: 'mcp' })
    const path = harness.resource.toUpperCase()
    const refused = { client_id, code: other.code, code_verifier: other.verifier, resource: path }
    expect((await harness.exchange(refused)).body).toMatchObject({ error: 'invalid_target' })
  })

  it('is never for a resource that the code was not for', async () => {
    const client_id = await harness.registeredClient()
    const { code, verifier } = await harness.obtainCode('ana@acme.test', { client_id, scope: 'read' })
    const resource = `${harness.origin}/mcp`
    const answer = await harness.exchange({ client_id, code, code_verifier: verifier, resource })
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  })

  it('gains at the next refresh what was consented and is granted later, and loses what is taken away', async () => {
    const account = await harness.addAccount(harness.acme, 'bo@acme.test', ['read'])
    const first = await harness.obtainTokens('bo@acme.test', 'read write')
    await harness.accounts.change(harness.acme, account.id, {
      grants: grantsOf({ scopes: ['write'], roles: ['boss'] }),
    })
    const { body } = await harness.refresh(first.clientId, first.body['refresh_token'])
    expect(decodeJwt(String(body['access_token']))).toMatchObject({ scope: 'mcp write', roles: ['boss'], groups: [] })
  })

  it('can be asked for with less at a refresh, never with more', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    const less = await harness.refresh(clientId, body['refresh_token'], { scope: 'mcp' })
    expect(less.body['scope']).toBe('mcp')
    const more = await harness.refresh(clientId, less.body['refresh_token'], { scope: 'mcp write' })
    expect(more).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })
})

describe('an ID token', () => {
  it('names the same subject as the access token, and the tenant', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'openid email read')
    const claims = decodeJwt(String(body['id_token']))
    expect(claims).toMatchObject({ sub: ana.id, aud: clientId, tenant_id: 'acme', email: 'ana@acme.test' })
    expect(decodeProtectedHeader(String(body['id_token'])).alg).toBe('ES256')
    expect(JSON.stringify(claims)).not.toContain(harness.acme.id)
  })

  it('is not issued without openid', async () => {
    expect((await harness.obtainTokens('ana@acme.test', 'read')).body['id_token']).toBeUndefined()
  })
})

describe('an authorization code', () => {
  it('is good once; the second use ends what the first one got', async () => {
    const client_id = await harness.registeredClient()
    const { code, verifier } = await harness.obtainCode('ana@acme.test', { client_id, scope: 'read' })
    const first = await harness.exchange({ client_id, code, code_verifier: verifier })
    expect(await isActive(first.body['access_token'])).toBe(true)
    const second = await harness.exchange({ client_id, code, code_verifier: verifier })
    expect(second).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await isActive(first.body['access_token'])).toBe(false)
    expect((await harness.refresh(client_id, first.body['refresh_token'])).status).toBe(400)
  })

  it('is good once under a race too, and the race ends the grant', async () => {
    const client_id = await harness.registeredClient()
    const { code, verifier } = await harness.obtainCode('ana@acme.test', { client_id, scope: 'read' })
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => harness.exchange({ client_id, code, code_verifier: verifier })),
    )
    const won = answers.filter(({ status }) => status === 200)
    expect(won.length).toBeLessThanOrEqual(1)
    for (const { body } of won) expect(await isActive(body['access_token'])).toBe(false)
  })

  it.each([
    ['without a verifier', {}],
    ['with another verifier', { code_verifier: pkcePair().verifier }],
    ['with a verifier of 42 characters', { code_verifier: 'a'.repeat(42) }],
    ['with a verifier of 129 characters', { code_verifier: 'a'.repeat(129) }],
    ['with a verifier of other characters', { code_verifier: `${'a'.repeat(43)}!` }],
    ['with another redirect_uri', { redirect_uri: 'https://client.example/other' }],
  ])('is refused %s', async (_title, fields) => {
    const client_id = await harness.registeredClient()
    const { code } = await harness.obtainCode('ana@acme.test', { client_id, scope: 'read' })
    const answer = await harness.exchange({ client_id, code, ...fields } as Record<string, string>)
    expect(answer.status).toBe(400)
    expect(answer.body['access_token']).toBeUndefined()
  })

  it('is refused to another client', async () => {
    const client_id = await harness.registeredClient()
    const thief = await harness.registeredClient()
    const { code, verifier } = await harness.obtainCode('ana@acme.test', { client_id, scope: 'read' })
    const stolen = await harness.exchange({ client_id: thief, code, code_verifier: verifier })
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  it('is the only way in: other grants do not exist', async () => {
    const client_id = await harness.registeredClient()
    const grants = ['password', 'client_credentials', 'implicit', 'urn:ietf:params:oauth:grant-type:device_code']
    for (const grant_type of grants) {
      const answer = await harness.token({ grant_type, client_id, username: 'ana@acme.test', password: 'x' })
      expect(answer).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } })
    }
  })
})

describe('a refresh token', () => {
  it('is used up by one of several at once; the family lives, and a later use of the old one ends it', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    const answers = await Promise.all(Array.from({ length: 6 }, () => harness.refresh(clientId, body['refresh_token'])))
    const [winner, ...more] = answers.filter(({ status }) => status === 200)
    expect(more).toEqual([])
    expect(answers.filter(({ body: { error } }) => error === 'invalid_grant')).toHaveLength(5)
    expect(await isActive(winner?.body['access_token'])).toBe(true)
    const next = await harness.refresh(clientId, winner?.body['refresh_token'])
    expect(next.status).toBe(200)

    clock.advance(3)
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(400)
    expect(await isActive(next.body['access_token'])).toBe(true)

    clock.advance(8)
    expect((await harness.refresh(clientId, body['refresh_token'])).body['error']).toBe('invalid_grant')
    expect(await isActive(next.body['access_token'])).toBe(false)
    expect((await harness.refresh(clientId, next.body['refresh_token'])).status).toBe(400)
  })

  it('asked for another resource is refused and not used up: the family lives', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    for (const resource of [`${harness.origin}/mcp`, 'https://other.example/mcp']) {
      const refused = await harness.refresh(clientId, body['refresh_token'], { resource })
      expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
    }
    clock.advance(11)
    const { resource } = harness
    const next = await harness.refresh(clientId, body['refresh_token'], { resource })
    expect(next.status).toBe(200)
    expect(await isActive(next.body['access_token'])).toBe(true)
  })

  it('asked for a scope that it does not have is refused and not used up', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    const refused = await harness.refresh(clientId, body['refresh_token'], { scope: 'read write' })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(200)
  })

  it('that was used ends its family also when it comes with another resource', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    const next = await harness.refresh(clientId, body['refresh_token'])
    clock.advance(11)
    await harness.refresh(clientId, body['refresh_token'], { resource: `${harness.origin}/mcp` })
    expect(await isActive(next.body['access_token'])).toBe(false)
  })

  it('is refused to another client', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'read')
    const thief = await harness.registeredClient()
    expect((await harness.refresh(thief, body['refresh_token'])).body['error']).toBe('invalid_grant')
  })

  it('gets nothing once the account is disabled, and works again when it is not', async () => {
    const account = await harness.addAccount(harness.acme, 'cy@acme.test', ['read'])
    const { body, clientId } = await harness.obtainTokens('cy@acme.test', 'read')
    await harness.accounts.change(harness.acme, account.id, { disabled: true })
    const refused = await harness.refresh(clientId, body['refresh_token'])
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    await harness.accounts.change(harness.acme, account.id, { disabled: false })
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(200)
  })

  it('gets 503, and is not used up, while the tenant database is down', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    harness.accounts.available = false
    const refused = await harness.refresh(clientId, body['refresh_token'])
    harness.accounts.available = true
    expect(refused).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(200)
  })

  it('ends with its grant when it is revoked, and so does the access token at once', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    expect(await isActive(body['access_token'])).toBe(true)
    const revoked = await harness.token({ token: String(body['refresh_token']), client_id: clientId }, '/revoke')
    expect(revoked.status).toBe(200)
    expect(await isActive(body['access_token'])).toBe(false)
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(400)
  })

  it('cannot be revoked by another client', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'read')
    const client_id = await harness.registeredClient()
    await harness.token({ token: String(body['refresh_token']), client_id }, '/revoke')
    expect(await isActive(body['access_token'])).toBe(true)
    expect((await harness.refresh(clientId, body['refresh_token'])).status).toBe(200)
  })

  it('is not issued to a client that registered without it', async () => {
    const client_id = await harness.registeredClient({ grant_types: ['authorization_code'] })
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', client_id)
    expect(body['access_token']).toBeDefined()
    expect(body['refresh_token']).toBeUndefined()
  })
})

describe('the grant registry', () => {
  it.each(['', 'x', 'a'.repeat(43), '../../etc/passwd'])('knows no grant %j', async (digest) => {
    expect(await harness.running.registry.isActive(digest)).toBe(false)
  })
})
