import { commonPasswords } from './common-passwords.js'

export const shortestPassword = 12
export const longestPassword = 128

/** Whom a password is for, and where: what others guess first. */
export interface PasswordPlace {
  readonly email: string
  readonly name: string | undefined
  readonly tenant: { readonly name: string; readonly slug: string }
  readonly serverName: string | undefined
}

const shortestWord = 4
/** What has to be left of a password besides a word that everybody would try. */
const leastBeside = 8
/** What people put around a common word. */
const mostAround = 8
const letters: Readonly<Record<string, string>> = { '0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't' }
const signs: Readonly<Record<string, string>> = { '@': 'a', $: 's', '!': 'i' }

/**
 * Why nobody may have this password, as a sentence for whoever chose it, or `undefined` (NIST SP 800-63B: a length, no rules of
 * composition, nothing that is known or easy to guess). Characters are counted as people see them.
 */
export async function passwordFault(password: string, place: PasswordPlace): Promise<string | undefined> {
  const length = [...password.normalize('NFKC')].length
  if (length < shortestPassword) return `A password has at least ${shortestPassword} characters; a few words will do.`
  // What is hashed is bounded by UTF-16 units.
  if (password.length > longestPassword) return `A password has at most ${longestPassword} characters.`
  const plain = password.normalize('NFKC').toLowerCase()
  if (isPattern(plain)) return 'This password is a simple pattern, which is tried first. Choose another one.'
  const named = wordsOf(place).find((word) => isMadeOf(plain, word))
  if (named !== undefined) {
    return 'This password is mostly your name, address, organisation or this server. Choose another one.'
  }
  const common = await commonPasswords()
  if (variantsOf(plain).some((variant) => common.has(variant))) {
    return 'This password, or one that is almost the same, is on the list of common and stolen passwords. Choose another one.'
  }
  return undefined
}

/** One character or a few again and again, or neighbours in a row. */
function isPattern(plain: string): boolean {
  for (let unit = 1; unit <= 4; unit += 1) {
    if (
      plain ===
      plain
        .slice(0, unit)
        .repeat(Math.ceil(plain.length / unit))
        .slice(0, plain.length)
    )
      return true
  }
  const steps = [...plain].slice(1).map((character, at) => character.charCodeAt(0) - plain.charCodeAt(at))
  return steps.every((step) => step === 1 || step === -9) || steps.every((step) => step === -1 || step === 9)
}

function wordsOf({ email, name, serverName, tenant }: PasswordPlace): readonly string[] {
  const texts = [email, ...email.split('@'), name, tenant.name, tenant.slug, serverName]
  const whole = texts.filter((text) => text !== undefined)
  const words = [...whole, ...whole.flatMap((text) => text.split(/[^\p{L}\p{N}]+/u))]
  return [...new Set(words.map((word) => lettersOf(word.toLowerCase())))].filter((word) => word.length >= shortestWord)
}

function isMadeOf(plain: string, word: string): boolean {
  return [lettersOf(plain), lettersOf(unmasked(plain))].some((text) => {
    const left = text.replaceAll(word, '')
    return left.length < text.length && left.length < leastBeside
  })
}

/** The password, with letters for the digits and signs that stand for them, and without what is around its letters. */
function variantsOf(plain: string): readonly string[] {
  const forms = [plain, unmasked(plain), lettersOf(plain)]
  const cores = forms.map((form) => form.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, ''))
  const near = [...cores, unmasked(cores[0] ?? '')].filter(
    (core) => core.length >= shortestWord && plain.length - core.length <= mostAround,
  )
  const halves = [plain, ...cores].map(halfOf).filter((half) => half !== undefined)
  return [...forms, ...near, ...halves]
}

/** What a text says twice. */
function halfOf(text: string): string | undefined {
  const half = text.slice(0, text.length / 2)
  return half.length >= shortestWord && half + half === text ? half : undefined
}

function unmasked(text: string): string {
  return [...text].map((character) => letters[character] ?? signs[character] ?? character).join('')
}

/** Letters and digits alone. */
function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '')
}
