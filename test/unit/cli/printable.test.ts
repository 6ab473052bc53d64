import { describe, expect, it } from '@jest/globals'
import { printable, printableJson, printableLine } from '../../../src/cli/printable.js'

const hostile = 'a\u001b[31m\u009b\u202e\u2066\u{e0041}\u0000b'

describe('what is printed', () => {
  it('steers no terminal and reorders nothing', () => {
    expect(printable(hostile)).toBe('a?[31m?????b')
    expect(printable('a\n\tb ✓ 名 é')).toBe('a\n\tb ✓ 名 é')
  })

  it('stays on one line where that is asked for', () => {
    expect(printableLine('a\n\t\u2028b ✓')).toBe('a???b ✓')
  })

  it('is the same value as JSON, with escapes', () => {
    const text = printableJson({ [hostile]: [hostile, 'ü'] })
    expect(text).not.toMatch(/[^\P{C}\n]/u)
    expect(text).toContain('ü')
    expect(JSON.parse(text)).toEqual({ [hostile]: [hostile, 'ü'] })
  })
})
