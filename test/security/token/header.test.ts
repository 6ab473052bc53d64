import { createServer } from 'node:http'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { OwnIssuer } from '../../support/own-issuer.js'
import { createSigningKey, TokenForge } from '../../support/token-forge.js'

const own = new OwnIssuer()
const foreign = createSigningKey(own.key.kid)

describe('token type', () => {
  it.each(['at+jwt', 'application/at+jwt', 'AT+JWT', 'Application/At+Jwt'])('accepts typ %s', async (typ) => {
    await expect(own.outcome({ header: { typ } })).resolves.toBe('accepted')
  })

  it.each([
    undefined,
    null,
    '',
    'JWT',
    'jwt',
    'application/jwt',
    'at+jwt ',
    ' at+jwt',
    'xat+jwt',
    'at+jwts',
    'text/at+jwt',
    'logout+jwt',
    'dpop+jwt',
    'id+jwt',
    1,
    ['at+jwt'],
  ])('refuses typ %j', async (typ) => {
    await expect(own.outcome({ header: { typ } })).resolves.toBe('ERR_TOKEN_TYPE')
  })
})

describe('members of the header', () => {
  it.each([
    ['jwk', own.key.publicJwk],
    ['jwk', foreign.publicJwk],
    ['jku', 'https://auth.acme.example/jwks'],
    ['x5u', 'https://auth.acme.example/cert'],
    ['x5c', ['MIIB']],
    ['x5t', 'AAAA'],
    ['x5t#S256', 'AAAA'],
    ['crit', ['x']],
    ['crit', []],
    ['crit', 'exp'],
    ['crit', ['b64']],
    ['b64', false],
    ['b64', true],
    ['zip', 'DEF'],
    ['cty', 'JWT'],
    ['p2c', 1_000_000_000],
    ['enc', 'A256GCM'],
    ['nonce', 'n'],
    ['Kid', 'x'],
  ])('refuses %s = %j in a token that is good otherwise', async (member, value) => {
    await expect(own.outcome({ header: { [member]: value } })).resolves.toBe('ERR_TOKEN_MALFORMED')
  })

  it('refuses a token that brings the key it is signed with', async () => {
    const token = own.forgeWith(foreign).sign({ header: { jwk: foreign.publicJwk } })
    await expect(own.outcomeOf(token)).resolves.toBe('ERR_TOKEN_MALFORMED')
  })

  it.each(['[]', '"at+jwt"', 'null', '1', '', '{', '{"alg":"ES256"}{}'])('refuses the header %s', async (header) => {
    await expect(own.outcome({ header })).resolves.toBe('ERR_TOKEN_MALFORMED')
  })
})

describe('kid', () => {
  it.each([
    ['a path', '../../dev/null'],
    ['an absolute path', '/dev/null'],
    ['SQL', "' OR 1=1--"],
    ['SQL with union', "x' UNION SELECT 'AA';--"],
    ['a command', '$(id)'],
    ['a pipe', '|id'],
    ['a URL', 'http://169.254.169.254/latest/meta-data'],
    ['a template', '{{7*7}}'],
    ['the prototype', 'hasOwnProperty'],
    ['the key with a space', `${own.key.kid} `],
    ['the key in capitals', own.key.kid.toUpperCase()],
    ['a part of the key', own.key.kid.slice(0, -1)],
    ['an emoji', '🗝️'],
    ['256 bytes', 'k'.repeat(256)],
  ])('is only compared: %s is no key', async (_name, kid) => {
    await expect(own.outcome({ header: { kid } })).resolves.toBe('ERR_TOKEN_SIGNATURE')
  })

  it.each([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['a number', 1],
    ['an object', { kid: own.key.kid }],
    ['an array', [own.key.kid]],
    ['true', true],
    ['NUL', `${own.key.kid}\0`],
    ['257 bytes', 'k'.repeat(257)],
    ['257 bytes in 129 characters', `${'é'.repeat(128)}k`],
    ['a megabyte', 'k'.repeat(2 ** 20)],
  ])('must be a short text: refused when %s', async (_name, kid) => {
    const token = own.forge.sign({ header: { kid } })
    const started = performance.now()
    await expect(own.outcomeOf(token)).resolves.toBe('ERR_TOKEN_MALFORMED')
    expect(performance.now() - started).toBeLessThan(250)
  })
})

describe('serializations', () => {
  const token = own.forge.sign()
  const [header = '', claims = '', signature = ''] = token.split('.')
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const pbes2 = encode({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 1e9, p2s: 'AAAA' })

  it('accepts compact', async () => {
    await expect(own.outcomeOf(token)).resolves.toBe('accepted')
  })

  it.each([
    ['flattened JSON', JSON.stringify({ protected: header, payload: claims, signature })],
    ['general JSON', JSON.stringify({ payload: claims, signatures: [{ protected: header, signature }] })],
    ['encrypted, five parts', `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`],
    ['PBES2 with a thousand million rounds', `${pbes2}.AAAA.AAAA.AAAA.AAAA`],
    ['four parts', `${token}.AAAA`],
    ['a dot at the end', `${token}.`],
    ['a dot in front', `.${token}`],
    ['no claims', `${header}..${signature}`],
    ['detached', `${header}.${signature}`],
    ['empty', ''],
    ['two dots', '..'],
    ['sixteen thousand dots', '.'.repeat(16_000)],
    ['with its scheme', `Bearer ${token}`],
  ])('refuses %s', async (_name, text) => {
    const started = performance.now()
    await expect(own.outcomeOf(text)).resolves.toBe('ERR_TOKEN_MALFORMED')
    expect(performance.now() - started).toBeLessThan(250)
  })

  it('refuses a token inside a token', async () => {
    await expect(own.outcome({ claims: token })).resolves.toBe('ERR_TOKEN_MALFORMED')
    await expect(own.outcome({ claims: JSON.stringify(token) })).resolves.toBe('ERR_TOKEN_MALFORMED')
  })

  it('refuses compressed claims', async () => {
    const compressed = deflateRawSync(JSON.stringify(own.forge.claims()))
    await expect(own.outcome({ claims: compressed })).resolves.toBe('ERR_TOKEN_MALFORMED')
    await expect(own.outcome({ claims: compressed, header: { zip: 'DEF' } })).resolves.toBe('ERR_TOKEN_MALFORMED')
  })
})

describe('addresses in tokens', () => {
  let hits = 0
  let origin = ''
  const canary = createServer((_request, response) => {
    hits += 1
    response.end('{"keys":[]}')
  })

  beforeAll(async () => {
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
    const address = canary.address()
    origin = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
  })

  afterAll(async () => {
    canary.closeAllConnections()
    await new Promise((resolve) => canary.close(resolve))
  })

  it('are never fetched: 100 tokens, 0 requests', async () => {
    const listed = own.store.listed
    const elsewhere = new TokenForge({
      issuer: origin,
      resource: own.resource,
      key: foreign,
      now: () => own.clock.seconds,
    })
    for (let at = 0; at < 25; at += 1) {
      expect(await own.outcome({ header: { jku: `${origin}/jwks/${at}` } })).toBe('ERR_TOKEN_MALFORMED')
      expect(await own.outcome({ header: { x5u: `${origin}/cert/${at}` } })).toBe('ERR_TOKEN_MALFORMED')
      expect(await own.outcome({ header: { kid: `${origin}/key/${at}` } })).toBe('ERR_TOKEN_SIGNATURE')
      expect(await own.outcomeOf(elsewhere.sign())).toBe('ERR_TOKEN_ISSUER')
    }
    expect(hits).toBe(0)
    expect(own.store.listed - listed).toBeLessThanOrEqual(1)
  })

  it('would be counted', async () => {
    await fetch(`${origin}/jwks`, { headers: { connection: 'close' } }).then((answer) => answer.text())
    expect(hits).toBe(1)
  })
})
