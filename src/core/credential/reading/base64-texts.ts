const fewest = 12

/** Lines of base64 of either alphabet, as long as some line of it is. */
const runs = new RegExp(`[\\w+/-]{${fewest},}(?:\\r?\\n[\\w+/-]+)*`, 'g')

/** What is no accident in what may be anything. */
const readable = /[^\0-\u{8}\u{e}-\u{1f}\u{7f}-\u{9f}\u{fffd}]{8,}/gu

/**
 * What can be read in whatever may be base64 in a text, wherever it begins: other words may stand right before it. Never longer than
 * three times the text.
 */
export function base64Texts(text: string): string {
  const found: string[] = []
  for (const [run] of text.matchAll(runs)) {
    for (let begin = 0; begin < 4; begin += 1) {
      const decoded = Buffer.from(run.slice(begin), 'base64').toString()
      found.push(...(decoded.match(readable) ?? []))
    }
  }
  return found.join('\n')
}
