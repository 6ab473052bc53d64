import type { Translation, Translator } from './fragment.js'
import { isRecord } from '../json-value.js'
import { changedOptions } from './validator-options.js'

/**
 * A pattern is the developer's, the text is the caller's: with no bound on its length, a pattern that backtracks takes
 * seconds. `@MaxLength` beside `@Matches` replaces this bound.
 */
export const longestMatched = 1_024

const hex = '[0-9A-Fa-f]'

/** The validators of strings that have an exact form. */
export const stringFragments: readonly (readonly [string, Translator])[] = [
  ['minLength', ([min]) => lengths(min, undefined)],
  ['maxLength', ([max]) => lengths(undefined, max)],
  ['isLength', ([min, max]) => lengths(min, max)],
  ['matches', ([pattern, flags]) => matching(pattern, flags)],
  ['contains', ([seed]) => containing(seed, (escaped) => ({ type: ['string'], pattern: escaped }))],
  [
    'notContains',
    ([seed]) => containing(seed, (escaped) => ({ type: ['string'], not: { type: 'string', pattern: escaped } })),
  ],
  ['isAlpha', ([locale]) => latin(locale, '^[A-Za-z]+$')],
  ['isAlphanumeric', ([locale]) => latin(locale, '^[0-9A-Za-z]+$')],
  ['isAscii', pattern('^[\\u0000-\\u007F]+$')],
  ['isMultibyte', pattern('[^\\u0000-\\u007F]')],
  ['isBase32', pattern('^(?=(?:[A-Z2-7=]{8})+$)[A-Z2-7]+=*$')],
  ['isBase58', pattern('^[A-HJ-NP-Za-km-z1-9]*$')],
  ['isBase64', ([options]) => base64(options)],
  ['isBooleanString', () => ({ type: ['string'], enum: ['true', 'false', '1', '0'] })],
  ['isNumberString', ([options]) => numeric(options)],
  ['isHexColor', pattern(`^#?(?:${hex}{3}|${hex}{4}|${hex}{6}|${hex}{8})$`)],
  ['isHexadecimal', pattern(`^(?:0[xXhH])?${hex}+$`)],
  ['isOctal', pattern('^(?:0[oO])?[0-7]+$')],
  ['isMongoId', pattern(`^(?:0[xXhH]${hex}{22}|${hex}{24})$`)],
  ['isEthereumAddress', pattern(`^0[xX]${hex}{40}$`)],
  ['isHash', ([algorithm]) => hash(algorithm)],
  ['isJwt', pattern('^[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]*$')],
  ['isMilitaryTime', pattern('^(?:[01]\\d|2[0-3]):?[0-5]\\d$')],
  ['isISRC', pattern('^[A-Z]{2}[0-9A-Z]{3}\\d{7}$')],
  ['IsFirebasePushId', pattern('^[0-9A-Za-z_-]{20}$')],
]

/** A string with a length that JSON Schema can state. */
function lengths(min: unknown, max: unknown): Translation {
  if (!isLength(min) || !isLength(max)) return 'the length is not a whole number. Write one'
  return {
    type: ['string'],
    ...(min === undefined || min === null ? {} : { minLength: min }),
    ...(max === undefined || max === null ? {} : { maxLength: max }),
  }
}

function isLength(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'number' && Number.isInteger(value) && value >= 0)
}

function pattern(source: string): Translator {
  return () => ({ type: ['string'], pattern: source })
}

/** JSON Schema patterns have no flags, and are read as `u` here (JSON Schema Core 2020-12, section 6.4). */
function matching(expression: unknown, modifiers: unknown): Translation {
  const source = expression instanceof RegExp ? expression.source : expression
  const flags = expression instanceof RegExp ? expression.flags : modifiers
  if (typeof source !== 'string') return '@Matches needs a regular expression'
  if (flags !== undefined && flags !== '' && flags !== 'u') {
    return 'JSON Schema has no flags for a pattern. Write @Matches without flags (for /[a-z]/i: /[A-Za-z]/)'
  }
  if (!isUnicodePattern(source)) {
    return 'the pattern is not valid with the u flag, as JSON Schema reads it. Escape only what needs it: /[\\w-]/, not /[\\w\\-]/'
  }
  return { type: ['string'], pattern: source }
}

function isUnicodePattern(source: string): boolean {
  try {
    return new RegExp(source, 'u').source !== ''
  } catch {
    return false
  }
}

function containing(seed: unknown, form: (escaped: string) => Translation): Translation {
  if (typeof seed !== 'string' || seed === '') return 'the text to look for is empty. Name one'
  return form(seed.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
}

function latin(locale: unknown, source: string): Translation {
  if (locale === undefined || locale === 'en-US') return { type: ['string'], pattern: source }
  return 'a locale has no JSON Schema form. Spell the letters out with @Matches'
}

function base64(options: unknown): Translation {
  if (changedOptions(options).length > 0) {
    return 'the options of @IsBase64 have no JSON Schema form. Use @Matches(/^[0-9A-Za-z_-]*$/) for the URL-safe alphabet'
  }
  const source = '^(?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/]{2}==|[0-9A-Za-z+/]{3}=)?$'
  return { type: ['string'], pattern: source, contentEncoding: 'base64' }
}

function numeric(options: unknown): Translation {
  if (!isRecord(options)) return { type: ['string'], pattern: '^[+-]?(?:[0-9]*[.])?[0-9]+$' }
  if (options['locale'] !== undefined) return 'a locale has no JSON Schema form. Use @Matches, or take a number'
  const source = options['no_symbols'] === true ? '^[0-9]+$' : '^[+-]?(?:[0-9]*[.])?[0-9]+$'
  return { type: ['string'], pattern: source }
}

const hashLengths: Readonly<Record<string, number>> = {
  crc32: 8,
  crc32b: 8,
  md4: 32,
  md5: 32,
  ripemd128: 32,
  ripemd160: 40,
  sha1: 40,
  sha256: 64,
  sha384: 96,
  sha512: 128,
  tiger128: 32,
  tiger160: 40,
  tiger192: 48,
}

function hash(algorithm: unknown): Translation {
  const length = typeof algorithm === 'string' ? hashLengths[algorithm] : undefined
  if (length === undefined) return 'the hash algorithm is not known. Use @Matches'
  return { type: ['string'], pattern: `^${hex}{${length}}$` }
}
