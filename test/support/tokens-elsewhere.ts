import { setTimeout as pause } from 'node:timers/promises'
import { createFetcher } from '../../src/adapter/net/create-fetcher.js'
import { createServiceAuthorization } from '../../src/adapter/oauth/service/service-authorization.js'
import { TokenRevoker } from '../../src/core/external-service/connect/given-up-tokens.js'
import { UserTokenReader } from '../../src/core/external-service/connect/user-token-reader.js'
import { StoredCredentialReader } from '../../src/core/external-service/reader/credential-reader.js'
import type { ConnectSite } from './connect-site.js'
import { openHomePostgres } from './home-postgres.js'
import { ownIssuer } from './postgres.js'

/** What another server comes by for this user; `waits` is called where it has to wait for that. */
export async function tokensElsewhere(site: ConnectSite, email: string, waits: () => void = () => undefined) {
  const another = await openHomePostgres(site.server.home)
  const log = { write: () => undefined }
  const authorization = createServiceAuthorization(createFetcher())
  const reader = new UserTokenReader({
    ...{ store: site.store, stored: new StoredCredentialReader(site.store), authorization, log },
    connections: another.postgres.connect.connections,
    revoker: new TokenRevoker({ authorization, log }),
    pause: (milliseconds) => {
      waits()
      return pause(milliseconds)
    },
  })
  const [service, connection] = [await site.service(), await connectionOf(site, email)]
  try {
    return await reader.read({ tenant: site.acme, service, connection })
  } finally {
    await another.close()
  }
}

/** Where the tokens of this user are. Throws `TypeError` for one who has not signed in. */
export async function connectionOf(site: ConnectSite, email: string) {
  const user = { issuer: ownIssuer, subject: await site.accountOf(email) }
  const found = await site.data.postgres.services.connection(site.acme, (await site.service()).id, user)
  if (found === undefined) throw new TypeError(`${email} is not connected`)
  return found
}
