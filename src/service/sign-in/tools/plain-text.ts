/** What nobody sees and a model may obey: control and format characters, line separators, selectors, halves of characters. */
const hidden = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
const longestName = 200

/** A text that somebody else chose, on one line and of bounded length. */
export function plainText(text: string, longest = longestName): string {
  // Cut first, so that a huge text is never walked through; a half that this leaves goes with the rest.
  const visible = text.slice(0, longest * 4).replace(hidden, '')
  return Array.from(visible).slice(0, longest).join('')
}
