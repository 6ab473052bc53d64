import type { ObjectSchema } from '../../../core/operation/json-schema.js'
import type { Parsed } from '../../../core/operation/operation.js'
import { compileAdopted } from './compile-adopted.js'
import type { JsonCheck } from '../json-check.js'
import { isRecord, pointer } from '../json-value.js'
import { clipped, redacted } from '../problem-text.js'
import type { StandardIssue, StandardResult, StandardSchema } from '../schema-source.js'
import { standardJsonSchema } from './standard-json-schema.js'

const mostProblems = 3

/** A Standard Schema whose JSON form and checks are ready. */
export interface CompiledStandard {
  readonly schema: ObjectSchema
  /** The listed schema alone. */
  readonly check: JsonCheck
  /** The library's own validation, defaults and transforms. Rejects with what the library throws. */
  validate(value: unknown): Parsed<unknown> | Promise<Parsed<unknown>>
}

/** Compiles one side of a Standard Schema. Throws `ConfigurationError` where it has no JSON Schema form. */
export function compileStandard(source: StandardSchema, side: 'input' | 'output'): CompiledStandard {
  const schema = standardJsonSchema(source, side)
  return {
    schema,
    check: compileAdopted(`${source['~standard'].vendor} schema (${side})`, schema),
    validate: (value) => {
      const result = source['~standard'].validate(value)
      return result instanceof Promise ? result.then((settled) => parsed(settled, value)) : parsed(result, value)
    },
  }
}

/** Only a result without issues is a success (Standard Schema 1). */
function parsed(result: StandardResult, value: unknown): Parsed<unknown> {
  if (typeof result !== 'object' || result === null) throw new TypeError('the Standard Schema gave no result')
  if (result.issues !== undefined) return { valid: false, message: describe(result.issues, value) }
  if (!('value' in result)) throw new TypeError('the Standard Schema gave neither a value nor issues')
  return { valid: true, value: result.value }
}

function describe(issues: readonly StandardIssue[], value: unknown): string {
  const problems = issues.slice(0, mostProblems).map((issue) => {
    const keys = (issue.path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment))
    const path = keys.reduce<string>((parent, key) => pointer(parent, String(key)), '')
    return clipped(`${path} ${redacted(issue.message, valueAt(value, keys))}`.trimStart())
  })
  return problems.length === 0 ? 'the value is not valid' : problems.join('; ')
}

function valueAt(value: unknown, keys: readonly PropertyKey[]): unknown {
  let found = value
  for (const key of keys) {
    if (!isRecord(found) && !Array.isArray(found)) return undefined
    found = Object.entries(found).find(([name]) => name === String(key))?.[1]
  }
  return found
}
