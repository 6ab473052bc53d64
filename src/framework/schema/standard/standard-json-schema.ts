import type { ObjectSchema } from '../../../core/operation/json-schema.js'
import { adoptSchema } from './adopt-schema.js'
import { schemaFault } from '../schema-fault.js'
import type { StandardSchema } from '../schema-source.js'

const remedies: Readonly<Record<string, string>> = {
  valibot: "wrap it: toStandardJsonSchema(schema) from '@valibot/to-json-schema'",
  zod: 'update zod to 4.2 or later',
  arktype: 'update arktype to 2.1.28 or later',
}

/**
 * The JSON Schema that a Standard Schema gives of itself through the Standard JSON Schema trait. Throws
 * `ConfigurationError` where the library lacks the trait, or where the schema has no such form.
 */
export function standardJsonSchema(schema: StandardSchema, side: 'input' | 'output'): ObjectSchema {
  const { vendor, jsonSchema } = schema['~standard']
  const path = `${vendor} schema (${side})`
  if (jsonSchema === undefined) {
    const remedy =
      remedies[vendor] ??
      'use a library that implements Standard JSON Schema, or a class with class-validator decorators'
    throw schemaFault(path, `${vendor} does not give this schema as JSON Schema, so it cannot be listed: ${remedy}`)
  }
  return adoptSchema(
    path,
    convert(path, () => jsonSchema[side]({ target: 'draft-2020-12' })),
  )
}

function convert(path: string, conversion: () => unknown): unknown {
  try {
    return conversion()
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    throw schemaFault(
      path,
      `it has no JSON Schema form (${reason}). State what is sent, and transform it in the handler`,
      error,
    )
  }
}
