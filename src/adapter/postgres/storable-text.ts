/** Whether PostgreSQL can hold this text byte for byte: it has neither NUL nor lone surrogates. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text)
}

/** The text with what PostgreSQL cannot hold replaced by U+FFFD, at most `length` characters: for records that must be written. */
export function toStorable(text: string, length: number): string {
  const cut = text.slice(0, length)
  if (isStorable(cut)) return cut
  return cut.replaceAll('\0', '\uFFFD').replace(/\p{Surrogate}/gu, '\uFFFD')
}

/** Whether the text is a UUID in the one form in which PostgreSQL prints it. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}
