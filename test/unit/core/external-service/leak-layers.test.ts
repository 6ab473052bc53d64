import { describe, expect, it } from '@jest/globals'
import { foundIn, patternsOf } from '../../../../src/core/credential/leak-scan.js'
import { viewsOf } from '../../../../src/core/credential/reading/views-of.js'
import { Random } from '../../../support/random.js'

const secret = 'ghp_q7RzX2mB/9+kLw=='
const other = 'ghp_q7RzX2mB/9+kLx=='
const symbols = '!@#$%^&*(){}|'
const finds = (text: string, of = secret): boolean => foundIn([text], patternsOf(of)).size > 0

type Encode = (text: string) => string

const inBase64: Encode = (text) => Buffer.from(text).toString('base64')
const inJson: Encode = (text) => JSON.stringify(text)
const eachAs =
  (encode: (code: number) => string): Encode =>
  (text) =>
    [...text].map((one) => encode(one.codePointAt(0) ?? 0)).join('')
const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')
const inUnits = eachAs((code) => `\\u${hex(code, 4)}`)
const strewn =
  (between: string): Encode =>
  (text) =>
    [...text].join(between)

const ways: readonly (readonly [string, Encode])[] = [
  ['in JSON in JSON, every letter escaped', (text) => inJson(inUnits(text))],
  ['in JSON three times, every letter escaped', (text) => inJson(inJson(inJson(inUnits(text))))],
  ['in JSON in a URL, every letter escaped', (text) => encodeURIComponent(inUnits(text))],
  ['in base64 within base64', (text) => inBase64(`{"authorization":"Basic ${inBase64(`me:${text}`)}"}`)],
  ['in base64 within base64, behind words', (text) => `token${inBase64(`x${inBase64(`xy${text}`)}`)}`],
  ['in base64 three times', (text) => inBase64(inBase64(inBase64(text)))],
  [
    'in base64url within base64 with line ends',
    (text) => inBase64(Buffer.from(`é${text}`).toString('base64url')).replaceAll(/.{16}/g, '$&\r\n'),
  ],
  ['URL-encoded in base64', (text) => inBase64(eachAs((code) => `%${hex(code, 2)}`)(text))],
  ['in base64 in JSON in base64', (text) => inBase64(inJson(`${inBase64(`a${text}`)}\n`))],
  ['with \\x', eachAs((code) => `\\x${hex(code, 2)}`)],
  ['with \\x in JSON', (text) => inJson(eachAs((code) => `\\x${hex(code, 2)}`)(text))],
  ['with \\u{}', eachAs((code) => `\\u{${hex(code, 2)}}`)],
  ['with \\U', eachAs((code) => `\\U${hex(code, 8)}`)],
  ['in octal', eachAs((code) => `\\${code.toString(8).padStart(3, '0')}`)],
  ['with soft hyphens', strewn('\u{ad}')],
  ['with soft hyphens of markup', strewn('&shy;')],
  ['with other entities that are not seen', strewn('&ZeroWidthSpace;&zwnj;&#8203;&NoBreak;')],
  ['in markup without semicolons', eachAs((code) => `&#${code}`)],
  ['in markup with zeros', eachAs((code) => `&#x0000${hex(code, 2)};`)],
  ['in markup of markup', (text) => strewn('&shy;')(text).replaceAll('&', '&amp;')],
  ['with marks on its letters', strewn('\u{301}\u{336}')],
  ['with many marks of two places on its letters', strewn('\u{301}\u{327}'.repeat(20))],
  ['with marks on its letters, as one letter where there is one', (text) => strewn('\u{301}')(text).normalize('NFC')],
  ['with marks of markup', (text) => text.replaceAll('R', '&Racute;').replaceAll('z', '&zcaron;')],
]

describe.each(ways)('a secret %s', (_name, encode) => {
  it('is found', () => {
    expect(finds(`before ${encode(secret)} after`)).toBe(true)
  })

  it('is not found in another one', () => {
    expect(finds(`before ${encode(other)} after`)).toBe(false)
  })
})

describe('a secret in layers of any kind', () => {
  const layers: readonly Encode[] = [
    inJson,
    inBase64,
    encodeURIComponent,
    inUnits,
    strewn('&shy;'),
    eachAs((code) => `&#${code};`),
    eachAs((code) => (code < 128 ? `\\x${hex(code, 2)}` : String.fromCodePoint(code))),
    (text) => `Basic ${Buffer.from(`me:${text}`).toString('base64url')}`,
  ]

  it('is found under any three, and no other one is', () => {
    const random = new Random(8)
    for (let count = 0; count < 500; count += 1) {
      const chosen = [random.pick(layers), random.pick(layers), random.pick(layers)]
      const wrapped = (text: string): string => chosen.reduce((inner, wrap) => wrap(inner), text)
      expect({ chosen: chosen.map(String), found: finds(wrapped(secret)) }).toMatchObject({ found: true })
      expect(finds(wrapped(other))).toBe(false)
    }
  })
})

describe('a secret of symbols', () => {
  it.each<[string, Encode]>([
    ['as it is', (text) => `is: ${text}.`],
    ['with blanks', strewn(' ')],
    ['URL-encoded', encodeURIComponent],
    ['in base64', (text) => inBase64(`x${text}`)],
    ['in hexadecimal', (text) => Buffer.from(text).toString('hex')],
    ['in JSON', (text) => inJson(inUnits(text))],
    ['in markup', (text) => text.replaceAll('&', '&amp;').replaceAll('{', '&lbrace;').replaceAll('!', '&excl;')],
    ['with marks', strewn('\u{301}')],
  ])('is found %s', (_name, encode) => {
    expect(finds(encode(symbols), symbols)).toBe(true)
    expect(finds(encode(symbols.replace('|', '?')), symbols)).toBe(false)
  })

  it('is found with a letter or two among them', () => {
    expect(finds('the key is a!@#$%^&*(b, keep it', 'a!@#$%^&*(b')).toBe(true)
    expect(finds('the key is a!@#$%^&*(c, keep it', 'a!@#$%^&*(b')).toBe(false)
  })

  it('is not looked for where ordinary texts have the like', () => {
    for (const common of ['--------------', '==-==-==-==', '********', '(!?)', '|---|---|']) {
      expect(patternsOf(common)).toEqual([])
    }
  })
})

describe('ordinary results', () => {
  const patterns = ['hunter2024', 'sk_live_51Hq8Zz', symbols, secret, 'passwörd', 'a1b2c3'].flatMap(patternsOf)

  it.each([
    ['prose', 'The café has 42 tables; naïve readers — and others — pay £5 &amp; more.\n'.repeat(200)],
    ['a table', '| name | size |\n|------|-----:|\n| a_b  | 1,024 |\n'.repeat(200)],
    ['JSON', JSON.stringify({ content: [{ id: 7, path: 'C:\\new\\table', html: '<p>a &shy; b</p>' }] }).repeat(100)],
    ['a log', '2026-11-26T22:00:00Z GET /a%20b?x=%7B%22y%22%3A1%7D 200 \\x1b[32mok\\x1b[0m\n'.repeat(200)],
    [
      'the password field of a form',
      '<input type="password" name="password" placeholder="&bull;&bull;&bull;">'.repeat(50),
    ],
    ['a picture', randomBytes(200_000).toString('base64')],
    ['identifiers', Array.from({ length: 2_000 }, (_, at) => `${hex(at * 7919, 12)}-abcdefabcdef`).join('\n')],
  ])('show nothing: %s', (_name, text) => {
    expect(foundIn([text], patterns)).toEqual(new Set())
  })

  function randomBytes(length: number): Buffer {
    const random = new Random(3)
    return Buffer.from(Array.from({ length }, () => Math.floor(random.next() * 256)))
  }
})

describe('what is looked through', () => {
  const size = 100_000
  const fill = (unit: string): string => unit.repeat(Math.ceil(size / unit.length))
  let base64OfItself = 'A'
  for (let count = 0; count < 40 && base64OfItself.length < size; count += 1) base64OfItself = inBase64(base64OfItself)

  it.each([
    ['backslashes', fill('\\')],
    ['backslashes before u', fill('\\\\u005c')],
    ['percent signs', fill('%25')],
    ['ampersands', fill('&')],
    ['ampersands of ampersands', fill('&amp;')],
    ['zeros of an entity', `&#x${fill('0')}`],
    ['names of entities that do not end', fill('&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')],
    ['base64 of base64', base64OfItself],
    ['base64 that shifted is base64', fill('QUFB')],
    ['short lines', fill('abcdefghijk\n')],
    ['lines', fill('abcdefghijklmnopqrstuvwxyz\r\n')],
    ['marks', `a${fill('\u{301}')}`],
    ['marks of two places', `a${fill('\u{301}\u{327}')}`],
    ['marks of two places that normalization makes', `a${fill('\u{ff9e}\u{301}')}`],
    ['marks of two places, of two units each', `a${fill('\u{1d165}\u{1d17b}')}`],
    ['phrases in one character', fill('\u{fdfa}')],
    ['all of it', fill('%5C%5Cu0041&amp;shy;\\x41QUJDQUJDQUJD ')],
  ])('is at most thirty times the text, and all of it in good time: %s', (_name, text) => {
    const looked = viewsOf(text).reduce((sum, view) => sum + view.length, 0)
    expect(looked).toBeLessThan(30 * size)
    expect(finds(text)).toBe(false)
    expect(finds(`${text} ${secret}`)).toBe(true)
  })
})
