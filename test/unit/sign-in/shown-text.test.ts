import { describe, expect, it } from '@jest/globals'
import { shownText } from '../../../src/service/sign-in/page/shown-text.js'

describe('text of somebody else', () => {
  it.each([
    ['is left alone where it is plain', 'Claude Desktop (Größe 中文 עברית 👍)', 'Claude Desktop (Größe 中文 עברית 👍)'],
    ['is one line', ' a\n\n b\tc\u2028d\u0085e ', 'a b c d e'],
    ['keeps its direction', '\u202Ea\u2066b\u061C\u200Ec', 'abc'],
    ['has nothing invisible in it', 'a\u200B\u200D\u2060\uFEFF\u3164\u115F\uFE0Fb', 'ab'],
    ['has no half characters in it', 'a\uD83Db\uE000c\uFFFEd', 'abcd'],
    ['does not pile up', `a${'\u0301'.repeat(50)}b`, 'a\u0301\u0301b'],
    ['does not close our quotation marks', '“a” "b" „c‟', "'a' 'b' 'c'"],
    ['is empty where nothing of it can be seen', '\u200B \u0000', ''],
  ])('%s', (_title, text, expected) => {
    expect(shownText(text)).toBe(expected)
  })

  it('has 60 characters at most, and whole ones', () => {
    expect(shownText('x'.repeat(60))).toBe('x'.repeat(60))
    expect(shownText('x'.repeat(61))).toBe(`${'x'.repeat(59)}…`)
    expect(shownText('👍'.repeat(61))).toBe(`${'👍'.repeat(59)}…`)
    expect(shownText('👍'.repeat(2_000_000))).toBe(`${'👍'.repeat(59)}…`)
  })
})
