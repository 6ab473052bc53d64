import { describe, expect, it } from '@jest/globals'
import { failedResult, renderResult } from '../../../src/core/operation/render-result.js'
import { sampleOperation } from '../../support/core-samples.js'

const plain = sampleOperation()
const structured = sampleOperation({
  outputSchema: { type: 'object' },
  parseOutput: (value) => ('id' in value ? { valid: true, value } : { valid: false, message: 'id is missing' }),
})
const text = (shown: string) => ({ content: [{ type: 'text', text: shown }] })

class Invoice {
  constructor(
    readonly id: number,
    readonly paid: boolean,
  ) {}
}

describe('without an output schema', () => {
  it.each([
    ['a text', 'hello', text('hello')],
    ['an empty text', '', text('')],
    ['nothing', undefined, { content: [] }],
    ['null', null, { content: [] }],
    ['a number', 42, text('42')],
    ['a boolean', false, text('false')],
    ['a big integer', 12n, text('12')],
    ['a list', [1, 2], text('[1,2]')],
    ['an empty list', [], text('[]')],
    ['a date', new Date(0), text('"1970-01-01T00:00:00.000Z"')],
    ['an object', { a: 1 }, { ...text('{"a":1}'), structuredContent: { a: 1 } }],
    [
      'an instance',
      new Invoice(1, true),
      { ...text('{"id":1,"paid":true}'), structuredContent: { id: 1, paid: true } },
    ],
    [
      'a nested date',
      { at: new Date(0) },
      { ...text('{"at":"1970-01-01T00:00:00.000Z"}'), structuredContent: { at: '1970-01-01T00:00:00.000Z' } },
    ],
  ])('shows %s', async (_name, returned, result) => {
    await expect(renderResult(plain, returned)).resolves.toEqual(result)
  })

  const parts = [
    { type: 'text', text: 'a' },
    { type: 'image', data: 'AA==', mimeType: 'image/png' },
    { type: 'audio', data: 'AA==', mimeType: 'audio/wav' },
    { type: 'resource_link', uri: 'file:///a', name: 'a' },
    { type: 'resource', resource: { uri: 'file:///a', text: 'a' } },
    { type: 'resource', resource: { uri: 'file:///a', blob: 'AA==' } },
  ]
  it('passes whole content parts on', async () => {
    await expect(renderResult(plain, parts)).resolves.toEqual({ content: parts })
    await expect(renderResult(plain, { content: parts })).resolves.toEqual({ content: parts })
  })

  it.each([
    ['text without its text', { type: 'text' }],
    ['an image without its data', { type: 'image', url: 'https://x.example/a.png' }],
    ['a link without its name', { type: 'resource_link', uri: 'file:///a' }],
    ['a resource of the user', { type: 'resource', name: 'production' }],
    ['a resource without contents', { type: 'resource', resource: { uri: 'file:///a' } }],
    ['another type', { type: 'invoice', text: 'a' }],
  ])('takes %s for the data it is', async (_name, part) => {
    await expect(renderResult(plain, [part])).resolves.toEqual(text(JSON.stringify([part])))
    await expect(renderResult(plain, { content: [part] })).resolves.toMatchObject({
      structuredContent: { content: [part] },
    })
  })

  it('passes a whole result on, and nothing beside it', async () => {
    const result = { content: parts, structuredContent: { a: 1 }, isError: true, extra: 1 }
    await expect(renderResult(plain, result)).resolves.toEqual({
      content: parts,
      structuredContent: { a: 1 },
      isError: true,
    })
    await expect(renderResult(plain, { content: parts, isError: 'yes' })).resolves.toEqual({ content: parts })
  })

  it('takes an object whose structured content is no object for the data it is', async () => {
    const result = { content: parts, structuredContent: 'x' }
    await expect(renderResult(plain, result)).resolves.toMatchObject({ structuredContent: result })
  })

  it.each([
    ['a function', () => 'source'],
    ['a symbol', Symbol('s')],
    ['a big integer in an object', { a: 1n }],
    ['what has no JSON form', { toJSON: () => undefined }],
  ])('refuses %s', async (_name, returned) => {
    await expect(renderResult(plain, returned)).rejects.toThrow(TypeError)
  })

  it('refuses a cycle', async () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    await expect(renderResult(plain, cycle)).rejects.toThrow(TypeError)
  })
})

describe('with an output schema', () => {
  it('shows what matches, as text and structured', async () => {
    await expect(renderResult(structured, new Invoice(7, false))).resolves.toEqual({
      ...text('{"id":7,"paid":false}'),
      structuredContent: { id: 7, paid: false },
    })
  })

  it('refuses what does not match', async () => {
    await expect(renderResult(structured, { name: 'x' })).rejects.toThrow('id is missing')
  })

  it.each(['text', undefined, null, 1, [1], [{ type: 'text', text: 'a' }]])(
    'refuses %j, which is no object',
    async (returned) => {
      await expect(renderResult(structured, returned)).rejects.toThrow(TypeError)
    },
  )

  it('passes an error result on', async () => {
    const result = { content: [{ type: 'text', text: 'no' }], isError: true }
    await expect(renderResult(structured, result)).resolves.toEqual(result)
  })
})

describe('a failure', () => {
  it('shows a reference and nothing else', () => {
    expect(failedResult('abc')).toEqual({ ...text('Tool failed (ref abc)'), isError: true })
  })
})

describe('what has no JSON form', () => {
  it.each([
    ['a bigint in a content part', [{ type: 'text', text: 'x', size: 1n }]],
    ['a circle in a result', circle()],
    ['a bigint in an object', { size: 1n }],
  ])('fails the call because of %s', async (_name, returned) => {
    await expect(renderResult(sampleOperation(), returned)).rejects.toThrow(TypeError)
  })
})

function circle(): object {
  const part: Record<string, unknown> = { type: 'text', text: 'x' }
  part['self'] = part
  return { content: [part] }
}

describe('what JSON would show by its insides or not at all', () => {
  it.each([
    ['a map', new Map([['a', 1]])],
    ['an error', new TypeError('inner')],
    ['bytes', Buffer.from('secret')],
    ['a generator', [1].values()],
    ['a stream', { pipe: () => undefined, fd: 3 }],
    ['a response', { arrayBuffer: () => undefined }],
  ])('fails the call because of %s', async (_name, returned) => {
    await expect(renderResult(plain, returned)).rejects.toThrow(/no form to show/)
  })

  it('leaves data alone that only shares a name with a stream', async () => {
    expect(await renderResult(plain, { pipe: 'copper' })).toMatchObject({ structuredContent: { pipe: 'copper' } })
  })
})

describe('with an output schema', () => {
  class Account {
    constructor(
      readonly id: number,
      readonly passwordHash: string,
    ) {}

    toJSON(): object {
      return { id: this.id }
    }
  }

  it('checks and sends what toJSON makes of the value', async () => {
    expect(await renderResult(structured, new Account(1, 'hash'))).toEqual({
      content: [{ type: 'text', text: '{"id":1}' }],
      structuredContent: { id: 1 },
    })
  })

  it('sends an error without structured content, which nothing has checked', async () => {
    const part = { type: 'text', text: 'no' }
    const returned = { isError: true, content: [part], structuredContent: { passwordHash: 'hash' } }
    expect(await renderResult(structured, returned)).toEqual({ isError: true, content: [part] })
  })
})
