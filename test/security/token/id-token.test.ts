import { describe, expect, it } from '@jest/globals'
import { createIdTokenVerifier } from '../../../src/adapter/token/own/create-id-token-verifier.js'
import { AuthSecError } from '../../../src/core/error/auth-sec-error.js'
import { OwnIssuer } from '../../support/own-issuer.js'
import { createSigningKey, signEs256, type ForgedToken } from '../../support/token-forge.js'

const own = new OwnIssuer()
const now = own.clock.seconds
const nonce = 'n0nce-of-this-sign-in'
const clientId = 'app'
const verifier = verifierFor(own)

function verifierFor({ issuer, clock, store: keys }: OwnIssuer) {
  return createIdTokenVerifier({ issuer, clientId, clock, keys })
}

/** What our issuer writes into an ID token. */
function ordinary(): Readonly<Record<string, unknown>> {
  return {
    sub: '7d0f0c52-4f0e-4f5e-9b1e-0a8f4a3f9a10',
    tenant_id: 'acme',
    nonce,
    aud: clientId,
    exp: now + 600,
    iat: now,
    iss: own.issuer,
  }
}

/** Signed by `forge`: an ID token but for what is laid over its header and claims. */
function sign(
  changes: { header?: object; claims?: object; signature?: ForgedToken['signature'] } = {},
  { forge } = own,
): string {
  const { signature } = changes
  return forge.sign({
    header: { typ: undefined, ...changes.header },
    claims: JSON.stringify({ ...ordinary(), ...changes.claims }),
    ...(signature === undefined ? {} : { signature }),
  })
}

async function outcomeOf(token: string, expected = nonce): Promise<string> {
  try {
    await verifier.verify(token, expected)
    return 'accepted'
  } catch (error) {
    if (error instanceof AuthSecError) return String(error.code)
    throw error
  }
}

const outcome = (changes: Parameters<typeof sign>[0] = {}) => outcomeOf(sign(changes))

describe('an ID token of our issuer', () => {
  it('says who signed in, and nothing of what they may do', async () => {
    const claims = { email: 'ada@acme.example', name: 'Ada', auth_time: now, roles: ['admin'] }
    await expect(verifier.verify(sign({ claims }), nonce)).resolves.toEqual({
      issuer: own.issuer,
      subject: '7d0f0c52-4f0e-4f5e-9b1e-0a8f4a3f9a10',
      clientId: 'app',
      tenantClaim: 'acme',
      expiresAt: now + 660,
    })
  })

  it('may say its type and its authorized party', async () => {
    expect(await outcome({ header: { typ: 'JWT' }, claims: { azp: clientId } })).toBe('accepted')
  })
})

describe('the type of an ID token', () => {
  it.each(['JWT', 'jwt', 'application/jwt'])('compares without case and prefix: %s (RFC 7515 §4.1.9)', async (typ) => {
    expect(await outcome({ header: { typ } })).toBe('accepted')
  })

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'logout+jwt', '', null, 1, ['JWT']])(
    'is refused as %j',
    async (typ) => {
      expect(await outcome({ header: { typ } })).toBe('ERR_TOKEN_TYPE')
    },
  )

  it.each([
    ['events', { 'http://schemas.openid.net/event/backchannel-logout': {} }],
    ['scope', 'mcp read'],
    ['client_id', clientId],
    ['gid', 'grant-digest-1'],
    ['cnf', { jkt: 'x' }],
    ['token_use', 'access'],
  ])('is refused with the claim %s of another kind of token', async (claim, value) => {
    expect(await outcome({ claims: { [claim]: value } })).toBe('ERR_TOKEN_TYPE')
  })

  it('keeps access tokens out, and ID tokens out of where access tokens are taken', async () => {
    expect(await outcomeOf(own.forge.sign())).toBe('ERR_TOKEN_TYPE')
    expect(await own.outcomeOf(sign({ header: { typ: 'JWT' } }))).toBe('ERR_TOKEN_TYPE')
    expect(await own.outcomeOf(own.forge.sign())).toBe('accepted')
  })
})

describe('the header of an ID token', () => {
  it.each(['none', 'HS256', 'RS256', 'ES384', 'es256', undefined])('is refused with alg %j', async (alg) => {
    expect(await outcome({ header: { alg } })).toBe('ERR_TOKEN_SIGNATURE')
  })

  it.each([
    ['jwk', own.key.publicJwk],
    ['jku', 'https://evil.example/jwks'],
    ['x5c', ['MIIB']],
    ['crit', ['exp']],
    ['b64', false],
    ['zip', 'DEF'],
  ])('is refused with the member %s', async (member, value) => {
    expect(await outcome({ header: { [member]: value } })).toBe('ERR_TOKEN_MALFORMED')
  })

  it.each([undefined, '', 1, 'x'.repeat(257)])('is refused with kid %j', async (kid) => {
    expect(await outcome({ header: { kid } })).toBe('ERR_TOKEN_MALFORMED')
  })
})

describe('the signature of an ID token', () => {
  it('is refused under a key that the issuer does not have', async () => {
    expect(await outcome({ header: { kid: 'another' } })).toBe('ERR_TOKEN_SIGNATURE')
  })

  it('is refused when another key made it', async () => {
    const foreign = createSigningKey(own.key.kid)
    expect(await outcome({ signature: (input) => signEs256(foreign, input) })).toBe('ERR_TOKEN_SIGNATURE')
  })

  it.each([
    ['empty', new Uint8Array()],
    ['of zeros', new Uint8Array(64)],
  ])('is refused when it is %s', async (_title, signature) => {
    expect(await outcome({ signature })).toMatch(/^ERR_TOKEN_(SIGNATURE|MALFORMED)$/)
  })

  it('covers every claim', async () => {
    const [header, , signature] = sign().split('.')
    const other = Buffer.from(JSON.stringify({ ...ordinary(), tenant_id: 'globex' })).toString('base64url')
    expect(await outcomeOf([header, other, signature].join('.'))).toBe('ERR_TOKEN_SIGNATURE')
  })
})

describe('the claims of an ID token', () => {
  const { issuer } = own
  it.each([`${issuer}/`, issuer.toUpperCase(), 'https://evil.example', '', null, [issuer], undefined])(
    'are refused with iss %j',
    async (iss) => {
      expect(await outcome({ claims: { iss } })).toBe('ERR_TOKEN_ISSUER')
    },
  )

  it.each(['App', 'app ', 'app2', '', [clientId], [clientId, 'evil'], ['evil', clientId], null, 1, undefined])(
    'are refused with aud %j',
    async (aud) => {
      expect(await outcome({ claims: { aud } })).toBe('ERR_TOKEN_AUDIENCE')
    },
  )

  it.each(['evil', '', null, [clientId]])('are refused with azp %j', async (azp) => {
    expect(await outcome({ claims: { azp } })).toBe('ERR_TOKEN_AUDIENCE')
  })

  it.each(['', 'n0nce-of-this-sign-iN', `${nonce} `, null, 1, [nonce], undefined])(
    'are refused with nonce %j',
    async (given) => {
      expect(await outcome({ claims: { nonce: given } })).toBe('ERR_TOKEN_CLAIMS')
    },
  )

  it('are refused without a nonce also where none is expected', async () => {
    expect(await outcomeOf(sign({ claims: { nonce: undefined } }), '')).toBe('ERR_TOKEN_CLAIMS')
    expect(await outcomeOf(sign({ claims: { nonce: '' } }), '')).toBe('ERR_TOKEN_CLAIMS')
  })

  it.each(['sub', 'tenant_id'])('are refused with a %s that is no text of 1 to 255 bytes', async (claim) => {
    for (const value of [undefined, null, '', 7, ['x'], 'é'.repeat(128)]) {
      expect(await outcome({ claims: { [claim]: value } })).toBe('ERR_TOKEN_CLAIMS')
    }
    expect(await outcome({ claims: { [claim]: 'x'.repeat(255) } })).toBe('accepted')
  })

  it('are refused when a name comes twice', async () => {
    const claims = JSON.stringify(ordinary()).replace('{', '{"sub":"first",')
    expect(await outcomeOf(own.forge.sign({ header: { typ: undefined }, claims }))).toBe('ERR_TOKEN_MALFORMED')
  })
})

describe('the times of an ID token', () => {
  it.each([undefined, null, String(now + 600), now + 600.5, -1, (now + 600) * 1000, now, now + 3601])(
    'are refused with exp %j',
    async (exp) => {
      expect(await outcome({ claims: { exp } })).toBe('ERR_TOKEN_CLAIMS')
    },
  )

  it.each([undefined, null, String(now), now + 0.5, -1])('are refused with iat %j', async (iat) => {
    expect(await outcome({ claims: { iat } })).toBe('ERR_TOKEN_CLAIMS')
  })

  it.each([
    [60, 'accepted'],
    [61, 'ERR_TOKEN_CLAIMS'],
  ])('are taken with iat %d s ahead: %s', async (ahead, expected) => {
    expect(await outcome({ claims: { iat: now + ahead } })).toBe(expected)
  })

  it.each([
    [59, 'accepted'],
    [60, 'ERR_TOKEN_EXPIRED'],
  ])('are taken with exp %d s ago: %s', async (ago, expected) => {
    expect(await outcome({ claims: { iat: now - 700, exp: now - ago } })).toBe(expected)
  })

  it('end the token at the moment that is handed on', async () => {
    const later = new OwnIssuer()
    const aged = verifierFor(later)
    const token = sign({}, later)
    const { expiresAt } = await aged.verify(token, nonce)
    later.clock.advance(expiresAt - later.clock.seconds - 1)
    await expect(aged.verify(token, nonce)).resolves.toMatchObject({ expiresAt })
    later.clock.advance(1)
    await expect(aged.verify(token, nonce)).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
  })
})

describe('the verifier of ID tokens', () => {
  it('answers that it cannot tell while the keys are out of reach', async () => {
    const down = new OwnIssuer()
    down.store.state = 'down'
    await expect(verifierFor(down).verify(sign({}, down), nonce)).rejects.toMatchObject({
      code: 'ERR_AUTH_UNAVAILABLE',
    })
  })

  it('is not made for an issuer that is no URL, nor for no client', () => {
    const { clock, store: keys } = own
    const make = (issuer: string, client: string) => () =>
      createIdTokenVerifier({ issuer, clientId: client, clock, keys })
    expect(make('acme', clientId)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_URL' }))
    expect(make(own.issuer, '')).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_OPTION' }))
  })

  it('puts nothing of a token into its message', async () => {
    for (const claims of [{ sub: 7 }, { nonce: 'marker-nonce' }, { aud: 'marker-aud' }, { iss: 'marker-iss' }]) {
      const token = sign({ claims: { tenant_id: 'marker-tenant', ...claims } })
      const error: unknown = await verifier.verify(token, nonce).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(AuthSecError)
      expect(String(error)).not.toMatch(/marker|n0nce|eyJ/)
    }
  })
})
