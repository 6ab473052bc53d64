/** The text with `?` for what could steer a terminal or reorder what is read; lines and tabs stay. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, '?')
}

/** The same on one line. */
export function printableLine(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}

/** JSON that says the same and holds nothing that could steer a terminal. */
export function printableJson(value: unknown): string {
  return escapeJson(JSON.stringify(value, undefined, 2))
}

/** JSON text, with an escape sequence for what could steer a terminal. */
export function escapeJson(json: string): string {
  return json.replace(/[^\P{C}\n]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
