import { findRunningServers } from './development/running-server.js'
import { issuerOf } from './issuer-of.js'
import { readSettings } from './settings/settings.js'

/** Where users reach the server, by what the environment, or a server that runs here, says of its address. */
export async function publicUrlIn(env: NodeJS.ProcessEnv): Promise<string> {
  const { home, host, port, publicUrl } = readSettings(env, {}, undefined)
  if (publicUrl !== undefined) return publicUrl
  const [running] = await findRunningServers(home)
  return running?.publicUrl ?? `http://${host}:${port}`
}

/** The issuer that the server is, by the same. */
export async function issuerIn(env: NodeJS.ProcessEnv): Promise<string> {
  return issuerOf(await publicUrlIn(env))
}
