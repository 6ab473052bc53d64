import { verify, constants } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import { createFetcher } from '../../../src/adapter/net/create-fetcher.js'
import type { FetchAnswer, FetchRequest } from '../../../src/core/runtime/fetcher.js'
import { signingAlgorithms } from '../../../src/core/trust/trusted-issuer.js'
import { HostileIssuer, type Behaviour } from '../../support/hostile-issuer.js'
import { createIssuerKey, signAs } from '../../support/issuer-key.js'

const fetcher = createFetcher({ milliseconds: 400 })
let issuer: HostileIssuer

beforeEach(async () => {
  issuer = await HostileIssuer.start({ path: '/realms/one' })
})
afterEach(async () => {
  await issuer.close()
})

async function ask(path: string, request: Partial<FetchRequest> = {}): Promise<FetchAnswer> {
  return await fetcher.fetch({ url: issuer.origin + path, reach: 'private', ...request })
}

async function read(path: string, request?: Partial<FetchRequest>): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await ask(path, request)
  return JSON.parse(Buffer.from(body).toString()) as Readonly<Record<string, unknown>>
}

describe('the metadata of a hostile issuer', () => {
  it('is found by both of its well-known names, and where no other is', async () => {
    const { openidConfiguration, authorizationServer, jwks } = issuer.paths
    expect(openidConfiguration).toBe('/realms/one/.well-known/openid-configuration')
    expect(authorizationServer).toBe('/.well-known/oauth-authorization-server/realms/one')
    const expected = { issuer: `${issuer.origin}/realms/one`, jwks_uri: issuer.origin + jwks }
    expect(await read(openidConfiguration)).toMatchObject(expected)
    expect(await read(authorizationServer)).toMatchObject(expected)
    expect((await ask('/.well-known/openid-configuration')).status).toBe(404)
    expect(issuer.askedFor(openidConfiguration)).toBe(1)
  })

  it('says what it is told to', async () => {
    issuer.metadata = { issuer: 'https://other.example', jwks_uri: 'javascript:alert(1)', token_endpoint: undefined }
    const said = await read(issuer.paths.openidConfiguration)
    expect(said).toMatchObject({ issuer: 'https://other.example', jwks_uri: 'javascript:alert(1)' })
    expect(said).not.toHaveProperty('token_endpoint')
  })
})

describe('the keys of a hostile issuer', () => {
  it.each(signingAlgorithms)('sign with %s', async (algorithm) => {
    const key = createIssuerKey(algorithm)
    const token = issuer.sign({ key })
    const { payload, protectedHeader } = await jwtVerify(token, await importJWK(key.publicJwk), { typ: 'at+jwt' })
    expect(protectedHeader).toEqual({ alg: algorithm, typ: 'at+jwt', kid: key.kid })
    expect(payload).toMatchObject({ iss: issuer.issuer, aud: issuer.resource })
  })

  it('come and go', async () => {
    const first = issuer.key
    const second = issuer.rotate('RS256')
    expect(decodeProtectedHeader(issuer.sign())).toMatchObject({ alg: 'RS256', kid: second.kid })
    expect(await read(issuer.paths.jwks)).toEqual({ keys: [second.publicJwk, first.publicJwk] })
    issuer.removeKey(first)
    expect(await read(issuer.paths.jwks)).toEqual({ keys: [second.publicJwk] })
    issuer.jwks = { keys: [] }
    expect(await read(issuer.paths.jwks)).toEqual({ keys: [] })
  })

  it('sign by another algorithm of their kind', () => {
    const key = createIssuerKey('RS256')
    const bytes = signAs(key, 'input', 'PS384')
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    expect(verify('sha384', Buffer.from('input'), { key: key.publicKey, ...pss }, bytes)).toBe(true)
  })
})

describe('a token of a hostile issuer', () => {
  it('says what it is told to, and nothing that it is told not to', () => {
    const token = issuer.sign({ header: { typ: undefined, crit: ['x'] }, claims: { aud: 'evil', jti: undefined } })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: issuer.key.kid, crit: ['x'] })
    expect(decodeJwt(token)).toMatchObject({ aud: 'evil', sub: 'user-1' })
    expect(decodeJwt(token)).not.toHaveProperty('jti')
  })

  it('ends a session', () => {
    const token = issuer.signLogout({ claims: { sid: 's' } })
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'logout+jwt' })
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    expect(decodeJwt(token)).toMatchObject({ aud: issuer.clientId, sub: 'user-1', sid: 's', events })
  })

  it('is known to it alone', async () => {
    const token = issuer.opaque.issue({ sub: 'user-2', hd: 'acme.example' }, 'opq_')
    const { introspection, tokeninfo, userinfo } = issuer.paths
    const basic = (secret: string) =>
      ({ authorization: `Basic ${Buffer.from(`${issuer.clientId}:${secret}`).toString('base64')}` }) as const
    const about = (text: string, secret = issuer.clientSecret) =>
      ({ method: 'POST', headers: basic(secret), body: `token=${text}` }) as const
    expect(await read(introspection, about(token))).toMatchObject({ active: true, sub: 'user-2', iss: issuer.issuer })
    expect(await read(introspection, about('other'))).toEqual({ active: false })
    expect((await ask(introspection, about(token, 'wrong'))).status).toBe(401)
    expect((await ask(introspection)).status).toBe(405)
    expect(await read(`${tokeninfo}?access_token=${token}`)).toMatchObject({ aud: 'client-1', exp: expect.any(String) })
    expect((await ask(`${tokeninfo}?access_token=other`)).status).toBe(400)
    const bearer = { headers: { authorization: `Bearer ${token}` } }
    expect(await read(userinfo, bearer)).toMatchObject({ sub: 'user-2', email_verified: true, hd: 'acme.example' })
    issuer.opaque.revoke(token)
    expect((await ask(userinfo, bearer)).status).toBe(401)
    expect(await read(introspection, about(token))).toEqual({ active: false })
  })
})

describe('a path of a hostile issuer', () => {
  it.each<[Behaviour, unknown]>([
    ['hang', 'timeout'],
    ['drip', 'timeout'],
    [{ late: 1_000 }, 'timeout'],
    ['cut', 'unreachable'],
    ['huge', 'too-large'],
    ['gzip', 'too-large'],
    ['redirect', 'redirect'],
    ['status-500', 500],
    ['garbage', '{"keys":['],
    ['html', expect.stringContaining('<!doctype html>')],
    ['empty', ''],
    [{ late: 50 }, expect.stringContaining('"keys"')],
    ['ok', expect.stringContaining('"keys"')],
    [(_request, response) => response.writeHead(418).end(), 418],
  ])('does what it is told to: %j', async (behaviour, outcome) => {
    issuer.behave(issuer.paths.jwks, behaviour)
    const seen = await ask(issuer.paths.jwks).then(
      ({ status, body }) => (status === 200 ? Buffer.from(body).toString() : status),
      (error: unknown) => Object(error).failure as unknown,
    )
    expect(seen).toEqual(outcome)
    expect(issuer.askedFor(issuer.paths.jwks)).toBe(1)
    expect((await ask(issuer.paths.openidConfiguration)).status).toBe(200)
  })
})
