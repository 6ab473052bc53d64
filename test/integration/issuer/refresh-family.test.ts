import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createTokenVerifier } from '../../../src/adapter/token/create-token-verifier.js'
import { systemClock } from '../../../src/core/runtime/clock.js'
import { IssuerHarness, type TokenAnswer } from '../../support/issuer-harness.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let harness: IssuerHarness

/** With the records where they are in production: what happens at once is decided there. */
beforeAll(async () => {
  test = await openTestPostgres()
  const { signingKeys: keys, issuerStorage: storage } = test.postgres
  harness = await IssuerHarness.start({ ports: { keys, storage } })
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
})

afterAll(async () => {
  await harness.close()
  await test.close()
})

function isActive(answer: TokenAnswer | undefined): Promise<boolean> {
  return harness.running.registry.isActive(String(decodeJwt(String(answer?.body['access_token']))['gid']))
}

/** As if so many seconds had passed since a refresh token was used. */
const waitAfterUse = (seconds: number) =>
  test.sql('update issuer_record set consumed_at = consumed_at - make_interval(secs => $1)', [seconds])

describe('twenty refreshes with one token at once', () => {
  it('give tokens to one of them, and leave its family standing', async () => {
    const first = await harness.obtainTokens('ana@acme.test', 'read')
    const { clientId } = first
    const used = first.body['refresh_token']
    const answers = await Promise.all(Array.from({ length: 20 }, () => harness.refresh(clientId, used)))
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    const lost = answers.filter(({ status }) => status !== 200)
    expect(new Set(lost.map(({ status, body }) => `${status} ${String(body['error'])}`))).toEqual(
      new Set(['400 invalid_grant']),
    )
    expect(await isActive(won[0])).toBe(true)
    expect((await harness.refresh(clientId, won[0]?.body['refresh_token'])).status).toBe(200)
  })
})

describe('a refresh token that is used again', () => {
  it('ends the whole family after its grace, whatever of it was the newest', async () => {
    const first = await harness.obtainTokens('ana@acme.test', 'read')
    const { clientId } = first
    const second = await harness.refresh(clientId, first.body['refresh_token'])
    const third = await harness.refresh(clientId, second.body['refresh_token'])

    expect((await harness.refresh(clientId, first.body['refresh_token'])).body['error']).toBe('invalid_grant')
    expect(await isActive(third)).toBe(true)

    await waitAfterUse(11)
    expect((await harness.refresh(clientId, first.body['refresh_token'])).body['error']).toBe('invalid_grant')
    for (const answer of [first, second, third]) {
      expect(await isActive(answer)).toBe(false)
      expect((await harness.refresh(clientId, answer.body['refresh_token'])).body['error']).toBe('invalid_grant')
    }
    expect(harness.audit.ofType('signin.failed').some(({ reason }) => reason === 'refresh_reused')).toBe(true)
  })

  it('leaves the other families of its user and client alone', async () => {
    const stolen = await harness.obtainTokens('ana@acme.test', 'read')
    const other = await harness.obtainTokens('ana@acme.test', 'read', stolen.clientId)
    await harness.refresh(stolen.clientId, stolen.body['refresh_token'])
    await waitAfterUse(11)
    await harness.refresh(stolen.clientId, stolen.body['refresh_token'])
    expect(await isActive(stolen)).toBe(false)
    expect(await isActive(other)).toBe(true)
    expect((await harness.refresh(other.clientId, other.body['refresh_token'])).status).toBe(200)
  })
})

describe('a token of this server', () => {
  it('is good at the resource that it was asked for and at no other, in both directions', async () => {
    const { signingKeys: keys } = test.postgres
    const verifier = createTokenVerifier({ own: { issuer: harness.issuer, keys }, clock: systemClock })
    const client_id = await harness.registeredClient()
    const resources = [`${harness.origin}/mcp`, `${harness.origin}/mcp/oauth`]
    for (const resource of resources) {
      const asked = { client_id, scope: 'read', resource }
      const { code, verifier: code_verifier } = await harness.obtainCode('ana@acme.test', asked)
      const { body } = await harness.exchange({ client_id, code, code_verifier, resource })
      const token = String(body['access_token'])
      await expect(verifier.verify(token, resource)).resolves.toMatchObject({ resource })
      const other = resources.find((one) => one !== resource) ?? ''
      await expect(verifier.verify(token, other)).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
    }
  })

  it('has what was allowed and is held, whatever a request widens', async () => {
    const { body, clientId } = await harness.obtainTokens('ana@acme.test', 'mcp')
    for (const scope of ['mcp read', 'read', 'mcp write', 'mcp openid']) {
      const answer = await harness.refresh(clientId, body['refresh_token'], { scope })
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    }
    expect((await harness.refresh(clientId, body['refresh_token'])).body['scope']).toBe('mcp')
  })
})
