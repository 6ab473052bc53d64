/** How a name differs from a similar one: where it is not `spelling`, readers can hardly tell them apart. */
export type NameDifference = 'case' | 'blanks' | 'look-alike' | 'spelling'

/** A name that is known, and probably meant. */
export interface SimilarName {
  readonly name: string
  readonly difference: NameDifference
}

/** The known name that was probably meant, if any is close enough. */
export function similarName(name: string, known: readonly string[]): SimilarName | undefined {
  const others = known.filter((other) => other !== name)
  for (const [difference, fold] of folds) {
    const same = others.find((other) => fold(other) === fold(name))
    if (same !== undefined) return { name: same, difference }
  }
  const nearest = nearestName(name, others)
  return nearest === undefined ? undefined : { name: nearest, difference: 'spelling' }
}

/** How a name looks to readers who do not mind blanks, capitals or alphabets: names that share one of these are easily confused. */
export function looksOf(name: string): readonly string[] {
  // In other scripts a mark can be a vowel.
  const kinds = europeanLetters.test(name) ? folds : folds.filter(([difference]) => difference !== 'look-alike')
  return kinds.map(([, fold], at) => `${at} ${fold(name)}`)
}

const europeanLetters = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Common}\p{Script=Inherited}]*$/u

/** Letters of other alphabets, and digits, by the Latin letter that they look like. Capitals where they differ from small ones. */
const lookAlikes: ReadonlyMap<string, string> = new Map(
  [
    ...[
      'аa',
      'вb',
      'сc',
      'ԁd',
      'еe',
      'һh',
      'нh',
      'іi',
      'јj',
      'кk',
      'мm',
      'оo',
      'рp',
      'ԛq',
      'ѕs',
      'тt',
      'ѵv',
      'ԝw',
      'хx',
      'уy',
    ],
    ...['αa', 'βb', 'εe', 'ηh', 'ιi', 'κk', 'μm', 'νv', 'οo', 'ρp', 'τt', 'υu', 'χx', 'γy', 'ζz', 'Νn', 'Υy'],
    ...['ıi', 'ɑa', 'ɡg', '0o', '1l', '|l'],
  ].map((pair) => [pair.slice(0, 1), pair.slice(1)]),
)

const folds: readonly (readonly [NameDifference, (name: string) => string])[] = [
  ['blanks', (name) => name.replace(/[\p{Z}\p{C}]/gu, '')],
  ['case', (name) => name.toLowerCase()],
  ['look-alike', (name) => appearance(name)],
  // A capital i and a small L are one stroke each.
  ['look-alike', (name) => appearance(name.replaceAll('I', 'l'))],
]

function appearance(name: string): string {
  const letters = name
    .replace(/[\p{Z}\p{C}]/gu, '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/\p{Pd}/gu, '-')
  return [...letters].map(plainLetter).join('')
}

function plainLetter(letter: string): string {
  const small = letter.toLowerCase()
  return lookAlikes.get(letter) ?? lookAlikes.get(small) ?? small
}

/** As many mistakes as somebody makes in a name of this length. */
function mostMistakes(name: string): number {
  return name.length < 2 ? 0 : Math.min(3, Math.max(1, Math.floor(name.length / 3)))
}

function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = appearance(name)
  let best: { readonly name: string; readonly mistakes: number } | undefined
  for (const other of known) {
    const looks = appearance(other)
    const most = Math.min(mostMistakes(wanted), mostMistakes(looks))
    if (Math.abs(looks.length - wanted.length) > most) continue
    const mistakes = mistakesBetween(wanted, looks)
    if (mistakes <= most && mistakes < (best?.mistakes ?? Infinity)) best = { name: other, mistakes }
  }
  return best?.name
}

/** Letters added, left out, replaced, or exchanged with their neighbour. */
function mistakesBetween(one: string, other: string): number {
  let before: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row]
    for (let at = 1; at <= other.length; at += 1) {
      const same = one[row - 1] === other[at - 1]
      const exchanged = one[row - 1] === other[at - 2] && one[row - 2] === other[at - 1]
      next[at] = Math.min(
        (last[at] ?? 0) + 1,
        (next[at - 1] ?? 0) + 1,
        (last[at - 1] ?? 0) + (same ? 0 : 1),
        exchanged ? (before[at - 2] ?? 0) + 1 : Infinity,
      )
    }
    before = last
    last = next
  }
  return last[other.length] ?? 0
}
