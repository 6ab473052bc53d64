/** The character that digits of this base are of; nothing where there is none. */
export function character(digits: string, base: number): string {
  const code = Number.parseInt(digits, base)
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : ''
}
