import { randomUUID } from 'node:crypto'
import { requestFacts } from '../../../core/audit/actor-of.js'
import type { AuditEvent } from '../../../core/audit/audit-event.js'
import type { AuditLog } from '../../../core/audit/audit-log.js'
import { originFacts, type RequestOrigin } from '../../../core/audit/request-origin.js'
import { AuthenticationError } from '../../../core/error/authentication-error.js'
import { PermissionDeniedError } from '../../../core/error/permission-denied-error.js'
import type { Caller } from '../../../core/identity/caller.js'
import type { Authenticator } from '../../../core/operation/authenticator.js'
import type { Log } from '../../../core/runtime/log.js'
import { jsonContent, refusal, type Answer } from './answer.js'
import { readBearer } from './bearer.js'
import { challengeOf } from './challenge.js'
import type { McpEndpoint } from './mcp-endpoint.js'
import { faultOf } from './outage.js'

/** Who calls: nobody where no token came and the endpoint serves such requests. */
export type BearerAdmission =
  | { readonly kind: 'admitted'; readonly caller: Caller | undefined }
  | { readonly kind: 'refused'; readonly answer: Answer }

export interface BearerGateOptions {
  readonly authenticator: Authenticator
  readonly endpoint: McpEndpoint
  /** Where the endpoint is described (RFC 9728 §5.1). */
  readonly resourceMetadata: string
  readonly audit: AuditLog
  readonly log: Log
}

const longestClaim = 255

/** Who calls, from the `Authorization` header alone: never from the query, the body or a session. */
export class BearerGate {
  readonly #options: BearerGateOptions
  readonly #missing: Answer
  readonly #invalid: Answer

  constructor(options: BearerGateOptions) {
    this.#options = options
    const { resourceMetadata } = options
    const { resource, scopes } = options.endpoint
    // The same words for every reason: whoever holds the token learns what it has to be for, and not how far it got.
    const description = `The access token is invalid, has expired, or is not for ${resource}`
    const invalid = { code: 'invalid_token', description }
    this.#missing = unauthorized(challengeOf({ resourceMetadata, scopes }), {
      code: 'unauthorized',
      description: 'An access token is required',
    })
    this.#invalid = unauthorized(challengeOf({ resourceMetadata, scopes, error: invalid }), invalid)
  }

  /** The caller behind the token, or the answer: 401 with a challenge, 403, or 503. Every refused token is counted. */
  async admit(authorization: string | undefined, origin: RequestOrigin): Promise<BearerAdmission> {
    // Credentials of another kind are no reason to take somebody for nobody.
    if (authorization === undefined && this.#options.endpoint.login === 'tools') {
      return { kind: 'admitted', caller: undefined }
    }
    const bearer = readBearer(authorization)
    if (bearer.kind === 'absent') return this.#refuse('ERR_TOKEN_MISSING', this.#missing, originFacts(origin))
    if (bearer.kind === 'malformed') return this.#refuse('ERR_TOKEN_MALFORMED', this.#invalid, originFacts(origin))
    const { authenticator, endpoint } = this.#options
    try {
      return { kind: 'admitted', caller: await authenticator.authenticate(bearer.token, endpoint.resource) }
    } catch (error) {
      if (error instanceof AuthenticationError) return this.#refuse(error.code, this.#invalid, originFacts(origin))
      if (error instanceof PermissionDeniedError) return this.#deny(error, origin)
      const fault = faultOf(error, this.#options.log)
      return { kind: 'refused', answer: refusal(fault.status, fault, fault.headers) }
    }
  }

  #refuse(reason: string, answer: Answer, facts: Partial<AuditEvent>): BearerAdmission {
    const requestId = randomUUID()
    this.#options.audit.count({ requestId, ...facts, type: 'token.refused', tenant: undefined, reason })
    return { kind: 'refused', answer }
  }

  #deny(error: PermissionDeniedError, origin: RequestOrigin): BearerAdmission {
    const ref = randomUUID()
    const body = { error: 'access_denied', error_description: `This account may not use this server (ref ${ref})` }
    this.#options.log.write('info', 'a caller was refused', { ref, reason: error.code })
    const answer = { status: 403, headers: jsonContent, body: JSON.stringify(body) }
    return this.#refuse(error.code, answer, { requestId: ref, ...recordOf(error, origin) })
  }
}

/** Who was refused. The tenant is a claim only, and stays one on record. */
function recordOf({ principal }: PermissionDeniedError, origin: RequestOrigin): Partial<AuditEvent> {
  const facts = requestFacts(principal, origin)
  if (principal === undefined) return facts
  const { issuer, subject, clientId, tenantClaim } = principal
  return { ...facts, issuer, subject, clientId, detail: { tenant: tenantClaim.slice(0, longestClaim) } }
}

function unauthorized(challenge: string, error: { readonly code: string; readonly description: string }): Answer {
  return {
    status: 401,
    headers: [...jsonContent, 'WWW-Authenticate', challenge],
    body: JSON.stringify({ error: error.code, error_description: error.description }),
  }
}
