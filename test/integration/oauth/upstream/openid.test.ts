import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { UpstreamProvider } from '../../../../src/core/federation/upstream-provider.js'
import { newSecrets } from '../../../support/relying-party.js'
import { openTestUpstream, signInAt, upstreamCallback } from '../../../support/upstream/open-test-upstream.js'
import { OutsideProvider } from '../../../support/upstream/outside-provider.js'

let outside: OutsideProvider
let upstream: UpstreamProvider

beforeAll(async () => {
  outside = await OutsideProvider.start()
  upstream = openTestUpstream(outside.settings())
})
afterEach(() => outside.reset())
afterAll(() => outside.close())

describe('a sign-in at an OpenID provider', () => {
  it('gives who it is, with the tokens and the scopes that were granted', async () => {
    expect(await signInAt(upstream, outside)).toEqual({
      ...{ issuer: outside.issuer, subject: 'ada-1', email: 'ada@acme.example', name: 'Ada' },
      tokens: {
        accessToken: expect.any(String),
        refreshToken: expect.any(String),
        expiresAt: expect.any(Number),
        scopes: ['openid', 'email', 'profile'],
      },
    })
  })

  it('asks for exactly what this sign-in is recognized by', async () => {
    const secrets = newSecrets()
    const url = await upstream.authorizationUrl({ secrets, otherAccount: false })
    expect(url.origin + url.pathname).toBe(`${outside.origin}/auth`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'authsec',
      redirect_uri: upstreamCallback,
      scope: 'openid email profile',
      state: secrets.state,
      nonce: secrets.nonce,
      code_challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(url.href).not.toContain(secrets.codeVerifier)
  })
})
