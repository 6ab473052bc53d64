import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { StoredProvider } from '../../core/federation/provider/provider-store.js'
import { storedSettings } from '../../core/federation/provider/stored-settings.js'
import type { UpstreamSettings } from '../../core/federation/upstream-provider.js'
import type { Tenant } from '../../core/identity/tenant.js'

/** A provider as a server would find it: with everything decided, or why it cannot be used. */
export interface FoundProvider extends Pick<StoredProvider, 'application' | 'id' | 'kind' | 'name' | 'position'> {
  /** Slug. */
  readonly tenant: string
  readonly settings: UpstreamSettings | { readonly fault: string }
}

/** What a row of the database comes to. */
export function foundProvider(stored: StoredProvider, { slug }: Pick<Tenant, 'slug'>): FoundProvider {
  const { application, id, kind, name, position } = stored
  return { application, id, kind, name, position, tenant: slug, settings: settingsOf(stored) }
}

function settingsOf(stored: StoredProvider): FoundProvider['settings'] {
  try {
    return storedSettings(stored)
  } catch (error) {
    if (error instanceof ConfigurationError) return { fault: error.message }
    throw error
  }
}
