import type Provider from 'oidc-provider'
import type { Configuration, ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import type { Log } from '../../../core/runtime/log.js'
import { parseSubject } from '../sign-in/issuer-subject.js'
import { renderErrorPage } from '../page/error-page.js'
import { providerConfiguration, type ProviderParts } from './provider-configuration.js'
import { errorName } from './error-name.js'
import { setSecurityHeaders } from '../http/send-response.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'

export interface NewProviderParts extends Omit<ProviderParts, 'renderError'> {
  readonly serverName: string
  readonly audit: SignInAudit
  readonly log: Log
}

/** The configured provider: silent, behind our edge, and with our error pages. */
export function createProvider(parts: NewProviderParts): Provider {
  const { audit, log, module } = parts
  const renderError = createErrorRenderer(parts.serverName)
  const provider = new module.Provider(parts.issuer, providerConfiguration({ ...parts, renderError }))
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
  provider.use((context, next) => failSafely(context, next, log))
  nameSubjectsByAccount(provider)
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
    const startAgain = out.error_description === undefined || context.oidc.route === 'resume'
    context.type = 'html'
    context.body = renderErrorPage({
      serverName,
      title: 'Sign-in stopped',
      message: startAgain
        ? 'This sign-in has expired or belongs to another browser. Go back to the application and start again.'
        : 'The application asked for a sign-in in a way that is not accepted.',
      code: out.error,
      detail: out.error_description,
    })
  }
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
