import type { Class } from '../decorator/reflect.js'
import { isDto } from './dto/dto-property.js'

/** The outcome of a Standard Schema's own validation. */
export type StandardResult =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] }

/** One thing that a Standard Schema found wrong. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Gives a schema as JSON Schema (Standard JSON Schema 1). May throw for what has no such form. */
export interface StandardJsonConverter {
  readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
  readonly output: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
}

/** A schema of any library that implements Standard Schema 1, such as Zod, Valibot or ArkType. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>
    readonly jsonSchema?: StandardJsonConverter
  }
}

/** What `input` and `output` take: a class with class-validator decorators, or a Standard Schema. */
export type SchemaSource = Class | StandardSchema

/** Whether a value says what an input or output looks like: a class with decorated properties, or a Standard Schema. */
export function isSchemaSource(value: unknown): value is SchemaSource {
  return isStandardSchema(value) || isDto(value)
}

/** Whether a value implements Standard Schema 1. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('~standard' in value))
    return false
  const standard = value['~standard']
  if (typeof standard !== 'object' || standard === null) return false
  return 'validate' in standard && typeof standard.validate === 'function' && 'vendor' in standard
}
