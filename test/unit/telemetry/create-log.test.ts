import { describe, expect, it } from '@jest/globals'
import { createLog } from '../../../src/adapter/telemetry/create-log.js'
import { AuditDeliveryError } from '../../../src/core/audit/stream/audit-receiver.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'

interface Line {
  readonly level: number
  readonly msg: string
  readonly error?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

function write(message: string, fields?: Readonly<Record<string, unknown>>): { text: string; line: Line } {
  const lines: string[] = []
  createLog('debug', { write: (text) => void lines.push(text) }).write('error', message, fields)
  expect(lines).toHaveLength(1)
  const [text = ''] = lines
  expect(text.endsWith('\n')).toBe(true)
  expect(text.slice(0, -1)).not.toMatch(/\p{Cc}|[\u2028\u2029\u202e]/u)
  return { text, line: JSON.parse(text) }
}

/** Looks like what the server makes: 32 random bytes. */
const marker = 'mArk3rmArk3rmArk3rmArk3rmArk3rmArk3rmArk3rm'
const jwt = `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtYXJrZXIifQ.${marker}`

describe('a log line', () => {
  it.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'Set_Cookie',
    'token',
    'accessToken',
    'refresh_token',
    'idToken',
    'jwt_token',
    'password',
    'newPassword',
    'passwd',
    'code',
    'oneTimeCode_secret',
    'code_verifier',
    'codeVerifier',
    'client_secret',
    'clientSecret',
    'masterKey',
    'AUTHSEC_MASTER_KEY',
    'databaseUrl',
    'AUTHSEC_DATABASE_URL',
    'connectionString',
    'Mcp-Session-Id',
    'sessionId',
    'state',
    'nonce',
    'csrf',
    'client_assertion',
  ])('does not show what is called %s, however deep it hangs', (name) => {
    const { text } = write('said', { [name]: 'short', at: [{ request: { headers: { [name]: 'short' } } }] })
    expect(text).not.toContain('short')
    expect(text.match(/\[redacted\]/g)).toHaveLength(2)
  })

  it('shows what is no secret, also beside secrets and under names that only sound like them', () => {
    const fields = { ref: '0b8f7c1e-9d3c-4e55-8a10-000000000001', tokens: 3, tenant: 'acme', allowed: true, none: null }
    const { line } = write('a call was refused', fields)
    expect(line).toMatchObject({ ...fields, msg: 'a call was refused' })
  })

  it.each([
    [`failed with Authorization: Bearer ${marker}`],
    ['failed with Bearer abcd.efgh~1'],
    ['Authorization: Basic YWxhZGRpbjpvcGVu'],
    [`the token ${jwt} is old`],
    [`connect postgres://authsec:hunter2@db.example/authsec`],
    ['connect postgresql://authsec:hunter2/@with:odd@db/x?password=hunter2'],
    ['GET https://user:hunter2@example.com/'],
    ['POST /token?code=hunter2&state=hunter2'],
    ['code_verifier=hunter2 and client_secret=hunter2'],
    ['{"password":"hunter2","access_token":"hunter2 hunter2"}'],
    ["password: 'hunter2"],
    ['Cookie: one=hunter2; two=hunter2'],
    ['Set-Cookie: __Host-authsec=hunter2; Secure'],
    [`Mcp-Session-Id: hunter2`],
    [`session ${marker} is gone`],
    [`key ${Buffer.alloc(32, 7).toString('base64')} is wrong`],
    ['AUTHSEC_MASTER_KEY=hunter2'],
  ])('does not show a credential in the middle of a text: %s', (said) => {
    for (const { text } of [
      write(said),
      write('said', { reason: said }),
      write('said', { error: new Error(said, { cause: new TypeError(said) }) }),
      write('said', { [said]: true }),
    ]) {
      for (const secret of ['hunter2', marker, 'abcd.efgh', 'YWxhZGRpbjpvcGVu', 'BwcHBwcH', jwt]) {
        expect(text).not.toContain(secret)
      }
      expect(text).toContain('[redacted]')
    }
  })

  it('shows which key signs, and nothing else of that form or by that name', () => {
    const thumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
    expect(write('the signing keys have changed', { kid: thumbprint, published: 2 }).line).toMatchObject({
      kid: thumbprint,
      published: 2,
    })
    for (const fields of [{ name: thumbprint }, { kid: `${thumbprint}${marker}` }, { kid: jwt }, { kid: [marker] }]) {
      expect(write('sent', fields).text).not.toMatch(/NzbLsXh8|mArk3r/)
    }
  })

  it('leaves ordinary sentences, references, addresses and paths as they are', () => {
    const said =
      'the token expired: see https://example.com/oauth/token?page=2 at /home/ana/app/node_modules/pg/lib/client.js:12 ' +
      '(ref 0b8f7c1e-9d3c-4e55-8a10-000000000001, sha256 4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865)'
    expect(write(said).line.msg).toBe(said)
  })

  it('shows an error with its code, its frames and what caused it, and nothing else that hangs on it', () => {
    const refused = Object.assign(new Error('invalid input syntax for type uuid: "mark"'), {
      ...{ name: 'error', severity: 'ERROR', code: '22P02', routine: 'string_to_uuid', detail: 'mark', where: 'mark' },
      ...{ query: "select 'mark'", parameters: ['mark'], internalQuery: 'mark', hint: 'mark' },
    })
    const { line, text } = write('failed', {
      error: new UpstreamError('TENANT_UNAVAILABLE', "the tenant's database is not available", { cause: refused }),
    })
    expect(text).not.toContain('"mark')
    expect(text).not.toContain('mark"')
    expect(line.error).toMatchObject({
      code: 'ERR_TENANT_UNAVAILABLE',
      message: "the tenant's database is not available",
      stack: expect.stringMatching(/^ +at .*create-log\.test/),
      cause: { code: '22P02', message: 'invalid input syntax for type uuid: [redacted]' },
    })
    const cause: unknown = line.error?.['cause']
    expect(Object.keys(cause as object)).toEqual(['type', 'code', 'message', 'stack'])
  })

  it('is short, and has no frames, where something is down: what cannot be reached is its cause', () => {
    const refused = (address: string) =>
      Object.assign(new Error(`connect ECONNREFUSED ${address}:5432`), { code: 'ECONNREFUSED' })
    const lost = (cause: Error) => new UpstreamError('TENANT_UNAVAILABLE', 'the database is not available', { cause })
    for (const error of [
      refused('192.0.2.1'),
      lost(refused('192.0.2.1')),
      lost(Object.assign(new AggregateError([refused('192.0.2.1'), refused('::1')]), { code: 'ECONNREFUSED' })),
      lost(Object.assign(new Error('terminating connection'), { code: '57P01' })),
      lost(new Error('Connection terminated unexpectedly')),
      lost(Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' })),
      lost(Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' })),
      lost(Object.assign(new Error('cannot execute INSERT in a read-only transaction'), { code: '25006' })),
      new UpstreamError('OVERLOADED', 'too many wait'),
      new AuditDeliveryError('siem.example: it cannot be reached (ECONNREFUSED)', { cause: refused('192.0.2.1') }),
      new AuditDeliveryError('siem.example: it answers 503'),
    ]) {
      const { text } = write('not available', { error })
      expect(text).not.toMatch(/"stack"|create-log\.test/)
      expect(text.length).toBeLessThan(600)
    }
    const { line } = write('not available', { error: lost(refused('192.0.2.1')) })
    expect(line.error).toEqual({
      ...{ type: 'UpstreamError', code: 'ERR_TENANT_UNAVAILABLE', message: 'the database is not available' },
      cause: { type: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 192.0.2.1:5432' },
    })
  })

  it('has the frames of everything else, also where it is met on the way to something that is up', () => {
    const defect = new TypeError('x is not a function')
    for (const error of [
      defect,
      new UpstreamError('TENANT_UNAVAILABLE', 'the database is not available', { cause: defect }),
      new AuditDeliveryError('siem.example: it cannot be reached', { cause: defect }),
      Object.assign(new Error('no such file'), { code: 'ENOENT' }),
      Object.assign(new Error('permission denied'), { code: '42501' }),
    ]) {
      expect(write('failed', { error }).text).toContain('create-log.test')
    }
  })

  it('does not take a one-time code for the code of an error', () => {
    const { line } = write('failed', { error: Object.assign(new Error('no'), { code: 'K7QX2M9A' }) })
    expect(line.error?.['code']).toBe('[redacted]')
    for (const code of ['ECONNREFUSED', 'ERR_TOKEN_EXPIRED', '57P01', 'CERT_HAS_EXPIRED', -32603]) {
      expect(write('failed', { error: Object.assign(new Error('no'), { code }) }).line.error?.['code']).toBe(code)
    }
  })

  it('survives whatever it is handed', () => {
    const throws = (): never => {
      throw new Error('mine')
    }
    const masterKey = MasterKey.generate()
    const circular: Record<string, unknown> = { name: 'a' }
    circular['self'] = circular
    const looped = new Error('looped')
    looped.cause = looped
    const hostile: readonly unknown[] = [
      Object.defineProperty({}, 'value', { enumerable: true, get: throws }),
      Object.defineProperty(new Error('x'), 'message', { get: throws }),
      Object.defineProperty(new Error('x'), 'stack', { get: throws }),
      new Proxy({}, { ownKeys: throws, getPrototypeOf: throws, get: throws }),
      new Proxy(new Error('x'), { get: throws }),
      { toJSON: throws, toString: throws, [Symbol.toPrimitive]: throws },
      circular,
      looped,
      new AggregateError([looped, new Error('two')], 'both'),
      Object.assign(Object.create(null), { a: 1 }),
      JSON.parse('{"__proto__":{"x":1}}'),
      1n << 100_000n,
      Symbol('s'),
      throws,
      Number.NaN,
      new Date(Number.NaN),
      Buffer.from('bytes'),
      masterKey,
    ]
    for (const value of hostile) {
      const { text } = write('said', { error: value, value, list: [value] })
      expect(text).not.toContain(masterKey.reveal())
    }
    expect(write('said', { error: looped }).line.error).toMatchObject({ message: 'looped' })
    expect(write('said', new Proxy({}, { ownKeys: throws })).line).toMatchObject({ unreadable: true })
  })

  it('stays short, whatever hangs on it', () => {
    const long = 'x'.repeat(1_000_000)
    let nested: unknown = long
    let chain = new Error(long)
    for (let depth = 0; depth < 1_000; depth += 1) {
      nested = { nested, more: Array.from({ length: 200 }, () => nested) }
      chain = new Error(long, { cause: chain })
    }
    const wide = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`${index}${long.slice(0, 200)}`, long]),
    )
    const many = new AggregateError(Array.from({ length: 1_000 }, () => chain))
    const before = performance.now()
    for (const value of [long, nested, chain, wide, many, Array.from({ length: 100_000 }, () => wide)]) {
      expect(write(long, { error: value, value }).text.length).toBeLessThan(100_000)
    }
    expect(performance.now() - before).toBeLessThan(5_000)
  })

  it.each([
    '"',
    '=',
    ':',
    '://',
    'eyJ',
    'eyJa.',
    'token:"',
    'password=',
    'a.',
    'Bearer ',
    '-',
    'postgres://',
    '@',
    'cookie:',
  ])('takes no longer for a text of nothing but %s', (part) => {
    const before = performance.now()
    write(part.repeat(100_000))
    expect(performance.now() - before).toBeLessThan(1_000)
  })

  it('cannot be made to look like another line or another order of words', () => {
    const forged = 'x\n{"level":50,"msg":"forged"}\r\n\u001b[2J\u009b31m\u202eabc\u2028\u0000\u007f\ud800'
    const { line, text } = write(forged, { operation: forged, [forged]: forged, error: new Error(forged) })
    expect(text.split('\n')).toHaveLength(2)
    expect(line.msg).toMatch(/^x\n/)
    expect(text).not.toContain('\\u001b')
  })

  it('is not written below its level', () => {
    const lines: string[] = []
    const log = createLog('warn', { write: (text) => void lines.push(text) })
    log.write('info', 'quiet')
    log.write('warn', 'loud')
    expect(lines).toHaveLength(1)
  })
})
