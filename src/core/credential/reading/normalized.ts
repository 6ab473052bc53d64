/** As many marks as a text has in a row that can be normalized piece by piece (UAX #15, "Stream-Safe Text Format"). */
const mostMarks = 30
/** Keeps what stands before it and what stands behind it apart, and is a mark of nothing. */
const joiner = '\u{34f}'
/** A phrase of eighteen letters in one character: a text of it alone would be eighteen times as long. */
const phrase = '\u{fdfa}'
const outsideAscii = /[^\0-\u{7f}]/u

const unknown = 0
const mark = 1
const other = 2

/** Whether each UTF-16 unit may stand among marks, once it has been looked at. */
const kinds = new Uint8Array(65_536)

/**
 * The text in a normal form, in a time that grows as its length does. Marks of different places are put in order, each by a walk past all
 * that stand before it, so that a row of them takes the square of its length: such rows are cut.
 */
export function normalized(text: string, form: 'NFKC' | 'NFKD'): string {
  if (!outsideAscii.test(text)) return text
  return cut(text.replaceAll(phrase, '')).normalize(form)
}

function cut(text: string): string {
  const parts: string[] = []
  let begin = 0
  let row = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    row = isAmongMarks(unit) ? row + 1 : 0
    // Two units may be one character.
    if (row <= mostMarks || isLow(unit)) continue
    parts.push(text.slice(begin, at))
    begin = at
    row = 1
  }
  return parts.length === 0 ? text : [...parts, text.slice(begin)].join(joiner)
}

/** Marks, what becomes one (the two of the narrow katakana), and halves of what may be one. */
function isAmongMarks(unit: number): boolean {
  const known = kinds[unit] ?? unknown
  if (known !== unknown) return known === mark
  const isMark = (unit >= 0xd8_00 && unit <= 0xdf_ff) || /[\p{M}\uff9e\uff9f]/u.test(String.fromCharCode(unit))
  kinds[unit] = isMark ? mark : other
  return isMark
}

function isLow(unit: number): boolean {
  return unit >= 0xdc_00 && unit <= 0xdf_ff
}
