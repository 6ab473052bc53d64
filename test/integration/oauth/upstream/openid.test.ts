import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { UpstreamProvider, UpstreamSettings } from '../../../../src/core/federation/upstream-provider.js'
import { silentTracer, type Tracer } from '../../../../src/core/runtime/tracer.js'
import { newSecrets } from '../../../support/relying-party.js'
import { codeOf, openTestUpstream, signInAt, upstreamCallback } from '../../../support/upstream/open-test-upstream.js'
import { mallory, OutsideProvider, type OutsideProviderOptions } from '../../../support/upstream/outside-provider.js'

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
      emailIs: 'theirs now',
      tokens: {
        accessToken: expect.any(String),
        refreshToken: expect.any(String),
        expiresAt: expect.any(Number),
        scopes: ['openid', 'email', 'profile'],
      },
    })
    outside.user = mallory
    expect(await signInAt(upstream, outside)).toMatchObject({ subject: 'mallory-1', email: 'mallory@evil.example' })
  })

  it('asks for the metadata once, however many come at the same time', async () => {
    const fresh = openTestUpstream(outside.settings())
    await Promise.all(Array.from({ length: 10 }, () => signInAt(fresh, outside)))
    expect(outside.askedFor('GET /.well-known/openid-configuration')).toBe(1)
  })
})

describe('the request for a sign-in', () => {
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

  it.each<readonly [string, Partial<UpstreamSettings>, boolean, Readonly<Record<string, string>>]>([
    ['another account', {}, true, { prompt: 'login' }],
    ['renewable tokens', { scopes: ['openid', 'offline_access'] }, false, { prompt: 'consent' }],
    ['both', { scopes: ['openid', 'offline_access'] }, true, { prompt: 'consent login' }],
  ])('asks for %s by a prompt', async (_title, settings, otherAccount, parameters) => {
    const other = openTestUpstream(outside.settings(settings))
    const url = await other.authorizationUrl({ secrets: newSecrets(), otherAccount })
    expect(Object.fromEntries(url.searchParams)).toMatchObject(parameters)
  })

  it('names whom it is for, where that is known', async () => {
    const url = await upstream.authorizationUrl({
      ...{ secrets: newSecrets(), otherAccount: false, loginHint: 'ada+work@acme.example' },
    })
    expect(url.searchParams.get('login_hint')).toBe('ada+work@acme.example')
  })
})

describe('a client', () => {
  it.each<readonly [string, OutsideProviderOptions, readonly string[] | undefined]>([
    ['sends its secret in the body where that is advertised', { secretIn: 'body' }, ['client_secret_post']],
    ['sends its secret in the body where both are', {}, ['client_secret_basic', 'client_secret_post']],
    ['sends its secret in the header where only that is', { secretIn: 'header' }, ['client_secret_basic']],
    ['sends its secret in the header where nothing is', { secretIn: 'header' }, undefined],
    ['that is public sends none', { clientSecret: null }, ['none']],
  ])('%s', async (_title, options, methods) => {
    const provider = await OutsideProvider.start(options)
    try {
      provider.metadata = { token_endpoint_auth_methods_supported: methods }
      const opened = openTestUpstream(provider.settings())
      expect(await signInAt(opened, provider)).toMatchObject({ subject: 'ada-1' })
      expect(await opened.check()).toEqual([])
    } finally {
      await provider.close()
    }
  })

  it('with a secret that the provider takes in no way that we have is refused', async () => {
    outside.metadata = { token_endpoint_auth_methods_supported: ['private_key_jwt'] }
    expect(await codeOf(signInAt(openTestUpstream(outside.settings()), outside))).toBe('ERR_IDP_UNAVAILABLE')
  })
})

describe('settings that cannot work', () => {
  it.each<readonly [string, Partial<UpstreamSettings>]>([
    ['an issuer over http', { issuer: 'http://idp.example' }],
    ['an issuer on this computer, and no further than the public internet', { reach: 'public' }],
    ['an issuer in another spelling', { issuer: 'https://IDP.example' }],
    ['an issuer with a query', { issuer: 'https://idp.example/?a=b' }],
    ['an issuer of all directories', { kind: 'entra', issuer: 'https://login.microsoftonline.com/common/v2.0' }],
    ['an issuer that is not Google', { kind: 'google', issuer: 'https://accounts.google.com.evil.example' }],
    ['no client', { clientId: '' }],
    ['an empty secret', { clientSecret: '' }],
    [
      'no secret where the kind needs one',
      { kind: 'google', issuer: 'https://accounts.google.com', clientSecret: undefined },
    ],
    ['no endpoints where there is no discovery', { kind: 'oauth2' }],
  ])('are refused when a provider is opened: %s', (_title, changes) => {
    expect(() => openTestUpstream(outside.settings(changes))).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_UPSTREAM' }),
    )
  })
})

describe('whoever follows', () => {
  it('sees the exchange and the renewal as steps', async () => {
    const steps: string[] = []
    const tracer: Tracer = {
      trace(step, work) {
        steps.push(step.name)
        return silentTracer.trace(step, work)
      },
    }
    const followed = openTestUpstream(outside.settings(), { tracer })
    const { tokens } = await signInAt(followed, outside)
    await followed.renew(tokens, 'ada-1')
    expect(steps).toEqual(['upstream exchange', 'upstream renewal'])
  })
})
