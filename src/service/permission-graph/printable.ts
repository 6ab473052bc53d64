const spaces = /\s/gu
/** What XML forbids (XML 1.0 §2.2), and what would reorder the text around it. */
const unprintable = /[\p{Control}\p{Surrogate}\p{Noncharacter_Code_Point}\p{Bidi_Control}]/gu

/** The text on one line, with a replacement character for everything that cannot be shown or would disturb its surroundings. */
export function printable(text: string): string {
  return text.replace(spaces, ' ').replace(unprintable, '\u{fffd}')
}
