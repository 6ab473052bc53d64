import { patternsIn } from './pattern-index.js'
import { squeezed } from './squeezed.js'

const leastCharacters = 4
const mostDecodings = 3

/** What a secret looks like, in every way that it is looked for. */
export type SecretPatterns = readonly string[]

/**
 * Everything that would give a secret away: itself, in hexadecimal, and in base64 at any offset. None for a secret of fewer than four
 * letters and digits: those are in everything.
 */
export function patternsOf(secret: string): SecretPatterns {
  if (squeezed(secret).length < leastCharacters) return []
  const bytes = Buffer.from(secret)
  const encoded = [0, 1, 2].map((offset) => base64At(bytes, offset))
  return [secret, bytes.toString('hex'), ...encoded]
    .map(squeezed)
    .filter((pattern) => pattern.length >= leastCharacters)
}

/**
 * Which of the patterns the texts show, in their order: as they are, URL-encoded, escaped as in JSON or markup, in another case, with
 * characters strewn in between, and split over several texts.
 */
export function foundIn(texts: readonly string[], patterns: Iterable<string>): ReadonlySet<string> {
  const whole = texts.join('')
  const views = viewsOf(whole).map(squeezed)
  return patternsIn(views, [...patterns])
}

/** What the bytes are in base64 wherever they begin in what is encoded: the characters that depend on nothing around them. */
function base64At(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  const begin = Math.ceil((offset * 8) / 6)
  const whole = Math.floor(((offset + bytes.length) * 8) / 6)
  return encoded.slice(begin, whole)
}

/** The text, and what it may be decoded to. */
function viewsOf(text: string): readonly string[] {
  const views = [text]
  for (let count = 0; count < mostDecodings; count += 1) {
    const last = views.at(-1) ?? ''
    const next = unescaped(percentDecoded(last))
    if (next === last) break
    views.push(next)
  }
  return views
}

function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}

const entities: Readonly<Record<string, string>> = { amp: '&', apos: "'", gt: '>', lt: '<', quot: '"' }

/** Escapes of JSON and of markup. */
function unescaped(text: string): string {
  return text
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/\\[bfnrt]/g, ' ')
    .replaceAll(/&#x([0-9a-f]{1,6});/gi, (_, code: string) => character(Number.parseInt(code, 16)))
    .replaceAll(/&#([0-9]{1,7});/g, (_, code: string) => character(Number(code)))
    .replaceAll(/&(amp|apos|gt|lt|quot);/g, (_, name: string) => entities[name] ?? '')
}

function character(code: number): string {
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : ''
}
