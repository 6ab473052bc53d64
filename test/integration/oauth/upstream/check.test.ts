import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { GithubServer } from '../../../support/upstream/github-server.js'
import { openTestUpstream, upstreamCallback } from '../../../support/upstream/open-test-upstream.js'
import { OutsideProvider } from '../../../support/upstream/outside-provider.js'

let outside: OutsideProvider
let github: GithubServer

beforeAll(async () => {
  outside = await OutsideProvider.start()
  github = await GithubServer.start()
})
afterEach(() => {
  outside.reset()
  github.reset()
})
afterAll(async () => {
  await outside.close()
  await github.close()
})

type Changes = Parameters<OutsideProvider['settings']>[0]

const checked = (changes: Changes = {}) => openTestUpstream(outside.settings(changes)).check()
const checkedHub = (changes: Changes = {}) => openTestUpstream(github.settings(changes)).check()

const registered = `register the redirect URI ${upstreamCallback} there for the client authsec, exactly as it is written here`

describe('the check of an OpenID provider', () => {
  it('has nothing to say where all is well', async () => {
    expect(await checked()).toEqual([])
    outside.callbacks = [upstreamCallback]
    expect(await checked()).toEqual([])
  })

  it('says everything that is wrong with what it says of itself', async () => {
    outside.metadata = {
      issuer: 'https://evil.example',
      code_challenge_methods_supported: ['plain'],
      token_endpoint: 'http://127.0.0.1:9/token',
    }
    expect(await checked()).toEqual([
      'the metadata is of another issuer: "https://evil.example"',
      'the token_endpoint is not an address of the issuer\'s origin: "http://127.0.0.1:9/token"',
      'the issuer does not offer PKCE with S256',
    ])
    expect(outside.asked).toEqual(['GET /.well-known/openid-configuration'])
  })

  it.each<readonly [string, string, () => void]>([
    [
      'its discovery is out of order',
      'its metadata cannot be had: the identity provider does not answer: status 503',
      () => outside.instead.set('/.well-known/openid-configuration', (response) => response.writeHead(503).end()),
    ],
    [
      'it has no discovery',
      'its metadata cannot be had: status 404',
      () => outside.instead.set('/.well-known/openid-configuration', (response) => response.writeHead(404).end()),
    ],
    ['it has no keys', 'none of its keys is one that signs', () => (outside.jwks = { keys: [] })],
    [
      'it has keys that encrypt only',
      'none of its keys is one that signs',
      () => (outside.jwks = { keys: outside.listed(outside.key).map((key) => ({ ...key, use: 'enc' })) }),
    ],
    [
      'its keys are not there',
      'its keys cannot be had: the keys of the issuer cannot be had: status 404',
      () => outside.instead.set('/jwks', (response) => response.writeHead(404).end()),
    ],
    [
      'it does not know the redirect URI',
      `it refuses our request with status 400: ${registered}`,
      () => (outside.callbacks = [`${upstreamCallback}/`]),
    ],
    [
      'its authorization endpoint is not there',
      'its authorization endpoint answers with status 404',
      () => outside.instead.set('/auth', (response) => response.writeHead(404).end()),
    ],
    [
      'its token endpoint is out of order',
      'its token endpoint cannot be asked: the identity provider does not answer: status 503',
      () => outside.instead.set('/token', (response) => response.writeHead(503).end()),
    ],
  ])('says in one sentence that %s', async (_title, sentence, change) => {
    change()
    expect(await checked()).toEqual([sentence])
  })

  it('says that the client is not accepted with another secret, wherever that goes', async () => {
    const sentence = 'it does not accept the client authsec with this client secret'
    expect(await checked({ clientSecret: 'another-secret' })).toEqual([sentence])
    outside.metadata = { token_endpoint_auth_methods_supported: ['client_secret_basic'] }
    expect(await checked({ clientSecret: 'another-secret' })).toEqual([sentence])
  })

  it('says that the client is not known, both times', async () => {
    const faults = await checked({ clientId: 'nobody' })
    expect(faults).toHaveLength(2)
    expect(faults[1]).toBe('it does not accept the client nobody with this client secret')
  })

  it('says that nobody is there', async () => {
    const gone = await OutsideProvider.start()
    const upstream = openTestUpstream(gone.settings())
    await gone.close()
    expect(await upstream.check()).toEqual([
      expect.stringMatching(
        /^its metadata cannot be had: the identity provider does not answer: 127.0.0.1:\d+: it cannot be reached/,
      ),
    ])
  })

  it('says nothing secret', async () => {
    const secret = 'another-secret'
    outside.callbacks = []
    expect((await checked({ clientSecret: secret })).join('\n')).not.toContain(secret)
  })
})

describe('the check of a provider of OAuth 2', () => {
  it('has nothing to say where its endpoints answer', async () => {
    expect(await checkedHub()).toEqual([])
  })

  it.each<readonly [string, string, () => void]>([
    [
      'nothing is at its userinfo endpoint',
      'there is nothing at its userinfo endpoint: status 404',
      () => github.instead.set('/api/v3/user', (response) => response.writeHead(404).end()),
    ],
    [
      'its userinfo endpoint is out of order',
      'its userinfo endpoint cannot be asked: the identity provider does not answer: status 500',
      () => github.instead.set('/api/v3/user', (response) => response.writeHead(500).end()),
    ],
    [
      'its token endpoint is a page',
      'its token endpoint cannot be asked: the answer does not say that it is JSON',
      () =>
        github.instead.set('/login/oauth/access_token', (response) =>
          response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
        ),
    ],
  ])('says in one sentence that %s', async (_title, sentence, change) => {
    change()
    expect(await checkedHub()).toEqual([sentence])
  })

  it('says that the client is not accepted', async () => {
    const sentence = `it does not accept the client ${github.clientId} with this client secret`
    expect(await checkedHub({ clientSecret: 'another-secret' })).toEqual([sentence])
  })
})
