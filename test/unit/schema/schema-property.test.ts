import { describe, expect, it } from '@jest/globals'
import { Type } from 'class-transformer'
import * as cv from 'class-validator'
import fc from 'fast-check'
import { compiled, dtoOf, listingCheck, validatorAccepts, weAccept } from '../../support/schema/compare.js'

class Inner {
  @cv.IsString() @cv.MaxLength(3) a!: string
  @cv.IsOptional() @cv.IsInt() b?: number
}

type Rule = readonly [unknown, ...PropertyDecorator[]]

const rules: readonly Rule[] = [
  [String, cv.IsString()],
  [String, cv.IsString(), cv.MinLength(1), cv.MaxLength(3)],
  [String, cv.IsNotEmpty()],
  [String, cv.Matches(/^[ab]*$/u)],
  [String, cv.IsAlpha(), cv.NotEquals('a')],
  [String, cv.IsIn(['a', 'b', ''])],
  [Number, cv.IsInt()],
  [Number, cv.IsNumber(), cv.Min(0)],
  [Number, cv.Max(1), cv.IsNotIn([0])],
  [Number, cv.IsPositive(), cv.IsDivisibleBy(2)],
  [Boolean, cv.IsBoolean()],
  [Object, cv.IsObject()],
  [Object, cv.IsIn(['a', 1, true, null])],
  [Array, cv.IsArray(), cv.IsString({ each: true })],
  [Array, cv.ArrayMinSize(1), cv.ArrayUnique(), cv.IsInt({ each: true })],
  [Array, cv.ArrayContains(['a']), cv.IsString({ each: true })],
  [Inner, cv.IsObject(), cv.ValidateNested(), Type(() => Inner)],
  [Array, cv.IsArray(), cv.ValidateNested({ each: true }), Type(() => Inner)],
]

const leaf = fc.oneof(
  fc.constantFrom<unknown>('', 'a', 'b', 'ab', 'abcd', '😀', 'é', 0, 1, 2, -1, 0.5, true, false, null),
  fc.string({ maxLength: 4, unit: 'grapheme' }),
  fc.integer({ min: -3, max: 5 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const inner = fc.record({ a: leaf, b: leaf, c: leaf }, { requiredKeys: [] })
const value = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), inner, fc.array(inner, { maxLength: 2 }))

const chosen = fc.array(fc.record({ rule: fc.integer({ min: 0, max: rules.length - 1 }), optional: fc.boolean() }), {
  minLength: 1,
  maxLength: 4,
})
const given = fc.dictionary(fc.constantFrom('p0', 'p1', 'p2', 'p3', 'q', 'hello'), value, { maxKeys: 5 })

function build(choices: readonly { readonly rule: number; readonly optional: boolean }[]): new () => object {
  const properties = choices.map(({ rule, optional }, index): [string, Rule] => {
    const [type, ...decorators] = rules[rule] ?? [String, cv.IsString()]
    return [`p${index}`, [type, ...(optional ? [cv.IsOptional()] : []), ...decorators]]
  })
  return dtoOf(Object.fromEntries(properties))
}

describe('for any class and any value', () => {
  it('what the listed schema accepts, class-validator accepts', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(chosen, given, async (choices, args) => {
        const cls = build(choices)
        const schema = compiled(cls)
        const listed = listingCheck(schema)(args)
        const ours = await weAccept(schema, args)
        const theirs = await validatorAccepts(cls, args)
        accepted += ours ? 1 : 0
        expect(ours).toBe(listed)
        if (ours) expect(theirs).toBe(true)
      }),
      { numRuns: 512 },
    )
    expect(accepted).toBeGreaterThan(10)
  })

  it('and no value makes a check throw', async () => {
    const schema = compiled(build(rules.slice(0, 4).map((_, rule) => ({ rule, optional: true }))))
    await fc.assert(
      fc.asyncProperty(fc.anything({ maxDepth: 4, withNullPrototype: true }), async (anything) => {
        expect(typeof (await schema.parse(anything)).valid).toBe('boolean')
      }),
      { numRuns: 1_024 },
    )
  })
})
