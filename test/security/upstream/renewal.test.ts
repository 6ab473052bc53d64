import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { UpstreamProvider, UpstreamTokens } from '../../../src/core/federation/upstream-provider.js'
import { sendJson } from '../../support/hostile-provider.js'
import { createSigningKey, signEs256 } from '../../support/token-forge.js'
import { GithubServer, octo } from '../../support/upstream/github-server.js'
import { codeOf, openTestUpstream, signInAt } from '../../support/upstream/open-test-upstream.js'
import { OutsideProvider } from '../../support/upstream/outside-provider.js'

let outside: OutsideProvider
let github: GithubServer
let upstream: UpstreamProvider
let hub: UpstreamProvider

beforeAll(async () => {
  outside = await OutsideProvider.start()
  github = await GithubServer.start()
  upstream = openTestUpstream(outside.settings())
  hub = openTestUpstream(github.settings())
})
afterEach(() => {
  outside.reset()
  github.reset()
})
afterAll(async () => {
  await outside.close()
  await github.close()
})

const tokensOf = async () => (await signInAt(upstream, outside)).tokens
const renewed = async (tokens: UpstreamTokens) => (await upstream.renew(tokens, 'ada-1')).outcome

describe('tokens of an OpenID provider', () => {
  it('are renewed, each refresh token once', async () => {
    const first = await tokensOf()
    const answer = await upstream.renew(first, 'ada-1')
    expect(answer).toEqual({
      outcome: 'refreshed',
      tokens: {
        ...first,
        ...{ accessToken: expect.any(String), refreshToken: expect.any(String) },
        expiresAt: expect.any(Number),
      },
    })
    const { tokens } = { tokens: first, ...answer }
    expect([tokens.accessToken === first.accessToken, tokens.refreshToken === first.refreshToken]).toEqual([
      false,
      false,
    ])
    expect(outside.askedFor('POST /token')).toBe(2)
    expect(await renewed(first)).toBe('revoked_upstream')
  })

  it('are over where there is nothing to renew them with, and nobody is asked', async () => {
    const { accessToken, scopes } = await tokensOf()
    const asked = outside.asked.length
    expect(await renewed({ accessToken, scopes, refreshToken: undefined, expiresAt: 0 })).toBe('revoked_upstream')
    expect(outside.asked).toHaveLength(asked)
  })

  it('keep the refresh token and the scopes that they had where nothing is said of them', async () => {
    const tokens = await tokensOf()
    outside.tokenAnswer = { refresh_token: undefined, scope: undefined, expires_in: undefined }
    expect(await upstream.renew(tokens, 'ada-1')).toEqual({
      outcome: 'refreshed',
      tokens: { ...tokens, accessToken: expect.any(String), expiresAt: undefined },
    })
  })
})

describe('O12: renewed tokens', () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['another user', { sub: 'mallory-1' }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['another client', { aud: 'another' }],
    ['another client besides', { aud: ['authsec', 'another'] }],
    ['another party', { azp: 'another' }],
  ])('whose ID token is of %s are those of somebody else', async (_title, claims) => {
    const tokens = await tokensOf()
    outside.idToken = { claims }
    expect(await renewed(tokens)).toBe('changed_upstream')
  })

  it('without ID token are compared by what userinfo says', async () => {
    const tokens = await tokensOf()
    outside.tokenAnswer = { id_token: undefined }
    const answer = await upstream.renew(tokens, 'ada-1')
    expect(answer.outcome).toBe('refreshed')
    outside.userinfo = { sub: 'mallory-1' }
    expect(await renewed({ ...tokens, ...('tokens' in answer ? answer.tokens : {}) })).toBe('changed_upstream')
  })

  it('for a subject that they were never for are those of somebody else', async () => {
    expect((await upstream.renew(await tokensOf(), 'mallory-1')).outcome).toBe('changed_upstream')
  })

  it.each<readonly [string, () => void]>([
    ['are signed by another', () => (outside.idToken = { signature: (input) => signEs256(createSigningKey(), input) })],
    ['are from another time', () => (outside.idToken = { claims: { iat: 4_000_000_000 } })],
    ['have the hash of another token', () => (outside.idToken = { claims: { at_hash: 'AAAA' } })],
    ['are of another type', () => (outside.tokenAnswer = { token_type: 'DPoP' })],
    ['cannot be kept', () => (outside.tokenAnswer = { refresh_token: 'r\u0000' })],
    ['are too long', () => (outside.tokenAnswer = { access_token: 'a'.repeat(20_000) })],
    ['are an outage', () => outside.instead.set('/token', (response) => response.writeHead(503).end())],
    [
      'are an outage, whatever it says',
      () => outside.instead.set('/token', (response) => sendJson(response, { error: 'invalid_grant' }, 500)),
    ],
    ['are a page', () => outside.instead.set('/token', (response) => response.writeHead(200).end('<p>'))],
    [
      'are about the client',
      () => outside.instead.set('/token', (res) => sendJson(res, { error: 'invalid_client' }, 401)),
    ],
  ])('that %s leave open what became of them', async (_title, change) => {
    const tokens = await tokensOf()
    change()
    expect(await codeOf(upstream.renew(tokens, 'ada-1'))).toBe('ERR_IDP_UNAVAILABLE')
  })

  it('are not asked for while the keys cannot be had: the refresh token is good later', async () => {
    const tokens = await tokensOf()
    const asked = outside.askedFor('POST /token')
    outside.instead.set('/jwks', (response) => response.writeHead(404).end())
    expect(await codeOf(upstream.renew(tokens, 'ada-1'))).toBe('ERR_IDP_UNAVAILABLE')
    expect(outside.askedFor('POST /token')).toBe(asked)
    outside.instead.clear()
    expect(await renewed(tokens)).toBe('refreshed')
  })

  it.each([400, 200])('that the provider knows no more are over, as it says with status %d', async (status) => {
    const tokens = await tokensOf()
    outside.instead.set('/token', (response) => sendJson(response, { error: 'invalid_grant' }, status))
    expect(await renewed(tokens)).toBe('revoked_upstream')
  })
})

describe('tokens of GitHub that run out', () => {
  it('are renewed, each refresh token once, for the same account only', async () => {
    github.expiring = true
    const { tokens } = await signInAt(hub, github)
    expect(tokens).toMatchObject({ refreshToken: expect.stringMatching(/^ghr_/), expiresAt: expect.any(Number) })
    const answer = await hub.renew(tokens, String(octo.id))
    expect(answer).toMatchObject({ outcome: 'refreshed', tokens: { scopes: ['read:user', 'user:email'] } })
    expect((await hub.renew(tokens, String(octo.id))).outcome).toBe('revoked_upstream')
    github.userAnswer = { id: 7 }
    expect(
      (await hub.renew({ ...tokens, ...('tokens' in answer ? answer.tokens : {}) }, String(octo.id))).outcome,
    ).toBe('changed_upstream')
  })
})
