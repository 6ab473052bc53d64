import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { originFacts, originOf, type ClientOrigin } from '../../core/audit/request-origin.js'
import { readForm } from '../../adapter/issuer/http/read-form.js'
import { sendJson, setSecurityHeaders } from '../../adapter/issuer/http/send-response.js'
import type { AuditEvent } from '../../core/audit/audit-event.js'
import type { AuditLog } from '../../core/audit/audit-log.js'
import { AuthenticationError } from '../../core/error/authentication-error.js'
import { UpstreamError } from '../../core/error/upstream-error.js'
import type { IssuerLogout, LogoutRegistry } from '../../core/identity/logout-registry.js'
import type { LogoutTokenVerifier } from '../../core/identity/logout-token-verifier.js'
import type { Log } from '../../core/runtime/log.js'
import type { SessionFeed } from '../../core/runtime/session-feed.js'
import { Turnstile } from '../../core/runtime/turnstile.js'

/** Where issuers send their logout tokens. */
export const logoutPath = '/authsec/backchannel-logout'

export interface LogoutEndpointOptions {
  readonly tokens: LogoutTokenVerifier
  readonly logouts: Pick<LogoutRegistry, 'end'>
  readonly notices: Pick<SessionFeed, 'publish'>
  readonly audit: AuditLog
  readonly log: Log
}

/**
 * Of one network, for one issuer: one whose keys are waited for keeps no other one from being heard. What does not hold costs a
 * signature's check and no query, and nothing is counted against anybody: behind a proxy all come from one address, and a flood of
 * worthless tokens must not keep the logouts of an issuer from being heard.
 */
const perSender = { atOnce: 8, waiting: 200, milliseconds: 2_000 }

/**
 * The endpoint for logout tokens of trusted issuers (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8). What one ends is over when it
 * is answered, in every process. Answers `false` where the path is another one.
 */
export function createLogoutEndpoint(
  options: LogoutEndpointOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const turnstile = new Turnstile(perSender)
  return async (request, response) => {
    if (request.url?.split('?', 1)[0] !== logoutPath) return false
    setSecurityHeaders(response)
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST')
      sendJson(response, 405, { error: 'invalid_request', error_description: 'a logout token is posted' })
      return true
    }
    try {
      await answer(options, turnstile, { request, response })
    } catch (error) {
      fail(options.log, response, error)
    }
    return true
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function answer(
  options: LogoutEndpointOptions,
  turnstile: Turnstile,
  { request, response }: Exchange,
): Promise<void> {
  const form = await readForm(request)
  const token = form?.get('logout_token')
  if (token === undefined || token === '') return refuse(response, 'there is no logout_token in a form of at most 8 KB')
  const origin = originOf(request)
  const logout = await verified(options, { token, origin }, (issuer, verify) =>
    turnstile.pass(`${origin.address} ${issuer}`, verify),
  )
  if (logout === undefined) return refuse(response, 'the logout token does not hold')
  // One that was taken before has ended what it ends: its sender may not have heard our answer.
  if ((await options.logouts.end(logout)) === 'ended') await tell(options, logout, origin)
  response.writeHead(200, { 'content-length': 0 })
  response.end()
}

type Verify = () => Promise<IssuerLogout>

/** `undefined` for one that does not hold; why is on record, and not for strangers. */
async function verified(
  { audit, tokens }: LogoutEndpointOptions,
  { origin, token }: { readonly origin: ClientOrigin; readonly token: string },
  inTurn: (issuer: string, verify: Verify) => Promise<IssuerLogout>,
): Promise<IssuerLogout | undefined> {
  try {
    return await inTurn(await tokens.issuerOf(token), () => tokens.verify(token))
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error
    const event = {
      type: 'token.refused',
      tenant: undefined,
      operation: 'session.end',
      requestId: randomUUID(),
    } as const
    audit.count({ ...event, ...originFacts(origin), reason: error.code })
    return undefined
  }
}

/** It has happened already: nothing that fails here undoes it. */
async function tell(
  { audit, notices }: LogoutEndpointOptions,
  logout: IssuerLogout,
  origin: ClientOrigin,
): Promise<void> {
  const { issuer, sessionId, subject } = logout
  await notices.publish({ about: 'logout', issuer, subject, sessionId })
  const event: AuditEvent = {
    ...{ type: 'session.ended', reason: 'issuer_logout', tenant: undefined, issuer, subject, requestId: randomUUID() },
    ...originFacts(origin),
    detail: { kind: sessionId === undefined ? 'all of the subject' : 'one of the subject' },
  }
  try {
    await audit.record(event)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    audit.retain(event)
  }
}

function refuse(response: ServerResponse, reason: string): void {
  sendJson(response, 400, { error: 'invalid_request', error_description: reason })
}

function fail(log: Log, response: ServerResponse, error: unknown): void {
  const outage = error instanceof UpstreamError
  log.write(outage ? 'warn' : 'error', 'a logout of an issuer could not be taken', { error })
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (outage) response.setHeader('retry-after', '1')
  sendJson(response, outage ? 503 : 500, { error: outage ? 'temporarily_unavailable' : 'server_error' })
}
