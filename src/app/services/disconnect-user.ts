import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { createServiceAuthorization } from '../../adapter/oauth/service/service-authorization.js'
import { quoted } from '../../core/administration/known-names.js'
import { AuthSecError } from '../../core/error/auth-sec-error.js'
import { userServiceClient } from '../../core/external-service/connect/service-clients.js'
import { isUserService } from '../../core/external-service/connect/user-service.js'
import type { ExternalService } from '../../core/external-service/external-service.js'
import { revocableTokens } from '../../core/external-service/connect/given-up-tokens.js'
import { StoredCredentialReader } from '../../core/external-service/reader/credential-reader.js'
import type { ServiceConnection } from '../../core/external-service/service-store.js'
import { ServiceTokenError } from '../../core/external-service/service-tokens.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Agree } from '../administration/change-tenant.js'
import { withTenant, type Installation, type TenantPlace } from '../administration/with-tenant.js'
import { findAccount } from '../find-account.js'
import { RefusedError } from '../refused-error.js'
import type { ServiceChanges } from './change-service.js'
import { findService, usableService } from './find-service.js'
import { destroyCredentials, withCredentials } from './with-credentials.js'

/**
 * Ends the sign-in of one user at a service, with consent: nobody uses their tokens from then on; these are taken back at the service
 * where it has a place for that, and destroyed. Throws `RefusedError` where the user has not signed in there.
 */
export async function disconnectUser(
  place: TenantPlace,
  { email, name }: { readonly email: string; readonly name: string },
  agree: Agree,
): Promise<ServiceChanges> {
  return withTenant(place, async (work) => {
    const { by, postgres, tenant } = work
    const service = usableService(await findService(postgres, tenant, name))
    const { account } = await findAccount(postgres, { user: email, tenant: tenant.slug })
    await agree([`${account.email} has to sign in at ${quoted(name)} again`])
    const connection = await postgres.connect.connections.disconnect(tenant, { service, account }, by)
    if (connection === undefined) throw new RefusedError(`${account.email} has not signed in at ${quoted(name)}`)
    const warnings = await takeBack({ ...work, connection, service })
    const left = await destroyCredentials(work, () =>
      Promise.resolve([{ tenant, service: service.id, account: connection.id }]),
    )
    const change = { action: 'changed', noun: 'service', name, before: [`user:${account.email}`], after: [] } as const
    return { tenant: tenant.slug, changes: [change], warnings, left }
  })
}

interface Ended extends Installation {
  readonly tenant: Tenant
  readonly service: ExternalService
  readonly connection: ServiceConnection
}

/** Why the service may take the tokens yet, a sentence each. */
async function takeBack(ended: Ended): Promise<readonly string[]> {
  const { connection, service, tenant } = ended
  if (!isUserService(service)) return []
  const { revocationEndpoint } = service.auth
  if (revocationEndpoint === undefined) {
    return [`${quoted(service.name)} was not told: nothing is known of where it takes tokens back (--revocation-url)`]
  }
  try {
    await withCredentials(ended, async (store) => {
      const client = await userServiceClient(new StoredCredentialReader(store), tenant, service)
      const authorization = createServiceAuthorization(createFetcher())
      const place = { tenant, service: service.id, account: connection.id }
      // Also what was renewed at the same moment, and has not come to be used.
      const tokens = await revocableTokens(store, place, connection.credentialVersion)
      const told = await Promise.allSettled(tokens.map((token) => authorization.revoke(client, token)))
      for (const answer of told) if (answer.status === 'rejected') throw answer.reason
    })
    return []
  } catch (error) {
    if (!(error instanceof AuthSecError) && !(error instanceof ServiceTokenError)) throw error
    return [`${quoted(service.name)} did not take the tokens back: ${error.message}`]
  }
}
