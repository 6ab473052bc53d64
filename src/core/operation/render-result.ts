import { errorResult, textResult, type Content, type OperationResult } from './content.js'
import type { Operation } from './operation.js'

const contentTypes = new Set(['text', 'image', 'audio', 'resource_link', 'resource'])

/**
 * What a handler returned, as a complete result: a string becomes text, an array of content parts stays as it is,
 * any other object becomes structured content with its JSON as text. Throws `TypeError` for what cannot be shown,
 * and when the output does not match the schema that is listed.
 */
export async function renderResult(operation: Operation, returned: unknown): Promise<OperationResult> {
  if (operation.outputSchema !== undefined) return structured(operation, returned)
  if (returned === undefined || returned === null) return { content: [] }
  if (typeof returned === 'string') return textResult(returned)
  if (typeof returned !== 'object') return textResult(String(returned))
  if (isContentList(returned)) return { content: returned }
  if (isResult(returned)) return complete(returned)
  const text = toJson(returned)
  if (Array.isArray(returned)) return textResult(text)
  return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text) as Record<string, unknown> }
}

async function structured(operation: Operation, returned: unknown): Promise<OperationResult> {
  if (typeof returned === 'object' && returned !== null && isResult(returned) && returned.isError === true) {
    return complete(returned)
  }
  const value = plainObject(returned)
  const parsed = await operation.parseOutput(value)
  if (!parsed.valid) throw new TypeError(`the output does not match the output schema: ${parsed.message}`)
  const text = toJson(parsed.value)
  return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text) as Record<string, unknown> }
}

function plainObject(returned: unknown): Readonly<Record<string, unknown>> {
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned)) {
    throw new TypeError('an operation with an output schema must return an object')
  }
  return { ...returned }
}

function isContentList(value: object): value is readonly Content[] {
  return Array.isArray(value) && value.length > 0 && value.every(isContent)
}

function isContent(part: unknown): part is Content {
  return typeof part === 'object' && part !== null && 'type' in part && contentTypes.has(String(part.type))
}

function isResult(value: object): value is OperationResult {
  return 'content' in value && Array.isArray(value.content) && value.content.every(isContent)
}

function complete(result: OperationResult): OperationResult {
  return {
    content: result.content,
    ...(result.structuredContent === undefined ? {} : { structuredContent: result.structuredContent }),
    ...(result.isError === true ? { isError: true } : {}),
  }
}

function toJson(value: object): string {
  const text = JSON.stringify(value)
  if (typeof text !== 'string') throw new TypeError('the returned value has no JSON form')
  return text
}

/** What a caller is told of a failure it may not see into. */
export function failedResult(reference: string): OperationResult {
  return errorResult(`Tool failed (ref ${reference})`)
}
