import { describe, expect, it } from '@jest/globals'
import { OwnIssuer } from '../../support/own-issuer.js'

const own = new OwnIssuer()
const now = own.clock.seconds

/** Claims with a value that `JSON.stringify` would not write. */
function withRaw(claim: string, raw: string): string {
  return JSON.stringify({ ...own.forge.claims(), [claim]: '@raw@' }).replace('"@raw@"', raw)
}

describe('what a token of our issuer says', () => {
  it('is handed on complete', async () => {
    await expect(own.verify()).resolves.toEqual({
      issuer: 'https://auth.acme.example',
      subject: '7d0f0c52-4f0e-4f5e-9b1e-0a8f4a3f9a10',
      clientId: 'client-1',
      resource: 'https://mcp.acme.example/mcp',
      tenantClaim: 'acme',
      email: 'ada@acme.example',
      name: 'Ada',
      asserted: { roles: ['admin'], groups: ['platform'], scopes: ['mcp', 'read'], resources: ['production'] },
      grantDigest: 'grant-digest-1',
      issuedAt: now,
      expiresAt: now + 660,
      methods: ['pwd'],
    })
  })

  it('declares four categories: absent ones are empty, and permissions are never asserted', async () => {
    const absent = {
      roles: undefined,
      groups: undefined,
      resources: undefined,
      scope: undefined,
      amr: undefined,
      email: undefined,
      name: undefined,
    }
    const verified = await own.verify({ claims: { ...absent, permissions: ['invoice:void'] } })
    expect(verified.asserted).toEqual({ roles: [], groups: [], scopes: [], resources: [] })
    expect(verified).toMatchObject({ methods: [], email: undefined, name: undefined })
  })

  it('ignores claims it does not know', async () => {
    await expect(own.outcome({ claims: { auth_time: now, acr: '1', extra: { deep: [1] } } })).resolves.toBe('accepted')
  })

  it('lists every name once', async () => {
    const verified = await own.verify({ claims: { roles: ['a', 'b', 'a'], scope: 'x y x' } })
    expect(verified.asserted).toMatchObject({ roles: ['a', 'b'], scopes: ['x', 'y'] })
  })
})

describe('exp', () => {
  it.each([
    ['absent', own.forge.claims()['absent']],
    ['a text', String(now + 600)],
    ['null', null],
    ['negative', -1],
    ['a fraction', now + 600.5],
    ['in milliseconds', (now + 600) * 1000],
    ['before iat', now - 1],
    ['equal to iat', now],
    ['more than the longest lifetime after iat', now + 3601],
    ['an array', [now + 600]],
    ['true', true],
  ])('is refused when %s', async (_name, exp) => {
    await expect(own.outcome({ claims: { exp } })).resolves.toBe('ERR_TOKEN_CLAIMS')
  })

  it.each(['1e308', '1e999', '-1e999', '9007199254740993', '1e-400'])('is refused as %s', async (raw) => {
    await expect(own.outcome({ claims: withRaw('exp', raw) })).resolves.toBe('ERR_TOKEN_CLAIMS')
  })

  it('is accepted up to the longest lifetime', async () => {
    await expect(own.outcome({ claims: { exp: now + 3600 } })).resolves.toBe('accepted')
  })

  it.each([
    [59, 'accepted'],
    [60, 'ERR_TOKEN_EXPIRED'],
    [61, 'ERR_TOKEN_EXPIRED'],
  ])('%d s ago: %s', async (ago, outcome) => {
    await expect(own.outcome({ claims: { iat: now - 700, exp: now - ago } })).resolves.toBe(outcome)
  })

  it.each([0, 30, 60])(
    'is handed on as the moment at which the token is refused, with a skew of %d s',
    async (skewSeconds) => {
      const issuer = new OwnIssuer({ skewSeconds })
      const token = issuer.forge.sign()
      const { expiresAt } = await issuer.verifier.verify(token, issuer.resource)
      issuer.clock.advance(expiresAt - issuer.clock.seconds - 1)
      expect(await issuer.outcomeOf(token)).toBe('accepted')
      issuer.clock.advance(1)
      expect(await issuer.outcomeOf(token)).toBe('ERR_TOKEN_EXPIRED')
    },
  )

  it('ends a token that was accepted before', async () => {
    const issuer = new OwnIssuer({ skewSeconds: 0 })
    const token = issuer.forge.sign()
    expect(await issuer.outcomeOf(token)).toBe('accepted')
    issuer.clock.advance(599)
    expect(await issuer.outcomeOf(token)).toBe('accepted')
    issuer.clock.advance(1)
    expect(await issuer.outcomeOf(token)).toBe('ERR_TOKEN_EXPIRED')
  })
})

describe.each(['iat', 'nbf'])('%s', (claim) => {
  it.each([
    [59, 'accepted'],
    [60, 'accepted'],
    [61, 'ERR_TOKEN_CLAIMS'],
    [3600, 'ERR_TOKEN_CLAIMS'],
  ])('%d s in the future: %s', async (ahead, outcome) => {
    await expect(own.outcome({ claims: { [claim]: now + ahead } })).resolves.toBe(outcome)
  })

  it.each(['text', null, -1, now + 0.5, [now], false])('is refused as %j', async (value) => {
    await expect(own.outcome({ claims: { [claim]: value } })).resolves.toBe('ERR_TOKEN_CLAIMS')
  })

  it('is refused as 1e999', async () => {
    await expect(own.outcome({ claims: withRaw(claim, '1e999') })).resolves.toBe('ERR_TOKEN_CLAIMS')
  })
})

describe('iat and nbf', () => {
  it('requires iat and not nbf', async () => {
    expect(await own.outcome({ claims: { iat: undefined } })).toBe('ERR_TOKEN_CLAIMS')
    expect(await own.outcome({ claims: { nbf: undefined } })).toBe('accepted')
    expect(await own.outcome({ claims: { nbf: now - 10 } })).toBe('accepted')
    expect(await own.outcome({ claims: { nbf: now - 10, iat: now + 61 } })).toBe('ERR_TOKEN_CLAIMS')
  })
})

describe('iss', () => {
  it.each([
    undefined,
    null,
    '',
    'https://auth.acme.example/',
    'https://AUTH.acme.example',
    'https://auth.acme.example:443',
    'http://auth.acme.example',
    'https://auth.acme.example.',
    'https://auth.аcme.example',
    'https://xn--auth.acme.example',
    'https://auth.acme.example#',
    ' https://auth.acme.example',
    ['https://auth.acme.example'],
    { toString: 'https://auth.acme.example' },
  ])('%j is another issuer', async (iss) => {
    await expect(own.outcome({ claims: { iss } })).resolves.toBe('ERR_TOKEN_ISSUER')
  })
})

describe('aud', () => {
  const us = own.resource

  it.each([[us], [[us]]])('%j is us', async (aud) => {
    await expect(own.outcome({ claims: { aud } })).resolves.toBe('accepted')
  })

  it.each([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['an empty list', []],
    ['another first', ['https://evil.example/mcp', us]],
    ['another second', [us, 'https://evil.example/mcp']],
    ['us twice', [us, us]],
    ['nested', [[us]]],
    ['a part', 'https://mcp.acme.example'],
    ['longer', `${us}/oauth`],
    ['a trailing slash', `${us}/`],
    ['other letters', us.toUpperCase()],
    ['spelled with its port', 'https://mcp.acme.example:443/mcp'],
    ['a list in a text', `${us} https://evil.example/mcp`],
    ['an object', { [us]: true }],
    ['a number', 1],
  ])('is refused when %s', async (_name, aud) => {
    await expect(own.outcome({ claims: { aud, azp: us } })).resolves.toBe('ERR_TOKEN_AUDIENCE')
  })

  it('is held against the resource that was asked for, not against any of ours', async () => {
    const token = own.forge.sign({ claims: { aud: `${us}/oauth` } })
    await expect(own.verifier.verify(token, `${us}/oauth`)).resolves.toMatchObject({ resource: `${us}/oauth` })
    await expect(own.verifier.verify(token, us)).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
  })

  it('is never satisfied by an empty resource', async () => {
    const token = own.forge.sign({ claims: { aud: '' } })
    await expect(own.verifier.verify(token, '')).rejects.toMatchObject({ code: 'ERR_TOKEN_AUDIENCE' })
  })
})

describe('other kinds of token', () => {
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }

  it.each([
    [
      'an ID token',
      { typ: 'JWT' },
      { aud: 'client-1', nonce: 'n', at_hash: 'h', scope: undefined, client_id: undefined },
    ],
    ['an ID token with our audience', { typ: 'JWT' }, { nonce: 'n' }],
    ['an ID token that calls itself at+jwt', {}, { nonce: 'n' }],
    ['an ID token with at_hash', {}, { at_hash: 'h' }],
    ['an ID token with c_hash', {}, { c_hash: 'h' }],
    ['an ID token with s_hash', {}, { s_hash: 'h' }],
    ['a logout token', { typ: 'logout+jwt' }, { events, exp: undefined }],
    ['a logout token that calls itself at+jwt', {}, { events }],
    ['a refresh token', {}, { token_use: 'refresh' }],
    ['a DPoP-bound token used as a bearer', {}, { cnf: { jkt: 'x' } }],
    ['a security event', { typ: 'secevent+jwt' }, { events }],
    ['a token whose nonce is null', {}, { nonce: null }],
  ])('refuses %s', async (_name, header, claims) => {
    await expect(own.outcome({ header, claims })).resolves.toBe('ERR_TOKEN_TYPE')
  })

  it('refuses an opaque token', async () => {
    await expect(own.outcomeOf('v2.local.c29tZXRoaW5n')).resolves.toBe('ERR_TOKEN_MALFORMED')
    await expect(own.outcomeOf('rt_9Nf2p0GzT4')).resolves.toBe('ERR_TOKEN_MALFORMED')
  })
})

describe('required texts', () => {
  it.each(['sub', 'client_id', 'jti', 'tenant_id', 'gid'])('%s must be a text', async (claim) => {
    for (const value of [undefined, null, '', 1, true, ['a'], { a: 'a' }, 'x'.repeat(2049)]) {
      expect(await own.outcome({ claims: { [claim]: value } })).toBe('ERR_TOKEN_CLAIMS')
    }
    expect(await own.outcome({ claims: { [claim]: 'x'.repeat(255) } })).toBe('accepted')
  })

  it('holds sub to 255 bytes', async () => {
    await expect(own.outcome({ claims: { sub: 'x'.repeat(256) } })).resolves.toBe('ERR_TOKEN_CLAIMS')
    await expect(own.outcome({ claims: { sub: 'é'.repeat(128) } })).resolves.toBe('ERR_TOKEN_CLAIMS')
  })

  it.each(['email', 'name'])('%s is a text or absent', async (claim) => {
    for (const value of [null, 1, ['a'], {}])
      expect(await own.outcome({ claims: { [claim]: value } })).toBe('ERR_TOKEN_CLAIMS')
    expect(await own.outcome({ claims: { [claim]: undefined } })).toBe('accepted')
  })
})

describe('lists of names', () => {
  it.each(['roles', 'groups', 'resources', 'amr'])('%s is a list of texts or absent', async (claim) => {
    for (const value of ['admin', null, {}, 1, ['admin', 1], [null], [['admin']], [''], [{ name: 'admin' }]]) {
      expect(await own.outcome({ claims: { [claim]: value } })).toBe('ERR_TOKEN_CLAIMS')
    }
    expect(await own.outcome({ claims: { [claim]: [] } })).toBe('accepted')
  })

  it('keeps names byte for byte', async () => {
    const roles = ['admin*', 'ADMIN', ' admin', 'admin ', 'аdmin', 'ａｄｍｉｎ', 'admin\u200b', 'e\u0301', 'é']
    await expect(own.verify({ claims: { roles } })).resolves.toMatchObject({ asserted: { roles } })
  })
})

describe('scope', () => {
  it.each([
    ['', []],
    ['mcp', ['mcp']],
    ['mcp read write', ['mcp', 'read', 'write']],
    ['invoice:read https://x.example/y', ['invoice:read', 'https://x.example/y']],
    ['read* READ', ['read*', 'READ']],
  ])('splits %j on single spaces', async (scope, scopes) => {
    await expect(own.verify({ claims: { scope } })).resolves.toMatchObject({ asserted: { scopes } })
  })

  it.each([
    ' ',
    'read ',
    ' read',
    'read  write',
    'read\twrite',
    'read\nwrite',
    'read\u00a0write',
    'read\u2003write',
    'lésen',
    'a"b',
    'a\\b',
    ['read'],
    null,
    1,
    {},
  ])('refuses %j', async (scope) => {
    await expect(own.outcome({ claims: { scope } })).resolves.toBe('ERR_TOKEN_CLAIMS')
  })

  it('holds at most 500', async () => {
    const names = Array.from({ length: 501 }, (_, at) => `s${at}`)
    expect(await own.outcome({ claims: { scope: names.slice(1).join(' ') } })).toBe('accepted')
    expect(await own.outcome({ claims: { scope: names.join(' ') } })).toBe('ERR_TOKEN_CLAIMS')
  })
})
