import type { Tenant } from '../../identity/tenant.js'
import type { CredentialStore } from '../../credential/credential-store.js'
import { ServiceError } from '../../error/service-error.js'
import { CredentialCache } from './credential-cache.js'
import type { ExternalService } from '../external-service.js'
import { heldCredential, type HeldCredential } from '../service-credential.js'
import type { ServiceConnection } from '../service-store.js'

/** Whose credential of which service. */
export interface CredentialWish {
  readonly tenant: Tenant
  readonly service: ExternalService
  /** The tokens of a user, where each has their own. */
  readonly connection: ServiceConnection | undefined
}

/** One way to come by a credential that can be used as it is. */
export interface CredentialReader {
  /** Throws `ServiceError` where there is none, `UpstreamError` (`SECRETS_UNAVAILABLE`) when that cannot be told. */
  read(wish: CredentialWish): Promise<HeldCredential>
  /** The service did not take `held`: if that is still what would be used, and has been for a while, it is read again. */
  drop(wish: CredentialWish, held: HeldCredential): void
}

/** Credentials that are in the store as the service wants them. */
export class StoredCredentialReader implements CredentialReader {
  readonly #store: Pick<CredentialStore, 'read'>
  readonly #cache: CredentialCache

  constructor(store: Pick<CredentialStore, 'read'>, cache = new CredentialCache()) {
    this.#store = store
    this.#cache = cache
  }

  read(wish: CredentialWish): Promise<HeldCredential> {
    const { connection, service, tenant } = wish
    return this.#cache.get(keyOf(wish), async () => {
      const { version } = keyOf(wish)
      const place = { tenant, service: service.id, account: connection?.id }
      const stored = version === 0 ? undefined : await this.#store.read(place, version)
      if (stored !== undefined) return heldCredential(stored.version, stored.members)
      throw new ServiceError('ERR_SERVICE_CREDENTIAL', service.name, `${service.name} has no credential`)
    })
  }

  drop(wish: CredentialWish, held: HeldCredential): void {
    this.#cache.drop(keyOf(wish), held)
  }
}

/** By which what was read of a wish is known again. */
export function keyOf({ connection, service, tenant }: CredentialWish) {
  const version = connection === undefined ? service.credentialVersion : connection.credentialVersion
  return {
    ...{ tenant: tenant.id, service: service.id, account: connection?.id },
    ...{ version, revision: service.revision },
  }
}
