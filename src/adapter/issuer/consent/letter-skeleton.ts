import { latinLetters } from './letter-tables.js'

/** The words of a text as a hasty reader takes them: what looks alike is alike. */
export function wordsOf(text: string): readonly string[] {
  return lettersOf(text).map(skeletonOf)
}

/** Where a word begins inside of another one: at a capital, and between letters and figures. */
const inside = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})|(?<=\p{L})(?=\p{N})|(?<=\p{N})(?=\p{L})/gu

/** Whether a text says a word by some of its words in a row, with whatever between them: `C l a u d e`, `VSCode`, `Cl-aude`. */
export function spells(text: string, word: string): boolean {
  const parts = lettersOf(text.normalize('NFKC').replaceAll(inside, ' '))
  return parts.some((_, first) => {
    let run = ''
    for (const part of parts.slice(first)) {
      run += part
      if (skeletonOf(run) === word) return true
      if (run.length > longestRun) return false
    }
    return false
  })
}

/** Longer than any word that is looked for, with its letters doubled. */
const longestRun = 64

function lettersOf(text: string): readonly string[] {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  const read = Array.from(plain, (letter) => latin(letter)).join('')
  return read.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
}

/** What two letters look like together, and no letter twice in a row. */
function skeletonOf(letters: string): string {
  return letters
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll(/(.)\1+/gu, '$1')
}

/** Twice, since what a letter of another alphabet looks like may look like another one itself. */
function latin(letter: string): string {
  const once = latinLetters[letter] ?? letter
  return latinLetters[once] ?? once
}

const alphabets = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
  /\p{Script=Lisu}/u,
]

/** Whether one word of a text is written with letters of several alphabets that look alike. */
export function mixesAlphabets(text: string): boolean {
  const words = text.split(/[^\p{L}\p{M}\p{N}]+/u)
  return words.some((word) => alphabets.filter((alphabet) => alphabet.test(word)).length > 1)
}
