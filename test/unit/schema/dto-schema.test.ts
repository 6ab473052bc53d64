import { describe, expect, it } from '@jest/globals'
import { Type } from 'class-transformer'
import {
  Allow,
  ArrayMinSize,
  IsArray,
  IsDate,
  IsDefined,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator'
import { Describe } from '../../../src/framework/decorator/describe.js'
import { compileInput } from '../../../src/framework/schema/compile-input.js'
import { isDto } from '../../../src/framework/schema/dto/dto-property.js'
import { isSchemaSource } from '../../../src/framework/schema/schema-source.js'
import { z } from 'zod'

enum Color {
  Red,
  Green,
}

class Base {
  @Describe('Stable id') @IsUUID('4') id!: string
  @IsString() note: string = 'none'
}

@Describe('A tree of names')
class Tree {
  @IsString() name!: string
  @ValidateNested({ each: true }) @Type(() => Tree) children: Tree[] = []
}

function otherAddress(): new () => object {
  class Address {
    @IsInt() zip!: number
  }
  return Address
}

class Address {
  @IsString() @IsNotEmpty() street!: string
}

const Other = otherAddress()

describe('the schema of a DTO', () => {
  it('is a closed 2020-12 object with types, bounds, defaults and descriptions', () => {
    @Describe('Creates a resource')
    class CreateResource {
      @Describe('What to call it') @IsString() @MinLength(1) @MaxLength(40) name!: string
      @IsInt() @Min(0) @Max(10) count = 3
      @IsEnum(Color) color!: Color
      @IsOptional() @IsNumber() ratio?: number
      @IsOptional() @IsIn(['a', 'b']) kind?: string
      @IsString({ each: true }) @ArrayMinSize(1) tags!: string[]
      @IsOptional() @IsDate() @Type(() => Date) due?: Date
      @IsOptional() @IsObject() extra?: object
    }
    expect(compileInput(CreateResource).schema).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      description: 'Creates a resource',
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 40, description: 'What to call it' },
        count: { type: 'integer', minimum: 0, maximum: 10, default: 3 },
        color: { type: 'integer', enum: [0, 1] },
        ratio: { type: ['number', 'null'] },
        kind: { type: ['string', 'null'], enum: ['a', 'b', null] },
        tags: { type: 'array', minItems: 1, items: { type: 'string' } },
        due: { type: ['string', 'null'], format: 'date-time' },
        extra: { type: ['object', 'null'] },
      },
      required: ['name', 'color', 'tags'],
      additionalProperties: false,
    })
  })

  it('is the same for an integer whichever way round its decorators stand', () => {
    class OneWay {
      @IsInt() @Min(0) n!: number
    }
    class Other {
      @Min(0) @IsInt() n!: number
    }
    expect(compileInput(OneWay).schema).toEqual(compileInput(Other).schema)
  })

  it('defines every nested class once, recursion included', () => {
    class Order {
      @ValidateNested() @Type(() => Address) from!: Address
      @ValidateNested() @Type(() => Address) to!: Address
      @IsOptional() @ValidateNested() @Type(() => Tree) tree?: Tree
    }
    const { schema } = compileInput(Order)
    expect(schema['properties']).toEqual({
      from: { $ref: '#/$defs/Address' },
      to: { $ref: '#/$defs/Address' },
      tree: { anyOf: [{ $ref: '#/$defs/Tree' }, { type: 'null' }] },
    })
    expect(schema['$defs']).toEqual({
      Address: {
        type: 'object',
        properties: { street: { type: 'string', minLength: 1 } },
        required: ['street'],
        additionalProperties: false,
      },
      Tree: {
        type: 'object',
        description: 'A tree of names',
        properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/Tree' } } },
        required: ['name'],
        additionalProperties: false,
      },
    })
  })

  it('refers to the whole schema where the root repeats', async () => {
    const tree = compileInput(Tree)
    expect(tree.schema['properties']).toMatchObject({ children: { items: { $ref: '#' } } })
    expect(await tree.parse({ name: 'a', children: [{ name: 'b', children: [{ name: 'c' }] }] })).toMatchObject({
      valid: true,
    })
    expect(await tree.parse({ name: 'a', children: [{ name: 'b', children: [{ name: 1 }] }] })).toEqual({
      valid: false,
      message: '/children/0/children/0/name must be string',
    })
  })

  it('keeps two classes of one name apart', async () => {
    class Both {
      @ValidateNested() @Type(() => Address) one!: Address
      @ValidateNested() @Type(() => Other) two!: object
    }
    const both = compileInput(Both)
    expect(both.schema['properties']).toEqual({ one: { $ref: '#/$defs/Address' }, two: { $ref: '#/$defs/Address2' } })
    expect(await both.parse({ one: { street: 's' }, two: { zip: 1 } })).toMatchObject({ valid: true })
    expect(await both.parse({ one: { zip: 1 }, two: { street: 's' } })).toMatchObject({ valid: false })
  })

  it('lists inherited properties first, with what the subclass changes', async () => {
    class Derived extends Base {
      @Describe('Shown to all') @MaxLength(5) override note = 'new'
      @IsEmail() owner!: string
    }
    const derived = compileInput(Derived)
    expect(derived.schema['properties']).toEqual({
      id: expect.objectContaining({ type: 'string', format: 'uuid', description: 'Stable id' }),
      note: { type: 'string', maxLength: 5, default: 'new', description: 'Shown to all' },
      owner: { type: 'string', format: 'email', maxLength: 254 },
    })
    expect(Object.keys(Object(derived.schema['properties']))).toEqual(['id', 'note', 'owner'])
    expect(compileInput(Base).schema['properties']).toMatchObject({ note: { type: 'string', default: 'none' } })
  })

  it('demands all that two decorators of one kind demand', () => {
    class Twice {
      @Min(1) @Min(5) @Max(9) @Max(7) n!: number
      @Matches(/^a/) @Matches(/z$/) @MaxLength(20) s!: string
      @IsIn(['a', 'b']) @IsIn(['b', 'c']) one!: string
    }
    expect(compileInput(Twice).schema['properties']).toEqual({
      n: { type: 'number', minimum: 5, maximum: 7 },
      s: { type: 'string', pattern: expect.any(String), maxLength: 20, allOf: [{ pattern: expect.any(String) }] },
      one: { type: 'string', const: 'b' },
    })
  })

  it('requires what has neither @IsOptional nor an initialiser', () => {
    class Mixed {
      @IsString() must!: string
      @IsDefined() @IsString() too!: string
      @Allow() any!: string
      @IsString() given = 'x'
      @IsOptional() @IsString() may?: string
      @IsArray() @IsString({ each: true }) list: string[] = ['a']
    }
    expect(compileInput(Mixed).schema).toMatchObject({
      required: ['must', 'too', 'any'],
      properties: { list: { type: 'array', items: { type: 'string' }, default: ['a'] } },
    })
  })

  it('does not list a default that is made anew at each call', async () => {
    class Dated {
      @IsDate() @Type(() => Date) at = new Date()
      @ValidateNested() @Type(() => Address) where = Object.assign(new Address(), { street: 'home' })
    }
    const dated = compileInput(Dated)
    expect(dated.schema).not.toHaveProperty('required')
    expect(JSON.stringify(dated.schema)).not.toContain('default')
    expect(await dated.parse({})).toMatchObject({ valid: true, value: { where: { street: 'home' } } })
  })
})

describe('a union', () => {
  class Circle {
    @IsNumber() @Min(1) radius!: number
  }
  class Square {
    @IsNumber() side!: number
  }
  class Kept {
    @IsIn(['kept']) kind!: string
    @IsString() text!: string
  }
  const subTypes = [
    { name: 'circle', value: Circle },
    { name: 'square', value: Square },
  ]
  class Drawing {
    @ValidateNested() @Type(() => Object, { discriminator: { property: 'kind', subTypes } }) shape!: Circle | Square
    @ValidateNested({ each: true })
    @Type(() => Object, { discriminator: { property: 'kind', subTypes } })
    more: object[] = []
  }
  const drawing = compileInput(Drawing)

  it('lists one branch for each subtype, told apart by the tag', () => {
    expect(drawing.schema['properties']).toMatchObject({
      shape: { oneOf: [{ $ref: '#/$defs/Circle' }, { $ref: '#/$defs/Square' }] },
    })
    expect(drawing.schema['$defs']).toMatchObject({
      Circle: { properties: { kind: { const: 'circle' } }, required: ['kind', 'radius'], additionalProperties: false },
    })
  })

  it('builds the subtype that the tag names, and leaves the arguments as they were', async () => {
    const given = { shape: { kind: 'circle', radius: 2 }, more: [{ kind: 'square', side: 1 }] }
    const before = JSON.stringify(given)
    const parsed = await drawing.parse(given)
    expect(parsed).toMatchObject({ valid: true, value: { shape: { radius: 2 }, more: [{ side: 1 }] } })
    expect(parsed.valid && Object(parsed.value).shape).toBeInstanceOf(Circle)
    expect(parsed.valid && Object(parsed.value).more[0]).toBeInstanceOf(Square)
    expect(JSON.stringify(given)).toBe(before)
  })

  it.each([
    [{ kind: 'circle', radius: 0 }, '/shape/radius must be >= 1'],
    [{ kind: 'circle' }, '/shape/radius is required'],
    [{ kind: 'circle', side: 1, radius: 1 }, '/shape/side is not expected (known: kind, radius)'],
    [{ kind: 'triangle' }, '/shape/kind must be one of "circle", "square"'],
    ['circle', '/shape must be object'],
  ])('explains %j in terms of the branch that was meant', async (shape, message) => {
    expect(await drawing.parse({ shape })).toEqual({ valid: false, message })
  })

  it('keeps the tag where the subtype declares it', async () => {
    class Holder {
      @ValidateNested()
      @Type(() => Object, {
        keepDiscriminatorProperty: true,
        discriminator: { property: 'kind', subTypes: [{ name: 'kept', value: Kept }] },
      })
      part!: Kept
    }
    const holder = compileInput(Holder)
    expect(await holder.parse({ part: { kind: 'kept', text: 'x' } })).toMatchObject({
      valid: true,
      value: { part: { kind: 'kept' } },
    })
    expect(await holder.parse({ part: { kind: 'other', text: 'x' } })).toMatchObject({ valid: false })
  })
})

describe('what counts as a schema', () => {
  class Plain {
    name = 'x'
  }
  class Described {
    @Describe('A name') name!: string
  }

  it('is a class with decorated properties, its subclasses, or a Standard Schema', () => {
    class Derived extends Base {}
    expect([Base, Derived, Described].map(isDto)).toEqual([true, true, true])
    expect([Base, z.object({}), Described].map(isSchemaSource)).toEqual([true, true, true])
  })

  it('is no other class, function or value', () => {
    const others = [Plain, String, () => 1, {}, null, undefined, 'Base', { '~standard': {} }]
    expect(others.map(isDto)).toEqual(others.map(() => false))
    expect(others.map(isSchemaSource)).toEqual(others.map(() => false))
  })
})
