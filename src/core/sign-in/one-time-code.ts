import { randomBytes } from 'node:crypto'

/** Crockford's base 32: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const length = 8
const half = length / 2

/** A random code of 8 characters, 40 bits, in the form that `parseOneTimeCode` gives. */
export function createOneTimeCode(): string {
  // 256 is a multiple of 32: every character is equally likely.
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('')
}

/** For people: two groups of four. */
export function showOneTimeCode(code: string): string {
  return `${code.slice(0, half)}-${code.slice(half)}`
}

/** What a person typed, or `undefined` where it cannot be a code: case, blanks and hyphens do not count, nor do I for 1 and O for 0. */
export function parseOneTimeCode(text: string): string | undefined {
  if (text.length > 64) return undefined
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replace(/O/g, '0')
  return plain.length === length && [...plain].every((character) => alphabet.includes(character)) ? plain : undefined
}
