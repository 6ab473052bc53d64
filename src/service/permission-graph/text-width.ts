import { printable } from './printable.js'

/** How text is set: names of operations are monospaced. */
export interface Typeface {
  readonly family: 'sans' | 'mono'
  readonly size: number
}

const monospaced = 0.62
/** In em, a little wider than the fonts of common systems, for there is no font here to ask. */
const proportional: readonly (readonly [RegExp, number])[] = [
  [/\p{Mark}/u, 0],
  [/[\u1100-\u{10ffff}]/u, 1.15],
  [/[ijl.,:;'|!]/u, 0.36],
  [/[ftrI()[\]/ -]/u, 0.45],
  [/[mwMW@%&]/u, 1.04],
  [/[A-Z\d_]/u, 0.76],
]
const otherwise = 0.67
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** About how wide the text will be. */
export function textWidth(text: string, { family, size }: Typeface): number {
  let width = 0
  for (const character of text) width += family === 'mono' ? monoWidth(character) : sansWidth(character)
  return width * size
}

/** The text, cut where it would become too wide. */
export function fitText(text: string, typeface: Typeface, width: number): string {
  if (textWidth(text, typeface) <= width) return text
  const room = width - textWidth('…', typeface)
  let fitting = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += textWidth(segment, typeface)
    if (used > room) break
    fitting += segment
  }
  return printable(`${fitting.trimEnd()}…`)
}

function sansWidth(character: string): number {
  return proportional.find(([characters]) => characters.test(character))?.[1] ?? otherwise
}

function monoWidth(character: string): number {
  const width = sansWidth(character)
  return width === 0 || width > 1 ? width : monospaced
}
