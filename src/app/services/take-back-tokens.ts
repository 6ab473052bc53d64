import { randomUUID } from 'node:crypto'
import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { createServiceAuthorization } from '../../adapter/oauth/service/service-authorization.js'
import { quoted } from '../../core/administration/known-names.js'
import { AuthSecError } from '../../core/error/auth-sec-error.js'
import { revocableTokens } from '../../core/external-service/connect/given-up-tokens.js'
import { userServiceClient } from '../../core/external-service/connect/service-clients.js'
import { isUserService } from '../../core/external-service/connect/user-service.js'
import type { ExternalService } from '../../core/external-service/external-service.js'
import { StoredCredentialReader } from '../../core/external-service/reader/credential-reader.js'
import { recordedRead } from '../../core/external-service/recorded-read.js'
import { ServiceTokenError } from '../../core/external-service/service-tokens.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Installation } from '../administration/with-tenant.js'
import { secretIdFault, withCredentials } from './with-credentials.js'

/** A sign-in that has ended. */
export interface EndedSignIn {
  readonly tenant: Tenant
  readonly service: ExternalService
  /** UUID: where the tokens are. */
  readonly account: string
  /** The version of them that was used, where that is known. */
  readonly version?: number
}

/** Takes the tokens of a user back at a service, before they are destroyed; answers with why it may take them yet, a sentence each. */
export async function takeBackTokens(installation: Installation, ended: EndedSignIn): Promise<readonly string[]> {
  const { account, service, tenant, version } = ended
  const { by, postgres } = installation
  if (!isUserService(service)) return []
  const { revocationEndpoint } = service.auth
  if (revocationEndpoint === undefined) {
    return [`${quoted(service.name)} was not told: nothing is known of where it takes tokens back (--revocation-url)`]
  }
  const inTheWay = secretIdFault(installation.settings)
  if (inTheWay !== undefined) return [`${quoted(service.name)} did not take the tokens back: ${inTheWay}`]
  try {
    await withCredentials(installation, async (store) => {
      const authorization = createServiceAuthorization(createFetcher())
      const detail = { service: service.name, ...(version === undefined ? {} : { version }) }
      const event = { tenant, subject: by, requestId: randomUUID(), operation: 'service.revoke', detail }
      const { client, tokens } = await recordedRead({ audit: postgres.audit, event }, async () => ({
        client: await userServiceClient(new StoredCredentialReader(store), tenant, service),
        // Also what was renewed at the same moment, and has not come to be used.
        tokens: await revocableTokens(store, { tenant, service: service.id, account }, version),
      }))
      const told = await Promise.allSettled(tokens.map((token) => authorization.revoke(client, token)))
      for (const answer of told) if (answer.status === 'rejected') throw answer.reason
    })
    return []
  } catch (error) {
    if (!(error instanceof AuthSecError) && !(error instanceof ServiceTokenError)) throw error
    return [`${quoted(service.name)} did not take the tokens back: ${error.message}`]
  }
}
