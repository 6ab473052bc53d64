import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { createIssuer, type Issuer } from '../../../src/adapter/issuer/create-issuer.js'
import { generateSigningKey } from '../../../src/adapter/issuer/provider/signing-keys.js'
import { createTokenVerifier } from '../../../src/adapter/token/create-token-verifier.js'
import { systemClock } from '../../../src/core/runtime/clock.js'
import { IssuerHarness } from '../../support/issuer-harness.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let harness: IssuerHarness
let beside: { readonly issuer: Issuer; readonly server: Server; readonly origin: string }

/** Two servers on one database, by the ports of PostgreSQL where they matter here. */
beforeAll(async () => {
  test = await openTestPostgres()
  const { signingKeys: keys, issuerStorage: storage } = test.postgres
  harness = await IssuerHarness.start({ ports: { keys, storage } })
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  const issuer = await createIssuer({ ...harness.options, issuer: harness.issuer })
  const { host } = new URL(harness.origin)
  const server = createServer((request, response) => {
    request.headers.host = host
    void issuer.handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  beside = { issuer, server, origin: `http://127.0.0.1:${port}` }
})

afterAll(async () => {
  beside.issuer.close()
  beside.server.closeAllConnections()
  await new Promise((resolve) => beside.server.close(resolve))
  await harness.close()
  await test.close()
})

const issuers = () => [harness.running, beside.issuer]
const origins = () => [harness.origin, beside.origin]

async function publishedBy(origin: string): Promise<readonly unknown[]> {
  const { keys } = (await (await fetch(`${origin}/oauth/jwks`)).json()) as JSONWebKeySet
  return keys.map(({ kid }) => kid)
}

/** What one of the servers answers to a refresh: the key that signed, and the next refresh token. */
async function refreshAt(origin: string, clientId: string, refreshToken: unknown) {
  const fields = { grant_type: 'refresh_token', client_id: clientId, refresh_token: String(refreshToken) }
  const response = await fetch(`${origin}/oauth/token`, { method: 'POST', body: new URLSearchParams(fields) })
  expect(response.status).toBe(200)
  const body = (await response.json()) as Record<string, unknown>
  const accessToken = String(body['access_token'])
  return { accessToken, kid: decodeProtectedHeader(accessToken).kid, refreshToken: body['refresh_token'] }
}

const follow = () => Promise.all(issuers().map((issuer) => issuer.refreshKeys()))
/** As if so many seconds had passed for the keys. */
const wait = (seconds: number) =>
  test.sql(
    `update signing_key set signs_at = signs_at - make_interval(secs => $1),
    ends_at = ends_at - make_interval(secs => $1)`,
    [seconds],
  )
const states = async () => (await test.postgres.keyAdministration.listSigning()).map(({ state }) => state)

describe('a signing key that follows another', () => {
  it('is published by every server before it signs, signs on all of them, and leaves the earlier one standing while its tokens live', async () => {
    const [first = ''] = (await publishedBy(harness.origin)).map(String)
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'openid read')
    const oldToken = String(body['access_token'])
    const verifier = createTokenVerifier({
      own: { issuer: harness.issuer, keys: test.postgres.signingKeys },
      clock: systemClock,
    })
    expect(await states()).toEqual(['signing'])

    const key = await generateSigningKey()
    const announcement = await test.postgres.keyAdministration.announce(key)
    expect(announcement).toEqual({ kid: key.kid, secondsLeft: 900, keptSeconds: 4200 })
    expect(await states()).toEqual(['announced', 'signing'])
    await follow()
    for (const origin of origins()) expect(await publishedBy(origin)).toEqual([first, key.kid])
    let turn = await refreshAt(harness.origin, clientId, body['refresh_token'])
    expect(turn.kid).toBe(first)

    await wait(901)
    expect(await states()).toEqual(['signing', 'retired'])
    // A server that has not looked yet goes on with the earlier key, which everybody still accepts.
    turn = await refreshAt(beside.origin, clientId, turn.refreshToken)
    expect(turn.kid).toBe(first)
    await follow()
    for (const origin of origins()) {
      expect(await publishedBy(origin)).toEqual([key.kid, first])
      turn = await refreshAt(origin, clientId, turn.refreshToken)
      expect(turn.kid).toBe(key.kid)
      await expect(verifier.verify(turn.accessToken, harness.resource)).resolves.toMatchObject({ clientId })
    }
    await expect(verifier.verify(oldToken, harness.resource)).resolves.toMatchObject({ clientId })
    const again = await harness.obtainTokens('ana@acme.test', 'openid read', clientId)
    expect(decodeProtectedHeader(String(again.body['id_token'])).kid).toBe(key.kid)
    const active = await harness.token({ token: oldToken, client_id: clientId }, '/introspect')
    expect(active.body['active']).toBe(true)

    await wait(4200)
    await follow()
    for (const origin of origins()) expect(await publishedBy(origin)).toEqual([key.kid])
    const gone = await harness.token({ token: oldToken, client_id: clientId }, '/introspect')
    expect(gone.body).toEqual({ active: false })
    const fresh = createTokenVerifier({
      own: { issuer: harness.issuer, keys: test.postgres.signingKeys },
      clock: systemClock,
    })
    await expect(fresh.verify(oldToken, harness.resource)).rejects.toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    await expect(fresh.verify(turn.accessToken, harness.resource)).resolves.toMatchObject({ clientId })
    expect(await test.sql('select kid from signing_key')).toHaveLength(2)
    await test.postgres.sweep()
    expect(await test.sql('select kid from signing_key')).toEqual([{ kid: key.kid }])
  })

  it('is one at a time: while one is announced, another is refused', async () => {
    const keys = await Promise.all([generateSigningKey(), generateSigningKey()])
    const outcomes = await Promise.allSettled(keys.map((key) => test.postgres.keyAdministration.announce(key)))
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'ERR_CONFIG_DATABASE', message: expect.stringContaining('announced') },
    })
    await wait(901)
    await expect(test.postgres.keyAdministration.announce(await generateSigningKey())).resolves.toBeDefined()
    expect(await states()).toEqual(['announced', 'signing', 'retired'])
  })

  it('does not sign by itself: without a server there is none to follow', async () => {
    const empty = await openTestPostgres()
    const key = await generateSigningKey()
    await expect(empty.postgres.keyAdministration.announce(key)).rejects.toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    await empty.close()
  })

  it('leaves the keys at hand in use while the database does not answer', async () => {
    const failing = {
      list: () => Promise.reject(new TypeError('down')),
      ensure: () => Promise.reject(new TypeError('down')),
    }
    let state: 'up' | 'down' = 'up'
    const keys = {
      list: () => (state === 'up' ? test.postgres.signingKeys.list() : failing.list()),
      ensure: (key: Parameters<typeof test.postgres.signingKeys.ensure>[0]) =>
        state === 'up' ? test.postgres.signingKeys.ensure(key) : failing.ensure(),
    }
    const third = await IssuerHarness.start({ ports: { keys } })
    const before = await publishedBy(third.origin)
    state = 'down'
    await third.running.refreshKeys()
    expect(await publishedBy(third.origin)).toEqual(before)
    expect(third.log.lines).toContainEqual(expect.objectContaining({ level: 'warn' }))
    await third.close()
  })
})

describe('an ID token of a retired key', () => {
  it('is proved by the key set while that is published', async () => {
    const { body } = await harness.obtainTokens('ana@acme.test', 'openid read')
    await follow()
    const keys = (await (await fetch(`${beside.origin}/oauth/jwks`)).json()) as JSONWebKeySet
    const verified = jwtVerify(String(body['id_token']), createLocalJWKSet(keys), { issuer: harness.issuer })
    await expect(verified).resolves.toBeDefined()
  })
})
