import { describe, expect, it } from '@jest/globals'
import { OwnIssuer } from '../../support/own-issuer.js'

const own = new OwnIssuer()
const malformed = 'ERR_TOKEN_MALFORMED'

/** The ordinary claims as JSON text, with more members in front or behind. */
function claimsText({ first = '', last = '' }: { first?: string; last?: string }): string {
  return JSON.stringify(own.forge.claims()).replace(/^\{/, `{${first}`).replace(/\}$/, `${last}}`)
}

describe('JSON', () => {
  it('accepts insignificant white space and escapes', async () => {
    await expect(
      own.outcome({ claims: claimsText({ first: ' \n\t"x\\u0041" : [ { } , "a:b,{[\\"" ] ,' }) }),
    ).resolves.toBe('accepted')
  })

  it.each([
    ['roles twice', claimsText({ last: ',"roles":["owner"]' })],
    ['roles twice, the second escaped', claimsText({ last: ',"r\\u006fles":["owner"]' })],
    ['aud twice', claimsText({ first: '"aud":"https://evil.example",' })],
    ['exp twice', claimsText({ last: ',"exp":9999999999' })],
    ['tenant_id twice', claimsText({ last: ' , "tenant_id" : "evil"' })],
    ['a duplicate deep inside', claimsText({ last: ',"x":[{"y":{"a":1,"a":1}}]' })],
    ['__proto__', claimsText({ last: ',"__proto__":{"roles":["owner"]}' })],
    ['__proto__ escaped', claimsText({ last: ',"\\u005f_proto__":{"roles":["owner"]}' })],
    ['constructor', claimsText({ last: ',"constructor":{"prototype":{"roles":["owner"]}}' })],
    ['prototype deep inside', claimsText({ last: ',"x":{"prototype":1}' })],
  ])('refuses claims with %s', async (_name, claims) => {
    await expect(own.outcome({ claims })).resolves.toBe(malformed)
    expect('roles' in {}).toBe(false)
  })

  it.each([
    ['alg twice', `{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"${own.key.kid}"}`],
    ['alg twice, none first', `{"alg":"none","typ":"at+jwt","kid":"${own.key.kid}","alg":"ES256"}`],
    ['kid twice', `{"alg":"ES256","typ":"at+jwt","kid":"x","kid":"${own.key.kid}"}`],
    ['__proto__', `{"alg":"ES256","typ":"at+jwt","kid":"${own.key.kid}","__proto__":{}}`],
  ])('refuses a header with %s', async (_name, header) => {
    await expect(own.outcome({ header })).resolves.toBe(malformed)
  })

  it('takes nothing from prototypes', async () => {
    const { roles, ...claims } = own.forge.claims()
    expect(roles).toEqual(['admin'])
    Reflect.set(Object.prototype, 'roles', ['owner'])
    try {
      const verified = await own.verify({ claims: JSON.stringify(claims) })
      expect(verified.asserted.roles).toEqual([])
    } finally {
      Reflect.deleteProperty(Object.prototype, 'roles')
    }
  })

  it.each([
    '[]',
    'null',
    '"text"',
    '1',
    '',
    ' ',
    '{}}',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    '{"a":01}',
    '{"a":NaN}',
    '{"a":1}//',
    '\ufeff{}',
  ])('refuses the claims %j', async (claims) => {
    await expect(own.outcome({ claims })).resolves.toBe(malformed)
  })
})

describe('base64url', () => {
  const token = own.forge.sign()
  const [header = '', claims = '', signature = ''] = token.split('.')
  const join = (...parts: readonly string[]) => parts.join('.')

  it('accepts the canonical spelling', async () => {
    await expect(own.outcomeOf(token)).resolves.toBe('accepted')
  })

  it.each([
    ['a line break behind', `${token}\n`],
    ['a space behind', `${token} `],
    ['a space in front', ` ${token}`],
    ['a space inside', join(header, `${claims.slice(0, 8)} ${claims.slice(8)}`, signature)],
    ['a line break inside', join(header, `${claims.slice(0, 8)}\n${claims.slice(8)}`, signature)],
    ['padding on the header', join(`${header}=`, claims, signature)],
    ['padding on the signature', `${token}==`],
    ['a stray sign', join(header, `${claims.slice(0, 8)}!${claims.slice(8)}`, signature)],
    ['NUL', `${token}\0`],
    ['a full-width letter', join(header, claims, `Ａ${signature.slice(1)}`)],
    ['a fifth of a group', join(header, claims, `${signature.slice(0, -1)}`)],
  ])('refuses %s', async (_name, text) => {
    await expect(own.outcomeOf(text)).resolves.toBe(malformed)
  })

  it('refuses the alphabet of plain base64', async () => {
    for (let tries = 0; tries < 50; tries += 1) {
      const [first, second, third = ''] = own.forge.sign().split('.')
      const plain = third.replaceAll('-', '+').replaceAll('_', '/')
      if (plain === third) continue
      expect(await own.outcomeOf(`${first}.${second}.${plain}`)).toBe(malformed)
    }
  })

  it('refuses every other spelling of the last bits', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const twins = [...alphabet].map((last) => signature.slice(0, -1) + last).filter((twin) => twin !== signature)
    const same = twins.filter((twin) => Buffer.from(twin, 'base64url').equals(Buffer.from(signature, 'base64url')))
    expect(same).toHaveLength(15)
    for (const twin of same) expect(await own.outcomeOf(join(header, claims, twin))).toBe(malformed)
  })
})

describe('text', () => {
  /** The ordinary claims with these bytes for a subject. */
  function withSubject(bytes: Uint8Array): Uint8Array {
    const [before = '', after = ''] = JSON.stringify({ ...own.forge.claims(), sub: '<cut>' }).split('<cut>')
    return Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)])
  }

  it('accepts UTF-8', async () => {
    await expect(own.verify({ claims: withSubject(Buffer.from('é')) })).resolves.toMatchObject({ subject: 'é' })
  })

  it.each([
    ['an overlong form', Buffer.of(0xc0, 0xaf)],
    ['a lone continuation', Buffer.of(0x80)],
    ['a cut sequence', Buffer.of(0xe2, 0x82)],
    ['an encoded surrogate', Buffer.of(0xed, 0xa0, 0x80)],
    ['beyond Unicode', Buffer.of(0xf5, 0x80, 0x80, 0x80)],
  ])('refuses UTF-8 with %s', async (_name, bytes) => {
    await expect(own.outcome({ claims: withSubject(bytes) })).resolves.toBe(malformed)
  })

  it.each([
    ['NUL in sub', ',"x":1', '"sub":"a\\u0000"'],
    ['NUL in a role', ',"x":1', '"roles":["a\\u0000"]'],
    ['a lone high surrogate', ',"x":1', '"sub":"\\ud800"'],
    ['a lone low surrogate in a role', ',"x":1', '"roles":["\\udc00"]'],
    ['surrogates in the wrong order', ',"x":1', '"sub":"\\udc00\\ud800"'],
    ['NUL in a name of a member', ',"x\\u0000":1', '"sub":"a"'],
  ])('refuses %s', async (_name, last, replacement) => {
    const [name = ''] = replacement.split(':')
    const rest = Object.fromEntries(Object.entries(own.forge.claims()).filter(([claim]) => `"${claim}"` !== name))
    const claims = JSON.stringify(rest).replace(/\}$/, `,${replacement}${last}}`)
    await expect(own.outcome({ claims })).resolves.toBe(malformed)
  })

  it('accepts letters of every script', async () => {
    await expect(own.verify({ claims: { name: 'Łukasz 山田 👩‍💻' } })).resolves.toMatchObject({ name: 'Łukasz 山田 👩‍💻' })
  })
})

describe('size', () => {
  it('accepts 16 KB and refuses a character more', async () => {
    const ordinary = own.forge.sign({ claims: { pad: '' } })
    const room = Math.floor(((16_384 - ordinary.length) * 3) / 4)
    const longest = own.forge.sign({ claims: { pad: 'x'.repeat(room - 2) } })
    expect(longest.length).toBeGreaterThan(16_370)
    expect(await own.outcomeOf(longest)).toBe('accepted')
    expect(await own.outcome({ claims: { pad: 'x'.repeat(room + 3) } })).toBe(malformed)
  })

  it.each([8_192, 65_536, 1_048_576, 16_777_216])('spends next to nothing on %d bytes', async (length) => {
    const [header] = own.forge.sign().split('.')
    const text = `${header}.${'A'.repeat(length)}.AAAA`
    const before = process.cpuUsage()
    expect(await own.outcomeOf(text)).toBe(malformed)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1000).toBeLessThan(100)
  })

  it.each([
    [31, 'accepted'],
    [32, malformed],
    [5_000, malformed],
  ])('nests %d levels below the claims: %s', async (depth, outcome) => {
    const claims = claimsText({ last: `,"x":${'['.repeat(depth)}${']'.repeat(depth)}` })
    await expect(own.outcome({ claims })).resolves.toBe(outcome)
  })

  it.each([
    [500, 'accepted'],
    [501, malformed],
    [2_000, malformed],
  ])('lists %d roles: %s', async (count, outcome) => {
    const roles = Array.from({ length: count }, (_, at) => `r${at}`)
    await expect(own.outcome({ claims: { roles } })).resolves.toBe(outcome)
  })

  it('refuses an object with more than 500 members', async () => {
    const x = Object.fromEntries(Array.from({ length: 501 }, (_, at) => [`m${at}`, 1]))
    await expect(own.outcome({ claims: { x } })).resolves.toBe(malformed)
  })
})

describe('messages', () => {
  it('repeat nothing of a token', async () => {
    const marker = 'MARKER-5f1c'
    const forged = [
      { header: { kid: marker } },
      { header: { alg: marker } },
      { header: { typ: marker } },
      { header: { [marker]: marker } },
      { header: marker },
      { claims: marker },
      ...['iss', 'aud', 'exp', 'scope', 'roles', 'nonce', 'email'].map((claim) => ({
        claims: { [claim]: { [marker]: marker } },
      })),
    ]
    for (const parts of forged) {
      const error: unknown = await own.verify(parts).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(Error)
      expect(error instanceof Error ? [error.message, error.cause] : []).toEqual([
        expect.not.stringContaining(marker),
        undefined,
      ])
    }
  })
})
