import { describe, expect, it } from '@jest/globals'
import { Transform, Type } from 'class-transformer'
import {
  ArrayMaxSize,
  IsArray,
  IsDate,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  Min,
  registerDecorator,
  Validate,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator'
import { compileInput } from '../../../src/framework/schema/compile-input.js'

class Item {
  @IsString() @MaxLength(5) name!: string
  shout(): string {
    return this.name.toUpperCase()
  }
}

class Order {
  @IsString() id!: string
  @IsInt() @Min(1) count = 2
  @IsOptional() @IsDate() @Type(() => Date) due?: Date
  @IsArray() @ArrayMaxSize(3) @ValidateNested({ each: true }) @Type(() => Item) items: Item[] = []
  @IsOptional() @IsObject() extra?: Readonly<Record<string, unknown>>
  total(): number {
    return this.items.length * this.count
  }
}

const order = compileInput(Order)

async function valueOf<T>(cls: new () => T, parsed: unknown): Promise<T> {
  const settled: unknown = await parsed
  if (typeof settled !== 'object' || settled === null || !('value' in settled))
    throw new TypeError(JSON.stringify(settled))
  if (!(settled.value instanceof cls)) throw new TypeError('not an instance')
  return settled.value
}

describe('a call', () => {
  it('is given an instance whose methods work, nested ones too', async () => {
    const made = await valueOf(Order, order.parse({ id: 'x', items: [{ name: 'a' }, { name: 'b' }] }))
    expect(made.total()).toBe(4)
    expect(made.items.map((item) => item.shout())).toEqual(['A', 'B'])
  })

  it('is given dates as Date', async () => {
    const made = await valueOf(Order, order.parse({ id: 'x', due: '2024-05-01T12:00:00.5+02:00' }))
    expect(made.due?.toISOString()).toBe('2024-05-01T10:00:00.500Z')
  })

  it('is given fresh defaults each time, and its arguments stay as they were', async () => {
    const given = Object.freeze({ id: 'x' })
    const first = await valueOf(Order, order.parse(given))
    first.items.push(new Item())
    const second = await valueOf(Order, order.parse(given))
    expect(second.items).toEqual([])
    expect(second.count).toBe(2)
    expect(given).toEqual({ id: 'x' })
  })

  it('is given copies: nothing of the arguments is shared', async () => {
    const given = { id: 'x', extra: { deep: { list: [1] } }, items: [{ name: 'a' }] }
    const made = await valueOf(Order, order.parse(given))
    given.extra.deep.list.push(2)
    expect(made.extra).toEqual({ deep: { list: [1] } })
    expect(made.items[0]).not.toBe(given.items[0])
  })

  it('keeps null and absence of an optional property apart', async () => {
    expect((await valueOf(Order, order.parse({ id: 'x', due: null }))).due).toBeNull()
    expect((await valueOf(Order, order.parse({ id: 'x' }))).due).toBeUndefined()
  })

  it('takes missing arguments for none', async () => {
    class Optional {
      @IsOptional() @IsString() a?: string
    }
    expect(await compileInput(Optional).parse(undefined)).toMatchObject({ valid: true })
    expect(await order.parse(undefined)).toEqual({ valid: false, message: '/id is required' })
  })
})

describe('a refusal says where and what', () => {
  it.each([
    [{ id: 1 }, '/id must be string'],
    [{ id: ['x'] }, '/id must be string'],
    [{ id: { toString: 'x' } }, '/id/toString is not allowed: the name is reserved'],
    [{ id: { length: -1 } }, '/id must be string'],
    [{ id: 'x', count: '2' }, '/count must be integer'],
    [{ id: 'x', count: 0 }, '/count must be >= 1'],
    [{ id: 'x', items: [{ name: 5 }] }, '/items/0/name must be string'],
    [{ id: 'x', items: [{}] }, '/items/0/name is required'],
    [{ id: 'x', items: [{ name: 'toolong' }] }, '/items/0/name must not have more than 5 characters'],
    [{ id: 'x', items: { name: 'a' } }, '/items must be array'],
    [{ id: 'x', items: [1, 2, 3, 4] }, '/items must not have more than 3 items'],
    [{ id: 'x', nmae: 1 }, '/nmae is not expected (known: id, count, due, items, extra)'],
    [{ id: 'x', due: 'tomorrow' }, '/due must be a date and time such as 2024-05-01T12:00:00Z'],
    [{ id: 'x', extra: [] }, '/extra must be object or null'],
    [[], 'the arguments must be an object'],
    ['x', 'the arguments must be an object'],
    [null, 'the arguments must be an object'],
    [5, 'the arguments must be an object'],
  ])('%j', async (given, message) => {
    expect(await order.parse(given)).toEqual({ valid: false, message })
  })

  it('and never repeats a value, nor a long name', async () => {
    class Loud {
      @IsOptional() @Matches(/^x$/, { message: 'no $value here' }) a?: string
      @IsOptional() @Validate(Echo) b?: string
    }
    const loud = compileInput(Loud)
    const secret = 'hunter2-secret'
    const answers = [
      await loud.parse({ a: secret }),
      await loud.parse({ b: secret }),
      await loud.parse({ [`${'k'.repeat(500)}\n\u0000`]: 1 }),
    ]
    for (const answer of answers) {
      expect(JSON.stringify(answer)).not.toContain(secret)
      expect(JSON.stringify(answer)).not.toMatch(/\\[nu]/)
      expect(JSON.stringify(answer).length).toBeLessThan(400)
    }
    expect(answers[1]).toEqual({ valid: false, message: '/b I dislike …' })
  })
})

@ValidatorConstraint()
class Echo implements ValidatorConstraintInterface {
  validate(): boolean {
    return false
  }
  defaultMessage(args?: { readonly value: unknown }): string {
    return `I dislike ${String(args?.value)}`
  }
}

describe('what is not declared is refused', () => {
  const names = [
    '_user_info',
    'userContext',
    'user',
    'session',
    'hello',
    'total',
    'constructor',
    'toString',
    'hasOwnProperty',
    '__proto__',
    '__defineGetter__',
    'prototype',
    'valueOf',
    '',
  ]

  it.each(names)('member %j, by a DTO, by a nested one, and where there are no arguments', async (name) => {
    const smuggled: unknown = JSON.parse(`{"id":"x",${JSON.stringify(name)}:{"polluted":true}}`)
    const nested: unknown = JSON.parse(`{"id":"x","items":[{"name":"a",${JSON.stringify(name)}:1}]}`)
    expect((await order.parse(smuggled)).valid).toBe(false)
    expect((await order.parse(nested)).valid).toBe(false)
    expect((await compileInput(undefined).parse(JSON.parse(`{${JSON.stringify(name)}:1}`))).valid).toBe(false)
    expect(Object.prototype).not.toHaveProperty('polluted')
  })

  it.each(['__proto__', 'constructor', 'toString', 'prototype'])(
    'member %j even deep inside a free object',
    async (name) => {
      const given: unknown = JSON.parse(`{"id":"x","extra":{"a":[{${JSON.stringify(name)}:{"polluted":true}}]}}`)
      expect(await order.parse(given)).toEqual({
        valid: false,
        message: `/extra/a/0/${name} is not allowed: the name is reserved`,
      })
      expect(Object.prototype).not.toHaveProperty('polluted')
    },
  )

  it('but other members of a free object arrive', async () => {
    const made = await valueOf(Order, order.parse({ id: 'x', extra: { user: [{ a: null }], then: 1 } }))
    expect(made.extra).toEqual({ user: [{ a: null }], then: 1 })
  })
})

describe('an operation without arguments', () => {
  const none = compileInput(undefined)

  it('lists an empty closed object', () => {
    expect(none.schema).toEqual({ type: 'object', properties: {}, additionalProperties: false })
  })

  it('takes nothing or an empty object', async () => {
    expect(await none.parse(undefined)).toEqual({ valid: true, value: {} })
    expect(await none.parse({})).toEqual({ valid: true, value: {} })
  })

  it('refuses anything else', async () => {
    for (const given of [{ a: 1 }, [], 'x', null, 0]) expect((await none.parse(given)).valid).toBe(false)
  })
})

describe('validators of the developer', () => {
  const calls: unknown[] = []

  function IsFree(answer: (value: unknown) => boolean | Promise<boolean>): PropertyDecorator {
    return (target, property) => {
      registerDecorator({
        target: target.constructor,
        propertyName: String(property),
        name: 'isFree',
        validator: {
          validate: (value) => {
            calls.push(value)
            return answer(value)
          },
          defaultMessage: () => '$property is taken',
        },
      })
    }
  }

  class Reserve {
    @IsString() @MaxLength(9) @IsFree((value) => value === 'free') name!: string
    @IsOptional() @IsString() @IsFree(async (value) => Promise.resolve(value === 'free')) later?: string
  }
  const reserve = compileInput(Reserve)

  it('add nothing to the schema', () => {
    expect(reserve.schema['properties']).toEqual({
      name: { type: 'string', maxLength: 9 },
      later: { type: ['string', 'null'] },
    })
  })

  it('have their say after the schema', async () => {
    expect((await reserve.parse({ name: 'free' })).valid).toBe(true)
    expect(await reserve.parse({ name: 'other' })).toEqual({ valid: false, message: '/name is taken' })
  })

  it('are waited for when they are asynchronous, marked so or not', async () => {
    expect((await reserve.parse({ name: 'free', later: 'free' })).valid).toBe(true)
    expect(await reserve.parse({ name: 'free', later: 'no' })).toEqual({ valid: false, message: '/later is taken' })
  })

  it('are not asked about a value that the schema refuses', async () => {
    calls.length = 0
    expect((await reserve.parse({ name: 'far too long a name' })).valid).toBe(false)
    expect((await reserve.parse({ name: 5 })).valid).toBe(false)
    expect(calls).toEqual([])
  })

  it('fail the call when they throw or reject', async () => {
    class Broken {
      @IsString()
      @IsFree(() => {
        throw new TypeError('broken')
      })
      a!: string
    }
    class Late {
      @IsString() @IsFree(async () => Promise.reject(new TypeError('late'))) a!: string
    }
    await expect(Promise.resolve(compileInput(Broken).parse({ a: 'x' }))).rejects.toThrow('broken')
    await expect(Promise.resolve(compileInput(Late).parse({ a: 'x' }))).rejects.toThrow('late')
  })

  it('see the value after @Transform, and the schema sees it before', async () => {
    class Trimmed {
      @Transform(({ value }) => String(value).trim())
      @IsString()
      @MaxLength(4)
      @IsFree((value) => value === 'free')
      name!: string
    }
    const trimmed = compileInput(Trimmed)
    expect(await trimmed.parse({ name: 'free' })).toMatchObject({ valid: true })
    expect(await trimmed.parse({ name: ' no ' })).toEqual({ valid: false, message: '/name is taken' })
    expect((await trimmed.parse({ name: ' free ' })).valid).toBe(false)
    expect((await trimmed.parse({ name: 4 })).valid).toBe(false)
  })

  it('name at most three problems', async () => {
    class Many {
      @IsFree(() => false) @IsString() a!: string
      @IsFree(() => false) @IsString() b!: string
      @IsFree(() => false) @IsString() c!: string
      @IsFree(() => false) @IsString() d!: string
    }
    expect(await compileInput(Many).parse({ a: 'x', b: 'x', c: 'x', d: 'x' })).toEqual({
      valid: false,
      message: '/a is taken; /b is taken; /c is taken',
    })
  })
})
