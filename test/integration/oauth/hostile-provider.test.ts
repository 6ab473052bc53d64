import { createHash, createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { IdentityProvider } from '../../../src/core/sign-in/identity-provider.js'
import { HostileProvider, sendJson } from '../../support/hostile-provider.js'
import { relyingPartySecret } from '../../support/issuer-harness.js'
import { MemoryLog } from '../../support/memory-ports.js'
import { newSecrets, relyingPartyOf } from '../../support/relying-party.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'
import { createSigningKey, signEs256 } from '../../support/token-forge.js'

const discoveryPath = '/oauth/.well-known/openid-configuration'
const tokenPath = '/oauth/token'
const jwksPath = '/oauth/jwks'

let hostile: HostileProvider
let provider: IdentityProvider
let clock: ShiftableClock
const log = new MemoryLog()

beforeEach(async () => {
  hostile = await HostileProvider.start()
  clock = new ShiftableClock()
  provider = relyingPartyOf(hostile, { log, clock })
})

afterEach(() => hostile.close())

/** `accepted`, or the code of the refusal of a callback that is sound but for this `iss`. */
function outcome(iss: string = hostile.issuer): Promise<string> {
  const secrets = newSecrets()
  hostile.nonce = secrets.nonce
  const callback = new URLSearchParams({ code: 'c0de', state: secrets.state, iss })
  if (iss === 'absent') callback.delete('iss')
  return codeOf(provider.exchange(callback, secrets))
}

const started = () => codeOf(provider.authorizationUrl({ secrets: newSecrets(), otherAccount: false }))

function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'accepted',
    (error: unknown) => String((error as { code?: unknown }).code),
  )
}

const now = () => Math.floor(Date.now() / 1000)
const leftHalf = (algorithm: string, text: string) => {
  const digest = createHash(algorithm).update(text).digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

describe('a provider that is right in everything', () => {
  it('is believed', async () => {
    expect(await started()).toBe('accepted')
    expect(await outcome()).toBe('accepted')
  })

  it('is asked for its metadata once, however many come at the same time, and for its keys once', async () => {
    expect(new Set(await Promise.all(Array.from({ length: 20 }, started)))).toEqual(new Set(['accepted']))
    expect([await outcome(), await outcome()]).toEqual(['accepted', 'accepted'])
    expect([hostile.askedFor(discoveryPath), hostile.askedFor(jwksPath)]).toEqual([1, 1])
    clock.advance(60 * 60)
    expect([await started(), await started()]).toEqual(['accepted', 'accepted'])
    expect(hostile.askedFor(discoveryPath)).toBe(2)
  })
})

describe('metadata', () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['without PKCE', { code_challenge_methods_supported: undefined }],
    ['with PKCE of the method plain alone', { code_challenge_methods_supported: ['plain'] }],
    ['with PKCE methods that are no list', { code_challenge_methods_supported: 'S256' }],
    ['of an issuer with a slash at the end', { issuer: 'ISSUER/' }],
    ['of an issuer without path', { issuer: 'ORIGIN' }],
    ['of an issuer in other case', { issuer: 'HTTP://127.0.0.1:PORT/oauth' }],
    ['of another issuer', { issuer: 'https://evil.example/oauth' }],
    ['without issuer', { issuer: undefined }],
    ['with the token endpoint of another origin', { token_endpoint: 'https://evil.example/token' }],
    ['with the token endpoint on another port', { token_endpoint: 'http://127.0.0.1:9/token' }],
    ['with the token endpoint under another name', { token_endpoint: 'http://localhost:PORT/oauth/token' }],
    ['with a user in the token endpoint', { token_endpoint: 'http://me@127.0.0.1:PORT/oauth/token' }],
    ['without a token endpoint', { token_endpoint: undefined }],
    ['with the authorization endpoint of another origin', { authorization_endpoint: 'https://evil.example/authorize' }],
    ['with a script for an authorization endpoint', { authorization_endpoint: 'javascript:alert(1)' }],
    ['with keys of another origin', { jwks_uri: 'https://evil.example/jwks' }],
    ['with keys in a file', { jwks_uri: 'file:///etc/passwd' }],
    ['with keys at no text', { jwks_uri: 7 }],
  ])('%s is not used', async (_title, metadata) => {
    const fill = (value: unknown): unknown =>
      typeof value === 'string'
        ? value
            .replace('ISSUER', hostile.issuer)
            .replace('ORIGIN', hostile.origin)
            .replace('PORT', new URL(hostile.origin).port)
        : value
    hostile.metadata = Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, fill(value)]))
    expect(await started()).toBe('ERR_IDP_UNAVAILABLE')
    expect(await outcome()).toBe('ERR_LOGIN_PROVIDER')
    expect(hostile.askedFor(tokenPath)).toBe(0)
  })

  it.each<readonly [string, string, Parameters<HostileProvider['instead']['set']>[1]]>([
    ['status 500', 'ERR_IDP_UNAVAILABLE', (response) => sendJson(response, { error: 'server_error' }, 500)],
    ['status 503', 'ERR_IDP_UNAVAILABLE', (response) => response.writeHead(503).end()],
    ['a closed connection', 'ERR_IDP_UNAVAILABLE', (response) => response.destroy()],
    ['status 404', 'ERR_LOGIN_PROVIDER', (response) => response.writeHead(404).end()],
    ['a page', 'ERR_LOGIN_PROVIDER', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    ['a list', 'ERR_LOGIN_PROVIDER', (response) => sendJson(response, [])],
    ['nothing', 'ERR_LOGIN_PROVIDER', (response) => response.writeHead(200).end()],
    ['300 KB', 'ERR_LOGIN_PROVIDER', (response) => sendJson(response, { padding: 'x'.repeat(300_000) })],
  ])('that is %s is refused, and asked for again the next time', async (_title, code, answer) => {
    hostile.instead.set(discoveryPath, answer)
    expect(await started()).toBe('ERR_IDP_UNAVAILABLE')
    expect(await outcome()).toBe(code)
    hostile.instead.clear()
    expect([await started(), await outcome()]).toEqual(['accepted', 'accepted'])
  })
})

describe('the iss of a callback', () => {
  it.each([
    ['absent', 'ERR_LOGIN_PROVIDER', 'accepted'],
    ['', 'ERR_LOGIN_PROVIDER', 'ERR_LOGIN_PROVIDER'],
    ['https://evil.example/oauth', 'ERR_LOGIN_PROVIDER', 'ERR_LOGIN_PROVIDER'],
  ])('that is %j: %s where it was promised, %s where it was not', async (iss, promised, unpromised) => {
    expect(await outcome(iss)).toBe(promised)
    hostile.metadata = { authorization_response_iss_parameter_supported: undefined }
    provider = relyingPartyOf(hostile)
    expect(await outcome(iss)).toBe(unpromised)
  })
})

describe('an ID token', () => {
  it.each<readonly [string, () => void]>([
    ['of another issuer', () => (hostile.idToken = { claims: { iss: 'https://evil.example/oauth' } })],
    ['of the issuer with a slash', () => (hostile.idToken = { claims: { iss: `${hostile.issuer}/` } })],
    ['without issuer', () => (hostile.idToken = { claims: { iss: undefined } })],
    ['for another nonce', () => (hostile.idToken = { claims: { nonce: newSecrets().nonce } })],
    ['without nonce', () => (hostile.idToken = { claims: { nonce: undefined } })],
    ['for another client', () => (hostile.idToken = { claims: { aud: 'other' } })],
    ['for us and another client', () => (hostile.idToken = { claims: { aud: ['app', 'other'] } })],
    ['for two clients, authorized to us', () => (hostile.idToken = { claims: { aud: ['app', 'x'], azp: 'app' } })],
    ['authorized to another client', () => (hostile.idToken = { claims: { azp: 'other' } })],
    ['without audience', () => (hostile.idToken = { claims: { aud: undefined } })],
    ['issued in the future', () => (hostile.idToken = { claims: { iat: now() + 75 } })],
    ['issued at no whole second', () => (hostile.idToken = { claims: { iat: now() + 0.5 } })],
    ['that has expired', () => (hostile.idToken = { claims: { exp: now() - 75 } })],
    ['that never expires', () => (hostile.idToken = { claims: { exp: undefined } })],
    ['of another user', () => (hostile.idToken = { claims: { sub: '00000000-0000-4000-8000-000000000000' } })],
    ['without subject', () => (hostile.idToken = { claims: { sub: undefined } })],
    ['of another tenant', () => (hostile.idToken = { claims: { tenant_id: 'globex' } })],
    ['with a wrong at_hash', () => (hostile.idToken = { claims: { at_hash: leftHalf('sha256', 'other') } })],
    ['with an empty at_hash', () => (hostile.idToken = { claims: { at_hash: '' } })],
    ['with an at_hash that is no text', () => (hostile.idToken = { claims: { at_hash: 7 } })],
    ['under an unknown key', () => (hostile.idToken = { header: { kid: 'unknown' } })],
    [
      'signed with another key of that name',
      () => (hostile.idToken = { signature: (input) => signEs256(createSigningKey(), input) }),
    ],
    ['with a signature of zeros', () => (hostile.idToken = { signature: new Uint8Array(64) })],
    ['with a flipped signature', () => (hostile.rewrite = (token) => token.slice(0, -20) + flip(token.slice(-20)))],
    [
      'with other claims than were signed',
      () => (hostile.rewrite = (token) => withClaims(token, (claims) => ({ ...claims, auth_time: 1 }))),
    ],
    ['without signature', () => (hostile.idToken = { header: { alg: 'none' }, signature: new Uint8Array() })],
    [
      'signed with our own secret',
      () => {
        hostile.metadata = { id_token_signing_alg_values_supported: ['HS256', 'ES256'] }
        const signature = (input: string) => createHmac('sha256', relyingPartySecret).update(input).digest()
        hostile.idToken = { header: { alg: 'HS256' }, signature }
      },
    ],
    ['by an algorithm that it does not list', () => (hostile.metadata = { id_token_signing_alg_values_supported: [] })],
    ['that is no token', () => (hostile.rewrite = () => 'x.y.z')],
    ['that is missing', () => (hostile.tokenAnswer = { id_token: undefined })],
  ])('%s is refused', async (_title, forge) => {
    forge()
    expect(await outcome()).toBe('ERR_LOGIN_PROVIDER')
  })

  it.each<readonly [string, () => void]>([
    ['for us in a list', () => (hostile.idToken = { claims: { aud: ['app'] } })],
    ['authorized to us', () => (hostile.idToken = { claims: { azp: 'app' } })],
    ['from a clock that is ahead a little', () => (hostile.idToken = { claims: { iat: now() + 45 } })],
    ['that does not name the tenant', () => (hostile.idToken = { claims: { tenant_id: undefined } })],
    [
      'with the at_hash of its access token',
      () => {
        const accessToken = hostile.signAccessToken()
        hostile.tokenAnswer = { access_token: accessToken }
        hostile.idToken = { claims: { at_hash: leftHalf('sha256', accessToken) } }
      },
    ],
  ])('%s is accepted', async (_title, forge) => {
    forge()
    expect(await outcome()).toBe('accepted')
  })
})

describe('an access token', () => {
  it.each<readonly [string, () => void]>([
    ['of another type', () => (hostile.tokenAnswer = { token_type: 'DPoP' })],
    ['of no known type', () => (hostile.tokenAnswer = { token_type: 'N_A' })],
    ['of no type', () => (hostile.tokenAnswer = { token_type: undefined })],
    ['that is missing', () => (hostile.tokenAnswer = { access_token: undefined })],
    ['that is opaque', () => (hostile.tokenAnswer = { access_token: 'opaque' })],
    ['for another resource', () => (hostile.accessToken = { claims: { aud: 'https://other.example/mcp' } })],
    ['of another issuer', () => (hostile.accessToken = { claims: { iss: 'https://evil.example/oauth' } })],
    ['of another client', () => (hostile.accessToken = { claims: { client_id: 'other' } })],
    ['of another user', () => (hostile.accessToken = { claims: { sub: '00000000-0000-4000-8000-000000000000' } })],
    ['of another tenant', () => (hostile.accessToken = { claims: { tenant_id: 'globex' } })],
    ['without a grant', () => (hostile.accessToken = { claims: { gid: undefined } })],
  ])('%s is refused', async (_title, forge) => {
    forge()
    expect(await outcome()).toBe('ERR_LOGIN_PROVIDER')
  })

  it('says what was granted, whatever was asked for and whatever stands beside it', async () => {
    hostile.accessToken = { claims: { scope: 'mcp read admin' } }
    hostile.tokenAnswer = { scope: 'mcp read write root' }
    const secrets = newSecrets()
    hostile.nonce = secrets.nonce
    const callback = new URLSearchParams({ code: 'c0de', state: secrets.state, iss: hostile.issuer })
    expect(await provider.exchange(callback, secrets)).toMatchObject({ scopes: ['mcp', 'read', 'admin'] })
  })
})

describe('an answer of the token endpoint', () => {
  it.each<readonly [string, string, Parameters<HostileProvider['instead']['set']>[1]]>([
    ['is an error', 'ERR_LOGIN_PROVIDER', (response) => sendJson(response, { error: 'invalid_grant' }, 400)],
    ['is an error with 200', 'ERR_LOGIN_PROVIDER', (response) => sendJson(response, { error: 'invalid_grant' })],
    [
      'is form-encoded',
      'ERR_LOGIN_PROVIDER',
      (response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('access_token=x&token_type=bearer'),
    ],
    ['is empty', 'ERR_LOGIN_PROVIDER', (response) => response.writeHead(204).end()],
    ['is a list', 'ERR_LOGIN_PROVIDER', (response) => sendJson(response, [])],
    ['has 300 KB', 'ERR_LOGIN_PROVIDER', (response) => sendJson(response, { padding: 'x'.repeat(300_000) })],
    ['is status 500', 'ERR_IDP_UNAVAILABLE', (response) => sendJson(response, { error: 'server_error' }, 500)],
    ['is status 503', 'ERR_IDP_UNAVAILABLE', (response) => response.writeHead(503, { 'retry-after': '5' }).end()],
    ['is a closed connection', 'ERR_IDP_UNAVAILABLE', (response) => response.destroy()],
  ])('that %s is %s', async (_title, code, answer) => {
    hostile.instead.set(tokenPath, answer)
    expect(await outcome()).toBe(code)
  })

  it('that sends us elsewhere is not followed', async () => {
    let hits = 0
    const canary = createServer((_request, response) => {
      hits += 1
      response.end()
    })
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
    const address = canary.address()
    const location = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/`
    const outcomes: string[] = []
    for (const path of [tokenPath, jwksPath]) {
      hostile.instead.clear()
      hostile.instead.set(path, (response) => response.writeHead(307, { location }).end())
      outcomes.push(await outcome())
    }
    await new Promise((resolve) => canary.close(resolve))
    expect({ outcomes, hits }).toEqual({ outcomes: ['ERR_LOGIN_PROVIDER', 'ERR_LOGIN_PROVIDER'], hits: 0 })
  })
})

describe('keys', () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['that are no list', { keys: 'x' }],
    ['that are none', { keys: [] }],
    ['that are no keys', { keys: [null, 7, 'x'] }],
    ['that are broken', { keys: [{ kty: 'EC', crv: 'P-256', kid: 'KID', x: '', y: 7 }] }],
    ['of a strange use', { keys: [{ kty: 'EC', crv: 'P-256', kid: 'KID', key_ops: 7 }] }],
  ])('%s verify nothing', async (_title, jwks) => {
    hostile.jwks = JSON.parse(JSON.stringify(jwks).replace('KID', hostile.key.kid)) as typeof jwks
    expect(await outcome()).toBe('ERR_LOGIN_PROVIDER')
  })

  it('that cannot be had are an outage', async () => {
    hostile.instead.set(jwksPath, (response) => response.writeHead(502).end())
    expect(await outcome()).toBe('ERR_IDP_UNAVAILABLE')
  })
})

describe('a provider that does not answer', () => {
  const hang: Parameters<HostileProvider['instead']['set']>[1] = () => undefined
  const drip: typeof hang = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    const timer = setInterval(() => response.write(' '), 100)
    response.on('close', () => clearInterval(timer))
  }

  it.each([
    ['for its metadata', discoveryPath, hang],
    ['for its metadata but drop by drop', discoveryPath, drip],
    ['for its tokens', tokenPath, hang],
    ['for its tokens but drop by drop', tokenPath, drip],
    ['for its keys', jwksPath, hang],
  ])('%s is given up within three seconds', async (_title, path, answer) => {
    hostile.instead.set(path, answer)
    const begun = performance.now()
    expect(await outcome()).toBe('ERR_IDP_UNAVAILABLE')
    expect(performance.now() - begun).toBeLessThan(5_000)
    expect(log.lines.at(-1)?.fields['reason']).toContain('no answer within 2.5 s')
  })

  it('is given up also where fetch itself never ends', async () => {
    provider = relyingPartyOf(hostile, { fetch: () => new Promise(() => undefined) })
    expect(await started()).toBe('ERR_IDP_UNAVAILABLE')
  })

  it('is out of order, and so is one that nobody can reach', async () => {
    await hostile.close()
    expect([await started(), await outcome()]).toEqual(['ERR_IDP_UNAVAILABLE', 'ERR_IDP_UNAVAILABLE'])
    hostile = await HostileProvider.start()
  })
})

describe('the fetch that is given', () => {
  it('is the only way to the provider', async () => {
    const reached: string[] = []
    provider = relyingPartyOf(hostile, {
      fetch: (input, init) => {
        reached.push(new URL(input instanceof Request ? input.url : input).pathname)
        expect(init).toMatchObject({ redirect: 'manual' })
        return fetch(input, init)
      },
    })
    expect(await outcome()).toBe('accepted')
    expect(reached).toEqual([discoveryPath, tokenPath, jwksPath])
    expect(hostile.asked).toEqual(reached)
  })
})

function flip(text: string): string {
  return [...text].reverse().join('')
}

function withClaims(token: string, change: (claims: object) => object): string {
  const [header, payload = '', signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  return [header, Buffer.from(JSON.stringify(change(claims))).toString('base64url'), signature].join('.')
}
