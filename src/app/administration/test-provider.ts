import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { createUpstreamOpener } from '../../adapter/oauth/upstream/create-upstream-opener.js'
import { createLog } from '../../adapter/telemetry/create-log.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { systemClock } from '../../core/runtime/clock.js'
import { showProvider } from './change-provider.js'
import { redirectUriIn } from './redirect-uri.js'
import type { TenantPlace } from './with-tenant.js'

/** What stands in the way of signing in with a provider. */
export interface ProviderReport {
  readonly tenant: string
  readonly name: string
  readonly issuer: string | undefined
  /** To be registered at the provider, byte for byte. */
  readonly redirectUri: string
  /** A sentence each. */
  readonly problems: readonly string[]
  readonly outcome: 'passed' | 'failed'
}

/** Asks a provider everything that can be asked without a user. Throws `RefusedError` for one that is not there. */
export async function testProvider(place: TenantPlace, name: string): Promise<ProviderReport> {
  const { id, settings, tenant } = await showProvider(place, name)
  const redirectUri = await redirectUriIn(place.env, id)
  const problems = 'fault' in settings ? [settings.fault] : await problemsOf(settings, redirectUri)
  const issuer = 'fault' in settings ? undefined : settings.issuer
  return { tenant, name, issuer, redirectUri, problems, outcome: problems.length === 0 ? 'passed' : 'failed' }
}

type Open = ReturnType<typeof createUpstreamOpener>

async function problemsOf(settings: Parameters<Open>[0], redirectUri: string): Promise<readonly string[]> {
  const open = createUpstreamOpener({ fetcher: createFetcher(), clock: systemClock, log: createLog('silent') })
  try {
    return await open(settings, redirectUri).check()
  } catch (error) {
    if (error instanceof ConfigurationError) return [error.message]
    throw error
  }
}
