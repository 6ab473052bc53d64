import { describe, expect, it } from '@jest/globals'
import { Exclude, Expose, Type } from 'class-transformer'
import * as cv from 'class-validator'
import { ConfigurationError } from '../../../src/core/error/configuration-error.js'
import { Describe } from '../../../src/framework/decorator/describe.js'
import { compileInput } from '../../../src/framework/schema/compile-input.js'
import { compileOutput } from '../../../src/framework/schema/compile-output.js'
import { dtoOf } from '../../support/schema/compare.js'

class Inner {
  @cv.IsString() name!: string
}
class Blank {}

type Decorators = readonly [unknown, ...PropertyDecorator[]]

function faultOf(source: new () => object): ConfigurationError {
  try {
    compileInput(source)
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new TypeError('it compiled')
}

const subTypes = [{ name: 'blank', value: Blank }]

const faults: readonly (readonly [string, Decorators, string, RegExp])[] = [
  ['no type at all', [Object, cv.IsDefined()], 'Probe.p', /Object/],
  ['no recorded type', [undefined, cv.IsNotEmpty()], 'Probe.p', /recorded no type/],
  ['an array of anything', [Array, cv.IsArray()], 'Probe.p[]', /each: true/],
  ['an array with a validator for one value', [Array, cv.IsString()], 'Probe.p', /each: true/],
  ['each on a single value', [String, cv.IsString({ each: true })], 'Probe.p', /declared String/],
  ['a type that its validators contradict', [String, cv.IsInt()], 'Probe.p', /contradict/],
  ['validators that contradict each other', [Object, cv.IsString(), cv.Min(1)], 'Probe.p', /contradict/],
  ['values that its type excludes', [Number, cv.IsIn(['a'])], 'Probe.p', /contradict/],
  ['groups', [String, cv.IsString({ groups: ['a'] })], 'Probe.p', /groups/],
  ['@ValidateIf', [String, cv.ValidateIf(() => true), cv.IsString()], 'Probe.p', /@IsOptional/],
  ['a validateIf option', [String, cv.IsString({ validateIf: () => true })], 'Probe.p', /@IsOptional/],
  ['@ValidatePromise', [String, cv.ValidatePromise(), cv.IsString()], 'Probe.p', /promise/],
  ['optional and defined', [String, cv.IsOptional(), cv.IsDefined(), cv.IsString()], 'Probe.p', /contradict/],
  ['a date without @Type', [Date, cv.IsDate()], 'Probe.p', /@Type\(\(\) => Date\)/],
  ['a Date with a text validator', [Date, cv.IsDateString()], 'Probe.p', /@IsDate\(\)/],
  ['@Type(Date) with a text validator', [String, cv.IsDateString(), Type(() => Date)], 'Probe.p', /@IsDate\(\)/],
  ['@MinDate', [Date, cv.IsDate(), Type(() => Date), cv.MinDate(new Date())], 'Probe.p', /@MinDate has no exact/],
  ['a nested class without @Type', [Inner, cv.ValidateNested()], 'Probe.p', /@Type/],
  [
    'a nested class without @ValidateNested',
    [Inner, cv.IsObject(), Type(() => Inner)],
    'Probe.p',
    /@ValidateNested\(\)/,
  ],
  ['a class with a free object', [Inner, cv.IsObject()], 'Probe.p', /@ValidateNested\(\)/],
  ['a nested class without decorators', [Blank, cv.ValidateNested(), Type(() => Blank)], 'Probe.p', /Blank/],
  [
    'nested items without decorators',
    [Array, cv.ValidateNested({ each: true }), Type(() => Blank)],
    'Probe.p[]',
    /Blank/,
  ],
  [
    'a class that is not loaded',
    [Inner, cv.ValidateNested(), Type(() => Object(undefined)['x'])],
    'Probe.p',
    /undefined/,
  ],
  [
    '@Type with a function of the value',
    [Inner, cv.ValidateNested(), Type((help) => (help ? Inner : Blank))],
    'Probe.p',
    /discriminator/,
  ],
  [
    'a discriminator without @ValidateNested',
    [Object, cv.IsObject(), Type(() => Object, { discriminator: { property: 'k', subTypes } })],
    'Probe.p',
    /@ValidateNested\(\)/,
  ],
  [
    'subtypes without decorators',
    [Object, cv.ValidateNested(), Type(() => Inner, { discriminator: { property: 'k', subTypes } })],
    'Probe.p',
    /"blank"/,
  ],
  [
    'a nested class that must be text',
    [Inner, cv.ValidateNested(), cv.IsString(), Type(() => Inner)],
    'Probe.p',
    /contradict/,
  ],
  ['a Map', [Map, cv.IsObject()], 'Probe.p', /Map/],
  ['a Set', [Set, cv.IsString({ each: true })], 'Probe.p', /Set/],
  ['a bigint', [BigInt, cv.IsDefined()], 'Probe.p', /BigInt/],
  ['a conversion that its validators refuse', [String, cv.IsString(), Type(() => Number)], 'Probe.p', /@Type/],
  ['@Matches with i', [String, cv.Matches(/a/i)], 'Probe.p', /flags/],
  ['@Matches with a modifier', [String, cv.Matches('a', 'g')], 'Probe.p', /flags/],
  ['@Matches that u refuses', [String, cv.Matches(/\-/)], 'Probe.p', /u flag/],
  ['@IsNumber with decimal places', [Number, cv.IsNumber({ maxDecimalPlaces: 2 })], 'Probe.p', /@IsInt\(\)/],
  ['@IsDivisibleBy a fraction', [Number, cv.IsDivisibleBy(0.5)], 'Probe.p', /whole/],
  ['a bound that is not finite', [Number, cv.Max(Infinity)], 'Probe.p', /finite/],
  ['@IsIn with objects', [Object, cv.IsIn([{}])], 'Probe.p', /handler/],
  ['@IsIn with nothing', [String, cv.IsIn([])], 'Probe.p', /empty/],
  ['@IsIn with too many values', [Number, cv.IsIn(Array.from({ length: 1_001 }, (_, n) => n))], 'Probe.p', /1000/],
  ['@IsEnum of an empty enum', [String, cv.IsEnum({})], 'Probe.p', /empty/],
  ['@ArrayUnique of objects', [Array, cv.ArrayUnique(), cv.IsObject({ each: true })], 'Probe.p', /@ArrayUnique/],
  ['@IsEmail with options', [String, cv.IsEmail({ allow_display_name: true })], 'Probe.p', /@IsEmail/],
  ['@IsUrl with other options', [String, cv.IsUrl({ disallow_auth: true })], 'Probe.p', /@IsUrl/],
  ['@IsUUID of no version', [String, cv.IsUUID('9' as '4')], 'Probe.p', /UUID/],
  ['@IsNotEmptyObject with options', [Object, cv.IsNotEmptyObject({ nullable: false })], 'Probe.p', /nullable/],
  ['@IsAlpha with a locale', [String, cv.IsAlpha('de-DE')], 'Probe.p', /locale/],
  ['@IsCreditCard', [String, cv.IsCreditCard()], 'Probe.p', /@IsCreditCard has no exact/],
  ['@IsPhoneNumber', [String, cv.IsPhoneNumber()], 'Probe.p', /@Matches/],
  ['@IsInstance', [Object, cv.IsInstance(Inner)], 'Probe.p', /@ValidateNested/],
  ['@IsEmpty', [String, cv.IsEmpty()], 'Probe.p', /@IsEmpty/],
  ['@Describe alone', [String, Describe('text')], 'Probe.p', /without a validator/],
  ['@Describe of nothing', [String, Describe(' '), cv.IsString()], 'Probe.p', /says nothing/],
  ['@Exclude', [String, Exclude(), cv.IsString()], 'Probe.p', /@Exclude/],
  ['@Expose with a name', [String, Expose({ name: 'q' }), cv.IsString()], 'Probe.p', /@Expose/],
]

describe('a property that has no exact JSON Schema form stops the start', () => {
  it.each(faults)('%s', (_title, property, path, words) => {
    const error = faultOf(dtoOf({ p: property }))
    expect(error.code).toBe('ERR_CONFIG_SCHEMA')
    expect(error.message.startsWith(`${path}: `)).toBe(true)
    expect(error.message).toMatch(words)
  })

  it('names the way to a nested property', () => {
    const Deep = dtoOf({
      list: [Array, cv.ValidateNested({ each: true }), Type(() => dtoOf({ q: [Object, cv.IsDefined()] }))],
    })
    expect(faultOf(dtoOf({ top: [Deep, cv.ValidateNested(), Type(() => Deep)] })).message).toMatch(
      /^Probe\.top\.list\[\]\.q: /,
    )
  })

  it('reports every fault at once', () => {
    const error = faultOf(dtoOf({ a: [Object, cv.IsDefined()], b: [String, cv.IsInt()], c: [String, cv.IsString()] }))
    expect(error.faults.map((fault) => fault.message.split(':')[0])).toEqual(['Probe.a', 'Probe.b'])
    expect(error.code).toBe('ERR_CONFIG_SCHEMA')
  })
})

describe('a class that cannot be listed stops the start', () => {
  class Undecorated {
    @cv.IsString() name!: string
    forgotten = 1
  }
  class Demanding {
    @cv.IsString() name: string
    constructor(from: { readonly name: string }) {
      this.name = from.name
    }
  }
  class Computed {
    @cv.IsString() get name(): string {
      return 'x'
    }
  }
  class Bad {
    @cv.IsInt() @cv.Min(1) n = 0
  }
  @Exclude()
  class Hidden {
    @cv.IsString() name!: string
  }
  class Reserved {
    @cv.IsString() prototype!: string
  }

  it.each([
    ['a property without a validator', Undecorated, /^Undecorated\.forgotten: no validator/],
    ['a getter', Computed, /^Computed\.name: a getter/],
    ['an initialiser that its validators refuse', Bad, /^Bad\.n: the initialiser/],
    ['@Exclude on the class', Hidden, /^Hidden: @Exclude/],
    ['a reserved name', Reserved, /^Reserved\.prototype: the name is reserved/],
    ['no decorated property', Blank, /^Blank: .*class-validator/],
  ])('%s', (_title, cls, words) => {
    expect(faultOf(cls).message).toMatch(words)
  })

  it('a constructor that needs arguments', () => {
    expect(() => compileInput(Demanding)).toThrow(/^Demanding: new without arguments throws/)
  })

  it('as input and as output alike', () => {
    expect(() => compileOutput(Undecorated)).toThrow(/^Undecorated\.forgotten/)
    expect(() => compileOutput(Blank)).toThrow(/^Blank/)
  })
})

describe('class-validator', () => {
  it('has no decorator that we neither translate nor refuse', async () => {
    const { validatorFragment } = await import('../../../src/framework/schema/dto/validator-fragment.js')
    const names = Object.entries(cv)
      .filter(([name]) => /^(IS|ARRAY|MIN|MAX|EQUALS|NOT|CONTAINS|MATCHES|LENGTH)(_|$)/.test(name))
      .map(([, value]) => String(value))
      .filter((name) => !['isOptional'].includes(name))
    const ignored = names.filter((name) => {
      const translation = validatorFragment(name, [])
      return typeof translation !== 'string' && Object.keys(translation).length === 0
    })
    expect(names.length).toBeGreaterThan(90)
    expect(ignored).toEqual(['isDefined'])
  })
})
