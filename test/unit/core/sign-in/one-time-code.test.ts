import { describe, expect, it } from '@jest/globals'
import { createOneTimeCode, parseOneTimeCode, showOneTimeCode } from '../../../../src/core/sign-in/one-time-code.js'

describe('a one-time code', () => {
  it('has 8 characters that nobody mistakes for one another, and is new each time', () => {
    const codes = Array.from({ length: 5_000 }, createOneTimeCode)
    expect(codes.filter((code) => !/^[0-9A-HJKMNP-TV-Z]{8}$/.test(code))).toEqual([])
    expect(new Set(codes).size).toBe(codes.length)
  })

  it('uses every character about equally often', () => {
    const counts = new Map<string, number>()
    const codes = Array.from({ length: 8_000 }, createOneTimeCode).join('')
    for (const character of codes) counts.set(character, (counts.get(character) ?? 0) + 1)
    expect(counts.size).toBe(32)
    const expected = codes.length / 32
    // 31 degrees of freedom: more than 80 would be seen once in some hundred thousand runs.
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(chiSquare).toBeLessThan(80)
  })

  it('is shown in two groups and read back', () => {
    for (const code of Array.from({ length: 100 }, createOneTimeCode)) {
      expect(showOneTimeCode(code)).toBe(`${code.slice(0, 4)}-${code.slice(4)}`)
      expect(parseOneTimeCode(showOneTimeCode(code))).toBe(code)
      expect(parseOneTimeCode(code)).toBe(code)
    }
  })
})

describe('what a person types', () => {
  it.each([
    ['in small letters', 'abcd-1234'],
    ['without the hyphen', 'ABCD1234'],
    ['with blanks', '  AB CD  12 34\t\n'],
    ['with hyphens anywhere', '-A-B-C-D-1-2-3-4-'],
  ])('is the same code %s', (_how, typed) => {
    expect(parseOneTimeCode(typed)).toBe('ABCD1234')
  })

  it('may have I and L for 1, and O for 0', () => {
    expect(parseOneTimeCode('iLoO-OOlI')).toBe('11000011')
  })

  it.each([
    ['nothing', ''],
    ['blanks', '        '],
    ['one character too few', 'ABCD123'],
    ['one character too many', 'ABCD12345'],
    ['a letter that no code has', 'UBCD1234'],
    ['another script', 'АBCD1234'],
    ['full-width digits', 'ABCD１２３４'],
    ['another dash', 'ABCD–1234'],
    ['a NUL', 'ABCD123\0'],
    ['two codes', 'ABCD1234ABCD1234'],
    ['a right one hidden in much else', `ABCD1234${' '.repeat(64)}`],
  ])('is no code: %s', (_what, typed) => {
    expect(parseOneTimeCode(typed)).toBeUndefined()
  })
})
