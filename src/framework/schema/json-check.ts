import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { JsonSchema } from '../../core/operation/json-schema.js'
import { describeErrors } from './describe-errors.js'

/** The dialect of every schema here. */
export const dialect = 'https://json-schema.org/draft/2020-12/schema'

/** What is wrong with a value, in words for the caller, or `undefined`. */
export type JsonCheck = (value: unknown) => string | undefined

// With allErrors, a long text would still meet every pattern after it failed its maxLength.
const ajv = new Ajv2020({
  allErrors: false,
  verbose: true,
  strict: true,
  strictTypes: false,
  strictTuples: false,
  validateSchema: true,
  unicodeRegExp: true,
})
addFormats.default(ajv, { mode: 'full' })
ajv.addFormat('date-time', isDateTime)

/** Compiles a schema once. Throws what Ajv throws for a schema that is not valid, or refers to what does not exist. */
export function compileJsonCheck(schema: JsonSchema): JsonCheck {
  const validate = ajv.compile<unknown>(schema)
  return (value) => (validate(value) === true ? undefined : describeErrors(validate.errors ?? []))
}

/** Makes a format of a schema library known as an annotation: the library's own validation asserts it. */
export function allowFormat(name: string): void {
  if (ajv.formats[name] === undefined) ajv.addFormat(name, true)
}

/** Ajv says of a keyword without a meaning that it has none, and throws where it is added again. */
const extensions = new Set<string>()

/** Makes an extension keyword (`x-…`) known. */
export function allowKeyword(name: string): void {
  if (extensions.has(name) || ajv.getKeyword(name) !== false) return
  ajv.addVocabulary([name])
  extensions.add(name)
}

const dateTime = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-](\d\d):(\d\d))$/

/** RFC 3339 section 5.6 without leap seconds, lower case and other separators, so that `Date` reads all of it. */
function isDateTime(text: string): boolean {
  const [, year, month, day, hour, minute, second, offsetHour = 0, offsetMinute = 0] = (dateTime.exec(text) ?? []).map(
    Number,
  )
  if (year === undefined || month === undefined || day === undefined) return false
  const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
  const inRange = (hour ?? 24) < 24 && (minute ?? 60) < 60 && (second ?? 60) < 60
  const offsetInRange = !(offsetHour > 23) && !(offsetMinute > 59)
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDay && inRange && offsetInRange
}
