import { describe, expect, it } from '@jest/globals'
import { ConfigurationError } from '../../../src/core/error/configuration-error.js'
import { compileArguments, type ArgumentSpec } from '../../../src/framework/schema/compile-arguments.js'

const transfer = compileArguments([
  { name: 'to', type: String, description: 'Who gets it', required: true },
  { name: 'amount', type: { type: 'integer', minimum: 1, maximum: 100 }, required: true },
  { name: 'urgent', type: Boolean, required: false },
  { name: 'fee', type: Number, required: true, default: 0.5 },
  { name: 'tags', type: { type: 'array', items: { type: 'string' } }, required: false, default: [] },
])

describe('scalar arguments', () => {
  it('are listed as one closed object', () => {
    expect(transfer.schema).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        to: { type: 'string', description: 'Who gets it' },
        amount: { type: 'integer', minimum: 1, maximum: 100 },
        urgent: { type: 'boolean' },
        fee: { type: 'number', default: 0.5 },
        tags: { type: 'array', items: { type: 'string' }, default: [] },
      },
      required: ['to', 'amount'],
      additionalProperties: false,
    })
  })

  it('arrive by name, with defaults for what is missing', async () => {
    expect(await transfer.parse({ to: 'bob', amount: 5 })).toEqual({
      valid: true,
      value: { to: 'bob', amount: 5, fee: 0.5, tags: [] },
    })
    expect(await transfer.parse({ to: 'bob', amount: 5, fee: 1, urgent: true, tags: ['a'] })).toEqual({
      valid: true,
      value: { to: 'bob', amount: 5, fee: 1, urgent: true, tags: ['a'] },
    })
  })

  it('get a default of their own at each call', async () => {
    const first = await transfer.parse({ to: 'bob', amount: 5 })
    if (first.valid) Object(first.value).tags.push('leak')
    expect(await transfer.parse({ to: 'eve', amount: 5 })).toMatchObject({ value: { tags: [] } })
  })

  it.each([
    [{ to: 'bob' }, '/amount is required'],
    [undefined, '/to is required (as are amount)'],
    [{ to: ['bob'], amount: 5 }, '/to must be string'],
    [{ to: 5, amount: 5 }, '/to must be string'],
    [{ to: 'bob', amount: 0 }, '/amount must be >= 1'],
    [{ to: 'bob', amount: 5.5 }, '/amount must be integer'],
    [{ to: 'bob', amount: 5, urgent: 'true' }, '/urgent must be boolean'],
    [{ to: 'bob', amount: 5, fee: null }, '/fee must be number'],
    [{ to: 'bob', amount: 5, userContext: {} }, '/userContext is not expected (known: to, amount, urgent, fee, tags)'],
    [JSON.parse('{"to":"bob","amount":5,"__proto__":{}}'), '/__proto__ is not allowed: the name is reserved'],
  ])('refuse %j', async (given, message) => {
    expect(await transfer.parse(given)).toEqual({ valid: false, message })
  })

  it('may be none', async () => {
    const none = compileArguments([])
    expect(await none.parse({})).toEqual({ valid: true, value: {} })
    expect((await none.parse({ a: 1 })).valid).toBe(false)
  })
})

describe('arguments stop the start with', () => {
  const one: ArgumentSpec = { name: 'a', type: String, required: true }

  it.each<readonly [string, readonly ArgumentSpec[], RegExp]>([
    ['two of one name', [one, one], /two arguments/],
    ['a name that is none', [{ ...one, name: 'a b' }], /letters, digits/],
    ['an empty name', [{ ...one, name: '' }], /letters, digits/],
    ['a reserved name', [{ ...one, name: 'constructor' }], /reserved/],
    ['the name __proto__', [{ ...one, name: '__proto__' }], /reserved/],
    ['a default of another type', [{ ...one, default: 5 }], /default/],
    ['a default out of bounds', [{ ...one, type: { type: 'integer', minimum: 1 }, default: 0 }], /default/],
    ['an empty schema', [{ ...one, type: {} }], /JSON Schema/],
    ['a schema that is not valid', [{ ...one, type: { type: 'text' } }], /not a valid/],
    ['a remote reference', [{ ...one, type: { $ref: 'https://example.com/' } }], /\$ref/],
  ])('%s', (_title, args, words) => {
    expect(() => compileArguments(args)).toThrow(ConfigurationError)
    expect(() => compileArguments(args)).toThrow(words)
  })
})
