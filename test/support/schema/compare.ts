import 'reflect-metadata'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { plainToInstance } from 'class-transformer'
import { validate } from 'class-validator'
import { compileInput } from '../../../src/framework/schema/compile-input.js'
import type { CompiledSchema } from '../../../src/framework/schema/compiled-schema.js'

type AnyClass = new () => object

/** A class with one property, `value`, of a recorded type, under the given decorators. */
export function dtoWith(type: unknown, ...decorators: readonly PropertyDecorator[]): AnyClass {
  class Probe {}
  Reflect.defineMetadata('design:type', type, Probe.prototype, 'value')
  for (const decorate of [...decorators].reverse()) decorate(Probe.prototype, 'value')
  return Probe
}

/** A class with several properties, each under its decorators. */
export function dtoOf(properties: Readonly<Record<string, readonly [unknown, ...PropertyDecorator[]]>>): AnyClass {
  class Probe {}
  for (const [name, [type, ...decorators]] of Object.entries(properties)) {
    Reflect.defineMetadata('design:type', type, Probe.prototype, name)
    for (const decorate of [...decorators].reverse()) decorate(Probe.prototype, name)
  }
  return Probe
}

/** Whether class-validator alone accepts a value; a crash is a refusal. */
export async function validatorAccepts(cls: AnyClass, value: object): Promise<boolean> {
  try {
    const copy: unknown = JSON.parse(JSON.stringify(value))
    if (typeof copy !== 'object' || copy === null) return false
    const options = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true }
    return (await validate(plainToInstance(cls, copy), options)).length === 0
  } catch {
    return false
  }
}

/** Whether we accept a value, in all. */
export async function weAccept(compiled: CompiledSchema, value: unknown): Promise<boolean> {
  return (await compiled.parse(value)).valid
}

/** A check of what is listed, by an Ajv that knows nothing of ours. */
export function listingCheck(compiled: CompiledSchema): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: true, strictTypes: false })
  addFormats.default(ajv)
  const check = ajv.compile<unknown>(compiled.schema)
  return (value) => check(value) === true
}

/** Compiles a class that is expected to be listable. */
export function compiled(cls: AnyClass): CompiledSchema {
  return compileInput(cls)
}
