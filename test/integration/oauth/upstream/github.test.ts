import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { UpstreamProvider } from '../../../../src/core/federation/upstream-provider.js'
import { newSecrets } from '../../../support/relying-party.js'
import { GithubServer, octo } from '../../../support/upstream/github-server.js'
import { codeOf, openTestUpstream, signInAt } from '../../../support/upstream/open-test-upstream.js'

const tokenPath = '/login/oauth/access_token'
const userPath = '/api/v3/user'
const emailsPath = '/api/v3/user/emails'
const json = 'application/json; charset=utf-8'

let github: GithubServer
let upstream: UpstreamProvider

beforeAll(async () => {
  github = await GithubServer.start()
  upstream = openTestUpstream(github.settings())
})
afterEach(() => github.reset())
afterAll(() => github.close())

const signIn = () => codeOf(signInAt(upstream, github))

/** A server that tells whoever asks with any token who it is. */
function tellAnybody(): void {
  answer(userPath, '{"id":1}')
  answer(emailsPath, '[]')
}

/** Answers a path with this from now on. */
function answer(path: string, body: string, type = json, status = 200): void {
  github.instead.set(path, (response: ServerResponse) => response.writeHead(status, { 'content-type': type }).end(body))
}

describe('a sign-in at GitHub', () => {
  it('gives the number of the account and its verified primary address', async () => {
    expect(await signInAt(upstream, github)).toEqual({
      ...{ issuer: github.issuer, subject: '583231', email: 'octo@acme.example', name: 'Mona Octo' },
      emailIs: 'once confirmed',
      tokens: {
        accessToken: expect.stringMatching(/^gho_/),
        refreshToken: undefined,
        expiresAt: undefined,
        scopes: ['read:user', 'user:email'],
      },
    })
    expect(github.asked.slice(-3)).toEqual([`POST ${tokenPath}`, `GET ${userPath}`, `GET ${emailsPath}`])
  })

  it('asks with PKCE and state, for another account where that is wanted, and never with a nonce', async () => {
    const secrets = newSecrets()
    const plain = await upstream.authorizationUrl({ secrets, otherAccount: false, loginHint: 'octo@acme.example' })
    expect(Object.fromEntries(plain.searchParams)).toEqual({
      ...{ response_type: 'code', client_id: github.clientId, scope: 'read:user user:email', state: secrets.state },
      redirect_uri: expect.any(String),
      code_challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      code_challenge_method: 'S256',
    })
    const other = await upstream.authorizationUrl({ secrets, otherAccount: true })
    expect(other.searchParams.get('prompt')).toBe('select_account')
  })

  it('without iss, as an older server has it, is accepted', async () => {
    github.callback = { iss: undefined }
    expect(await signIn()).toBe('accepted')
  })

  it.each<readonly [string, (typeof octo)['emails']]>([
    ['is not verified', [{ email: 'octo@acme.example', primary: true, verified: false }]],
    ['is not the primary one', [{ email: 'octo@acme.example', primary: false, verified: true }]],
    ['is not there', []],
  ])('has no address where it %s', async (_title, emails) => {
    github.user = { ...octo, emails }
    github.userAnswer = { email: 'public@acme.example' }
    expect(await signInAt(upstream, github)).toMatchObject({ subject: '583231', email: undefined })
  })

  it('has no name where the account has none', async () => {
    github.user = { ...octo, name: null }
    expect(await signInAt(upstream, github)).toMatchObject({ name: undefined })
  })
})

const sound = { access_token: 'gho_x', token_type: 'bearer' }

describe('a sign-in at a server of this form', () => {
  it('is accepted where that says it is JSON, and holds a token and no error', async () => {
    tellAnybody()
    answer(tokenPath, JSON.stringify(sound))
    expect(await signInAt(upstream, github)).toMatchObject({ subject: '1' })
  })
})

describe('a sign-in at a server of this form is refused where', () => {
  it.each<readonly [string, () => void]>([
    [
      'the token endpoint says with 200 that the code is wrong',
      () => {
        tellAnybody()
        answer(tokenPath, JSON.stringify({ ...sound, error: 'bad_verification_code' }))
      },
    ],
    ['the error is no text', () => (github.tokenAnswer = { error: { message: 'no' } })],
    [
      'its answer is form-encoded',
      () => {
        tellAnybody()
        answer(tokenPath, 'access_token=gho_x&token_type=bearer', 'application/x-www-form-urlencoded')
      },
    ],
    [
      'its answer is JSON and says that it is a page',
      () => {
        tellAnybody()
        answer(tokenPath, JSON.stringify(sound), 'text/html')
      },
    ],
    [
      'its answer does not say what it is',
      () => github.instead.set(tokenPath, (response) => response.writeHead(200).end('{}')),
    ],
    ['there is no access token', () => (github.tokenAnswer = { access_token: undefined })],
    ['the access token is of another type', () => (github.tokenAnswer = { token_type: 'mac' })],
    ['the access token would be two headers', () => (github.tokenAnswer = { access_token: 'x\r\ny: z' })],
    ['an ID token comes that nobody asked for', () => (github.tokenAnswer = { id_token: 'x.y.z' })],
    ['the account has no number', () => (github.userAnswer = { id: undefined })],
    ['the number has lost digits', () => (github.userAnswer = { id: 2 ** 60 })],
    ['the number is none', () => (github.userAnswer = { id: 1.5 })],
    ['the account is an object', () => (github.userAnswer = { id: { toString: 7 } })],
    ['the account is a list', () => answer(userPath, '[{"id":1}]')],
    ['the account is a page', () => answer(userPath, '{"id":1}', 'text/html')],
    ['the account is not JSON', () => answer(userPath, '{"id":1')],
    ['the token is not good', () => answer(userPath, '{"message":"Bad credentials"}', json, 401)],
    ['it is asked too often', () => answer(userPath, '{"message":"API rate limit exceeded"}', json, 403)],
    ['the addresses are no list', () => answer(emailsPath, '{"email":"octo@acme.example"}')],
    ['the addresses are for somebody else', () => answer(emailsPath, '{}', json, 401)],
  ])('%s', async (_title, change) => {
    change()
    expect(await signIn()).toBe('ERR_LOGIN_PROVIDER')
  })

  it.each([tokenPath, userPath, emailsPath])('%s is out of order, as an outage', async (path) => {
    github.instead.set(path, (response) => response.writeHead(502).end('<html>'))
    expect(await signIn()).toBe('ERR_IDP_UNAVAILABLE')
  })
})

describe('a provider of OAuth 2 that is described by hand', () => {
  const described = (members: object, changes: Parameters<GithubServer['settings']>[0] = {}) => {
    const all = { subject: 'id', email: undefined, emailVerified: undefined, name: undefined, ...members }
    return openTestUpstream(github.settings({ kind: 'oauth2', members: all, ...changes }))
  }

  it('says who it is by the members that were named, and asks nothing else', async () => {
    github.userAnswer = { email: 'octo@acme.example', confirmed: true }
    const members = { subject: 'login', email: 'email', emailVerified: 'confirmed', name: 'name' }
    expect(await signInAt(described(members), github)).toMatchObject({
      ...{ issuer: github.issuer, subject: 'octo', email: 'octo@acme.example', name: 'Mona Octo' },
    })
    expect(github.asked).not.toContain(`GET ${emailsPath}`)
  })

  it('says who it is wherever in its answer that is', async () => {
    github.userAnswer = { data: { id: '17', mail: { address: 'octo@acme.example', ok: true } } }
    const members = { subject: '/data/id', email: '/data/mail/address', emailVerified: '/data/mail/ok' }
    expect(await signInAt(described(members), github)).toMatchObject({ subject: '17', email: 'octo@acme.example' })
  })

  it.each([
    ['nothing says that it is verified', { email: 'email' }],
    ['what says so does not', { email: 'email', emailVerified: 'confirmed' }],
    ['what says so is not there', { email: 'email', emailVerified: 'other' }],
  ])('has no address where %s', async (_title, members) => {
    github.userAnswer = { email: 'octo@acme.example', confirmed: 'yes' }
    expect(await signInAt(described(members), github)).toMatchObject({ email: undefined, name: undefined })
  })

  it.each(['toString', '__proto__', 'constructor', '/constructor/name', '/emails/0'])(
    'has nobody by the member %s, which every object has',
    async (subject) => {
      expect(await codeOf(signInAt(described({ subject }), github))).toBe('ERR_LOGIN_PROVIDER')
    },
  )

  it('gets its secret in the header where that is said', async () => {
    const seen: string[] = []
    github.instead.set(tokenPath, (response, request) => {
      seen.push(String(request.headers.authorization))
      response.writeHead(503).end()
    })
    expect(await codeOf(signInAt(described({}, { secretIn: 'header' }), github))).toBe('ERR_IDP_UNAVAILABLE')
    expect(seen).toEqual([expect.stringMatching(/^Basic /)])
  })
})
