import { character } from './character.js'

const symbols: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ amp: '&', apos: "'", ast: '*', bsol: '\\', colon: ':', comma: ',', commat: '@', dollar: '$', equals: '=' },
    ...{ excl: '!', grave: '`', gt: '>', Hat: '^', lbrace: '{', lbrack: '[', lcub: '{', lowbar: '_', lpar: '(' },
    ...{ lsqb: '[', lt: '<', num: '#', percnt: '%', period: '.', plus: '+', quest: '?', quot: '"', rbrace: '}' },
    ...{ rbrack: ']', rcub: '}', rpar: ')', rsqb: ']', semi: ';', sol: '/', verbar: '|', vert: '|' },
  }),
)

/** What follows the letter in the name of a letter with a mark. */
const marks: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ acute: '\u{301}', caron: '\u{30c}', cedil: '\u{327}', circ: '\u{302}', grave: '\u{300}', ring: '\u{30a}' },
    ...{ tilde: '\u{303}', uml: '\u{308}' },
  }),
)

const numbered = /^#(?:[xX]0*([0-9A-Fa-f]{1,6})|0*([0-9]{1,7}));?/
const lettered = /^([A-Za-z])(acute|caron|cedil|circ|grave|ring|tilde|uml);/
const named = /^(?:([A-Za-z][0-9A-Za-z]{1,31});|(amp|gt|lt|nbsp|quot|shy))/

/**
 * The text as a browser shows it. A name that is none of a letter or of a symbol of a keyboard is of something that is strewn in, like a
 * soft hyphen.
 */
export function withoutEntities(text: string): string {
  const [begin = '', ...parts] = text.split('&')
  return begin + parts.map(shown).join('')
}

function shown(part: string): string {
  const number = numbered.exec(part)
  if (number !== null) {
    const [reference, hex, decimal] = number
    return (hex === undefined ? character(decimal ?? '', 10) : character(hex, 16)) + part.slice(reference.length)
  }
  const letter = lettered.exec(part)
  if (letter !== null) {
    const [reference, base = '', mark = ''] = letter
    return (base + (marks.get(mark) ?? '')).normalize('NFC') + part.slice(reference.length)
  }
  const name = named.exec(part)
  if (name === null) return `&${part}`
  const [reference, closed, open] = name
  return (symbols.get(closed ?? open ?? '') ?? '') + part.slice(reference.length)
}
