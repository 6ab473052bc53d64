import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { readUpstreamOptions } from '../../../../src/core/federation/read-upstream-options.js'
import type { UpstreamIdentity, UpstreamProvider } from '../../../../src/core/federation/upstream-provider.js'
import { newSecrets } from '../../../support/relying-party.js'
import { codeOf, openTestUpstream } from '../../../support/upstream/open-test-upstream.js'
import { OutsideProvider } from '../../../support/upstream/outside-provider.js'
import { PlayingFetcher, type PlayedPlaces } from '../../../support/upstream/playing-fetcher.js'

const directory = 'https://login.microsoftonline.com/3f2504e0-4f89-41d3-9a0c-0305e82c3301'

const googlePlaces: PlayedPlaces = {
  issuer: 'https://accounts.google.com',
  authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
  token: 'https://oauth2.googleapis.com/token',
  keys: 'https://www.googleapis.com/oauth2/v3/certs',
  userinfo: 'https://openidconnect.googleapis.com/v1/userinfo',
}
const entraPlaces: PlayedPlaces = {
  issuer: `${directory}/v2.0`,
  authorization: `${directory}/oauth2/v2.0/authorize`,
  token: `${directory}/oauth2/v2.0/token`,
  keys: `${directory}/discovery/v2.0/keys`,
  userinfo: 'https://graph.microsoft.com/oidc/userinfo',
}

let outside: OutsideProvider
let fetcher: PlayingFetcher

beforeAll(async () => {
  outside = await OutsideProvider.start()
})
afterEach(() => outside.reset())
afterAll(() => outside.close())

/** Our side of a provider that is described as an administrator does it. */
function open(places: PlayedPlaces, options: object): UpstreamProvider {
  fetcher = new PlayingFetcher(outside, places)
  const { clientId, clientSecret } = outside
  const settings = readUpstreamOptions({ clientId, clientSecret, ...options })
  return openTestUpstream({ id: '6a0f9a52-4f0e-4f5e-9b1e-0a8f4a3f9a12', ...settings }, { fetcher })
}

async function signIn(upstream: UpstreamProvider): Promise<UpstreamIdentity> {
  const secrets = newSecrets()
  const url = await upstream.authorizationUrl({ secrets, otherAccount: false })
  const { searchParams } = await outside.signIn(fetcher.here(url))
  return upstream.exchange(searchParams, secrets)
}

async function asked(upstream: UpstreamProvider, otherAccount: boolean) {
  const url = await upstream.authorizationUrl({ secrets: newSecrets(), otherAccount })
  const { access_type, prompt, scope } = Object.fromEntries(url.searchParams)
  return { access_type, prompt, scope }
}

describe('Google', () => {
  const google = (options: object = {}) => open(googlePlaces, { kind: 'google', ...options })

  it('needs no more than a client, and may have its endpoints where Google has them', async () => {
    expect(await signIn(google())).toMatchObject({
      ...{ issuer: 'https://accounts.google.com', subject: 'ada-1', email: 'ada@acme.example', name: 'Ada' },
    })
    expect(new Set(fetcher.asked.map((url) => new URL(url).host))).toEqual(
      new Set(['accounts.google.com', 'oauth2.googleapis.com', 'www.googleapis.com']),
    )
    expect(await google().check()).toEqual([])
  })

  it.each([
    ['zoe@gmail.com', undefined, 'theirs now'],
    ['zoe@acme.example', 'acme.example', 'theirs now'],
    ['zoe@ACME.example', 'acme.example', 'theirs now'],
    ['zoe@acme.example', undefined, 'once confirmed'],
    ['zoe@acme.example', 'globex.example', 'once confirmed'],
    ['zoe@sub.acme.example', 'acme.example', 'once confirmed'],
  ])('says %s of the Workspace %s is %s: it answers for its own domains alone', async (email, hd, emailIs) => {
    const upstream = google()
    const { issuer: iss } = googlePlaces
    outside.idToken = { claims: { iss, email, email_verified: true, ...(hd === undefined ? {} : { hd }) } }
    expect(await signIn(upstream)).toMatchObject({ email, emailIs })
  })

  it('with an endpoint anywhere else is not used', async () => {
    const upstream = google()
    outside.metadata = { ...outside.metadata, token_endpoint: 'https://oauth2.googleapis.com.evil.example/token' }
    expect(await codeOf(signIn(upstream))).toBe('ERR_IDP_UNAVAILABLE')
  })

  it('is asked for renewable tokens by its own parameter, and for another account by its own word', async () => {
    expect(await asked(google(), true)).toEqual({ prompt: 'select_account', scope: 'openid email profile' })
    const offline = google({ scopes: ['email', 'offline_access'] })
    expect(await asked(offline, false)).toEqual({ access_type: 'offline', prompt: 'consent', scope: 'openid email' })
    expect(await asked(offline, true)).toMatchObject({ prompt: 'consent select_account' })
  })
})

describe('Entra ID', () => {
  const entra = (options: object = {}) => open(entraPlaces, { kind: 'entra', issuer: entraPlaces.issuer, ...options })

  it('has an address only where it says that the directory owns its domain, and userinfo is not asked', async () => {
    const upstream = entra()
    const claims = { iss: entraPlaces.issuer, email_verified: undefined, name: undefined }
    outside.idToken = { claims }
    expect(await signIn(upstream)).toMatchObject({ subject: 'ada-1', email: undefined, name: undefined })
    outside.idToken = { claims: { ...claims, xms_edov: true } }
    expect(await signIn(upstream)).toMatchObject({ issuer: entraPlaces.issuer, email: 'ada@acme.example' })
    expect(fetcher.asked).not.toContain(entraPlaces.userinfo)
  })

  it('has PKCE and does not say so', async () => {
    const upstream = entra()
    outside.metadata = { ...outside.metadata, code_challenge_methods_supported: undefined }
    expect(await codeOf(signIn(upstream))).toBe('accepted')
  })

  it('is not believed about another directory', async () => {
    const upstream = entra()
    const other = entraPlaces.issuer.replace('3f2504e0', '00000000')
    outside.idToken = { claims: { iss: other } }
    expect(await codeOf(signIn(upstream))).toBe('ERR_LOGIN_PROVIDER')
  })

  it('with the document of all directories is not used, and the check says why', async () => {
    const upstream = entra()
    outside.metadata = { ...outside.metadata, issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }
    expect(await codeOf(signIn(upstream))).toBe('ERR_IDP_UNAVAILABLE')
    expect(await upstream.check()).toEqual([
      'the metadata is that of all directories together: the issuer has to be one of them, by its id',
    ])
  })

  it('lets a user take another account, and is asked for renewable tokens by a scope', async () => {
    const upstream = entra({ scopes: ['email', 'offline_access'] })
    expect(await asked(upstream, true)).toEqual({ prompt: 'select_account', scope: 'openid email offline_access' })
  })
})
