import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { UpstreamProvider } from '../../../src/core/federation/upstream-provider.js'
import { GithubServer } from '../../support/upstream/github-server.js'
import { codeOf, openTestUpstream, signInAt } from '../../support/upstream/open-test-upstream.js'
import { OutsideProvider } from '../../support/upstream/outside-provider.js'

let outside: OutsideProvider
let upstream: UpstreamProvider

beforeAll(async () => {
  outside = await OutsideProvider.start()
  upstream = openTestUpstream(outside.settings())
})
afterEach(() => outside.reset())
afterAll(() => outside.close())

describe('O13: who somebody is', () => {
  it('is an issuer and a subject together: the same subject and address at two providers are two', async () => {
    const other = await OutsideProvider.start()
    try {
      const [one, two] = [await signInAt(upstream, outside), await signInAt(openTestUpstream(other.settings()), other)]
      expect([one.subject, one.email]).toEqual([two.subject, two.email])
      expect([one.issuer, two.issuer]).toEqual([outside.issuer, other.issuer])
      expect(one.issuer).not.toBe(two.issuer)
    } finally {
      await other.close()
    }
  })

  it.each([
    ['it does not say so', { email_verified: undefined }],
    ['it says no', { email_verified: false }],
    ['it says so in a text', { email_verified: 'true' }],
    ['it says so in a number', { email_verified: 1 }],
    ['it is no address', { email: 'ada' }],
    ['it cannot be told from another', { email: '\u0430da@acme.example' }],
    ['it is no text', { email: ['ada@acme.example'] }],
    ['it has a line more', { email: 'ada@acme.example\r\nbcc:x@evil.example' }],
  ])('has no address where %s', async (_title, claims) => {
    outside.idToken = { claims }
    expect(await signInAt(upstream, outside)).toMatchObject({ subject: 'ada-1', email: undefined })
  })

  it.each<readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]>([
    ['its ID token says no and userinfo yes', { email_verified: false }, {}],
    ['its ID token says yes and userinfo no', {}, { email_verified: false }],
    ['its ID token says yes and userinfo so in a text', {}, { email_verified: 'true' }],
    ['the two name different ones', {}, { email: 'other@acme.example' }],
    ['its ID token says no, and userinfo alone names one', { email: undefined, email_verified: false }, {}],
    ['only the other one is said to be verified', { email: undefined }, { email_verified: undefined }],
  ])('has no address where %s', async (_title, claims, userinfo) => {
    // A name that is missing has userinfo asked.
    outside.idToken = { claims: { name: undefined, ...claims } }
    outside.userinfo = { email: 'ada@acme.example', email_verified: true, ...userinfo }
    expect(await signInAt(upstream, outside)).toMatchObject({ subject: 'ada-1', email: undefined })
    expect(outside.askedFor('GET /me') + outside.askedFor('POST /me')).toBe(1)
  })

  it.each<readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]>([
    ['both say so', {}, {}],
    ['its ID token says so and userinfo nothing', {}, { email: undefined, email_verified: undefined }],
    ['userinfo says so and its ID token nothing', { email: undefined, email_verified: undefined }, {}],
    ['the two write it otherwise', {}, { email: 'Ada@acme.example' }],
  ])('has the address where %s', async (_title, claims, userinfo) => {
    outside.idToken = { claims: { name: undefined, ...claims } }
    outside.userinfo = { email: 'ada@acme.example', email_verified: true, ...userinfo }
    expect(await signInAt(upstream, outside)).toMatchObject({ subject: 'ada-1', email: 'ada@acme.example' })
  })

  it('has at Entra ID an address only where the directory owns its domain, and not for another kind', async () => {
    outside.idToken = { claims: { email_verified: undefined, xms_edov: true } }
    expect(await signInAt(upstream, outside)).toMatchObject({ email: undefined })
  })

  it.each([['a\u0000'], ['x'.repeat(201)], ['\u202eadA'], ['   '], [7]])('has no name where it is %j', async (name) => {
    outside.idToken = { claims: { name } }
    outside.userinfo = { name: undefined }
    expect(await signInAt(upstream, outside)).toMatchObject({ subject: 'ada-1', name: undefined })
  })
})

describe('O15: the scopes of a sign-in', () => {
  it.each<readonly [string, unknown, readonly string[]]>([
    ['more than', 'openid email profile admin', ['openid', 'email', 'profile', 'admin']],
    ['less than', 'openid', ['openid']],
    ['none of', '', []],
    ['without a word exactly', undefined, ['openid', 'email', 'profile']],
  ])('are those that were granted, which may be %s what was asked for', async (_title, scope, scopes) => {
    outside.tokenAnswer = { scope }
    expect((await signInAt(upstream, outside)).tokens.scopes).toEqual(scopes)
  })

  it.each([['open\u0000id'], ['"openid"'], ['a'.repeat(300)], [7], [['openid']]])(
    'are refused as %j',
    async (scope) => {
      outside.tokenAnswer = { scope }
      expect(await codeOf(signInAt(upstream, outside))).toBe('ERR_LOGIN_PROVIDER')
    },
  )

  it('that a user of GitHub left out are not there, nor is what they would show', async () => {
    const github = await GithubServer.start()
    try {
      github.granted = ['read:user']
      expect(await signInAt(openTestUpstream(github.settings()), github)).toMatchObject({
        ...{ subject: '583231', email: undefined },
        tokens: { scopes: ['read:user'] },
      })
    } finally {
      await github.close()
    }
  })
})
