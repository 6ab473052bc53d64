import { patternsIn } from './pattern-index.js'
import { packed, squeezed, squeezedViews } from './reading/squeezed.js'
import { viewsOf } from './reading/views-of.js'

const leastCharacters = 4
const symbol = /[^\p{L}\p{N}]/u
/** Rules and rows of stars are in everything. */
const leastSymbols = { characters: 8, kinds: 4 }

/** What a secret looks like, in every way that it is looked for. */
export type SecretPatterns = readonly string[]

/**
 * Everything that would give a secret away: itself, in hexadecimal, and in base64 at any offset. One of fewer than four letters and
 * digits is looked for with its symbols; none where these are few or much alike, as in a rule under a heading: they are in everything.
 */
export function patternsOf(secret: string): SecretPatterns {
  const letters = squeezed(secret)
  const symbols = letters.length < leastCharacters ? packed(secret) : ''
  if (letters.length < leastCharacters && !isRare(symbols)) return []
  const bytes = Buffer.from(secret)
  const encoded = [0, 1, 2].map((offset) => base64At(bytes, offset))
  return [letters, symbols, ...[bytes.toString('hex'), ...encoded].map(squeezed)].filter(
    (pattern) => pattern.length >= leastCharacters,
  )
}

/**
 * Which of the patterns the texts show, in their order: as they are, in base64 of base64, URL-encoded, escaped as in JSON or markup, also
 * several times, in another case, with characters strewn in between, and split over several texts.
 */
export function foundIn(texts: readonly string[], patterns: Iterable<string>): ReadonlySet<string> {
  const wanted = [...patterns]
  const symbols = wanted.filter((pattern) => symbol.test(pattern))
  const views = viewsOf(texts.join(''))
  const found = patternsIn(views.flatMap(squeezedViews), wanted)
  return symbols.length === 0 ? found : new Set([...found, ...patternsIn(views.map(packed), symbols)])
}

function isRare(symbols: string): boolean {
  return symbols.length >= leastSymbols.characters && new Set(symbols).size >= leastSymbols.kinds
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
