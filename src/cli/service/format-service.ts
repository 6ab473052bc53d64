import type { ServiceReport } from '../../app/services/test-service.js'
import type { FoundService } from '../../core/administration/service-administration.js'
import type { ServiceAuth } from '../../core/external-service/external-service.js'
import { serviceOptionsOf } from '../../core/external-service/read-service-options.js'
import { whoMayUse } from '../../core/external-service/who-may-use.js'
import type { RotationStatus } from '../../core/external-service/rotation/rotation-store.js'
import { formatMembers } from '../format-members.js'
import { formatTable } from '../format-table.js'
import { rotationJson } from './format-rotation.js'

interface InTenant {
  /** Slug. */
  readonly tenant: string
  readonly service: FoundService
  readonly rotation?: RotationStatus | undefined
  /** Where it sends browsers back to, where users sign in there. */
  readonly redirectUri?: string | undefined
}

/** A service as JSON; of its credential the version and since when it is used. */
export function serviceJson({ redirectUri, rotation, service, tenant }: InTenant): Readonly<Record<string, unknown>> {
  const { credentialAt, credentialVersion, name, settings, users } = service
  const since = credentialAt === undefined ? undefined : new Date(credentialAt * 1000).toISOString()
  const credential = credentialVersion === 0 ? 'none' : { version: credentialVersion, since }
  const options = 'fault' in settings ? settings : serviceOptionsOf(settings)
  const found = { tenant, name, ...options, credential, ...(rotation && rotationJson(rotation)) }
  const known = redirectUri === undefined ? found : { ...found, redirectUri }
  return hasUsers(service) ? { ...known, users } : known
}

/** One line each. */
export function formatServices(found: readonly Pick<InTenant, 'service' | 'tenant'>[]): string {
  const rows = found.map(({ service, tenant }) => {
    const { credentialVersion, name, settings } = service
    if ('fault' in settings) return [tenant, name, '', '', '', credentialOf(service), settings.fault]
    const { auth, requirement, source, url } = settings
    const credential = source.from === 'store' ? credentialOf({ credentialVersion }) : `${source.from} ${source.path}`
    return [tenant, name, url, authWords(auth), whoMayUse(requirement), credential, '']
  })
  return formatTable(['TENANT', 'NAME', 'URL', 'AUTH', 'REQUIREMENT', 'CREDENTIAL', 'FAULT'], rows)
}

/** Everything that is decided about it, a line each. */
export function formatService(found: InTenant): string {
  const { settings } = found.service
  const shown = 'fault' in settings ? {} : { requirement: whoMayUse(settings.requirement) }
  return formatMembers({ ...serviceJson(found), ...shown })
}

/** What a test has found. */
export function formatServiceReport({ name, outcome, problems, status, tenant, url }: ServiceReport): string {
  const answer = status === undefined ? 'no answer' : `answered ${status}`
  const found = outcome === 'passed' ? ['✓ it takes the credential'] : problems.map((problem) => `✗ ${problem}`)
  return [`${name} of ${tenant}: GET ${url}: ${answer}`, ...found].join('\n')
}

function credentialOf({ credentialVersion }: Pick<FoundService, 'credentialVersion'>): string {
  return credentialVersion === 0 ? 'none' : `version ${credentialVersion}`
}

function authWords(auth: ServiceAuth): string {
  return auth.type === 'oauth2' ? `oauth2 ${auth.grant}` : auth.type
}

function hasUsers({ settings, users }: FoundService): boolean {
  const isPerUser =
    !('fault' in settings) && settings.auth.type === 'oauth2' && settings.auth.grant === 'authorization_code'
  return isPerUser || users > 0
}
