import { describe, expect, it } from '@jest/globals'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { ConfigurationError } from '../../../src/core/error/configuration-error.js'
import { compileInput } from '../../../src/framework/schema/compile-input.js'
import { compileOutput } from '../../../src/framework/schema/compile-output.js'
import type { StandardSchema } from '../../../src/framework/schema/schema-source.js'

const dialect = 'https://json-schema.org/draft/2020-12/schema'

const libraries: readonly (readonly [string, StandardSchema])[] = [
  [
    'Zod',
    z.object({
      name: z.string().min(2),
      count: z.number().int().min(0).default(3),
      mail: z.email().optional(),
      at: z.object({ street: z.string() }).optional(),
    }),
  ],
  [
    'Valibot',
    toStandardJsonSchema(
      v.object({
        name: v.pipe(v.string(), v.minLength(2)),
        count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 3),
        mail: v.optional(v.pipe(v.string(), v.email())),
        at: v.optional(v.object({ street: v.string() })),
      }),
    ),
  ],
  [
    'ArkType',
    type({
      name: 'string >= 2',
      count: 'number.integer >= 0 = 3',
      'mail?': 'string.email',
      'at?': { street: 'string' },
    }),
  ],
]

describe.each(libraries)('%s', (_name, source) => {
  const compiled = compileInput(source)

  it('is listed as a closed 2020-12 object', () => {
    expect(compiled.schema).toMatchObject({
      $schema: dialect,
      type: 'object',
      properties: { name: { type: 'string', minLength: 2 }, at: { type: 'object', additionalProperties: false } },
      required: expect.arrayContaining(['name']),
      additionalProperties: false,
    })
  })

  it('accepts what it lists, and fills in its defaults', async () => {
    expect(await compiled.parse({ name: 'ab' })).toEqual({ valid: true, value: { name: 'ab', count: 3 } })
    expect(await compiled.parse({ name: 'ab', count: 0, mail: 'a@example.com', at: { street: 's' } })).toEqual({
      valid: true,
      value: { name: 'ab', count: 0, mail: 'a@example.com', at: { street: 's' } },
    })
  })

  it.each([
    [{ name: 'a' }, '/name must not have fewer than 2 characters'],
    [{ name: 1 }, '/name must be string'],
    [{ name: ['ab'] }, '/name must be string'],
    [{}, '/name is required'],
    [{ name: 'ab', count: 1.5 }, '/count must be integer'],
    [{ name: 'ab', count: '1' }, '/count must be integer'],
    [{ name: 'ab', user: {} }, '/user is not expected (known: '],
    [{ name: 'ab', at: { street: 's', userContext: 1 } }, '/at/userContext is not expected (known: street)'],
    [{ name: 'ab', at: { street: 5 } }, '/at/street must be string'],
    [{ name: 'ab', mail: 'nobody' }, '/mail must '],
    [[], 'the arguments must be an object'],
    [null, 'the arguments must be an object'],
  ])('refuses %j with the place and what is expected', async (given, message) => {
    const parsed = await compiled.parse(given)
    expect(parsed.valid ? '' : parsed.message.startsWith(message)).toBe(true)
  })

  it('refuses reserved members', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect((await compiled.parse(JSON.parse(`{"name":"ab","${name}":{"polluted":1}}`))).valid).toBe(false)
      expect((await compiled.parse(JSON.parse(`{"name":"ab","at":{"street":"s","${name}":1}}`))).valid).toBe(false)
    }
    expect(Object.prototype).not.toHaveProperty('polluted')
  })

  it('leaves the arguments as they were', async () => {
    const given = Object.freeze({ name: 'ab' })
    await compiled.parse(given)
    expect(given).toEqual({ name: 'ab' })
  })
})

describe('the library has the last word', () => {
  it('with refinements, synchronous or not', async () => {
    const even = compileInput(z.object({ n: z.number().refine((n) => n % 2 === 0, 'must be even') }))
    expect(await even.parse({ n: 2 })).toEqual({ valid: true, value: { n: 2 } })
    expect(await even.parse({ n: 3 })).toEqual({ valid: false, message: '/n must be even' })
    const free = compileInput(
      z.object({ name: z.string().refine(async (name) => Promise.resolve(name !== 'taken'), 'is in use') }),
    )
    expect(await free.parse({ name: 'free' })).toMatchObject({ valid: true })
    expect(await free.parse({ name: 'taken' })).toEqual({ valid: false, message: '/name is in use' })
  })

  it('and may transform what was listed as sent', async () => {
    const size = compileInput(z.object({ text: z.string().transform((text) => text.length) }))
    expect(size.schema['properties']).toEqual({ text: { type: 'string' } })
    expect(await size.parse({ text: 'abc' })).toEqual({ valid: true, value: { text: 3 } })
    expect((await size.parse({ text: 3 })).valid).toBe(false)
  })

  it('without repeating the value', async () => {
    const loud = compileInput(
      z.object({
        a: z.object({ b: z.string().refine(() => false, { error: ({ input }) => `I dislike ${String(input)}` }) }),
      }),
    )
    expect(await loud.parse({ a: { b: 'hunter2' } })).toEqual({ valid: false, message: '/a/b I dislike …' })
  })

  it('and a result that is neither value nor issues is a fault, not a pass', async () => {
    const listed = () => ({ type: 'object', properties: {} })
    const broken = (result: unknown): StandardSchema => ({
      '~standard': {
        version: 1,
        vendor: 'broken',
        validate: () => result as { value: unknown },
        jsonSchema: { input: listed, output: listed },
      },
    })
    for (const result of [undefined, null, {}, 'ok', true]) {
      expect(() => compileInput(broken(result)).parse({})).toThrow(TypeError)
    }
    expect(await compileInput(broken({ issues: [] })).parse({})).toEqual({
      valid: false,
      message: 'the value is not valid',
    })
    expect(await compileInput(broken({ value: 1, issues: [{ message: 'no' }] })).parse({})).toEqual({
      valid: false,
      message: 'no',
    })
  })
})

describe('what a schema leaves open', () => {
  it('stays open where it says so', async () => {
    const open = compileInput(z.looseObject({ a: z.string() }))
    expect(await open.parse({ a: 'x', more: 1 })).toEqual({ valid: true, value: { a: 'x', more: 1 } })
    const record = compileInput(z.object({ counts: z.record(z.string(), z.number()) }))
    expect(await record.parse({ counts: { a: 1, b: 2 } })).toEqual({ valid: true, value: { counts: { a: 1, b: 2 } } })
    expect((await record.parse({ counts: { a: 'x' } })).valid).toBe(false)
    expect((await record.parse({ counts: {}, more: 1 })).valid).toBe(false)
  })

  it('is closed over an intersection as a whole', async () => {
    const both = compileInput(z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })))
    expect(await both.parse({ a: 'x', b: 1 })).toEqual({ valid: true, value: { a: 'x', b: 1 } })
    expect(await both.parse({ a: 'x', b: 1, c: 1 })).toMatchObject({ valid: false })
  })

  it('is closed in each branch of a union, at the top too', async () => {
    const union = compileInput(
      z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b'), x: z.number() })]),
    )
    expect(union.schema).toMatchObject({ type: 'object', oneOf: expect.any(Array) })
    expect(await union.parse({ k: 'b', x: 1 })).toEqual({ valid: true, value: { k: 'b', x: 1 } })
    expect(await union.parse({ k: 'a', x: 1 })).toEqual({ valid: false, message: '/x is not expected (known: k)' })
    expect(await union.parse({ k: 'c' })).toEqual({ valid: false, message: '/k must be one of "a", "b"' })
    expect(await union.parse({ k: 'b', x: 'y' })).toEqual({ valid: false, message: '/x must be number' })
  })

  it('is closed at every level of a recursion', async () => {
    const node = z.object({
      value: z.number(),
      get next() {
        return node.optional()
      },
    })
    const list = compileInput(node)
    expect((await list.parse({ value: 1, next: { value: 2, next: { value: 3 } } })).valid).toBe(true)
    expect(await list.parse({ value: 1, next: { value: 2, next: { value: 3, x: 1 } } })).toEqual({
      valid: false,
      message: '/next/next/x is not expected (known: value, next)',
    })
    const module = type.module({ node: { value: 'number', 'next?': 'node' } })
    const ark = compileInput(module.node)
    expect((await ark.parse({ value: 1, next: { value: 2 } })).valid).toBe(true)
    expect((await ark.parse({ value: 1, next: { value: 2, x: 1 } })).valid).toBe(false)
  })

  it('is bounded where a pattern reads it, and says so', async () => {
    const code = compileInput(
      z.object({ code: z.string().regex(/^(a+)+$/), long: z.string().regex(/^a+$/).max(5_000).optional() }),
    )
    expect(code.schema['properties']).toMatchObject({ code: { maxLength: 2_048 }, long: { maxLength: 5_000 } })
    expect((await code.parse({ code: `${'b'.repeat(100_000)}` })).valid).toBe(false)
  })
})

describe('a schema without JSON Schema form stops the start', () => {
  function faultOf(compile: () => unknown): ConfigurationError {
    try {
      compile()
    } catch (error) {
      if (error instanceof ConfigurationError) return error
      throw error
    }
    throw new TypeError('it compiled')
  }

  const old: StandardSchema = { '~standard': { version: 1, vendor: 'yup', validate: (value) => ({ value }) } }

  it.each([
    [
      'a Valibot schema that is not wrapped',
      () => compileInput(v.object({ a: v.string() })),
      /valibot.*toStandardJsonSchema/,
    ],
    ['a library without the trait', () => compileInput(old), /yup.*Standard JSON Schema/],
    ['a Zod date', () => compileInput(z.object({ a: z.date() })), /zod.*Date cannot be represented/],
    [
      'a transform in an output',
      () => compileOutput(z.object({ a: z.string().transform(Number) })),
      /zod schema \(output\)/,
    ],
    ['a string', () => compileInput(z.string()), /objects/],
    ['an array', () => compileInput(type('string[]')), /objects/],
    ['a union with something else than objects', () => compileInput(z.union([z.object({}), z.string()])), /objects/],
    ['anything', () => compileInput(z.any()), /objects/],
    ['a reserved name', () => compileInput(z.object({ toString: z.string() })), /"toString" is reserved/],
  ])('%s', (_title, compile, words) => {
    const error = faultOf(compile)
    expect(error.code).toBe('ERR_CONFIG_SCHEMA')
    expect(error.message).toMatch(words)
  })
})
