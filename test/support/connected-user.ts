import { BrowserJar, type Shown } from './browser-jar.js'
import { HeadlessClient } from './headless-client.js'
import { oauthClients } from './oauth-clients.js'
import type { ServerProcess } from './server-process.js'

export interface User {
  readonly email: string
  readonly password: string
  readonly tenant: string
}

const [, [, connect]] = oauthClients

/** A client that its user has connected to the server; `then` goes on from the page that follows the password. */
export async function connectUser(
  server: ServerProcess,
  user: User,
  then: (jar: BrowserJar, shown: Shown) => Promise<Shown> = async (_jar, shown) => shown,
): Promise<HeadlessClient> {
  const headless = new HeadlessClient(async (jar, url) =>
    then(jar, await jar.press(await jar.open(url), 'sign-in', { fields: { ...user } })),
  )
  const client = await connect(new URL(server.oauthUrl), headless)
  await client.close()
  return headless
}

/** What the server says to the client's token: 401 once it lets nobody in. */
export async function statusFor(server: ServerProcess, { saved }: HeadlessClient): Promise<number> {
  const headers = { authorization: `Bearer ${saved?.access_token}`, 'content-type': 'application/json' }
  return (await fetch(server.oauthUrl, { method: 'POST', headers, body: '{}' })).status
}
