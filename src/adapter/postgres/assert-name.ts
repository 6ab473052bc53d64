import type { Category } from '../../core/permission/grants.js'

const maximumLength = 255

/** Letters, marks and numbers of any script, and of the rest only what a keyboard writes visibly: no look-alike hyphens, slashes or colons. */
const visible = /^[\p{L}\p{M}\p{N}\x20-\x7e]+$/u
/** Letters and marks that show nothing, such as the Hangul filler. */
const invisible = /\p{Default_Ignorable_Code_Point}/u

/** Scripts that may stand alone in a name, and the mixtures that people write (Unicode UTS 39 §5.2, "highly restrictive"). */
const writings = [
  ...[
    'Latin',
    'Greek',
    'Cyrillic',
    'Armenian',
    'Hebrew',
    'Arabic',
    'Syriac',
    'Thaana',
    'Devanagari',
    'Bengali',
    'Gurmukhi',
  ],
  ...['Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Thai', 'Lao', 'Tibetan', 'Myanmar'],
  ...['Georgian', 'Ethiopic', 'Khmer', 'Mongolian'],
  'Latin,Han,Hiragana,Katakana',
  'Latin,Han,Bopomofo',
  'Latin,Han,Hangul',
].map(writingOf)

/** RFC 6749 §3.3, `scope-token`. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const permissionAtom = /^[^:].*:.*[^:]$|^[^:]:[^:]$/

const nouns: Readonly<Record<Category, string>> = {
  roles: 'role',
  groups: 'group',
  scopes: 'scope',
  resources: 'resource',
  permissions: 'permission',
}

/**
 * Throws `TypeError` for a name that people could mistake for another one or that a token could not carry. Matching is byte-exact
 * whatever is stored; this keeps `аdmin` with a Cyrillic letter out of lists that administrators read.
 */
export function assertName(category: Category, name: string): void {
  const fault = nameFault(category, name)
  if (fault !== undefined) throw new TypeError(fault)
}

/** What is wrong with such a name, as a sentence. */
export function nameFault(category: Category, name: string): string | undefined {
  const fault = faultOf(category, name)
  return fault === undefined ? undefined : `the ${nouns[category]} name ${printable(name)} ${fault}`
}

/** What is wrong with the name of a service, as a sentence: the same as with any other. */
export function serviceNameFault(name: string): string | undefined {
  const fault = lookFault(name)
  return fault === undefined ? undefined : `the service name ${printable(name)} ${fault}`
}

function faultOf(category: Category, name: string): string | undefined {
  const fault = lookFault(name)
  if (fault !== undefined) return fault
  if (category === 'scopes' && !scopeToken.test(name))
    return 'is not a scope token (RFC 6749 §3.3): visible ASCII without spaces, " and \\'
  if (category === 'permissions' && !permissionAtom.test(name)) return 'is not of the form resource:action'
  return undefined
}

function lookFault(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.length > maximumLength) return `has more than ${maximumLength} characters`
  if (name.startsWith(' ') || name.endsWith(' ') || name.includes('  ')) return 'has spaces around it or two in a row'
  if (name.normalize('NFKC') !== name) return 'is not in the form NFKC: type its characters plainly'
  if (!visible.test(name) || invisible.test(name)) return 'has characters that are invisible or look like others'
  if (!writings.some((writing) => writing.test(name))) return 'mixes scripts whose letters look alike'
  return undefined
}

function writingOf(scripts: string): RegExp {
  const own = scripts
    .split(',')
    .map((script) => `\\p{Script_Extensions=${script}}`)
    .join('')
  // ASCII without its letters, which are Latin.
  return new RegExp(`^[\\x20-\\x40\\x5b-\\x60\\x7b-\\x7e${own}]+$`, 'u')
}

function printable(name: string): string {
  const shown = JSON.stringify(name.slice(0, 64))
  return shown.replace(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
