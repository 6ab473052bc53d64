import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { IssuerBench, withIssuer } from '../../support/issuer-bench.js'

let bench: IssuerBench
let now: number

beforeAll(async () => {
  bench = await IssuerBench.start()
  now = bench.clock.seconds
})

afterAll(() => bench.close())

/** Claims with a value that `JSON.stringify` would not write. */
function withRaw(claim: string, raw: string): string {
  return JSON.stringify({ ...bench.issuer.claims(), [claim]: '@raw@' }).replace('"@raw@"', raw)
}

describe('the end of a token (J11)', () => {
  it.each([
    ['missing', undefined],
    ['a text', '2000000000'],
    ['null', null],
    ['negative', -1],
    ['zero', 0],
    ['a list', [2_000_000_000]],
    ['true', true],
    ['in milliseconds', 1_767_226_200_000],
    ['beyond a day', 1_767_225_600 + 86_401],
  ])('refuses exp that is %s', async (_what, exp) => {
    expect(await bench.outcome({ claims: { exp } })).toMatch(/^ERR_TOKEN_(?:CLAIMS|EXPIRED)$/)
  })

  it.each(['1e308', '1e999', '1767226200.5', '-0', '1.7672262e9e1'])('refuses exp %s', async (raw) => {
    expect(await bench.outcome({ claims: withRaw('exp', raw) })).not.toBe('accepted')
  })

  it('accepts a lifetime of a day, and of what the issuer is trusted with', async () => {
    expect(await bench.outcome({ claims: { exp: now + 86_400 } })).toBe('accepted')
    await withIssuer({ options: { maxLifetimeSeconds: 600 } }, async (strict) => {
      expect(await strict.outcome({ claims: { exp: now + 600 } })).toBe('accepted')
      expect(await strict.outcome({ claims: { exp: now + 601 } })).toBe('ERR_TOKEN_CLAIMS')
    })
  })
})

describe('times (J12)', () => {
  it.each([
    [{ nbf: 59 }, 'accepted'],
    [{ nbf: 61 }, 'ERR_TOKEN_CLAIMS'],
    [{ iat: 59 }, 'accepted'],
    [{ iat: 61 }, 'ERR_TOKEN_CLAIMS'],
    [{ iat: -600, exp: -59 }, 'accepted'],
    [{ iat: -600, exp: -61 }, 'ERR_TOKEN_EXPIRED'],
  ] as const)('%j seconds from now: %s', async (offsets, outcome) => {
    const claims = Object.fromEntries(Object.entries(offsets).map(([claim, seconds]) => [claim, now + seconds]))
    expect(await bench.outcome({ claims })).toBe(outcome)
  })

  it.each([{ iat: undefined }, { iat: '1' }, { nbf: 'soon' }, { nbf: null }])('refuses %j', async (claims) => {
    expect(await bench.outcome({ claims })).toBe('ERR_TOKEN_CLAIMS')
  })
})

describe('the audience (J13, RFC 8707)', () => {
  const ours = 'https://mcp.example/mcp'
  it.each<[unknown]>([
    [undefined],
    [null],
    [''],
    [[]],
    ['https://mcp.example'],
    ['https://mcp.example/'],
    ['https://mcp.example/mcp/'],
    ['https://mcp.example/mcp/oauth'],
    ['https://MCP.example/mcp'],
    ['https://mcp.example:443/mcp'],
    ['https://mcp.example/mc'],
    [`${ours} https://other.example`],
    [['https://evil.example', ours]],
    [[ours, 'account']],
    [[[ours]]],
    [{ 0: ours }],
    [true],
  ])('refuses %j', async (aud) => {
    expect(await bench.outcome({ claims: { aud } })).toBe('ERR_TOKEN_AUDIENCE')
  })

  it.each<[unknown]>([[ours], [[ours]], [[ours, ours]]])('accepts %j', async (aud) => {
    expect(await bench.outcome({ claims: { aud } })).toBe('accepted')
  })

  it('is that of the path: a token for one is refused at the other (O16)', async () => {
    const token = bench.issuer.sign()
    expect(await bench.outcomeOf(token, ours)).toBe('accepted')
    expect(await bench.outcomeOf(token, `${ours}/oauth`)).toBe('ERR_TOKEN_AUDIENCE')
    expect(await bench.outcomeOf(token, ours)).toBe('accepted')
  })

  it('may have those beside it that the issuer is trusted with, and nobody else', () =>
    withIssuer({ options: { otherAudiences: ['account'] } }, async (other) => {
      expect(await other.outcome({ claims: { aud: [ours, 'account'] } })).toBe('accepted')
      expect(await other.outcome({ claims: { aud: ['account'] } })).toBe('ERR_TOKEN_AUDIENCE')
      expect(await other.outcome({ claims: { aud: [ours, 'account', 'evil'] } })).toBe('ERR_TOKEN_AUDIENCE')
    }))

  it('is what the issuer calls this server, or one name for each path', async () => {
    await withIssuer({ options: { audience: 'api://tools' } }, async (other) => {
      expect(await other.outcome({ claims: { aud: 'api://tools' } })).toBe('accepted')
      expect(await other.outcome()).toBe('ERR_TOKEN_AUDIENCE')
    })
    await withIssuer({ options: { audience: { '/mcp': 'one', '/mcp/oauth': 'two' } } }, async (other) => {
      const [one, two] = ['one', 'two'].map((aud) => other.issuer.sign({ claims: { aud } }))
      expect(await other.outcomeOf(one ?? '', ours)).toBe('accepted')
      expect(await other.outcomeOf(one ?? '', `${ours}/oauth`)).toBe('ERR_TOKEN_AUDIENCE')
      expect(await other.outcomeOf(two ?? '', `${ours}/oauth`)).toBe('accepted')
      expect(await other.outcomeOf(one ?? '', `${ours}/other`)).toBe('ERR_TOKEN_AUDIENCE')
    })
  })
})

describe('other kinds of token of the same issuer (J15)', () => {
  const event = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  it.each([
    ['an ID token', { typ: 'JWT' }, { nonce: 'n', at_hash: 'h', aud: 'https://mcp.example/mcp' }],
    ['an ID token in the clothes of an access token', {}, { nonce: 'n' }],
    ['an ID token of the hybrid flow', {}, { c_hash: 'h' }],
    ['a logout token', { typ: 'logout+jwt' }, { events: event }],
    ['a logout token in the clothes of an access token', {}, { events: event }],
    ['a token that is bound to a key', {}, { cnf: { jkt: 'thumbprint' } }],
  ])('refuses %s', async (_kind, header, claims) => {
    expect(await bench.outcome({ header, claims })).toBe('ERR_TOKEN_TYPE')
  })
})

describe('who a token is about', () => {
  it.each(['sub', 'tenant_id'])('needs %s as a text of at most 255 bytes', async (claim) => {
    for (const value of [undefined, null, '', 7, ['x'], { a: 1 }, 'x'.repeat(256)])
      expect(await bench.outcome({ claims: { [claim]: value } })).toBe('ERR_TOKEN_CLAIMS')
    expect(await bench.outcome({ claims: { [claim]: 'x'.repeat(255) } })).toBe('accepted')
  })

  it('needs a client, under whatever name the issuer writes it', async () => {
    expect(await bench.outcome({ claims: { client_id: undefined } })).toBe('ERR_TOKEN_CLAIMS')
    expect(await bench.outcome({ claims: { client_id: undefined, azp: 'client-1' } })).toBe('accepted')
    expect(await bench.outcome({ claims: { client_id: ['client-1'], azp: 'client-1' } })).toBe('ERR_TOKEN_CLAIMS')
  })

  it('is handed on complete, with nothing that the issuer does not say', async () => {
    const verified = await bench.verifier.verify(
      bench.issuer.sign({ claims: { act: { sub: 'agent', act: { sub: 'first' } } } }),
      bench.resource,
    )
    expect(verified).toMatchObject({
      issuer: bench.issuer.issuer,
      subject: 'user-1',
      clientId: 'client-1',
      resource: bench.resource,
      tenantClaim: 'acme',
      email: 'ada@acme.example',
      asserted: { scopes: ['mcp', 'read'] },
      grantDigest: undefined,
      sessionId: 'session-1',
      issuedAt: now,
      expiresAt: now + 660,
      actor: { subject: 'agent', actor: { subject: 'first' } },
    })
    expect(Object.keys(verified.asserted)).toEqual(['scopes'])
  })

  it.each([false, 'false', 'no', 0, null])('ignores an address that was not verified: %j', async (said) => {
    const token = bench.issuer.sign({ claims: { email_verified: said } })
    expect((await bench.verifier.verify(token, bench.resource)).email).toBeUndefined()
  })

  it.each([true, 'true', undefined])(
    'takes an address that was verified, or of which nothing is said: %j',
    async (said) => {
      const token = bench.issuer.sign({ claims: { email_verified: said } })
      expect((await bench.verifier.verify(token, bench.resource)).email).toBe('ada@acme.example')
    },
  )

  it('keeps who acts from whatever would write on it: it is remembered with the token', async () => {
    const token = bench.issuer.sign({ claims: { act: { sub: 'agent', act: { sub: 'first' } } } })
    const { actor } = await bench.verifier.verify(token, bench.resource)
    expect(() => Object.assign(actor ?? {}, { subject: 'nobody' })).toThrow(TypeError)
    expect(() => Object.assign(actor?.actor ?? {}, { subject: 'nobody' })).toThrow(TypeError)
    expect((await bench.verifier.verify(token, bench.resource)).actor).toMatchObject({ subject: 'agent' })
  })

  it.each([{ sub: 1 }, 'agent', [], {}, null, { sub: '' }, { sub: 'x', act: 'y' }, { sub: 'x'.repeat(256) }])(
    'refuses act %j',
    async (act) => {
      expect(await bench.outcome({ claims: { act } })).toBe('ERR_TOKEN_CLAIMS')
    },
  )

  it('refuses a chain of more than eight actors', async () => {
    const chain = (length: number): object =>
      length === 0 ? { sub: 'last' } : { sub: 'agent', act: chain(length - 1) }
    expect(await bench.outcome({ claims: { act: chain(7) } })).toBe('accepted')
    expect(await bench.outcome({ claims: { act: chain(8) } })).toBe('ERR_TOKEN_CLAIMS')
  })
})

describe('text that can be read in two ways', () => {
  it.each([
    '{"iss":"a","iss":"b"}',
    '{"roles":["user"],"roles":["admin"]}',
    '{"ro\\u006ces":["user"],"roles":["admin"]}',
    '{"__proto__":{"roles":["admin"]}}',
    '{"constructor":{"prototype":{"roles":["admin"]}}}',
  ])('refuses the claims %s (J16)', async (raw) => {
    const claims = JSON.stringify(bench.issuer.claims()).replace(/}$/, `,${raw.slice(1)}`)
    expect(await bench.outcome({ claims })).toBe('ERR_TOKEN_MALFORMED')
    expect(({} as { readonly roles?: unknown }).roles).toBeUndefined()
  })

  it('refuses a header with two algorithms (J16)', async () => {
    const header = `{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"${bench.issuer.key.kid}"}`
    expect(await bench.outcome({ header })).toBe('ERR_TOKEN_MALFORMED')
  })

  it('refuses every other spelling of a token that it accepts (J17)', async () => {
    const token = bench.issuer.sign()
    expect(await bench.outcomeOf(token)).toBe('accepted')
    const [header = '', claims = '', signature = ''] = token.split('.')
    const last = signature.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // 64 bytes leave four bits of the last character unused.
    const twin = signature.slice(0, -1) + (alphabet[alphabet.indexOf(last) ^ 1] ?? '')
    const spellings = [
      ...[`${token}\n`, ` ${token}`, `${token}=`, `${header}.${claims}.${signature}==`, `${header}.${claims}.${twin}`],
      ...[`${header}.${claims} .${signature}`, `${header}\n.${claims}.${signature}`, `${token}.`, `.${token}`],
      ...[`${token}.${signature}`, token.replaceAll('-', '+').replaceAll('_', '/')].filter((text) => text !== token),
    ]
    for (const spelling of spellings) expect(await bench.outcomeOf(spelling)).toBe('ERR_TOKEN_MALFORMED')
  })

  it.each([
    'eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d',
    '{"payload":"e30","signatures":[]}',
    'a',
    'a.b',
    'a.b.c',
    '',
    '..',
    'eyJ',
  ])('refuses %j, which is no signed JWT in compact form (J18)', async (token) => {
    expect(await bench.outcomeOf(token)).toBe('ERR_TOKEN_MALFORMED')
  })

  it('refuses what is too long, too deep or too much (J19)', async () => {
    const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)])
    expect(await bench.outcome({ claims: { deep: deep(30) } })).toBe('accepted')
    expect(await bench.outcome({ claims: { deep: deep(32) } })).toBe('ERR_TOKEN_MALFORMED')
    expect(await bench.outcome({ claims: { many: Array.from({ length: 500 }, () => 1) } })).toBe('accepted')
    expect(await bench.outcome({ claims: { many: Array.from({ length: 501 }, () => 1) } })).toBe('ERR_TOKEN_MALFORMED')
    for (const length of [16_384, 1_000_000, 16_000_000])
      expect(await bench.outcome({ claims: { long: 'x'.repeat(length) } })).toBe('ERR_TOKEN_MALFORMED')
  })

  it.each([
    ['invalid UTF-8', Buffer.from('7b22737562223a22ff227d', 'hex')],
    ['a lone surrogate', '{"sub":"\\ud800"}'],
    ['NUL', '{"sub":"a\\u0000b"}'],
    ['a byte order mark', '\ufeff{}'],
    ['no object', '[]'],
    ['no JSON', '{'],
  ])('refuses %s (J20)', async (_what, claims) => {
    expect(await bench.outcome({ claims })).toBe('ERR_TOKEN_MALFORMED')
  })
})

describe('what the issuer says that a caller holds', () => {
  const options = {
    claims: {
      roles: ['/realm_access/roles', '/resource_access/tools/roles'],
      groups: 'groups',
      permissions: 'https://acme.example/permissions',
      scopes: 'scp',
      resources: null,
    },
  }

  it('is read from nested and namespaced places, all of a category together', () =>
    withIssuer({ options }, async (other) => {
      const claims = {
        realm_access: { roles: ['admin', 'user'] },
        resource_access: { tools: { roles: ['user', 'deployer'] } },
        'https://acme.example/permissions': ['invoice:read'],
        scp: ['read', 'write'],
        groups: undefined,
        resources: ['production'],
      }
      const { asserted } = await other.verifier.verify(other.issuer.sign({ claims }), other.resource)
      expect(asserted).toEqual({
        roles: ['admin', 'user', 'deployer'],
        groups: [],
        scopes: ['read', 'write'],
        permissions: ['invoice:read'],
      })
    }))

  it.each([
    { realm_access: { roles: 'admin' } },
    { realm_access: { roles: [['admin']] } },
    { realm_access: { roles: [{ name: 'admin' }] } },
    { groups: [1] },
    { groups: 'platform' },
    { groups: { 0: 'platform' } },
    { scp: 'read  write' },
    { scp: ' read' },
    { scp: 'read\twrite' },
    { scp: { read: true } },
    { scp: [null] },
  ])('refuses %j: what is not a list of names is not read as one', (claims) =>
    withIssuer({ options }, async (other) => {
      expect(await other.outcome({ claims })).toBe('ERR_TOKEN_CLAIMS')
    }),
  )

  it('takes nothing from where a place only seems to be', () =>
    withIssuer({ options: { claims: { roles: '/toString/name', groups: '/roles/length' } } }, async (other) => {
      const { asserted } = await other.verifier.verify(other.issuer.sign(), other.resource)
      expect(asserted).toMatchObject({ roles: [], groups: [] })
    }))

  it.each([
    [{ _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.example' } } }],
    [{ hasgroups: true }],
    [{ hasgroups: 'true' }],
  ])('has no groups where they did not fit into the token: %j', async (overage) => {
    const claims = { ...overage, groups: undefined }
    const mapping = { claims: { groups: 'groups' } }
    await withIssuer({ options: mapping }, async (other) => {
      const { asserted } = await other.verifier.verify(other.issuer.sign({ claims }), other.resource)
      expect(asserted.groups).toEqual([])
    })
    await withIssuer({ options: { ...mapping, groupOverage: 'database' } }, async (other) => {
      const { asserted } = await other.verifier.verify(other.issuer.sign({ claims }), other.resource)
      expect(asserted).not.toHaveProperty('groups')
    })
  })
})
