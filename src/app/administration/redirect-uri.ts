import { redirectUriOf } from '../federation/open-providers.js'
import { onlyPublicUrlIn } from '../own-url.js'

/** Where a provider (UUID) has to send browsers back to, by what the environment, or a server that runs here, says of its address. */
export async function redirectUriIn(env: NodeJS.ProcessEnv, provider: string): Promise<string> {
  return redirectUriOf(await onlyPublicUrlIn(env), provider)
}
