const mostCharacters = 60
/** Of what may be of any length. */
const mostRead = 1_000

/**
 * What somebody else wrote, fit to stand in a sentence of ours: one line of at most 60 characters, with nothing in it that
 * is invisible, turns the direction of text, piles up on other lines, or closes our quotation marks.
 */
export function shownText(text: string): string {
  const plain = text
    .slice(0, mostRead)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[\p{C}\p{Default_Ignorable_Code_Point}]/gu, '')
    .replace(/[“”„‟"]/g, "'")
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
    .replace(/\s+/g, ' ')
    .trim()
  const characters = [...plain]
  return characters.length > mostCharacters ? `${characters.slice(0, mostCharacters - 1).join('')}…` : plain
}
