import { createHash, createHmac } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { UpstreamProvider } from '../../../src/core/federation/upstream-provider.js'
import { newSecrets } from '../../support/relying-party.js'
import { codeOf, openTestUpstream, signInAt } from '../../support/upstream/open-test-upstream.js'
import { OutsideProvider } from '../../support/upstream/outside-provider.js'
import { createSigningKey, forgeToken, signEs256, type ForgedToken } from '../../support/token-forge.js'

let outside: OutsideProvider
let upstream: UpstreamProvider

beforeAll(async () => {
  outside = await OutsideProvider.start()
  upstream = openTestUpstream(outside.settings())
})
afterEach(() => outside.reset())
afterAll(() => outside.close())

const signIn = () => codeOf(signInAt(upstream, outside))
const now = () => Math.floor(Date.now() / 1000)
const leftHalf = (text: string) => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')

/** Lays claims over those of ID tokens. */
function claim(claims: Readonly<Record<string, unknown>>): () => void {
  return () => {
    outside.idToken = { claims }
  }
}

/** Userinfo in a token. */
function signed({ issuer, key }: OutsideProvider, forged: ForgedToken): string {
  return forgeToken(forged, {
    header: { alg: 'ES256', kid: key.kid },
    claims: { iss: issuer, aud: 'authsec', sub: 'ada-1', email: 'ada@acme.example', email_verified: true },
    signature: (input) => signEs256(key, input),
  })
}

// The relying party's part of the OpenID Basic certification plan, by the names of its tests.
describe('an ID token (OpenID Connect Core §3.1.3.7) is refused', () => {
  it.each<readonly [string, () => void]>([
    ['of another issuer (rp-id_token-issuer-mismatch)', claim({ iss: 'https://evil.example' })],
    ['of the issuer with a slash at its end', () => claim({ iss: `${outside.issuer}/` })()],
    ['without issuer', claim({ iss: undefined })],
    ['without subject (rp-id_token-sub)', claim({ sub: undefined })],
    ['with a number for a subject', claim({ sub: 7 })],
    ['with an empty subject', claim({ sub: '' })],
    ['with a subject that cannot be stored', claim({ sub: 'ada\u0000' })],
    ['with a subject of 256 characters', claim({ sub: 'a'.repeat(256) })],
    ['for another client (rp-id_token-aud)', claim({ aud: 'another' })],
    ['without audience', claim({ aud: undefined })],
    ['for us and another client', claim({ aud: ['authsec', 'another'] })],
    ['for two clients, authorized to us', claim({ aud: ['authsec', 'another'], azp: 'authsec' })],
    ['authorized to another client', claim({ azp: 'another' })],
    ['without nonce (rp-nonce-unless-code-flow)', claim({ nonce: undefined })],
    ['with another nonce (rp-nonce-invalid)', claim({ nonce: newSecrets().nonce })],
    ['with an empty nonce', claim({ nonce: '' })],
    ['without iat (rp-id_token-iat)', claim({ iat: undefined })],
    ['issued in the future', () => claim({ iat: now() + 75 })()],
    ['without exp', claim({ exp: undefined })],
    ['that has expired', () => claim({ exp: now() - 75 })()],
    ['with a wrong at_hash', claim({ at_hash: leftHalf('another') })],
    ['with an empty at_hash', claim({ at_hash: '' })],
    ['with an at_hash that is no text', claim({ at_hash: 7 })],
    ['with a c_hash of another code', claim({ c_hash: leftHalf('another') })],
    ['with a c_hash that is no text', claim({ c_hash: null })],
    [
      'without signature (rp-id_token-sig-none)',
      () => (outside.idToken = { header: { alg: 'none' }, signature: new Uint8Array() }),
    ],
    [
      'without signature, where the metadata list that',
      () => {
        outside.metadata = { id_token_signing_alg_values_supported: ['none', 'ES256'] }
        outside.idToken = { header: { alg: 'none' }, signature: new Uint8Array() }
        upstream = openTestUpstream(outside.settings())
      },
    ],
    [
      'with a bad signature (rp-id_token-bad-sig-es256)',
      () => (outside.idToken = { signature: (input) => signEs256(createSigningKey(), input) }),
    ],
    ['with a signature of zeros', () => (outside.idToken = { signature: new Uint8Array(64) })],
    [
      'signed with our own secret',
      () => {
        outside.metadata = { id_token_signing_alg_values_supported: ['HS256', 'ES256'] }
        const signature = (input: string) =>
          createHmac('sha256', outside.clientSecret ?? '')
            .update(input)
            .digest()
        outside.idToken = { header: { alg: 'HS256' }, signature }
        upstream = openTestUpstream(outside.settings())
      },
    ],
    ['under a kid that is not listed', () => (outside.idToken = { header: { kid: 'unknown' } })],
    [
      'without kid where several keys are listed (rp-id_token-kid-absent-multiple-jwks)',
      () => {
        outside.idToken = { header: { kid: undefined } }
        outside.jwks = { keys: outside.listed(outside.key, createSigningKey()) }
      },
    ],
    ['where no key is listed', () => (outside.jwks = { keys: [] })],
    ['where the keys are no list', () => (outside.jwks = { keys: 'none' })],
    ['that is missing', () => (outside.tokenAnswer = { id_token: undefined })],
    ['that is no token', () => (outside.tokenAnswer = { id_token: 'x.y.z' })],
    ['that is encrypted', () => (outside.tokenAnswer = { id_token: 'a.b.c.d.e' })],
  ])('%s', async (_title, make) => {
    make()
    expect(await signIn()).toBe('ERR_LOGIN_PROVIDER')
    outside.reset()
    upstream = openTestUpstream(outside.settings())
    expect(await signIn()).toBe('accepted')
  })
})

describe('an ID token is accepted', () => {
  it.each<readonly [string, () => void]>([
    ['for us in a list', claim({ aud: ['authsec'] })],
    ['authorized to us', claim({ azp: 'authsec' })],
    ['from a clock that is ahead a little', () => claim({ iat: now() + 45 })()],
    ['without at_hash', claim({ at_hash: undefined })],
    [
      'without kid where one key is listed (rp-id_token-kid-absent-single-jwks)',
      () => (outside.idToken = { header: { kid: undefined } }),
    ],
  ])('%s', async (_title, make) => {
    make()
    expect(await signIn()).toBe('accepted')
  })

  it('signed with a key that has come in place of another since the last sign-in (rp-key-rotation-op-sign-key)', async () => {
    expect(await signIn()).toBe('accepted')
    await outside.rotate()
    expect(await signIn()).toBe('accepted')
  })

  it('signed with a key of the same kid as the one before', async () => {
    expect(await signIn()).toBe('accepted')
    const before = outside.key
    await outside.rotate(createSigningKey(before.kid))
    expect(await signIn()).toBe('accepted')
    outside.idToken = { signature: (input) => signEs256(before, input) }
    expect(await signIn()).toBe('ERR_LOGIN_PROVIDER')
  })
})

describe('what userinfo says', () => {
  let asking: UpstreamProvider
  let reticent: OutsideProvider

  beforeAll(async () => {
    reticent = await OutsideProvider.start({ claimsIn: 'userinfo' })
    asking = openTestUpstream(reticent.settings())
  })
  afterEach(() => reticent.reset())
  afterAll(() => reticent.close())

  it('is taken where the ID token leaves it out', async () => {
    expect(await signInAt(asking, reticent)).toMatchObject({ email: 'ada@acme.example', name: 'Ada' })
    expect(reticent.askedFor('GET /me')).toBe(1)
  })

  it('is not asked for where the ID token says everything, or it was not asked for', async () => {
    await signInAt(upstream, outside)
    await signInAt(openTestUpstream(reticent.settings({ scopes: ['openid'] })), reticent)
    expect([outside.askedFor('GET /me'), reticent.askedFor('GET /me')]).toEqual([0, 0])
  })

  it.each([
    ['is of another user (rp-userinfo-bad-sub-claim)', { sub: 'mallory-1' }],
    ['is of nobody', { sub: undefined }],
    ['is of a number', { sub: 7 }],
  ])('refuses the sign-in where it %s', async (_title, userinfo) => {
    reticent.userinfo = userinfo
    expect(await codeOf(signInAt(asking, reticent))).toBe('ERR_LOGIN_PROVIDER')
  })

  it.each<readonly [string, string, (reticent: OutsideProvider) => string]>([
    ['accepted with the signature of the provider (rp-userinfo-sig)', 'accepted', (at) => signed(at, {})],
    ['refused with another', 'ERR_LOGIN_PROVIDER', (at) => signed(at, { signature: new Uint8Array(64) })],
    [
      'refused without one',
      'ERR_LOGIN_PROVIDER',
      (at) => signed(at, { header: { alg: 'none' }, signature: new Uint8Array() }),
    ],
    ['refused for another client', 'ERR_LOGIN_PROVIDER', (at) => signed(at, { claims: { aud: 'another' } })],
    ['refused of another user', 'ERR_LOGIN_PROVIDER', (at) => signed(at, { claims: { sub: 'mallory-1' } })],
  ])('in a token is %s', async (_title, code, token) => {
    reticent.metadata = { userinfo_signing_alg_values_supported: ['ES256', 'none'] }
    reticent.instead.set('/me', (response) =>
      response.writeHead(200, { 'content-type': 'application/jwt' }).end(token(reticent)),
    )
    expect(await codeOf(signInAt(openTestUpstream(reticent.settings()), reticent))).toBe(code)
  })

  it('gives no address to what the ID token says is not verified', async () => {
    reticent.idToken = { claims: { email: 'ada@acme.example', email_verified: false } }
    reticent.userinfo = { email: 'other@acme.example', email_verified: undefined }
    expect(await signInAt(asking, reticent)).toMatchObject({ email: undefined })
  })
})
