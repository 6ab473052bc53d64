import { describe, expect, it } from '@jest/globals'
import { assertName } from '../../../src/adapter/postgres/assert-name.js'
import type { Category } from '../../../src/core/permission/grants.js'

describe('assertName', () => {
  it.each<[Category, string]>([
    ['roles', 'admin'],
    ['roles', 'ADMIN'],
    ['roles', 'Head of Sales'],
    ['roles', 'администратор'],
    ['roles', 'διαχειριστής'],
    ['roles', '管理者'],
    ['roles', '管理者グループ A'],
    ['roles', '관리자'],
    ['roles', 'Geschäftsführung'],
    ['groups', 'team-a_1 (EU)'],
    ['resources', 'production'],
    ['resources', 'https://example.com/a?b=c'],
    ['scopes', 'read'],
    ['scopes', 'https://example.com/auth/calendar.readonly'],
    ['permissions', 'invoice:read'],
    ['permissions', 'urn:x:invoice:read'],
  ])('accepts for %s the name %s', (category, name) => {
    expect(() => assertName(category, name)).not.toThrow()
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a Cyrillic letter in a Latin name', '\u0430dmin'],
    ['a Greek letter in a Latin name', 'r\u03bfot'],
    ['an Armenian letter in a Latin name', 'admi\u0578'],
    ['a Cherokee look-alike', '\u13aadmin'],
    ['full-width letters', '\uff41\uff44\uff4d\uff49\uff4e'],
    ['a ligature', 'o\ufb03ce'],
    ['mathematical letters', '\u{1d41a}dmin'],
    ['a zero-width space', 'admin\u200b'],
    ['a zero-width joiner', 'ad\u200dmin'],
    ['a byte order mark', '\ufeffadmin'],
    ['a soft hyphen', 'ad\u00admin'],
    ['a right-to-left override', '\u202enimda'],
    ['a variation selector', 'admin\ufe0f'],
    ['a Hangul filler', 'admin\u3164'],
    ['a combining grapheme joiner', 'a\u034fdmin'],
    ['a tag character', 'admin\u{e0041}'],
    ['a decomposed letter', 'cafe\u0301'],
    ['a trailing space', 'admin '],
    ['a leading space', ' admin'],
    ['two spaces', 'head  of'],
    ['a no-break space', 'head\u00a0of'],
    ['a tab', 'head\tof'],
    ['a newline', 'admin\n'],
    ['NUL', 'admin\0'],
    ['an escape', '\u001b[2Jadmin'],
    ['a look-alike hyphen', 'team\u2010a'],
    ['a look-alike slash', 'a\u2215b'],
    ['an Arabic digit in a Latin name', 'team\u0661'],
    ['a lone surrogate', 'admin\ud800'],
    ['an emoji', 'admin\u{1f600}'],
    ['a private use character', 'admin\ue000'],
    ['256 characters', 'a'.repeat(256)],
  ])('refuses a role name with %s', (_what, name) => {
    expect(() => assertName('roles', name)).toThrow(TypeError)
  })

  it('shows the refused name in ASCII only', () => {
    expect(() => assertName('roles', '\u0430dmin\u202e')).toThrow('"\\u{430}dmin\\u{202e}"')
  })

  it.each(['read write', 'read"', 'read\\', 'r\u00e9ad', ''])('refuses the scope %j (RFC 6749 §3.3)', (name) => {
    expect(() => assertName('scopes', name)).toThrow(TypeError)
  })

  it.each(['invoice', ':read', 'invoice:', ':'])('refuses the permission %j, which is not resource:action', (name) => {
    expect(() => assertName('permissions', name)).toThrow(TypeError)
  })
})
