/** What stands for everything that is not shown. */
export const redacted = '[redacted]'

/** More than is ever shown, so that nothing is cut where it would no longer be recognized. */
const mostScanned = 32_768

const named =
  '(?:[\\w-]{0,32}[_-])?(?:authorization|token|jwt|passw(?:or)?d|passphrase|secret|code_verifier|master[_-]?key|api[_-]?key|' +
  'session[_-]?id|assertion|database_url)'

/** Every quantifier has a bound, or a class that its neighbours do not share: the time grows with the length alone. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/\b(postgres(?:ql)?):\/\/[^\s"'`<>]*/gi, `$1://${redacted}`],
  [/\b([a-z][a-z0-9+.-]{0,20}):\/\/[^\s"'`<>/?#]{0,1024}@/gi, `$1://${redacted}@`],
  [/\b(bearer|basic|dpop)\s+[\w.~+/=-]{4,}/gi, `$1 ${redacted}`],
  [/\b((?:set-)?cookie["']?\s{0,4}[:=]\s{0,4})[^\n]+/gi, `$1${redacted}`],
  [/\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}/g, redacted],
  [
    new RegExp(`(\\b(?:${named})["']?\\s{0,4}[:=]\\s{0,4})("[^"]{0,4096}"|'[^']{0,4096}'|["']?[^\\s"',;&}]+)`, 'gi'),
    `$1${redacted}`,
  ],
  [/\b(code|state|nonce|otp|csrf|ticket|session_state)=[^\s"'&#;,}]+/gi, `$1=${redacted}`],
  [/(?<![\w+/=-])[A-Za-z0-9+/]{43}=(?![\w+/=])/g, redacted],
]

const longWord = /[\w-]{32,}/g

/** One word, one line: control characters and what reorders text on a screen would let a value pass for something else. */
const unshown = /(?![\n\t])\p{Cc}|[\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu

/** Text without what looks like a credential, and without what a terminal would obey; `longest` characters at most. */
export function scrubText(text: string, longest: number): string {
  const scanned = text.length > mostScanned ? text.slice(0, mostScanned) : text
  let scrubbed = scanned
  for (const [pattern, replacement] of rules) scrubbed = scrubbed.replace(pattern, replacement)
  scrubbed = scrubbed.replace(longWord, (word) => (looksRandom(word) ? redacted : word)).replace(unshown, '\uFFFD')
  return scrubbed.length <= longest && scanned === text ? scrubbed : `${scrubbed.slice(0, longest)}…`
}

/** Session ids, opaque tokens and codes are long runs of every kind of character; words, UUIDs and digests in hex are not. */
function looksRandom(word: string): boolean {
  return /\d/.test(word) && /[a-z]/.test(word) && /[A-Z]/.test(word)
}
