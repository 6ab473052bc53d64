import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { UpstreamPreset } from '../../../core/federation/preset/preset.js'
import { upstreamPresets } from '../../../core/federation/preset/presets.js'
import type { OpenUpstream, UpstreamSettings } from '../../../core/federation/upstream-provider.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Fetcher } from '../../../core/runtime/fetcher.js'
import type { Log } from '../../../core/runtime/log.js'
import { silentTracer, type Tracer } from '../../../core/runtime/tracer.js'
import { addressFault, issuerFault } from '../../../core/trust/issuer-url.js'
import { boundedFetch } from '../bounded-fetch.js'
import { requireRedirectUri } from '../provider-url.js'
import { fetchThrough, strictFetch } from './fetch-through.js'
import { OauthProtocol, type OauthPlaces } from './oauth-protocol.js'
import { OpenidProtocol } from './openid-protocol.js'
import { UpstreamParty } from './upstream-party.js'

export interface UpstreamOpenerOptions {
  /** The only way to a provider; it follows its requests by itself. */
  readonly fetcher: Fetcher
  readonly clock: Clock
  readonly log: Log
  readonly tracer?: Tracer
}

/** What opens providers that users sign in with. An opened one keeps what the provider says of itself, so it is worth keeping. */
export function createUpstreamOpener({ tracer = silentTracer, ...options }: UpstreamOpenerOptions): OpenUpstream {
  return (settings, redirectUri) => {
    const preset = upstreamPresets[settings.kind]
    requireRedirectUri(redirectUri)
    requireUsable(settings, preset)
    const fetch = strictFetch(boundedFetch(fetchThrough(options.fetcher, settings.reach)))
    const parts = { settings, fetch, clock: options.clock }
    const places = preset.identity === 'userinfo' ? requirePlaces(settings) : undefined
    const protocol = places === undefined ? new OpenidProtocol(parts) : new OauthProtocol(parts, places)
    if (settings.pkce === 'assumed' && preset.pkce === 'advertised') {
      options.log.write('info', 'a provider is taken to have PKCE, which it does not say', { issuer: settings.issuer })
    }
    return new UpstreamParty({ ...options, tracer, settings, redirectUri, protocol })
  }
}

/** What has been stored is held to what could have been written. */
function requireUsable(settings: UpstreamSettings, preset: UpstreamPreset): void {
  const { clientId, clientSecret } = settings
  const fault = nameFault(settings, preset)
  if (fault !== undefined) throw refusal(`issuer ${fault}`)
  if (clientId === '' || clientSecret === '') throw refusal('client id or secret is empty')
  if (clientSecret === undefined && preset.secret === 'needed') throw refusal('client secret is missing')
}

function nameFault({ issuer, reach }: UpstreamSettings, preset: UpstreamPreset): string | undefined {
  if (issuer === preset.issuer) return undefined
  if (preset.ownIssuer === 'fixed') return `is not ${preset.issuer}`
  return preset.issuerFault(issuer) ?? issuerFault(issuer, reach)
}

function requirePlaces({ endpoints, members, pkce, reach }: UpstreamSettings): OauthPlaces {
  if (endpoints === undefined || members === undefined) throw refusal('endpoints or members are missing')
  const { authorization, token, userinfo } = endpoints
  for (const address of [authorization, token, userinfo]) {
    const fault = addressFault(address, reach)
    if (fault !== undefined) throw refusal(`endpoints have one that ${fault}`)
  }
  if (pkce !== 'assumed') throw refusal("pkce has to be 'assumed': no document could advertise it")
  return { endpoints, members }
}

function refusal(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_UPSTREAM', `the provider's ${message}`)
}
