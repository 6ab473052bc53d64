import { ConfigurationError } from '../../error/configuration-error.js'
import { UpstreamError } from '../../error/upstream-error.js'
import type { Tenant } from '../../identity/tenant.js'
import type { Log } from '../../runtime/log.js'
import type { ProviderStore, StoredProvider } from './provider-store.js'
import type { UpstreamProvider, UpstreamSettings } from '../upstream-provider.js'

export interface UpstreamDirectoryPorts {
  readonly store: ProviderStore
  /** The application (client id) that users sign in to. */
  readonly application: string
  /** Throws `ConfigurationError` for options that cannot be. */
  readonly settingsOf: (stored: StoredProvider) => UpstreamSettings
  /** Nothing is asked of it yet. Throws `ConfigurationError`. */
  readonly open: (settings: UpstreamSettings) => UpstreamProvider
  readonly log: Log
}

/** What the sign-in page offers of a provider. */
export interface OfferedProvider {
  readonly id: string
  readonly name: string
  readonly tenant: Tenant
}

/** A provider that can be asked. */
export interface OpenedProvider {
  readonly id: string
  /** UUID. */
  readonly tenant: string
  readonly settings: UpstreamSettings
  readonly provider: UpstreamProvider
}

interface Opened extends OpenedProvider {
  readonly revision: string
}

const mostOpened = 1_000

/** The providers of the tenants, for one application: as the database has them now, each opened once for as long as nobody changes it. */
export class UpstreamDirectory {
  readonly #ports: UpstreamDirectoryPorts
  readonly #opened = new Map<string, Opened>()

  constructor(ports: UpstreamDirectoryPorts) {
    this.#ports = ports
  }

  /** Those that users of these tenants may sign in with, by tenant, in their order. Throws `UpstreamError`. */
  async offered(tenants: readonly Tenant[]): Promise<readonly OfferedProvider[]> {
    if (tenants.length === 0) return []
    const stored = await this.#ports.store.list(tenants.map(({ id }) => id))
    return tenants.flatMap((tenant) =>
      stored
        .filter((provider) => provider.tenant === tenant.id && this.#isOurs(provider))
        .map(({ id, name }) => ({ id, name, tenant })),
    )
  }

  /** The one of that id, or `undefined` where users of this application cannot sign in with it. Throws `UpstreamError`, also for one that is set up wrongly. */
  async find(id: string): Promise<OpenedProvider | undefined> {
    const stored = await this.#ports.store.find(id)
    if (stored === undefined || !this.#isOurs(stored)) {
      this.#opened.delete(id)
      return undefined
    }
    const known = this.#opened.get(id)
    if (known?.revision === stored.revision) return known
    const opened = this.#open(stored)
    if (this.#opened.size >= mostOpened) this.#opened.clear()
    this.#opened.set(id, opened)
    return opened
  }

  #isOurs({ application }: StoredProvider): boolean {
    return application === undefined || application === this.#ports.application
  }

  #open(stored: StoredProvider): Opened {
    const { id, revision, tenant } = stored
    try {
      const settings = this.#ports.settingsOf(stored)
      return { id, revision, tenant, settings, provider: this.#ports.open(settings) }
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      this.#ports.log.write('error', 'an identity provider cannot be used', { provider: id, reason: error.message })
      throw new UpstreamError('IDP_UNAVAILABLE', 'the identity provider is set up wrongly', { cause: error })
    }
  }
}
