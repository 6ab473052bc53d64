/** What would steer a terminal, move other text or not show: anything but the plain blank. */
const hidden = /(?! )[\p{C}\p{Z}\p{DI}\u2800]/gu

/** The text with an escape, as in JSON, for what could steer a terminal or would not show; lines and tabs stay. */
export function printable(text: string): string {
  return text.replace(hidden, (character) => (/[\n\t]/.test(character) ? character : escaped(character)))
}

/** The same on one line. */
export function printableLine(text: string): string {
  return text.replace(hidden, escaped)
}

/**
 * A text as one cell of a table, told from every other text by its look: as a JSON string where it would not show as it is, or
 * could be taken for one.
 */
export function printableCell(text: string): string {
  const plain = !/^ |^"| $/.test(text) && printableLine(text) === text
  return plain ? text : printableLine(JSON.stringify(text))
}

/** JSON that says the same and holds nothing that could steer a terminal. */
export function printableJson(value: unknown): string {
  return escapeJson(JSON.stringify(value, undefined, 2))
}

/** JSON text, with an escape sequence for what could steer a terminal. */
export function escapeJson(json: string): string {
  return json.replace(/[^\P{C}\n]/gu, escaped)
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
