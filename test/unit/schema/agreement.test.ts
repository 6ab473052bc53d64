import { describe, expect, it } from '@jest/globals'
import { Type } from 'class-transformer'
import * as cv from 'class-validator'
import { compiled, dtoWith, listingCheck, validatorAccepts, weAccept } from '../../support/schema/compare.js'
import { missing, pool } from '../../support/schema/values.js'

enum Level {
  Low,
  High,
}
enum Color {
  Red = 'red',
  Blue = 'blue',
}
enum Mixed {
  No,
  Yes = 'yes',
}

class Inner {
  @cv.IsString() name!: string
}

interface Row {
  readonly title: string
  readonly type?: unknown
  readonly decorators: readonly PropertyDecorator[]
  /** Values that class-validator accepts and we do not, by the name of the reason. */
  readonly stricter?: readonly Reason[]
}

type Reason = keyof typeof reasons

const isText = (value: unknown): value is string => typeof value === 'string'

/** Everywhere that we are stricter than class-validator, and nowhere else. */
const reasons = {
  'each: a value that is not an array': (value: unknown) => !Array.isArray(value),
  'a nested class: a missing value': (value: unknown) => value === missing,
  'a nested class: an array': (value: unknown) => Array.isArray(value),
  'a nested array: a single object': (value: unknown) => !Array.isArray(value),
  'a nested array: an array as item': (value: unknown) => Array.isArray(value) && value.some(Array.isArray),
  'a numeric enum: a name': isText,
  'the declared type: another type': (value: unknown) => !isText(value),
  'required: a missing value': (value: unknown) => value === missing,
  'reserved member names': (value: unknown) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, 'toString'),
  'a date: not RFC 3339 with a time': (value: unknown) =>
    !isText(value) ||
    !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.?\d*(Z|\+\d\d:\d\d)$/.test(value) ||
    /02-30|T24|:60/.test(value),
  'dates: an item that is not RFC 3339 with a time': (value: unknown) => Array.isArray(value) && !value.some(isText),
  'a date string: not RFC 3339': (value: unknown) =>
    !isText(value) ||
    !/^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d\.?\d*(Z|\+\d\d:\d\d))?$/.test(value) ||
    /02-30|T24|:60/.test(value),
  'email: not ASCII, or quoted': (value: unknown) =>
    isText(value) && (!/^[ -~]*$/.test(value) || value.startsWith('"')),
  'url: no protocol in lower case': (value: unknown) => isText(value) && !/^(https?|ftp):/.test(value),
  'url and host: not ASCII': (value: unknown) => isText(value) && !/^[ -~]*$/.test(value),
  'ip: a zone': (value: unknown) => isText(value) && value.includes('%'),
  'matches: text longer than 1024': (value: unknown) => isText(value) && value.length > 1_024,
  'matches: a character beyond the basic plane is one': (value: unknown) =>
    isText(value) && /[\u{10000}-\u{10FFFF}]/u.test(value),
  'length: a variation selector counts': (value: unknown) => isText(value) && value.includes('\uFE0F'),
}

const rows: readonly Row[] = [
  { title: 'IsString', type: String, decorators: [cv.IsString()] },
  { title: 'IsString of an unknown type', decorators: [cv.IsString()] },
  { title: 'IsBoolean', type: Boolean, decorators: [cv.IsBoolean()] },
  { title: 'IsNumber', type: Number, decorators: [cv.IsNumber()] },
  { title: 'IsInt', type: Number, decorators: [cv.IsInt()] },
  { title: 'IsInt then Min', type: Number, decorators: [cv.IsInt(), cv.Min(0)] },
  { title: 'Min then IsInt', type: Number, decorators: [cv.Min(0), cv.IsInt()] },
  { title: 'Min and Max alone', decorators: [cv.Min(1), cv.Max(5)] },
  { title: 'two Min', decorators: [cv.Min(1), cv.Min(3)] },
  { title: 'IsPositive', type: Number, decorators: [cv.IsPositive()] },
  { title: 'IsNegative', type: Number, decorators: [cv.IsNegative()] },
  { title: 'IsDivisibleBy', type: Number, decorators: [cv.IsDivisibleBy(5)] },
  { title: 'IsEnum of numbers', type: Number, decorators: [cv.IsEnum(Level)], stricter: ['a numeric enum: a name'] },
  { title: 'IsEnum of strings', type: String, decorators: [cv.IsEnum(Color)] },
  { title: 'IsEnum, mixed', type: Object, decorators: [cv.IsEnum(Mixed)], stricter: ['a numeric enum: a name'] },
  { title: 'IsIn, mixed', type: Object, decorators: [cv.IsIn(['a', 1, true, null])] },
  { title: 'IsIn and MinLength', type: String, decorators: [cv.IsIn(['a', 'abc']), cv.MinLength(2)] },
  { title: 'IsNotIn', type: String, decorators: [cv.IsString(), cv.IsNotIn(['a', 'b'])] },
  { title: 'Equals', type: String, decorators: [cv.Equals('a')] },
  { title: 'Equals a number', type: Number, decorators: [cv.Equals(5)] },
  { title: 'NotEquals', type: Number, decorators: [cv.IsNumber(), cv.NotEquals(5)] },
  {
    title: 'NotEquals on a declared string',
    type: String,
    decorators: [cv.NotEquals('a')],
    stricter: ['the declared type: another type'],
  },
  {
    title: 'IsNotEmpty on a declared string',
    type: String,
    decorators: [cv.IsNotEmpty()],
    stricter: ['the declared type: another type'],
  },
  { title: 'IsNotEmpty and IsString', type: String, decorators: [cv.IsString(), cv.IsNotEmpty()] },
  { title: 'IsNotEmpty and IsInt', type: Number, decorators: [cv.IsInt(), cv.IsNotEmpty()] },
  {
    title: 'IsDefined alone',
    type: String,
    decorators: [cv.IsDefined()],
    stricter: ['the declared type: another type'],
  },
  {
    title: 'Allow on a declared string',
    type: String,
    decorators: [cv.Allow()],
    stricter: ['the declared type: another type'],
  },
  { title: 'MinLength', type: String, decorators: [cv.MinLength(2)] },
  {
    title: 'MaxLength',
    type: String,
    decorators: [cv.MaxLength(1)],
    stricter: ['length: a variation selector counts'],
  },
  { title: 'Length', type: String, decorators: [cv.Length(2, 4)] },
  {
    title: 'Matches',
    type: String,
    decorators: [cv.Matches(/^[a-z]+$/)],
    stricter: ['matches: text longer than 1024'],
  },
  { title: 'Matches with u', type: String, decorators: [cv.Matches(/^.$/u)] },
  {
    title: 'Matches without anchors',
    type: String,
    decorators: [cv.Matches(/b|\d\d|xx/)],
    stricter: ['matches: text longer than 1024'],
  },
  {
    title: 'Matches of units',
    type: String,
    decorators: [cv.Matches(/^..$/)],
    stricter: ['matches: a character beyond the basic plane is one'],
  },
  { title: 'Matches beside MaxLength', type: String, decorators: [cv.Matches(/x$/), cv.MaxLength(1_500)] },
  { title: 'Contains', type: String, decorators: [cv.Contains('.')] },
  { title: 'NotContains', type: String, decorators: [cv.NotContains('a')] },
  { title: 'IsAlpha', type: String, decorators: [cv.IsAlpha()] },
  { title: 'IsAlphanumeric', type: String, decorators: [cv.IsAlphanumeric('en-US')] },
  { title: 'IsAscii', type: String, decorators: [cv.IsAscii()] },
  { title: 'IsMultibyte', type: String, decorators: [cv.IsMultibyte()] },
  { title: 'IsBase32', type: String, decorators: [cv.IsBase32()] },
  { title: 'IsBase58', type: String, decorators: [cv.IsBase58()] },
  { title: 'IsBase64', type: String, decorators: [cv.IsBase64()] },
  { title: 'IsBooleanString', type: String, decorators: [cv.IsBooleanString()] },
  { title: 'IsNumberString', type: String, decorators: [cv.IsNumberString()] },
  { title: 'IsNumberString, digits only', type: String, decorators: [cv.IsNumberString({ no_symbols: true })] },
  { title: 'IsHexColor', type: String, decorators: [cv.IsHexColor()] },
  { title: 'IsHexadecimal', type: String, decorators: [cv.IsHexadecimal()] },
  { title: 'IsOctal', type: String, decorators: [cv.IsOctal()] },
  { title: 'IsMongoId', type: String, decorators: [cv.IsMongoId()] },
  { title: 'IsEthereumAddress', type: String, decorators: [cv.IsEthereumAddress()] },
  { title: 'IsHash', type: String, decorators: [cv.IsHash('md5')] },
  { title: 'IsJWT', type: String, decorators: [cv.IsJWT()] },
  { title: 'IsMilitaryTime', type: String, decorators: [cv.IsMilitaryTime()] },
  { title: 'IsISRC', type: String, decorators: [cv.IsISRC()] },
  { title: 'IsFirebasePushId', type: String, decorators: [cv.IsFirebasePushId()] },
  { title: 'IsEmail', type: String, decorators: [cv.IsEmail()], stricter: ['email: not ASCII, or quoted'] },
  {
    title: 'IsUrl',
    type: String,
    decorators: [cv.IsUrl()],
    stricter: ['url: no protocol in lower case', 'url and host: not ASCII'],
  },
  {
    title: 'IsUrl, https only',
    type: String,
    decorators: [cv.IsUrl({ protocols: ['https'], require_protocol: true })],
    stricter: ['url and host: not ASCII'],
  },
  {
    title: 'IsUrl, local hosts',
    type: String,
    decorators: [cv.IsUrl({ require_tld: false, require_protocol: true })],
    stricter: ['url: no protocol in lower case', 'url and host: not ASCII'],
  },
  { title: 'IsUUID', type: String, decorators: [cv.IsUUID()] },
  { title: 'IsUUID 4', type: String, decorators: [cv.IsUUID('4')] },
  { title: 'IsIP', type: String, decorators: [cv.IsIP()], stricter: ['ip: a zone'] },
  { title: 'IsIP 4', type: String, decorators: [cv.IsIP(4)] },
  { title: 'IsIP 6', type: String, decorators: [cv.IsIP('6')], stricter: ['ip: a zone'] },
  { title: 'IsFQDN', type: String, decorators: [cv.IsFQDN()], stricter: ['url and host: not ASCII'] },
  { title: 'IsDateString', type: String, decorators: [cv.IsDateString()], stricter: ['a date string: not RFC 3339'] },
  {
    title: 'IsISO8601',
    type: String,
    decorators: [cv.IsISO8601({ strict: true })],
    stricter: ['a date string: not RFC 3339'],
  },
  { title: 'IsRFC3339', type: String, decorators: [cv.IsRFC3339()], stricter: ['a date: not RFC 3339 with a time'] },
  {
    title: 'IsDate',
    type: Date,
    decorators: [cv.IsDate(), Type(() => Date)],
    stricter: ['a date: not RFC 3339 with a time'],
  },
  {
    title: 'IsDate, each',
    type: Array,
    decorators: [cv.IsDate({ each: true }), Type(() => Date)],
    stricter: ['each: a value that is not an array', 'dates: an item that is not RFC 3339 with a time'],
  },
  { title: 'IsObject', type: Object, decorators: [cv.IsObject()], stricter: ['reserved member names'] },
  { title: 'IsNotEmptyObject', type: Object, decorators: [cv.IsNotEmptyObject()] },
  {
    title: 'IsObject, each',
    type: Array,
    decorators: [cv.IsObject({ each: true })],
    stricter: ['each: a value that is not an array'],
  },
  {
    title: 'ValidateNested',
    type: Inner,
    decorators: [cv.ValidateNested(), Type(() => Inner)],
    stricter: ['a nested class: a missing value', 'a nested class: an array'],
  },
  {
    title: 'ValidateNested, defined object',
    type: Inner,
    decorators: [cv.IsDefined(), cv.IsObject(), cv.ValidateNested(), Type(() => Inner)],
  },
  {
    title: 'ValidateNested, each',
    type: Array,
    decorators: [cv.ValidateNested({ each: true }), Type(() => Inner)],
    stricter: [
      'a nested class: a missing value',
      'a nested array: a single object',
      'a nested array: an array as item',
    ],
  },
  {
    title: 'ValidateNested on an array',
    type: Array,
    decorators: [cv.IsArray(), cv.ValidateNested(), Type(() => Inner)],
    stricter: ['a nested array: an array as item'],
  },
  {
    title: 'IsString, each',
    type: Array,
    decorators: [cv.IsString({ each: true })],
    stricter: ['each: a value that is not an array'],
  },
  { title: 'IsArray and IsString, each', type: Array, decorators: [cv.IsArray(), cv.IsString({ each: true })] },
  {
    title: 'IsInt, each, with bounds',
    type: Array,
    decorators: [cv.IsArray(), cv.IsInt({ each: true }), cv.Min(1, { each: true })],
  },
  { title: 'IsIn, each', type: Array, decorators: [cv.IsArray(), cv.IsIn(['a', 1], { each: true })] },
  { title: 'ArrayMinSize', type: Array, decorators: [cv.ArrayMinSize(2), cv.IsString({ each: true })] },
  { title: 'ArrayMaxSize', type: Array, decorators: [cv.ArrayMaxSize(1), cv.IsString({ each: true })] },
  { title: 'ArrayNotEmpty', type: Array, decorators: [cv.ArrayNotEmpty(), cv.IsNumber({}, { each: true })] },
  { title: 'ArrayUnique', type: Array, decorators: [cv.ArrayUnique(), cv.IsString({ each: true })] },
  { title: 'ArrayContains', type: Array, decorators: [cv.ArrayContains(['a', 'b']), cv.IsString({ each: true })] },
  { title: 'ArrayNotContains', type: Array, decorators: [cv.ArrayNotContains(['a']), cv.IsString({ each: true })] },
]

const optional: readonly Row[] = rows
  .filter((row) => !row.title.includes('efined'))
  .map((row) => ({
    ...row,
    title: `${row.title}, optional`,
    decorators: [cv.IsOptional(), ...row.decorators],
  }))

const argumentsOf = (value: unknown): object => (value === missing ? {} : { value })
const show = (value: unknown): string => (value === missing ? 'missing' : JSON.stringify(value))
const isNamed = (row: Row, value: unknown): boolean => (row.stricter ?? []).some((reason) => reasons[reason](value))

/** Formats, lengths and free objects are coarser than class-validator in these rows: it refuses a few values that the listing alone would not. */
const coarse = [
  'IsNotEmptyObject',
  'MinLength',
  'Length',
  'IsEmail',
  'IsUrl',
  'IsUrl, https only',
  'IsUrl, local hosts',
  'IsFQDN',
  'IsRFC3339',
  'IsDate',
  'IsDate, each',
  'IsDateString',
  'IsISO8601',
]

describe('class-validator and the listed schema', () => {
  let compared = 0

  for (const row of [...rows, ...optional]) {
    it(`agree on ${row.title}`, async () => {
      const cls = dtoWith(row.type, ...row.decorators)
      const schema = compiled(cls)
      const listed = listingCheck(schema)
      const disagreements: string[] = []
      for (const value of pool) {
        const theirs = await validatorAccepts(cls, argumentsOf(value))
        const ours = await weAccept(schema, argumentsOf(value))
        const byListing = listed(argumentsOf(value))
        compared += 1
        if (ours && !theirs) disagreements.push(`${show(value)}: we accept what class-validator refuses`)
        if (theirs && !ours && !isNamed(row, value))
          disagreements.push(`${show(value)}: we refuse what class-validator accepts`)
        if (ours && !byListing) disagreements.push(`${show(value)}: we accept what is not listed`)
        if (byListing && !ours && !coarse.includes(row.title.replace(', optional', '')) && !isNamed(row, value)) {
          disagreements.push(`${show(value)}: we refuse what is listed`)
        }
      }
      expect(disagreements).toEqual([])
    })
  }

  it('were compared on thousands of values', () => {
    expect(compared).toBe((rows.length + optional.length) * pool.length)
    expect(compared).toBeGreaterThan(10_000)
  })
})

describe('what we accept of a decorator', () => {
  it.each(rows.filter((row) => row.title !== 'IsIn and MinLength').map((row) => [row.title, row] as const))(
    'is not nothing: %s',
    async (_title, row) => {
      const schema = compiled(dtoWith(row.type, ...row.decorators))
      const answers = await Promise.all(pool.map((value) => weAccept(schema, argumentsOf(value))))
      expect(answers).toContain(true)
      expect(answers).toContain(false)
    },
  )

  it.each(rows.filter((row) => row.stricter !== undefined).map((row) => [row.title, row] as const))(
    'is stricter for a reason that occurs: %s',
    async (_title, row) => {
      const cls = dtoWith(row.type, ...row.decorators)
      const schema = compiled(cls)
      const found = new Set<string>()
      for (const value of pool) {
        if ((await validatorAccepts(cls, argumentsOf(value))) && !(await weAccept(schema, argumentsOf(value)))) {
          for (const reason of row.stricter ?? []) if (reasons[reason](value)) found.add(reason)
        }
      }
      expect([...found].sort()).toEqual([...(row.stricter ?? [])].sort())
    },
  )
})
