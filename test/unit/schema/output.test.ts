import { describe, expect, it } from '@jest/globals'
import { Type } from 'class-transformer'
import {
  IsDate,
  IsInt,
  IsOptional,
  IsString,
  Validate,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator'
import { z } from 'zod'
import { compileOutput } from '../../../src/framework/schema/compile-output.js'

class Owner {
  @IsString() name!: string
}

@ValidatorConstraint()
class Even implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return Number(value) % 2 === 0
  }
  defaultMessage(): string {
    return '$property must be even'
  }
}

class Resource {
  @IsString() id!: string
  @IsInt() @Validate(Even) size!: number
  @IsOptional() @IsDate() @Type(() => Date) at?: Date
  @IsOptional() @ValidateNested() @Type(() => Owner) owner?: Owner
}

const resource = compileOutput(Resource)

describe('a result', () => {
  it('passes as a plain object', async () => {
    expect(await resource.parse({ id: 'a', size: 2 })).toEqual({ valid: true, value: { id: 'a', size: 2 } })
  })

  it('passes as an instance, in the form in which it is sent', async () => {
    const owner = Object.assign(new Owner(), { name: 'bob' })
    const instance = Object.assign(new Resource(), { id: 'a', size: 2, at: new Date(0), owner })
    const parsed = await resource.parse(instance)
    expect(parsed).toEqual({
      valid: true,
      value: { id: 'a', size: 2, at: '1970-01-01T00:00:00.000Z', owner: { name: 'bob' } },
    })
    expect(parsed.valid && Object.getPrototypeOf(parsed.value)).toBe(Object.prototype)
  })

  it.each([
    [{ id: 'a' }, '/size is required'],
    [{ id: 5, size: 2 }, '/id must be string'],
    [{ id: 'a', size: 3 }, '/size must be even'],
    [{ id: 'a', size: 2, passwordHash: 'x' }, '/passwordHash is not expected (known: id, size, at, owner)'],
    [{ id: 'a', size: 2, owner: { name: 'bob', token: 'x' } }, '/owner/token is not expected (known: name)'],
    [{ id: 'a', size: 2, at: 'soon' }, '/at must be a date and time such as 2024-05-01T12:00:00Z'],
    [{ id: 'a', size: NaN }, '/size must be integer'],
    [[], 'the result must be an object that JSON can carry'],
    [undefined, 'the result must be an object that JSON can carry'],
    [{ id: 'a', size: 2n }, 'the result must be an object that JSON can carry'],
  ])('is refused where it does not match: %#', async (value, message) => {
    expect(await resource.parse(value)).toEqual({ valid: false, message })
  })
})

describe('a result under a Standard Schema', () => {
  const output = compileOutput(z.object({ id: z.string(), size: z.number().default(1) }))

  it('is stripped of what the library drops, and checked as sent', async () => {
    expect(output.schema).toMatchObject({ type: 'object', required: ['id', 'size'], additionalProperties: false })
    expect(await output.parse({ id: 'a', passwordHash: 'x' })).toEqual({ valid: true, value: { id: 'a', size: 1 } })
  })

  it('is refused where it does not match', async () => {
    expect((await output.parse({ id: 5 })).valid).toBe(false)
    expect((await output.parse(undefined)).valid).toBe(false)
    expect(
      (
        await compileOutput(
          z.object({
            n: z
              .number()
              .transform((n) => n)
              .pipe(z.number()),
          }),
        ).parse({ n: 'x' })
      ).valid,
    ).toBe(false)
  })
})
