import { originOf } from '../../../core/audit/request-origin.js'
import type Provider from 'oidc-provider'
import type { Configuration, ErrorOut, errors, KoaContextWithOIDC } from 'oidc-provider'
import type { Log } from '../../../core/runtime/log.js'
import { parseSubject } from '../sign-in/issuer-subject.js'
import { renderErrorPage } from '../page/error-page.js'
import { nameSessions } from '../logout/session-ids.js'
import { providerConfiguration, type ProviderParts } from './provider-configuration.js'
import { isUnsaved, keepEnded } from './ended-stays-ended.js'
import { errorName } from './error-name.js'
import { setSecurityHeaders } from '../http/send-response.js'
import { isLoopbackUrl } from '../http/public-url.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import type { OwnTokenReader } from '../token/own-token-reader.js'
import { signInEnded } from './oidc-adapter.js'
import { rememberEarlierGrants } from './session-grants.js'
import { answerStructuredTokens } from '../token/structured-tokens.js'

export interface NewProviderParts extends Omit<ProviderParts, 'renderError'> {
  readonly serverName: string
  readonly tokens: OwnTokenReader
  readonly log: Log
}

const retrySeconds = 5

/** The configured provider: silent, behind our edge, and with our error pages. */
export function createProvider(parts: NewProviderParts): Provider {
  const { audit, log, module } = parts
  const renderError = createErrorRenderer(parts.serverName)
  const provider = new module.Provider(parts.url.issuer, providerConfiguration({ ...parts, renderError }))
  // Our edge has overwritten the headers that this makes the provider believe.
  provider.proxy = true
  provider.silent = true
  provider.on('server_error', (_context, error) => {
    log.write('error', 'authorization request failed', { error: errorName(error) })
  })
  provider.on('interaction.started', ({ oidc }, prompt) => {
    const interaction = oidc.entities.Interaction
    if (prompt.name === 'login' && interaction !== undefined) audit.count({ type: 'signin.started', interaction })
  })
  provider.on('authorization.error', (context, error) => {
    if (!parts.firstParty.concerns(context) && !mayAnswerDirectly(context)) error.allow_redirect = false
  })
  provider.on('grant.error', (context, error) => {
    if (isCodeReuse(context, error)) countCodeReuse(context, audit)
  })
  provider.use((context, next) => failSafely(context, next, log))
  provider.use(answerStructuredTokens(parts))
  nameSubjectsByAccount(provider)
  nameSessions(provider)
  keepEnded(provider, parts.records, module.errors)
  rememberEarlierGrants(provider, parts.records, module.errors)
  return provider
}

/** Whatever gets past the provider's own handlers would otherwise lose our headers and go to the console. */
async function failSafely(
  { res }: Pick<KoaContextWithOIDC, 'res'>,
  next: () => Promise<unknown>,
  log: Log,
): Promise<void> {
  try {
    await next()
    if (res.statusCode === 503) res.setHeader('retry-after', retrySeconds)
  } catch (error) {
    log.write('error', 'authorization request failed', { error: errorName(error) })
    if (res.headersSent) {
      res.destroy()
      return
    }
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    setSecurityHeaders(res)
    res.setHeader('content-type', 'application/json; charset=utf-8')
    res.writeHead(500)
    res.end(JSON.stringify({ error: 'server_error' }))
  }
}

function createErrorRenderer(serverName: string): NonNullable<Configuration['renderError']> {
  return (context: KoaContextWithOIDC, out: ErrorOut) => {
    // Meant for a redirect that is not made; a code may be in it.
    if (context.status < 400) context.status = 400
    context.remove('location')
    if (isUnsaved()) dropSessionCookie(context)
    context.type = 'html'
    context.body = renderErrorPage({
      serverName,
      title: 'Sign-in stopped',
      message: messageFor(context, out),
      code: out.error,
      detail: out.error_description,
    })
  }
}

/** The browser keeps the session that stands. */
function dropSessionCookie(context: KoaContextWithOIDC): void {
  const name = context.oidc.provider.cookieName('session')
  const cookies = [context.response.get('set-cookie')].flat()
  const kept = cookies.filter(
    (cookie) => cookie !== '' && !cookie.startsWith(`${name}=`) && !cookie.startsWith(`${name}.sig=`),
  )
  context.remove('set-cookie')
  if (kept.length > 0) context.set('set-cookie', kept)
}

const messages: Readonly<Record<string, string>> = {
  consent_required: 'The application wanted access without asking you. Start the sign-in in the application again.',
  interaction_required: 'The application wanted access without asking you. Start the sign-in in the application again.',
  invalid_client: 'This app is no longer known here. Remove the connection in the app and add it again.',
  login_required: 'The application wanted access without asking you. Start the sign-in in the application again.',
  server_error: 'Something went wrong here.',
  temporarily_unavailable: 'Signing in is not possible right now. Try again soon.',
}

/** Whoever says who it is by a document of its own is not known here before. */
const unreadable = 'What this app says about itself could not be read. Try again in a minute, or tell its makers.'

function messageFor({ oidc }: KoaContextWithOIDC, { error, error_description: description }: ErrorOut): string {
  if (error === 'invalid_client' && /^(?:the )?client_id /.test(description ?? '')) return unreadable
  if (Object.hasOwn(messages, error)) return messages[error] ?? ''
  return description === undefined || oidc.route === 'resume' || description === signInEnded
    ? 'This sign-in has expired or belongs to another browser. Go back to the application and start again.'
    : 'The application asked for a sign-in in a way that is not accepted.'
}

/**
 * Whether an error may send the browser on at once. Not to the site of a client that this user has never allowed
 * anything: registration is open, so any link of ours would lead anywhere (RFC 9700 §4.11.2). After a page of ours the
 * user has decided to go on.
 */
function mayAnswerDirectly({ oidc }: KoaContextWithOIDC): boolean {
  const redirectUri = oidc.params?.['redirect_uri']
  if (oidc.route !== 'authorization') return true
  if (typeof redirectUri === 'string' && isLoopbackUrl(redirectUri)) return true
  return oidc.client !== undefined && oidc.session?.grantIdFor(oidc.client.clientId) !== undefined
}

function isCodeReuse({ oidc }: KoaContextWithOIDC, { error_detail: detail = '' }: errors.OIDCProviderError): boolean {
  return oidc.params?.['grant_type'] === 'authorization_code' && /already (used|consumed)$/.test(detail)
}

function countCodeReuse({ oidc, req }: KoaContextWithOIDC, audit: SignInAudit): void {
  const code = oidc.params?.['code']
  audit.count({
    ...{ type: 'signin.failed', reason: 'code_reused', clientId: oidc.client?.clientId, caller: originOf(req) },
    grantId: typeof code === 'string' ? code : undefined,
  })
}

/**
 * Inside the provider a subject names its tenant too; an ID token says `sub` as access tokens do. (Pairwise subjects
 * would be the documented way, and would make every client with two redirect hosts register a third document.)
 */
function nameSubjectsByAccount(provider: Provider): void {
  const { prototype } = provider.IdToken
  const payloadOf = prototype.payload
  prototype.payload = async function payload() {
    const claims = await payloadOf.call(this)
    const subject = typeof claims['sub'] === 'string' ? parseSubject(claims['sub']) : undefined
    return subject === undefined ? claims : { ...claims, sub: subject.accountId }
  }
}
