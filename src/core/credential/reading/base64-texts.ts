const fewest = 12
const leastReadable = 8

/** Lines of base64 of either alphabet, as long as some line of it is. */
const runs = new RegExp(`[\\w+/-]{${fewest},}(?:\\r?\\n[\\w+/-]+)*`, 'g')

/**
 * What can be read in whatever may be base64 in a text, wherever it begins: other words may stand right before it. Of what is no accident
 * alone, and in ASCII, as every further encoding is. Never longer than three times the text.
 */
export function base64Texts(text: string): string {
  const encoded = text.match(runs) ?? []
  const longest = encoded.reduce((most, { length }) => Math.max(most, length), 0)
  const bytes = Buffer.allocUnsafe(longest)
  const found: string[] = []
  for (const run of encoded) {
    for (let begin = 0; begin < 4; begin += 1) {
      const length = bytes.write(begin === 0 ? run : run.slice(begin), 'base64')
      addReadable(bytes, length, found)
    }
  }
  // There may have been a secret in it.
  bytes.fill(0)
  return found.join('\n')
}

function addReadable(bytes: Buffer, length: number, found: string[]): void {
  let begin = 0
  for (let at = 0; at <= length; at += 1) {
    if (at < length && isReadable(bytes[at] ?? 0)) continue
    if (at - begin >= leastReadable) found.push(bytes.toString('latin1', begin, at))
    begin = at + 1
  }
}

function isReadable(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d)
}
