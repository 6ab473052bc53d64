/** Letters of other alphabets, and figures, that are read as Latin ones (Unicode Technical Standard 39, the common part of its table). */
const readAs: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Array.from('асеһіјӏорԛѕԝхуԁɡпгтвкмнз', (letter, index) => [letter, 'acehijlopqswxydgnrtbkmh3'[index] ?? letter]),
  ),
  ...Object.fromEntries(Array.from('αβγεικνορτυχωης', (letter, index) => [letter, 'abyeikvoptuxwnc'[index] ?? letter])),
  ...Object.fromEntries(Array.from('օսոհցք', (letter, index) => [letter, 'ounhgp'[index] ?? letter])),
  ...{
    ı: 'l',
    ł: 'l',
    ø: 'o',
    đ: 'd',
    ħ: 'h',
    ɑ: 'a',
    ɩ: 'l',
    '|': 'l',
    '!': 'l',
    i: 'l',
    '1': 'l',
    '0': 'o',
    $: 's',
    '@': 'a',
  },
}

/** The words of a text as a hasty reader takes them: what looks alike is alike. */
export function wordsOf(text: string): readonly string[] {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const read = Array.from(plain, (letter) => latin(letter)).join('')
  return read
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}

/** Twice, since what a letter of another alphabet looks like may look like another one itself. */
function latin(letter: string): string {
  const once = readAs[letter] ?? letter
  return readAs[once] ?? once
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
