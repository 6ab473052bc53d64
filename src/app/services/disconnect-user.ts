import { quoted } from '../../core/administration/known-names.js'
import type { Agree } from '../administration/change-tenant.js'
import { withTenant, type TenantPlace } from '../administration/with-tenant.js'
import { findAccount } from '../find-account.js'
import { issuerIn } from '../own-url.js'
import { RefusedError } from '../refused-error.js'
import type { ServiceChanges } from './change-service.js'
import { findService, usableService } from './find-service.js'
import { takeBackTokens } from './take-back-tokens.js'
import { destroyCredentials, refuseSecretIdOfServer } from './with-credentials.js'

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
    refuseSecretIdOfServer(work.settings)
    const absent = new RefusedError(`${account.email} has not signed in at ${quoted(name)}`)
    const user = { issuer: await issuerIn(place.env), subject: account.id }
    if ((await postgres.services.connection(tenant, service.id, user)) === undefined) throw absent
    await agree([`${account.email} would have to sign in at ${quoted(name)} again`])
    const connection = await postgres.connect.connections.disconnect(tenant, { service, account }, by)
    if (connection === undefined) throw absent
    const users = [{ account: connection.id, version: connection.credentialVersion }]
    const { warnings } = await takeBackTokens(work, { tenant, service, users })
    const left = await destroyCredentials(work, () =>
      Promise.resolve([{ tenant, service: service.id, account: connection.id }]),
    )
    const change = { action: 'changed', noun: 'service', name, before: [`user:${account.email}`], after: [] } as const
    return { tenant: tenant.slug, changes: [change], warnings, left }
  })
}
