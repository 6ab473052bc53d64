import { findRunningServers } from '../development/running-server.js'
import { redirectUriOf } from '../federation/open-providers.js'
import { readSettings } from '../settings/settings.js'

/** Where a provider (UUID) has to send browsers back to, by what the environment, or a server that runs here, says of its address. */
export async function redirectUriIn(env: NodeJS.ProcessEnv, provider: string): Promise<string> {
  const { home, host, port, publicUrl } = readSettings(env, {}, undefined)
  if (publicUrl !== undefined) return redirectUriOf(publicUrl, provider)
  const [running] = await findRunningServers(home)
  return redirectUriOf(running?.publicUrl ?? `http://${host}:${port}`, provider)
}
