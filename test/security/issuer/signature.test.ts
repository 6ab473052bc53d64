import { createHmac, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { signingAlgorithms, type SigningAlgorithm } from '../../../src/core/trust/trusted-issuer.js'
import { IssuerBench, withIssuer } from '../../support/issuer-bench.js'
import { signAs } from '../../support/issuer-key.js'

const families = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

let bench: IssuerBench
let all: IssuerBench

beforeAll(async () => {
  bench = await IssuerBench.start({ algorithms: ['RS256', 'ES256'] })
  all = await IssuerBench.start({ algorithms: [...signingAlgorithms], options: { algorithms: [...signingAlgorithms] } })
})

afterAll(async () => {
  await bench.close()
  await all.close()
})

describe('signatures of an issuer of others', () => {
  it.each(signingAlgorithms)('are accepted by %s where the issuer is trusted with it', async (algorithm) => {
    expect(await all.outcome({ key: all.issuer.keyFor(algorithm) })).toBe('accepted')
  })

  it.each(['RS384', 'RS512', 'PS384', 'PS512', 'ES384', 'ES512'] as const)(
    'are refused by %s where it is not on the list, whatever key there is',
    (algorithm) =>
      withIssuer({ algorithms: [algorithm] }, async (strict) => {
        expect(await strict.outcome()).toBe('ERR_TOKEN_SIGNATURE')
        expect(strict.issuer.requests).toEqual([])
      }),
  )

  it.each(families.flatMap((key) => signingAlgorithms.filter((alg) => alg !== key).map((alg) => ({ alg, key }))))(
    'are refused where a $key key has signed and the header says $alg (J3)',
    async ({ alg, key: name }) => {
      const key = all.issuer.keyFor(name)
      const sameKind = name.startsWith('Ed') && alg.startsWith('Ed')
      const outcome = await all.outcome({ key, header: { alg } })
      // EdDSA and Ed25519 are two names of one algorithm (RFC 9864 §2.2).
      expect(outcome).toBe(sameKind ? 'accepted' : 'ERR_TOKEN_SIGNATURE')
    },
  )

  it.each(['RS384', 'PS256'] as const)('are refused by %s with an RSA key that says RS256', async (alg) => {
    const key = all.issuer.keyFor('RS256')
    expect(await all.outcome({ key, header: { alg }, signature: (input) => signAs(key, input, alg) })).toBe(
      'ERR_TOKEN_SIGNATURE',
    )
  })

  it.each(['none', 'None', 'nOnE', 'NONE'])('are needed: alg %s is refused (J1)', async (alg) => {
    const token = bench.issuer.sign({ header: { alg } })
    const [header, claims] = token.split('.')
    expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_SIGNATURE')
    expect(await bench.outcomeOf(`${header}.${claims}.`)).toBe('ERR_TOKEN_MALFORMED')
    expect(await bench.outcomeOf(`${header}.${claims}`)).toBe('ERR_TOKEN_MALFORMED')
  })

  const secrets = {
    PEM: (key: Key) => key.publicKey.export({ type: 'spki', format: 'pem' }),
    'PKCS1 PEM': (key: Key) => key.publicKey.export({ type: 'pkcs1', format: 'pem' }),
    DER: (key: Key) => key.publicKey.export({ type: 'spki', format: 'der' }),
    JWK: (key: Key) => JSON.stringify(key.publicJwk),
    modulus: (key: Key) => Buffer.from(String(key.publicJwk['n']), 'base64url'),
    nothing: () => '',
  } as const
  const cases = (Object.keys(secrets) as (keyof typeof secrets)[]).flatMap((secret) =>
    (['HS256', 'HS384', 'HS512'] as const).map((alg) => ({ alg, secret })),
  )
  it.each(cases)('are refused by $alg with the $secret of a public key for a secret (J2)', async ({ alg, secret }) => {
    const key = bench.issuer.keyFor('RS256')
    const signature = (input: string): Uint8Array =>
      createHmac(`sha${alg.slice(2)}`, secrets[secret](key))
        .update(input)
        .digest()
    expect(await bench.outcome({ key, header: { alg }, signature })).toBe('ERR_TOKEN_SIGNATURE')
  })

  const zero = new Uint8Array(64)
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  it.each<[string, Uint8Array]>([
    ['r = s = 0', zero],
    ['r = n, s = 1', Buffer.concat([order, Buffer.alloc(31), Buffer.from([1])])],
    ['r = 1, s = n', Buffer.concat([Buffer.alloc(31), Buffer.from([1]), order])],
    ['r = s = n', Buffer.concat([order, order])],
    ['63 bytes', randomBytes(63)],
    ['65 bytes', randomBytes(65)],
    ['128 bytes', randomBytes(128)],
    ['one byte', new Uint8Array(1)],
  ])('are refused as ECDSA %s (J4)', async (_name, signature) => {
    expect(await bench.outcome({ key: bench.issuer.keyFor('ES256'), signature })).toBe('ERR_TOKEN_SIGNATURE')
  })
})

type Key = ReturnType<IssuerBench['issuer']['keyFor']> & { readonly algorithm: SigningAlgorithm }
