import { ServiceError } from '../../error/service-error.js'
import type { Tenant } from '../../identity/tenant.js'
import type { CredentialReader } from '../reader/credential-reader.js'
import type { UserServiceClient } from './service-authorization.js'
import type { UserService } from './user-service.js'

/**
 * This installation as a client of a service where users sign in, by the credential that an administrator has given. Throws
 * `ServiceError` (`ERR_SERVICE_CREDENTIAL`) where there is none, `UpstreamError`.
 */
export async function userServiceClient(
  secrets: Pick<CredentialReader, 'read'>,
  tenant: Tenant,
  service: UserService,
): Promise<UserServiceClient> {
  const { auth, name, reach } = service
  const { members } = await secrets.read({ tenant, service, connection: undefined })
  const { client_id: clientId, client_secret: clientSecret } = members
  if (clientId !== undefined && clientSecret !== undefined) {
    return { endpoint: auth, clientId: clientId.reveal(), clientSecret, reach }
  }
  throw new ServiceError('ERR_SERVICE_CREDENTIAL', name, `the credential of ${name} has no client id and secret`)
}
