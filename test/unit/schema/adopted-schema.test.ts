import { describe, expect, it } from '@jest/globals'
import { ConfigurationError } from '../../../src/core/error/configuration-error.js'
import { compileArguments } from '../../../src/framework/schema/compile-arguments.js'
import { compileInput } from '../../../src/framework/schema/compile-input.js'
import type { StandardSchema } from '../../../src/framework/schema/schema-source.js'

function schemaOf(json: unknown): StandardSchema {
  const give = (): Record<string, unknown> => Object(json)
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => ({ value }),
      jsonSchema: { input: give, output: give },
    },
  }
}

function object(properties: unknown, more: object = {}): unknown {
  return { type: 'object', properties, ...more }
}

function doubling(levels: number): unknown {
  const $defs = Object.fromEntries(
    Array.from({ length: levels }, (_, n) => [
      `a${n}`,
      { allOf: [{ $ref: `#/$defs/a${n + 1}` }, { $ref: `#/$defs/a${n + 1}` }] },
    ]),
  )
  return object({ p: { $ref: '#/$defs/a0' } }, { $defs: { ...$defs, [`a${levels}`]: { type: 'string' } } })
}

function chain(levels: number): unknown {
  const $defs = Object.fromEntries(Array.from({ length: levels }, (_, n) => [`a${n}`, { $ref: `#/$defs/a${n + 1}` }]))
  return object({ p: { $ref: '#/$defs/a0' } }, { $defs: { ...$defs, [`a${levels}`]: { type: 'string' } } })
}

function nestedSchema(levels: number): unknown {
  let schema: unknown = { type: 'string' }
  for (let level = 0; level < levels; level++) schema = object({ p: schema })
  return schema
}

const hostile: readonly (readonly [string, unknown])[] = [
  ['a reference over http', object({ p: { $ref: 'http://evil.example/schema.json' } })],
  ['a reference to a file', object({ p: { $ref: 'file:///etc/passwd' } })],
  ['a relative reference', object({ p: { $ref: 'other.json#/a' } })],
  ['a reference to nothing', object({ p: { $ref: '#/$defs/none' } })],
  ['a reference that is not text', object({ p: { $ref: 5 } })],
  [
    'references in a circle',
    object({ p: { $ref: '#/$defs/a' } }, { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }),
  ],
  [
    'a circle through allOf',
    object({ p: { $ref: '#/$defs/a' } }, { $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } } }),
  ],
  ['a circle at the top', { type: 'object', allOf: [{ $ref: '#' }] }],
  ['references that multiply', doubling(20)],
  ['a chain of 1,000 references', chain(1_000)],
  ['a huge enum', object({ p: { enum: Array.from({ length: 1_001 }, (_, n) => n) } })],
  ['100,000 levels', nestedSchema(10_000)],
  ['10,001 parts', object(Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`p${n}`, {}])))],
  ['another base', object({ p: { $id: 'http://evil.example/', type: 'string' } })],
  ['a base at the top', object({}, { $id: 'http://evil.example/' })],
  ['an anchor', object({ p: { $anchor: 'a' } })],
  ['a dynamic reference', object({ p: { $dynamicRef: '#a' } })],
  ['asynchronous validation, which Ajv would answer with a promise', object({}, { $async: true })],
  ['another dialect', object({}, { $schema: 'http://json-schema.org/draft-07/schema#' })],
  ['another dialect inside', object({ p: { $schema: 'http://json-schema.org/draft-07/schema#' } })],
  ['an unknown keyword', object({ p: { minimun: 3 } })],
  ['a keyword of the wrong kind', object({ p: { type: 'text' } })],
  ['a pattern that is none', object({ p: { type: 'string', pattern: '(' } })],
  ['unique items that are objects', object({ p: { type: 'array', uniqueItems: true, items: object({}) } })],
  ['a property __proto__', JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}')],
  ['a schema that is not an object', { type: 'array' }],
  ['no schema', 'x'],
  ['nothing', undefined],
]

describe('a schema from elsewhere stops the start with', () => {
  it.each(hostile)('%s', (_title, json) => {
    let fault: unknown
    try {
      compileInput(schemaOf(json))
    } catch (error) {
      fault = error
    }
    expect(fault).toBeInstanceOf(ConfigurationError)
    expect(fault).toMatchObject({ code: 'ERR_CONFIG_SCHEMA' })
    expect(String(fault).length).toBeLessThan(600)
  })
})

describe('a schema from elsewhere', () => {
  it('may refer within itself, and carry extensions and formats of its own', async () => {
    const json = object(
      { p: { $ref: '#/$defs/a~1b' }, q: { type: 'string', format: 'cuid2', 'x-order': 1 } },
      { $defs: { 'a/b': { type: 'integer' } } },
    )
    const compiled = compileInput(schemaOf(json))
    expect((await compiled.parse({ p: 1, q: 'x' })).valid).toBe(true)
    expect((await compiled.parse({ p: 'x' })).valid).toBe(false)
  })

  it('is copied: what its author changes later changes nothing', async () => {
    const json = { type: 'object', properties: { p: { type: 'string' } }, additionalProperties: false }
    const compiled = compileInput(schemaOf(json))
    Object.assign(json, { additionalProperties: true })
    expect((await compiled.parse({ q: 1 })).valid).toBe(false)
    expect(compiled.schema['additionalProperties']).toBe(false)
  })

  it('does not share names with another one', async () => {
    const one = compileInput(schemaOf(object({ p: { $ref: '#/$defs/a' } }, { $defs: { a: { type: 'string' } } })))
    const two = compileInput(schemaOf(object({ p: { $ref: '#/$defs/a' } }, { $defs: { a: { type: 'number' } } })))
    expect((await one.parse({ p: 'x' })).valid).toBe(true)
    expect((await one.parse({ p: 1 })).valid).toBe(false)
    expect((await two.parse({ p: 1 })).valid).toBe(true)
    expect((await two.parse({ p: 'x' })).valid).toBe(false)
  })

  const bodies: readonly (readonly [string, string])[] = [
    ['a member that is not listed', '{"p":{"a":1},"role":"admin"}'],
    ['one deeper', '{"p":{"a":1,"role":"admin"}}'],
    ['one in a branch', '{"p":{"a":1},"either":{"x":1,"y":2}}'],
    ['one in an intersection', '{"p":{"a":1},"both":{"x":1,"y":2,"z":3}}'],
    ['one in an item', '{"p":{"a":1},"list":[{"x":1,"role":"admin"}]}'],
    ['__proto__', '{"p":{"a":1},"__proto__":{"role":"admin"}}'],
    ['constructor', '{"p":{"a":1},"constructor":{"prototype":{"role":"admin"}}}'],
    ['__proto__ deeper', '{"p":{"a":1,"__proto__":{"role":"admin"}}}'],
    ['text for a number', '{"p":{"a":"1"}}'],
    ['a list for a number', '{"p":{"a":[1]}}'],
    ['an object for a list', '{"p":{"a":1},"list":{"0":{"x":1},"length":1}}'],
  ]
  const x = object({ x: { type: 'number' } }, { required: ['x'] })
  const y = object({ y: { type: 'number' } }, { required: ['y'] })
  const guarded = compileInput(
    schemaOf(
      object(
        {
          p: object({ a: { type: 'number' } }),
          either: { anyOf: [x, y] },
          both: { allOf: [x, y] },
          list: { type: 'array', items: { $ref: '#/$defs/x' } },
        },
        { required: ['p'], $defs: { x } },
      ),
    ),
  )

  it.each(bodies)('refuses %s', async (_title, body) => {
    expect((await guarded.parse(JSON.parse(body))).valid).toBe(false)
    expect(Object.prototype).not.toHaveProperty('role')
  })

  it.each([
    '{"p":{"a":1}}',
    '{"p":{}}',
    '{"p":{},"either":{"x":1},"both":{"x":1,"y":2},"list":[{"x":1}]}',
    '{"p":{},"either":{"y":1}}',
  ])('accepts %s', async (body) => {
    expect((await guarded.parse(JSON.parse(body))).valid).toBe(true)
  })

  it('is no different in the type of a scalar argument', () => {
    for (const [, json] of hostile.slice(0, 12)) {
      const inner = Object(Object(json).properties).p
      if (inner === undefined) continue
      expect(() => compileArguments([{ name: 'p', type: inner, required: false }])).toThrow(ConfigurationError)
    }
  })
})
