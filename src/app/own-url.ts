import { findRunningServers } from './development/running-server.js'
import { issuerOf } from './issuer-of.js'
import { RefusedError } from './refused-error.js'
import { readSettings } from './settings/settings.js'

/** Where users reach the server, by what the environment, or a server that runs here, says of its address. */
export async function publicUrlIn(env: NodeJS.ProcessEnv): Promise<string> {
  const { home, host, port, publicUrl } = readSettings(env, {}, undefined)
  if (publicUrl !== undefined) return publicUrl
  const [running] = await findRunningServers(home)
  return running?.publicUrl ?? `http://${host}:${port}`
}

/**
 * The same for what is written down elsewhere, as a redirect URI is. Throws `RefusedError` where several servers run here and nobody says
 * which is meant.
 */
export async function onlyPublicUrlIn(env: NodeJS.ProcessEnv): Promise<string> {
  const { home, publicUrl } = readSettings(env, {}, undefined)
  const urls = publicUrl === undefined ? (await findRunningServers(home)).map((server) => server.publicUrl) : []
  const different = [...new Set(urls)].toSorted()
  if (different.length <= 1) return publicUrlIn(env)
  throw new RefusedError(
    `several servers run, each with redirect URIs of its own: say which is meant with AUTHSEC_PUBLIC_URL (${different.join(', ')})`,
  )
}

/** The issuer that the server is, by the same. */
export async function issuerIn(env: NodeJS.ProcessEnv): Promise<string> {
  return issuerOf(await publicUrlIn(env))
}
