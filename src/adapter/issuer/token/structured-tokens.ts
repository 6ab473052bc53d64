import { originOf } from '../../../core/audit/request-origin.js'
import type { AccessToken, Client, ClientCredentials, KoaContextWithOIDC, RefreshToken } from 'oidc-provider'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { SealedRecords } from '../record/sealed-records.js'
import type { AccountDirectory, Principal } from '../sign-in/account-directory.js'
import { parseSubject } from '../sign-in/issuer-subject.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import { orUnavailable, type ErrorsOfProvider } from '../provider/oidc-adapter.js'
import type { OwnToken, OwnTokenReader } from './own-token-reader.js'

export interface StructuredTokensParts {
  readonly tokens: OwnTokenReader
  readonly records: SealedRecords
  readonly directory: AccountDirectory
  readonly audit: SignInAudit
}

interface Standing {
  readonly token: OwnToken
  readonly grantId: string
  readonly principal: Principal
}

type Next = () => Promise<unknown>

/**
 * Revocation (RFC 7009) and introspection (RFC 7662) of our own JWT access tokens. The provider has authenticated the client by
 * the time it says that it knows nothing of such tokens; what it would say is replaced by what the grant behind the token says.
 * A client learns of its own tokens only.
 */
export function answerStructuredTokens(
  parts: StructuredTokensParts,
): (context: KoaContextWithOIDC, next: Next) => Promise<void> {
  return async (context, next) => {
    await next()
    const { oidc } = context
    if (oidc?.route !== 'revocation' && oidc?.route !== 'introspection') return
    const { client, params } = oidc
    const token = params?.['token']
    if (client !== undefined && typeof token === 'string' && isUnsupported(context.body)) {
      await orOutage(context, async () => {
        const found = await findStanding(parts, client, token)
        if (oidc.route === 'revocation') await revoke(parts, context, found)
        context.status = 200
        context.body = oidc.route === 'revocation' ? '' : describe(found)
      })
    } else if (oidc.route === 'introspection') context.body = nameAccount(context.body)
  }
}

/** Lets a client ask about its own tokens, while their account may sign in. */
export function createIntrospectionPolicy(directory: AccountDirectory, errors: ErrorsOfProvider) {
  return async (
    _context: KoaContextWithOIDC,
    client: Client,
    token: AccessToken | ClientCredentials | RefreshToken,
  ): Promise<boolean> => {
    if (token.clientId !== client.clientId || !('accountId' in token)) return false
    return (await orUnavailable(directory.find(token.accountId), errors)) !== undefined
  }
}

function isUnsupported(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Reflect.get(body, 'error') === 'unsupported_token_type'
}

async function findStanding(
  { tokens, records, directory }: StructuredTokensParts,
  client: Client,
  text: string,
): Promise<Standing | undefined> {
  const token = await tokens.read(text)
  if (token === undefined || token.clientId !== client.clientId) return undefined
  const grant = await records.findGrant(token.grantDigest)
  const { accountId, clientId, jti } = grant ?? {}
  if (typeof accountId !== 'string' || typeof jti !== 'string' || clientId !== token.clientId) return undefined
  const principal = await directory.find(accountId)
  if (principal === undefined || principal.account.id !== token.subject) return undefined
  return principal.tenant.slug === token.tenant ? { token, grantId: jti, principal } : undefined
}

/** Ends the grant, and with it the refresh token: a token that is looked up by its grant cannot end alone (RFC 7009 §2.1). */
async function revoke(
  { audit, records }: StructuredTokensParts,
  { req }: KoaContextWithOIDC,
  found: Standing | undefined,
): Promise<void> {
  if (found === undefined) return
  const { grantId, principal, token } = found
  audit.count({
    ...{ type: 'signin.completed', reason: 'revoked', clientId: token.clientId, caller: originOf(req), grantId },
    ...{ tenant: principal.tenant, subject: principal.account.id },
  })
  await records.revokeGrant(grantId)
}

/** RFC 7662 §2.2, without what the bearer may do in the tenant: that is for whoever accepts the token. */
function describe(found: Standing | undefined): Readonly<Record<string, unknown>> {
  if (found === undefined) return { active: false }
  const { aud, client_id, exp, iat, iss, jti, scope, sub, tenant_id } = found.token.claims
  return { active: true, ...{ aud, client_id, exp, iat, iss, jti, scope, sub, tenant_id }, token_type: 'Bearer' }
}

/** Inside the provider a subject names its tenant too; outside it is the account, as tokens say it. */
function nameAccount(body: unknown): unknown {
  const given: unknown = Reflect.get(Object(body), 'sub')
  const subject = typeof given === 'string' ? parseSubject(given) : undefined
  return subject === undefined ? body : { ...Object(body), sub: subject.accountId, tenant_id: subject.tenantSlug }
}

async function orOutage(context: KoaContextWithOIDC, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    context.status = 503
    context.body = { error: 'temporarily_unavailable' }
  }
}
