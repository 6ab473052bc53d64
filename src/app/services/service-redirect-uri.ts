import { connectCallbackPath } from '../../adapter/issuer/connect/connect-path.js'
import type { FoundService } from '../../core/administration/service-administration.js'
import type { ServiceSettings } from '../../core/external-service/service-options.js'
import { onlyPublicUrlIn } from '../own-url.js'

/** Where a service (UUID) sends browsers back to: what is registered there. */
export function serviceRedirectUriOf(publicUrl: string, service: string): string {
  return publicUrl + connectCallbackPath(service)
}

/** The same for an administrator; `undefined` for a service where nobody signs in. */
export async function redirectUriAt(
  env: NodeJS.ProcessEnv,
  { id, settings }: Pick<FoundService, 'id' | 'settings'>,
): Promise<string | undefined> {
  if ('fault' in settings || !isSignInService(settings)) return undefined
  return serviceRedirectUriOf(await onlyPublicUrlIn(env), id)
}

/** Throws `RefusedError` where nobody could say what it is for a service of this kind, before there is one. */
export async function refuseManyRedirectUris(env: NodeJS.ProcessEnv, settings: ServiceSettings): Promise<void> {
  if (isSignInService(settings)) await onlyPublicUrlIn(env)
}

function isSignInService({ auth }: ServiceSettings): boolean {
  return auth.type === 'oauth2' && auth.grant === 'authorization_code'
}
