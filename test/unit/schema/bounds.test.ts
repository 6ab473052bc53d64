import { describe, expect, it } from '@jest/globals'
import { IsObject, IsOptional, IsString, Matches } from 'class-validator'
import { type } from 'arktype'
import * as v from 'valibot'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { z } from 'zod'
import { compileArguments } from '../../../src/framework/schema/compile-arguments.js'
import { compileInput } from '../../../src/framework/schema/compile-input.js'
import { compileOutput } from '../../../src/framework/schema/compile-output.js'
import { findExcess, inputBounds } from '../../../src/framework/schema/value-bounds.js'

class Free {
  @IsOptional() @IsObject() any?: object
  @IsOptional() @IsString() text?: string
  @IsOptional() @Matches(/^(a+)+$/) slow?: string
}

const sources = [
  ['a DTO', compileInput(Free)],
  ['Zod', compileInput(z.object({ any: z.record(z.string(), z.unknown()).optional(), text: z.string().optional() }))],
  [
    'Valibot',
    compileInput(
      toStandardJsonSchema(v.object({ any: v.optional(v.record(v.string(), v.any())), text: v.optional(v.string()) })),
    ),
  ],
  ['ArkType', compileInput(type({ 'any?': 'object', 'text?': 'string' }))],
  [
    'scalar arguments',
    compileArguments([
      { name: 'any', type: { type: 'object' }, required: false },
      { name: 'text', type: String, required: false },
    ]),
  ],
  ['no arguments', compileInput(undefined)],
] as const

function nested(depth: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
}

function cpuMilliseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}

describe.each(sources)('%s', (_name, compiled) => {
  it.each([65, 1_000, 100_000])('refuses %i levels without a RangeError', async (depth) => {
    expect(await compiled.parse({ any: nested(depth) })).toEqual({
      valid: false,
      message: 'the value is nested more than 64 levels deep',
    })
  })

  it('refuses 50,000 unknown members at once', async () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, n]))
    const started = process.cpuUsage()
    expect((await compiled.parse(many)).valid).toBe(false)
    expect((await compiled.parse({ any: many })).valid).toBe(false)
    expect(cpuMilliseconds(started)).toBeLessThan(1_000)
  })

  it('refuses more than 10,000 values in all', async () => {
    const rows = Array.from({ length: 200 }, () => Array.from({ length: 60 }, () => 0))
    expect(await compiled.parse({ any: { rows } })).toEqual({
      valid: false,
      message: 'the value has more than 10000 parts',
    })
  })

  it('refuses a member name without end', async () => {
    expect(await compiled.parse({ ['k'.repeat(1_025)]: 1 })).toEqual({
      valid: false,
      message: 'the value has a member whose name is too long',
    })
  })
})

describe('what is within bounds', () => {
  it('passes: 1,000 members, 62 levels', async () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, n]))
    const free = compileInput(Free)
    expect((await free.parse({ any: many })).valid).toBe(true)
    expect((await free.parse({ any: { ...many, more: 1 } })).valid).toBe(false)
    expect((await free.parse({ any: nested(62) })).valid).toBe(true)
    expect((await free.parse({ any: nested(64) })).valid).toBe(false)
  })

  it('bounds the text that a pattern reads', async () => {
    const free = compileInput(Free)
    const started = process.cpuUsage()
    expect(await free.parse({ slow: `${'b'.repeat(1_000_000)}!` })).toEqual({
      valid: false,
      message: '/slow must not have more than 1024 characters',
    })
    expect(cpuMilliseconds(started)).toBeLessThan(500)
  })
})

describe('the bounds', () => {
  it('hold for values that do not come from JSON', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(findExcess(circle, inputBounds)).toBe('the value is nested more than 64 levels deep')
    expect(findExcess(Array.from({ length: 1_000_000 }), inputBounds)).toBe('the value has more than 10000 parts')
    expect(findExcess(undefined, inputBounds)).toBeUndefined()
  })

  it('say where', () => {
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`k${n}`, n]))
    expect(findExcess({ a: [{ b: many }] }, inputBounds)).toBe('/a/0/b has more than 1000 members')
    expect(findExcess(JSON.parse('{"a/b":{"__proto__":1}}'), inputBounds)).toBe(
      '/a~1b/__proto__ is not allowed: the name is reserved',
    )
  })

  it('are wider for results, and still refuse a circle', async () => {
    class Rows {
      @IsObject({ each: true }) rows!: readonly object[]
    }
    const rows = compileOutput(Rows)
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect((await rows.parse({ rows: Array.from({ length: 20_000 }, (_, n) => ({ n })) })).valid).toBe(true)
    expect(await rows.parse({ rows: [circle] })).toEqual({
      valid: false,
      message: 'the value is nested more than 64 levels deep',
    })
  })
})
