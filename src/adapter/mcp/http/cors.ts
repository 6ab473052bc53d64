import type { Answer } from './answer.js'

const requestHeaders =
  'authorization, content-type, accept, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, last-event-id'

const answerHeaders = 'WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After'

/**
 * Headers that let the script of an allowed origin read the answer (Fetch standard, CORS protocol). Never with credentials: a
 * browser is to send no cookie here, and a token only where the script has one.
 */
export function corsHeaders(origin: string): readonly string[] {
  return ['Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', answerHeaders]
}

/** The answer to OPTIONS. Preflights come without a token, so this says nothing that depends on one. */
export function preflight(allowed: string): Answer {
  const headers = ['Allow', allowed, 'Access-Control-Allow-Methods', allowed]
  headers.push('Access-Control-Allow-Headers', requestHeaders, 'Access-Control-Max-Age', '600')
  return { status: 204, headers, body: undefined }
}
