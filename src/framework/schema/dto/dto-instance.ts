import { plainToInstance } from 'class-transformer'
import { validate, type ValidationError } from 'class-validator'
import type { Parsed } from '../../../core/operation/operation.js'
import type { DtoClass } from './dto-property.js'
import { clipped, redacted } from '../problem-text.js'
import { pointer } from '../json-value.js'

const mostProblems = 3

/** An instance of a DTO from a value that matches its schema, after class-validator has agreed. Rejects with what a custom validator throws. */
export async function toInstance(cls: DtoClass, value: object): Promise<Parsed<object>> {
  const instance = plainToInstance(cls, value)
  const errors = await validate(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true })
  return errors.length === 0 ? { valid: true, value: instance } : { valid: false, message: describe(errors) }
}

function describe(errors: readonly ValidationError[]): string {
  const problems = errors.flatMap((error) => problemsOf(error, ''))
  return problems.length === 0 ? 'the value is not valid' : problems.slice(0, mostProblems).join('; ')
}

function problemsOf(error: ValidationError, parent: string): readonly string[] {
  const path = error.property === undefined ? parent : pointer(parent, error.property)
  const own = Object.values(error.constraints ?? {}).map((message) =>
    clipped(`${path} ${withoutValue(message, error)}`),
  )
  return [...own, ...(error.children ?? []).flatMap((child) => problemsOf(child, path))]
}

/** class-validator begins with the name that the path has said; a message of the developer's may repeat the value. */
function withoutValue(message: string, { property, value }: ValidationError): string {
  const text = message.startsWith(`${property} `) ? message.slice(property.length + 1) : message
  return redacted(text, value)
}
