import { connectCallbackPath } from '../../adapter/issuer/connect/connect-path.js'
import type { FoundService } from '../../core/administration/service-administration.js'
import { publicUrlIn } from '../own-url.js'

/** Where a service (UUID) sends browsers back to: what is registered there. */
export function serviceRedirectUriOf(publicUrl: string, service: string): string {
  return publicUrl + connectCallbackPath(service)
}

/** The same for an administrator; `undefined` for a service where nobody signs in. */
export async function redirectUriAt(
  env: NodeJS.ProcessEnv,
  { id, settings }: Pick<FoundService, 'id' | 'settings'>,
): Promise<string | undefined> {
  if ('fault' in settings || settings.auth.type !== 'oauth2' || settings.auth.grant !== 'authorization_code') return
  return serviceRedirectUriOf(await publicUrlIn(env), id)
}
