import { describe, expect, it } from '@jest/globals'
import { textsOfFailure } from '../../../../src/core/credential/failure-texts.js'
import { foundIn, patternsOf } from '../../../../src/core/credential/leak-scan.js'
import { shownIn, textsIn, wordsIn } from '../../../../src/core/credential/texts-in.js'

const secret = 'ghp_q7RzX2mB/9+kLw=='
const finds = (texts: readonly string[], of = secret): boolean => foundIn(texts, patternsOf(of)).size > 0
const inBase64 = (text: string): string => Buffer.from(text).toString('base64')

describe('of many secrets', () => {
  const secrets = Array.from({ length: 200 }, (_, at) => `ghp_q7RzX2mB9kLw${String.fromCharCode(97 + (at % 26))}${at}`)
  const others = ['pässwörd-ключ', '𝔘𐐀𐐁𐐂𐐃𐐄', 'ünïcödé']
  const patterns = [...secrets, ...others].flatMap(patternsOf)
  const filler = 'nothing to see here: ghp_q7RzX2mB9kLw, é and ключ. '.repeat(500)

  it('exactly those are found that a long text holds, wherever that is, as in a short one', () => {
    const shown = [secrets[7] ?? '', ...others, Buffer.from(secrets[150] ?? '').toString('base64'), secrets[42] ?? '']
    const expected = new Set([secrets[7] ?? '', ...others, secrets[42] ?? ''].map((one) => patternsOf(one)[0]))
    for (const text of [shown, [filler, ...shown], [...shown, filler], shown.flatMap((one) => [filler, one])]) {
      const found = foundIn([text.join(' | ')], patterns)
      for (const pattern of expected) expect(found).toContain(pattern)
      expect(found).toEqual(foundIn([shown.join(' | ')], patterns))
    }
    expect(foundIn([filler], patterns)).toEqual(new Set())
    expect(foundIn([], patterns)).toEqual(new Set())
  })
})

describe('a secret is found', () => {
  it.each([
    ['as it is', [`token: ${secret}.`]],
    ['in base64', [inBase64(secret)]],
    ['in base64 behind one other character', [inBase64(`x${secret}`)]],
    ['in base64 behind two other characters', [inBase64(`xy${secret} and more`)]],
    ['in base64 of basic authentication', [`Basic ${inBase64(`user:${secret}`)}`]],
    ['in base64url', [Buffer.from(`:${secret}`).toString('base64url')]],
    ['in base64 with line ends', [inBase64(`xy${secret}`).replaceAll(/.{8}/g, '$&\r\n')]],
    ['in hexadecimal', [Buffer.from(secret).toString('hex').toUpperCase()]],
    ['in hexadecimal with colons', [Buffer.from(secret).toString('hex').replaceAll(/../g, '$&:')]],
    ['URL-encoded', [encodeURIComponent(secret)]],
    ['URL-encoded altogether', [Buffer.from(secret).toString('hex').replaceAll(/../g, '%$&')]],
    ['URL-encoded twice', [encodeURIComponent(encodeURIComponent(secret))]],
    [
      'escaped as in JSON',
      [[...secret].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
    ],
    ['in markup', [[...secret].map((one) => `&#${one.charCodeAt(0)};`).join('')]],
    ['split over texts', [secret.slice(0, 7), secret.slice(7)]],
    ['split into characters', [...secret]],
    ['with blanks in between', [[...secret].join(' ')]],
    ['in another case', [secret.toUpperCase()]],
    ['in wide letters', [secret.replaceAll(/[!-~]/g, (one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0))]],
    ['in the name of a member', textsIn({ [secret]: true })],
    [
      'over members of an object',
      textsIn({ a: secret.slice(0, 9), b: { c: [secret.slice(9)] } }).filter((text) => text.length > 1),
    ],
  ])('%s', (_name, texts) => {
    expect(finds(texts)).toBe(true)
  })
})

describe('nothing is found', () => {
  it.each([
    ['in a text without it', ['42 repositories, all of them public']],
    ['in half of it', [secret.slice(0, 12)]],
    ['in nothing', []],
    ['in another token', ['ghp_q7RzX2mB/9+kLx==', inBase64('ghp_q7RzX2mB/9+kLx==')]],
  ])('%s', (_name, texts) => {
    expect(finds(texts)).toBe(false)
  })

  it('of a secret of fewer than four letters and digits, which is in everything', () => {
    for (const short of ['', '12', 'abc', '--a--']) expect(patternsOf(short)).toEqual([])
    expect(finds(['3132 616263'], '12')).toBe(false)
  })
})

describe('a secret of several lines', () => {
  it('is found in its JSON, and in markup', () => {
    const lines = 'first&line\nsecond<line'
    expect(finds([JSON.stringify({ key: lines })], lines)).toBe(true)
    expect(finds(['first&amp;line\nsecond&lt;line'], lines)).toBe(true)
  })
})

describe('the texts of a value', () => {
  it('are in the order in which they are read, names included', () => {
    const value = { content: [{ type: 'text', text: 'one' }, { n: 12 }], other: null, last: true }
    expect(textsIn(value)).toEqual(['content', 'type', 'text', 'text', 'one', 'n', '12', 'other', 'last'])
  })

  it('are without names and types where it matters what a reader sees', () => {
    const parts = [...'abc'].map((text) => ({ type: 'text', text }))
    expect(shownIn({ content: parts, other: { type: 'image', mimeType: 'image/png', data: 'd' } })).toEqual([...'abcd'])
  })

  it('are found at any depth', () => {
    let deep: unknown = secret
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep]
    expect(textsIn(deep)).toEqual([secret])
  })

  it('are read once each where a value leads back to itself, and not out of bytes', () => {
    const circle: Record<string, unknown> = { a: 'one', bytes: Buffer.alloc(1_000_000) }
    circle['self'] = circle
    expect(textsIn(circle)).toEqual(['a', 'one', 'bytes', 'self'])
  })
})

describe('the texts of a failure', () => {
  it('are those of its message, members and causes, each once', () => {
    const failure = Object.assign(new TypeError('outer', { cause: new TypeError('inner') }), {
      request: { token: 't' },
    })
    Object.assign(failure.request, { back: failure })
    expect(textsOfFailure(failure)).toEqual(expect.arrayContaining(['outer', 'inner', 't']))
    expect(textsOfFailure(new AggregateError([new TypeError('one of many')]))).toContain('one of many')
  })

  it('are none where nobody can look, or there are too many', () => {
    const hostile = Object.defineProperty({}, 'token', {
      enumerable: true,
      get: () => {
        throw new TypeError('no')
      },
    })
    expect(textsOfFailure(hostile)).toBeUndefined()
    expect(textsOfFailure(Array.from({ length: 10_000 }, String))).toBeUndefined()
  })
})

describe('the words of an answer', () => {
  const [first, second] = [secret.slice(0, 9), secret.slice(9)]
  const found = (content: readonly unknown[]): boolean => finds(wordsIn({ content }))

  it.each<[string, readonly unknown[]]>([
    ['resources', [first, second].map((text, at) => ({ type: 'resource', resource: { uri: `a://${at}`, text } }))],
    [
      'texts with annotations',
      [first, second].map((text) => ({ type: 'text', text, annotations: { priority: 0.5, audience: ['user'] } })),
    ],
    ['texts with something beside them', [first, second].map((text) => ({ type: 'text', text, _meta: { k: 'v' } }))],
    [
      'a file that quotes a header',
      [
        {
          type: 'resource',
          resource: { uri: 'a://1', blob: inBase64(`{"authorization":"Basic ${inBase64(`me:${secret}`)}"}`) },
        },
      ],
    ],
  ])('show a secret that is in %s', (_name, content) => {
    expect(found(content)).toBe(true)
  })

  it('show none where there is none', () => {
    expect(found([{ type: 'resource', resource: { uri: 'a://1', blob: inBase64('nothing to see') } }])).toBe(false)
    expect(found([{ type: 'text', text: first }])).toBe(false)
  })
})
