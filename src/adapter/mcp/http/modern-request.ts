import type { IncomingHttpHeaders } from 'node:http'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import type { Answer } from './answer.js'
import { jsonContent } from './answer.js'
import { errorText, isObject, requestIdOf } from './json-rpc.js'

const unsupportedProtocolVersion = -32022
const versionMember = 'io.modelcontextprotocol/protocolVersion'
const firstModern = '2026-07-28'

/**
 * The answer to a request of 2026-07-28 or later that comes without a token, where clients sign in with the five tools:
 * without sessions there is nothing to sign in. It names the versions that have them, so that a client that speaks both falls
 * back; a 401 would stop it (Model Context Protocol 2026-07-28, `basic/versioning`). `undefined` for everything else.
 */
export function refuseModern(headers: IncomingHttpHeaders, message: unknown): Answer | undefined {
  const requested = versionIn(message) ?? headers['mcp-protocol-version']
  if (typeof requested !== 'string' || !isModern(requested)) return undefined
  const fault = {
    code: unsupportedProtocolVersion,
    message: 'Unsupported protocol version',
    data: { supported: SUPPORTED_PROTOCOL_VERSIONS, requested: requested.slice(0, 64) },
  }
  return { status: 400, headers: jsonContent, body: errorText(requestIdOf(message), fault) }
}

function versionIn(message: unknown): unknown {
  const params = isObject(message) ? message['params'] : undefined
  const meta = isObject(params) ? params['_meta'] : undefined
  return isObject(meta) ? meta[versionMember] : undefined
}

/** Versions are dates, so they sort. */
function isModern(version: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= firstModern
}
