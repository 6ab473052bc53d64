import {
  CredentialConflict,
  type CredentialMembers,
  type CredentialPlace,
  type CredentialStore,
  type StoredCredential,
} from '../../src/core/credential/credential-store.js'
import { UpstreamError } from '../../src/core/error/upstream-error.js'
import type { ExternalService } from '../../src/core/external-service/external-service.js'
import type { ServiceConnection, ServiceStore, ServiceUser } from '../../src/core/external-service/service-store.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { authenticated } from '../../src/core/permission/requirement/requirement.js'

/** A service with a bearer token that everybody may use, unless said otherwise. */
export function sampleService(changes: Partial<ExternalService> = {}): ExternalService {
  return {
    id: '5e7f1c00-0000-4000-8000-000000000001',
    name: 'GitHub',
    url: 'https://api.github.example',
    description: undefined,
    tags: [],
    auth: { type: 'bearer_token' },
    source: { from: 'store' },
    requirement: authenticated,
    reach: 'private',
    credentialVersion: 1,
    revision: '1',
    ...changes,
  }
}

/** Services of tenants in memory. */
export class MemoryServices implements ServiceStore {
  readonly #services = new Map<string, ExternalService>()
  readonly #connections = new Map<string, ServiceConnection>()

  put(tenant: Tenant, service: ExternalService): void {
    this.#services.set(`${tenant.id} ${service.name}`, service)
  }

  remove(tenant: Tenant, name: string): void {
    this.#services.delete(`${tenant.id} ${name}`)
  }

  connect(tenant: Tenant, user: ServiceUser & { readonly service: string }, connection: ServiceConnection): void {
    this.#connections.set(JSON.stringify([tenant.id, user.service, user.issuer, user.subject]), connection)
  }

  async find(tenant: Tenant, name: string): Promise<ExternalService | undefined> {
    return this.#services.get(`${tenant.id} ${name}`)
  }

  async connection(tenant: Tenant, service: string, user: ServiceUser): Promise<ServiceConnection | undefined> {
    return this.#connections.get(JSON.stringify([tenant.id, service, user.issuer, user.subject]))
  }
}

/** Credentials in memory, counting how often they are read. `available = false` is an outage, which ends as `mend` says. */
export class MemoryCredentials implements CredentialStore {
  available = true
  mend: UpstreamError['mend'] = 'time'
  reads = 0
  readonly #versions = new Map<string, (StoredCredential | undefined)[]>()

  async read(place: CredentialPlace, version?: number): Promise<StoredCredential | undefined> {
    this.reads += 1
    await this.#reach()
    const versions = this.#at(place)
    return versions[(version ?? versions.length) - 1]
  }

  async write(place: CredentialPlace, members: CredentialMembers, after: number): Promise<number> {
    await this.#reach()
    const versions = this.#at(place)
    if (versions.length !== after) throw new CredentialConflict('another version is the newest')
    this.#versions.set(nameOf(place), [...versions, { version: after + 1, members, writtenAt: 0 }])
    return after + 1
  }

  async newest(place: CredentialPlace): Promise<number> {
    await this.#reach()
    return this.#at(place).length
  }

  async mostVersions(): Promise<number> {
    await this.#reach()
    return Number.POSITIVE_INFINITY
  }

  async list(): Promise<readonly CredentialPlace[]> {
    await this.#reach()
    return []
  }

  async delete(place: CredentialPlace, version: number): Promise<void> {
    await this.#reach()
    this.#versions.set(nameOf(place), this.#at(place).with(version - 1, undefined))
  }

  async destroy(place: CredentialPlace): Promise<void> {
    await this.#reach()
    this.#versions.delete(nameOf(place))
  }

  async #reach(): Promise<void> {
    await new Promise(setImmediate)
    const { available, mend } = this
    if (!available) throw new UpstreamError('SECRETS_UNAVAILABLE', 'the credentials are out of reach', { mend })
  }

  #at(place: CredentialPlace): readonly (StoredCredential | undefined)[] {
    return this.#versions.get(nameOf(place)) ?? []
  }
}

function nameOf({ account, service, tenant }: CredentialPlace): string {
  return JSON.stringify([tenant.id, service, account ?? null])
}
