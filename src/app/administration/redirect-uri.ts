import { findRunningServers } from '../development/running-server.js'
import { redirectUriOf } from '../federation/open-providers.js'
import { readSettings } from '../settings/settings.js'

/** Where a provider (UUID) has to send browsers back to, by what the environment, or a server that runs here, says of its address. */
export async function redirectUriIn(env: NodeJS.ProcessEnv, provider: string): Promise<string> {
  return redirectUriOf(await publicUrlIn(env), provider)
}

/** Where users reach the server, by the same. */
export async function publicUrlIn(env: NodeJS.ProcessEnv): Promise<string> {
  const { home, host, port, publicUrl } = readSettings(env, {}, undefined)
  if (publicUrl !== undefined) return publicUrl
  const [running] = await findRunningServers(home)
  return running?.publicUrl ?? `http://${host}:${port}`
}
