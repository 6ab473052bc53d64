import { normalized } from './normalized.js'

const outsideAscii = /[^\0-\u{7f}]/u

/** What a text is squeezed to, and that without the marks of its letters, which can be strewn in, too. */
export function squeezedViews(text: string): readonly string[] {
  const view = squeezed(text)
  if (!outsideAscii.test(text)) return [view]
  const bare = squeezed(normalized(text, 'NFKD').replaceAll(/\p{M}+/gu, ''))
  return bare === view ? [view] : [view, bare]
}

/** All of a text, in small letters, but blanks, marks and what is not seen: for what has hardly any letters and digits. */
export function packed(text: string): string {
  return normalized(text, 'NFKC')
    .toLowerCase()
    .replaceAll(/[\s\p{C}\p{M}]+/gu, '')
}

const unknown = 0
const kept = 1
const left = 2
const pair = 3

/** What becomes of each UTF-16 unit, once it has been looked at. */
const fates = new Uint8Array(65_536)

/**
 * What is left of a text, in small letters, when everything is gone that can be strewn in without keeping anybody from reading it: all but
 * letters and digits. Results may be large, so that this is a loop: a regular expression takes ten times as long.
 */
export function squeezed(text: string): string {
  const plain = normalized(text, 'NFKC').toLowerCase()
  const bytes = Buffer.allocUnsafe(plain.length * 2)
  let length = 0
  const keep = (unit: number): void => {
    bytes[length] = unit & 0xff
    bytes[length + 1] = unit >>> 8
    length += 2
  }
  for (let at = 0; at < plain.length; at += 1) {
    const unit = plain.charCodeAt(at)
    const fate = fateOf(unit)
    if (fate === kept) keep(unit)
    if (fate !== pair) continue
    if (isRead(plain.codePointAt(at) ?? 0)) {
      keep(unit)
      keep(plain.charCodeAt(at + 1))
      at += 1
    }
  }
  const result = bytes.toString('utf16le', 0, length)
  // There may have been a secret in it.
  bytes.fill(0)
  return result
}

function fateOf(unit: number): number {
  const known = fates[unit] ?? unknown
  if (known !== unknown) return known
  const isHigh = unit >= 0xd8_00 && unit <= 0xdb_ff
  const fate = isHigh ? pair : isRead(unit) ? kept : left
  fates[unit] = fate
  return fate
}

function isRead(codePoint: number): boolean {
  return /[\p{L}\p{N}]/u.test(String.fromCodePoint(codePoint))
}
