import { federationCallbackPath } from '../../adapter/issuer/http/issuer-edge.js'
import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { createUpstreamOpener } from '../../adapter/oauth/upstream/create-upstream-opener.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { IsTrusted } from '../../core/federation/provider/posing-provider.js'
import type { ProviderStore } from '../../core/federation/provider/provider-store.js'
import { storedSettings } from '../../core/federation/provider/stored-settings.js'
import type { UpstreamSettings } from '../../core/federation/upstream-provider.js'
import { UpstreamDirectory } from '../../core/federation/provider/upstream-directory.js'
import { systemClock } from '../../core/runtime/clock.js'
import type { Log } from '../../core/runtime/log.js'
import type { Tracer } from '../../core/runtime/tracer.js'
import { issuerOf } from '../issuer-of.js'

export interface ProviderNeeds {
  readonly store: ProviderStore
  /** The application (client id) that users sign in to. */
  readonly application: string
  readonly publicUrl: string
  readonly isTrusted: IsTrusted
  readonly log: Log
  readonly tracer: Tracer
}

/** The identity providers that users of one application sign in with. */
export function openProviders({
  application,
  log,
  publicUrl,
  store,
  tracer,
  isTrusted,
}: ProviderNeeds): UpstreamDirectory {
  const open = createUpstreamOpener({ fetcher: createFetcher({ tracer }), clock: systemClock, log, tracer })
  return new UpstreamDirectory({
    ...{ store, application, log, isTrusted },
    settingsOf: (stored) => withoutOwnIssuer(storedSettings(stored), publicUrl),
    open: (settings) => open(settings, redirectUriOf(publicUrl, settings.id)),
  })
}

/** Where a provider (UUID) sends browsers back to: what is registered there. */
export function redirectUriOf(publicUrl: string, provider: string): string {
  return publicUrl + federationCallbackPath(provider)
}

/** The settings again. Throws `ConfigurationError` where the issuer is that of this server: its own users would be somebody else's. */
export function withoutOwnIssuer<Settings extends Pick<UpstreamSettings, 'issuer'>>(
  settings: Settings,
  publicUrl: string,
): Settings {
  if (settings.issuer !== issuerOf(publicUrl) && settings.issuer !== publicUrl) return settings
  throw new ConfigurationError('ERR_CONFIG_UPSTREAM', "the provider's issuer is this server itself")
}
