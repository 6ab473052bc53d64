import { createHmac } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { canonicalJson } from '../../../src/core/audit/canonical-json.js'
import { SecretsInUse } from '../../../src/core/credential/secrets-in-use.js'
import { ArgumentRecorder } from '../../../src/core/operation/argument-recorder.js'
import { Guard } from '../../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../../src/core/operation/operation-catalogue.js'
import type { Operation } from '../../../src/core/operation/operation.js'
import { role } from '../../../src/core/permission/requirement/builders.js'
import { acme, globex, sampleCaller, sampleOperation } from '../../support/core-samples.js'
import { MemoryAuditLog } from '../../support/memory-audit-log.js'

const keyring = {
  digest: (purpose: string, value: string) =>
    createHmac('sha256', 'a key').update(`${purpose} ${value}`).digest('base64url'),
}
const recorder = new ArgumentRecorder({ keyring })
const digest = (args: unknown, caller = sampleCaller(), name = 'sample') => recorder.digestOf({ args, caller, name })

describe('the digest of arguments', () => {
  it('is the same for the same arguments, in whatever order their members come', () => {
    expect(digest({ a: 1, b: { c: [1, 2], d: null } })).toBe(digest({ b: { d: null, c: [1, 2] }, a: 1 }))
    expect(digest({})).toMatch(/^[\w-]{43}$/)
  })

  it.each<[unknown, unknown]>([
    [{ a: 1 }, { a: '1' }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: 'b' }, { b: 'a' }],
    [{ a: {} }, { a: [] }],
    [{ a: '<deep>' }, { a: '"<deep>"' }],
    [{ a: 'x'.repeat(70_000) }, { a: 'x'.repeat(70_001) }],
    [{ 'a":1,"b': 1 }, { a: 1, b: 1 }],
  ])('is another one for %j and %j', (one, other) => {
    expect(digest(one)).not.toBe(digest(other))
  })

  it('is another one in another tenant and of another operation, so that guesses elsewhere tell nothing', () => {
    const args = { yes: true }
    const seen = [
      digest(args),
      digest(args, { ...sampleCaller(), tenant: globex }),
      digest(args, sampleCaller(), 'other'),
    ]
    expect(new Set(seen).size).toBe(3)
  })
})

const nested = (depth: number, close: unknown = 1): unknown => {
  let value = close
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}
const circle: Record<string, unknown> = { name: 'circle' }
circle['self'] = [circle, circle]
const throwing = {
  get a() {
    throw new TypeError('MARKER')
  },
  b: 1,
}
const unreadable = new Proxy(
  {},
  {
    ownKeys() {
      throw new TypeError('MARKER')
    },
  },
)

describe('whatever arguments are (I3)', () => {
  it.each<[string, unknown]>([
    ['10 levels deep', nested(10)],
    ['100 levels deep', nested(100)],
    ['10,000 levels deep', nested(10_000)],
    ['1,000,000 levels deep', nested(1_000_000)],
    ['a circle', circle],
    ['a BigInt', { a: 10n }],
    ['a getter that throws', throwing],
    ['a proxy that throws', unreadable],
    ['half a character', { a: '\ud800' }],
    ['a symbol, a function, NaN', { a: Symbol('x'), b: () => undefined, c: Number.NaN }],
    ['a long list', Array.from({ length: 200_000 }, () => 1)],
    ['a list with nothing in it', new Array(4_000_000_000)],
    ['many members', Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`m${index}`, index]))],
    ['toJSON that throws', { toJSON: () => Promise.reject(new TypeError('MARKER')) }],
    ['no object', 7],
  ])('there is a text of bounded length, quickly: %s', (_title, args) => {
    const before = performance.now()
    expect(canonicalJson(args).length).toBeLessThan(1_000_000)
    expect(digest(args)).toMatch(/^[\w-]{43}$/)
    expect(canonicalJson(args)).not.toContain('MARKER')
    expect(performance.now() - before).toBeLessThan(5_000)
  })
})

class Bench {
  readonly audit = new MemoryAuditLog()
  readonly inUse = new SecretsInUse()
  readonly guard: Guard

  constructor(...operations: readonly Partial<Operation>[]) {
    this.guard = new Guard({
      ...{ audit: this.audit, keyring, log: { write: () => undefined } },
      catalogue: new OperationCatalogue(operations.map(sampleOperation)),
      callers: { renew: async (caller) => caller },
    })
  }

  async call(name: string, args: unknown): Promise<void> {
    await this.guard.call({ name, args, caller: sampleCaller(), channel: { signal: new AbortController().signal } })
  }
}

const marked = { path: 'MARKER-path', token: 'MARKER-token', deep: { password: 'MARKER-password', 'MARKER-name': 1 } }

describe('the record of a call (A4)', () => {
  it('holds a digest of the arguments and none of their words, allowed, denied, unknown and refused', async () => {
    const bench = new Bench(
      {},
      { name: 'hidden', protection: { access: 'protected', requirement: role('admin') } },
      { name: 'strict', parseInput: () => ({ valid: false, message: 'path is wrong' }) },
      { name: 'broken', invoke: () => Promise.reject(new TypeError('MARKER-failure')) },
    )
    for (const name of ['sample', 'hidden', 'strict', 'broken', 'nothing']) await bench.call(name, marked)
    const decided = bench.audit.events.filter(({ type }) => type !== 'operation.outcome')
    expect(decided).toHaveLength(5)
    for (const { detail } of decided) expect(detail?.['arguments']).toMatch(/^[\w-]{43}$/)
    expect(JSON.stringify(bench.audit.events)).not.toContain('MARKER')
  })

  it('holds what the operation includes of an allowed call, where it can be erased, and of a denied one nothing', async () => {
    const include = ['path', 'deep.count', 'missing', 'tags', 'object', 'number']
    const bench = new Bench(
      { audit: { include } },
      { name: 'hidden', audit: { include }, protection: { access: 'protected', requirement: role('admin') } },
    )
    const args = {
      ...marked,
      deep: { count: 3, password: 'MARKER-password' },
      tags: ['a', 'b'],
      object: marked,
      number: '1',
    }
    await bench.call('sample', args)
    await bench.call('hidden', args)
    const [allowed, ...others] = bench.audit.events
    expect(allowed?.personal?.['arguments']).toEqual([
      ...['path="MARKER-path"', 'deep.count=3', 'tags=["a","b"]', 'object=[not as declared]', 'number="1"'],
    ])
    expect(JSON.stringify(allowed?.detail)).not.toContain('MARKER')
    expect(JSON.stringify(others)).not.toContain('MARKER')
  })

  it('cuts what is long', async () => {
    const bench = new Bench({ audit: { include: ['path'] } })
    await bench.call('sample', { path: 'x'.repeat(100_000) })
    expect(bench.audit.events[0]?.personal?.['arguments']).toEqual([`path="${'x'.repeat(1_018)}`])
  })

  it('never holds a credential that an operation has, in whatever clothes', () => {
    const secret = 'Tr0ub4dor-and-3-horses'
    const inUse = new SecretsInUse()
    const seen = new ArgumentRecorder({ keyring, inUse })
    const operation = { audit: { include: ['note'] } }
    expect(seen.readable(operation, { note: secret })).toEqual([`note="${secret}"`])
    inUse.note([secret])
    for (const note of [secret, `x${secret}y`, [secret.slice(0, 8), secret.slice(8)], encodeURIComponent(secret)]) {
      expect(seen.readable(operation, { note })).toEqual(['note=[withheld]'])
    }
    expect(seen.readable(operation, { note: 'plain' })).toEqual(['note="plain"'])
  })

  it('reads no getter and nothing inherited', () => {
    const operation = { audit: { include: ['a', 'toString', '__proto__.x'] } }
    expect(recorder.readable(operation, throwing)).toEqual([])
    expect(recorder.readable(operation, Object.create({ a: 1 }))).toEqual([])
    expect(recorder.readable(operation, 'text')).toEqual([])
  })

  it('joins decision and outcome of one call, in its own tenant', async () => {
    const bench = new Bench({})
    await bench.call('sample', {})
    const [allowed, outcome] = bench.audit.events
    expect(allowed).toMatchObject({ tenant: acme, intentId: allowed?.requestId })
    expect(outcome?.intentId).toBe(allowed?.intentId)
  })
})
