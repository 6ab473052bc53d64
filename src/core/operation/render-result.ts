import { errorResult, textResult, type Content, type OperationResult } from './content.js'
import type { Operation } from './operation.js'

/**
 * What a handler returned, as a complete result in its JSON form: a string becomes text, an array of content parts stays as it is,
 * any other object becomes structured content with its JSON as text. Throws `TypeError` for what cannot be shown,
 * and when the output does not match the schema that is listed.
 */
export async function renderResult(operation: Operation, returned: unknown): Promise<OperationResult> {
  if (operation.outputSchema !== undefined) return structured(operation, returned)
  if (returned === undefined || returned === null) return { content: [] }
  if (typeof returned === 'string') return textResult(returned)
  if (typeof returned === 'function' || typeof returned === 'symbol') {
    throw new TypeError('the returned value has no form to show')
  }
  if (typeof returned !== 'object') return textResult(String(returned))
  if (isOpaque(returned)) throw new TypeError('the returned value has no form to show; return its contents')
  const text = toJson(returned)
  const sent: unknown = JSON.parse(text)
  if (isContentList(sent)) return { content: sent }
  if (isResult(sent)) return complete(sent)
  return shown(text)
}

/** What JSON would show as `{}` or by its insides: errors, maps, sets, buffers, generators, streams, responses. */
function isOpaque(value: object): boolean {
  if (Array.isArray(value)) return false
  const iterates = Symbol.iterator in value || Symbol.asyncIterator in value
  const streams = ['pipe', 'getReader', 'arrayBuffer'].some((name) => typeof Reflect.get(value, name) === 'function')
  return iterates || streams || value instanceof Error || ArrayBuffer.isView(value) || value instanceof ArrayBuffer
}

/** Only an object has a structured form; a list does not, nor does what `toJSON` made a text of, such as a date. */
function shown(text: string): OperationResult {
  const value: unknown = JSON.parse(text)
  return isObject(value) ? { content: [{ type: 'text', text }], structuredContent: value } : textResult(text)
}

/** What is checked is what is sent: the JSON form, as `toJSON` and getters make it. An error has content only, nothing unchecked. */
async function structured(operation: Operation, returned: unknown): Promise<OperationResult> {
  if (!isObject(returned)) throw new TypeError('an operation with an output schema must return an object')
  const sent: unknown = JSON.parse(toJson(returned))
  if (!isObject(sent)) throw new TypeError('an operation with an output schema must return an object')
  if (sent['isError'] === true && isResult(sent)) return { content: sent.content, isError: true }
  const parsed = await operation.parseOutput(sent)
  if (!parsed.valid) throw new TypeError(`the output does not match the output schema: ${parsed.message}`)
  return shown(toJson(parsed.value))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isContentList(value: unknown): value is readonly Content[] {
  return Array.isArray(value) && value.length > 0 && value.every(isContent)
}

function isContentParts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isContent)
}

/** Nothing checks a result after us, and a user's own objects may have a `type` too: a part counts only when it is whole. */
function isContent(part: unknown): part is Content {
  if (!isObject(part)) return false
  switch (part['type']) {
    case 'text':
      return typeof part['text'] === 'string'
    case 'image':
    case 'audio':
      return typeof part['data'] === 'string' && typeof part['mimeType'] === 'string'
    case 'resource_link':
      return typeof part['uri'] === 'string' && typeof part['name'] === 'string'
    case 'resource':
      return isResourceContents(part['resource'])
    default:
      return false
  }
}

function isResourceContents(value: unknown): boolean {
  if (!isObject(value) || typeof value['uri'] !== 'string') return false
  return typeof value['text'] === 'string' || typeof value['blob'] === 'string'
}

function isResult(value: unknown): value is OperationResult {
  if (!isObject(value) || !('content' in value) || !isContentParts(value['content'])) return false
  return !('structuredContent' in value) || isObject(value['structuredContent'])
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
