const leastCharacters = 4
const mostDecodings = 3

/**
 * Finds secrets in texts: as they are, in base64 at any offset, in hexadecimal, URL-encoded, escaped as in JSON, in another case, with
 * characters strewn in between, and split over several texts. Secrets of fewer than four letters and digits are not looked for: they
 * are in everything.
 */
export class LeakScan {
  readonly #patterns: ReadonlySet<string>

  constructor(secrets: Iterable<string>) {
    this.#patterns = new Set([...secrets].flatMap(patternsOf))
  }

  /** Whether the texts, in their order, show a secret. */
  finds(texts: readonly string[]): boolean {
    if (this.#patterns.size === 0) return false
    const views = viewsOf(texts.join('')).map(squeezed)
    return [...this.#patterns].some((pattern) => views.some((view) => view.includes(pattern)))
  }
}

/** Every text in a value of JSON, names of members included, in the order in which they are read. */
export function textsIn(value: unknown): readonly string[] {
  return walk(value, (members) => members.flat())
}

/** Members of the parts of an answer that say what a part is: a reader does not see them between what the parts say. */
const formal: ReadonlySet<string> = new Set(['mimeType', 'type'])

/** What a reader sees of an answer, one part after the other: the values, without what names and types them. */
export function shownIn(value: unknown): readonly string[] {
  return walk(value, (members) => members.filter(([name]) => !formal.has(name)).map(([, member]) => member))
}

function walk(
  value: unknown,
  within: (members: readonly (readonly [string, unknown])[]) => readonly unknown[],
): readonly string[] {
  const texts: string[] = []
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next === 'string') texts.push(next)
    else if (typeof next === 'number' || typeof next === 'bigint') texts.push(String(next))
    else if (typeof next === 'object' && next !== null) {
      const inner: readonly unknown[] = Array.isArray(next) ? next : within(Object.entries(next))
      for (let index = inner.length - 1; index >= 0; index -= 1) open.push(inner[index])
    }
  }
  return texts
}

function patternsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const encoded = [0, 1, 2].map((offset) => base64At(bytes, offset))
  return [secret, bytes.toString('hex'), ...encoded]
    .map(squeezed)
    .filter((pattern) => pattern.length >= leastCharacters)
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

/** Escapes of JSON and of markup. */
function unescaped(text: string): string {
  return text
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/&#x([0-9a-f]{1,6});/gi, (_, code: string) => character(Number.parseInt(code, 16)))
    .replaceAll(/&#([0-9]{1,7});/g, (_, code: string) => character(Number(code)))
}

function character(code: number): string {
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : ''
}

/** What is left when everything is gone that can be strewn in without keeping anybody from reading it. */
function squeezed(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
}
