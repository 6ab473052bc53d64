import { ConfigurationError } from '../../error/configuration-error.js'
import { UpstreamError } from '../../error/upstream-error.js'
import type { Tenant } from '../../identity/tenant.js'
import type { Log } from '../../runtime/log.js'
import { posingFault, type IsTrusted } from './posing-provider.js'
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
  readonly isTrusted: IsTrusted
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
  /** By revision: the sign-in page asks again and again. */
  readonly #told = new Set<string>()

  constructor(ports: UpstreamDirectoryPorts) {
    this.#ports = ports
  }

  /** Those that users of these tenants may sign in with, by tenant, in their order. Throws `UpstreamError`. */
  async offered(tenants: readonly Tenant[]): Promise<readonly OfferedProvider[]> {
    if (tenants.length === 0) return []
    const stored = await this.#ports.store.list(tenants.map(({ id }) => id))
    const ours = stored.filter((provider) => this.#isOurs(provider))
    const posing = new Set<StoredProvider>()
    for (const provider of ours) if (await this.#isPosing(provider)) posing.add(provider)
    return tenants.flatMap((tenant) =>
      ours
        .filter((provider) => provider.tenant === tenant.id && !posing.has(provider))
        .map(({ id, name }) => ({ id, name, tenant })),
    )
  }

  /**
   * The one of that id, or `undefined` where users of this application cannot sign in with it. Throws `UpstreamError`, also for one that
   * is set up wrongly, or poses as somebody else: that can be mended, and what was made with it counts again.
   */
  async find(id: string): Promise<OpenedProvider | undefined> {
    const stored = await this.#ports.store.find(id)
    if (stored === undefined || !this.#isOurs(stored)) {
      this.#opened.delete(id)
      return undefined
    }
    if (await this.#isPosing(stored)) {
      throw new UpstreamError('IDP_UNAVAILABLE', 'the identity provider goes by the name of a trusted issuer')
    }
    const known = this.#opened.get(id)
    if (known?.revision === stored.revision) return known
    const opened = this.#open(stored)
    if (this.#opened.size >= mostOpened) this.#opened.clear()
    this.#opened.set(id, opened)
    return opened
  }

  /** Whether the one of that id goes by somebody else's name now: nothing that was made with it counts meanwhile. Throws `UpstreamError`. */
  async isPosing(id: string): Promise<boolean> {
    const stored = await this.#ports.store.find(id)
    return stored !== undefined && this.#isPosing(stored)
  }

  #isOurs({ application }: StoredProvider): boolean {
    return application === undefined || application === this.#ports.application
  }

  /** Its issuer may have come to be trusted after it, and by the environment of this process alone. */
  async #isPosing(stored: StoredProvider): Promise<boolean> {
    const { kind, options, tenant } = stored
    // As it is written: one that is set up wrongly otherwise has made sign-ins before.
    const fault = await posingFault({ kind, tenant, issuer: options['issuer'] }, this.#ports.isTrusted)
    if (fault === undefined) return false
    const about = `${stored.id} ${stored.revision}`
    if (this.#told.size >= mostOpened) this.#told.clear()
    if (!this.#told.has(about)) {
      this.#ports.log.write('error', 'an identity provider cannot be used', { provider: stored.id, reason: fault })
    }
    this.#told.add(about)
    return true
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
