import { describe, expect, it } from '@jest/globals'
import { printable, printableCell, printableJson, printableLine } from '../../../src/cli/printable.js'

const hostile = 'a\u001b[31m\u009b\u202e\u2066\u{e0041}\u0000b'

describe('what is printed', () => {
  it('steers no terminal, reorders nothing, and hides nothing', () => {
    expect(printable(hostile)).toBe(String.raw`a\u001b[31m\u009b\u202e\u2066\udb40\udc41\u0000b`)
    expect(printable('a\u00a0\u3164\u2800\ud800b')).toBe(String.raw`a\u00a0\u3164\u2800\ud800b`)
    expect(printable('a\n\tb ✓ 名 é')).toBe('a\n\tb ✓ 名 é')
  })

  it('stays on one line where that is asked for', () => {
    expect(printableLine('a\n\t\u2028b ✓')).toBe(String.raw`a\u000a\u0009\u2028b ✓`)
  })

  it.each(['role a', 'a, b', String.raw`a\u200b`, '名'])('is the cell %j as it is', (text) => {
    expect(printableCell(text)).toBe(text)
  })

  it.each([
    ['a ', '"a "'],
    [' a', '" a"'],
    ['a\nb', String.raw`"a\nb"`],
    ['a\u200b', String.raw`"a\u200b"`],
    ['"a"', String.raw`"\"a\""`],
    [String.raw`"a\u200b"`, String.raw`"\"a\\u200b\""`],
  ])('is a cell that looks like no other: %j', (text, cell) => {
    expect(printableCell(text)).toBe(cell)
  })

  it('is the same value as JSON, with escapes', () => {
    const text = printableJson({ [hostile]: [hostile, 'ü'] })
    expect(text).not.toMatch(/[^\P{C}\n]/u)
    expect(text).toContain('ü')
    expect(JSON.parse(text)).toEqual({ [hostile]: [hostile, 'ü'] })
  })
})
