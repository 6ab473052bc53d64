import { AuthenticationError } from '../../../core/error/authentication-error.js'
import { parseStrictObject, type JsonObject } from '../../../core/runtime/strict-json.js'

/** The JSON object that is a part of a token. Throws `AuthenticationError` where that can be read in two ways, or not at all. */
export function parseTokenPart(bytes: Uint8Array): JsonObject {
  try {
    return parseStrictObject(bytes)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new AuthenticationError('ERR_TOKEN_MALFORMED', `a part of the token ${error.message}`)
  }
}
