import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { IssuerBench, withIssuer } from '../../support/issuer-bench.js'
import { createIssuerKey, signAs } from '../../support/issuer-key.js'
import { listenForHits, type TestListener } from '../../support/test-listener.js'

let bench: IssuerBench
let canary: TestListener

beforeAll(async () => {
  bench = await IssuerBench.start()
  canary = await listenForHits()
})

beforeEach(() => bench.outcome())

afterAll(async () => {
  await bench.close()
  await canary.close()
})

const stranger = createIssuerKey('ES256')

describe('what a header brings along', () => {
  it.each([
    ['jwk', stranger.publicJwk],
    ['x5c', ['MIIBszCCAVmgAwIBAgIU']],
    ['jku', 'http://127.0.0.1/jwks'],
    ['x5u', 'http://127.0.0.1/cert'],
    ['crit', ['x']],
    ['crit', []],
    ['crit', 'exp'],
    ['crit', ['b64']],
    ['b64', false],
    ['b64', true],
    ['zip', 'DEF'],
    ['cty', 'JWT'],
    ['enc', 'A256GCM'],
    ['epk', {}],
    ['p2c', 1_000_000_000],
    ['p2s', 'AAAA'],
  ])('refuses the token of the issuer itself: %s = %j (J5, J10, J18)', async (member, value) => {
    expect(await bench.outcome({ header: { [member]: value } })).toBe('ERR_TOKEN_MALFORMED')
  })

  it('gives no stranger a key: a token signed with the jwk that it brings is refused (J5)', async () => {
    const { kid } = bench.issuer.key
    for (const header of [
      { jwk: stranger.publicJwk, kid },
      { jwk: stranger.publicJwk, kid: stranger.kid },
    ]) {
      const signature = (input: string): Uint8Array => signAs(stranger, input)
      expect(await bench.outcome({ header, signature })).toBe('ERR_TOKEN_MALFORMED')
    }
  })

  it('is never fetched, whatever address it names (J6)', async () => {
    const before = bench.issuer.requests.length
    for (let at = 0; at < 25; at += 1) {
      const url = `http://127.0.0.1:${canary.port}/${at}`
      for (const header of [{ jku: url }, { x5u: url }, { jku: url, kid: url }, { kid: url }])
        expect(await bench.outcome({ header })).not.toBe('accepted')
      expect(await bench.outcome({ claims: { iss: url } })).toBe('ERR_TOKEN_ISSUER')
      const named = { groups: { endpoint: url } }
      expect(await bench.outcome({ claims: { _claim_names: { groups: 'groups' }, _claim_sources: named } })).toBe(
        'accepted',
      )
    }
    expect(canary.hits()).toBe(0)
    // The one search for an unknown key goes where configuration says.
    expect(bench.issuer.requests.slice(before).every(({ path }) => path === bench.issuer.paths.jwks)).toBe(true)
  })

  it.each(['x5t', 'x5t#S256', 'nonce', 'pi.atm'])('may name %s, which is not looked at', async (member) => {
    expect(await bench.outcome({ header: { [member]: 'AAAA' } })).toBe('accepted')
  })
})

describe('the type of a token', () => {
  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt'])('accepts %s', async (typ) => {
    expect(await bench.outcome({ header: { typ } })).toBe('accepted')
  })

  it.each([undefined, null, '', 'JWT', 'logout+jwt', 'dpop+jwt', 'at+jwt ', 'at+jwts', 1, ['at+jwt']])(
    'refuses %j, unless the issuer is trusted with it',
    async (typ) => {
      expect(await bench.outcome({ header: { typ } })).toBe('ERR_TOKEN_TYPE')
    },
  )
})

describe('the name of a key', () => {
  const names: readonly unknown[] = [
    ...['../../dev/null', "' OR 1=1--", '\0', 'a'.repeat(257), 'a'.repeat(10_000), '', ' ', '*', '%00', '$ne'],
    ...['__proto__', 'constructor', 'toString', 'http://127.0.0.1/', '${jndi:ldap://x}', '\n', 'ｋid'],
    ...[0, null, true, {}, [], ['kid'], { kid: 'x' }],
  ]
  it.each(names.map((kid) => ({ kid })))(
    'is only compared: $kid is refused and nothing else comes of it (J7)',
    async ({ kid }) => {
      expect(await bench.outcome({ header: { kid } })).toMatch(/^ERR_TOKEN_(?:MALFORMED|SIGNATURE)$/)
    },
  )

  it('may be absent where the issuer has one key, and not where it has two', () =>
    withIssuer({}, async (other) => {
      expect(await other.outcome({ header: { kid: undefined } })).toBe('accepted')
      other.issuer.rotate()
      await other.verifier.warmUp()
      expect(await other.outcome({ header: { kid: undefined } })).toBe('ERR_TOKEN_SIGNATURE')
      expect(await other.outcome()).toBe('accepted')
    }))
})
