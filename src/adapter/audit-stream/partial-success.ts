import { parseStrictObject, type JsonObject, type JsonValue } from '../../core/runtime/strict-json.js'

/** What a receiver says that it has not taken of what it has taken otherwise (`ExportLogsPartialSuccess`). */
export interface PartialSuccess {
  readonly rejected: number
  /** Empty where it says nothing. */
  readonly message: string
}

const longestMessage = 500
const all: PartialSuccess = { rejected: 0, message: '' }

/** Reads the answer of a receiver. One that is no JSON says nothing. */
export function readPartialSuccess(body: Uint8Array): PartialSuccess {
  const partial = answerOf(body)['partialSuccess']
  if (!isObject(partial)) return all
  // An integer of 64 bits is a text in the JSON of protocol buffers, and some write a number.
  const rejected = Number(partial['rejectedLogRecords'] ?? 0)
  const message = partial['errorMessage']
  return {
    rejected: Number.isSafeInteger(rejected) ? rejected : 0,
    message: typeof message === 'string' ? message.slice(0, longestMessage) : '',
  }
}

function answerOf(body: Uint8Array): JsonObject {
  try {
    return parseStrictObject(body)
  } catch {
    return {}
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
