import type { Change } from '../../core/administration/change.js'
import { quoted } from '../../core/administration/known-names.js'
import type { WantedProvider } from '../../core/administration/provider-administration.js'
import { posingFault, type ProviderName } from '../../core/federation/provider/posing-provider.js'
import { readUpstreamOptions } from '../../core/federation/read-upstream-options.js'
import type { StoredProvider } from '../../core/federation/provider/provider-store.js'
import type { UpstreamSettings } from '../../core/federation/upstream-provider.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { RefusedError } from '../refused-error.js'
import { refuseFaults, type Agree } from './change-tenant.js'
import { foundProvider, type FoundProvider } from './found-provider.js'
import { withoutOwnIssuer } from '../federation/open-providers.js'
import { issuerReach } from '../federation/issuer-reach.js'
import { readSettings } from '../settings/settings.js'
import { onlyPublicUrlIn } from '../own-url.js'
import { redirectUriIn } from './redirect-uri.js'
import { withInstallation, withTenant, type Installation, type TenantPlace } from './with-tenant.js'

/** A provider as flags say it. */
export interface ProviderWanted extends Omit<WantedProvider, 'kind'> {
  readonly kind: string | undefined
}

/** What was changed, and what has to be done with it elsewhere. */
export interface ProviderChanges {
  /** Slug. */
  readonly tenant: string
  readonly changes: readonly Change[]
  readonly redirectUri: string
  /** Why nobody could sign in with it yet, a sentence each. */
  readonly warnings: readonly string[]
}

/** The providers of a tenant, or of all of them, in the order of their buttons. */
export async function listProviders({ env, tenant: slug }: TenantPlace): Promise<readonly FoundProvider[]> {
  return withInstallation(env, async ({ postgres }) => {
    const tenants = (await postgres.tenantDirectory.list()).filter(
      (tenant) => slug === undefined || tenant.slug === slug,
    )
    if (tenants.length === 0 && slug !== undefined)
      throw new RefusedError(`no tenant ${slug}; authsec tenant list shows them`)
    const stored = await postgres.federation.providers.list(tenants.map(({ id }) => id))
    const found: FoundProvider[] = []
    for (const tenant of tenants) {
      const theirs = stored.filter((provider) => provider.tenant === tenant.id)
      for (const provider of theirs) found.push(await findUse(postgres, env, { provider, tenant }))
    }
    return found
  })
}

/** The provider of that name. Throws `RefusedError` for one that is not there. */
export async function showProvider(place: TenantPlace, name: string): Promise<FoundProvider> {
  return withTenant(place, async ({ postgres, tenant }) => {
    const stored = await postgres.federation.providers.list([tenant.id])
    const provider = stored.find((known) => known.name === name)
    if (provider === undefined) throw new RefusedError(`there is no provider ${quoted(name)} in ${tenant.slug}`)
    return findUse(postgres, place.env, { provider, tenant })
  })
}

/** One that servers do not use, since it goes by the name of a trusted issuer, is found with that as its fault. */
async function findUse(
  postgres: Installation['postgres'],
  env: NodeJS.ProcessEnv,
  { provider, tenant }: { readonly provider: StoredProvider; readonly tenant: Pick<Tenant, 'slug'> },
): Promise<FoundProvider> {
  const { kind, options, tenant: id } = provider
  const fault = await findPosing(postgres, { kind, tenant: id, issuer: options['issuer'] }, env)
  const found = foundProvider(provider, tenant)
  return fault === undefined ? found : { ...found, settings: { fault } }
}

/**
 * Puts a provider on the sign-in page of a tenant, in place of one of its name only where that is wanted. Throws `ConfigurationError`
 * with what is wrong with it, `RefusedError` for what is in the way.
 */
export async function putProvider(
  place: TenantPlace,
  wanted: ProviderWanted,
  presence: 'new' | 'any',
): Promise<ProviderChanges> {
  const settings = withoutOwnIssuer(readWanted(wanted), await onlyPublicUrlIn(place.env))
  return withTenant(place, async ({ by, postgres, tenant }) => {
    await refuseUnknown(postgres, wanted.application)
    await refuseTrusted(postgres, { ...settings, tenant: tenant.id }, place.env)
    const provider = { ...wanted, kind: settings.kind }
    const outcome = await postgres.federation.providers.apply({ presence, tenant, provider }, by)
    refuseFaults(outcome)
    const stored = await postgres.federation.providers.list([tenant.id])
    const id = stored.find(({ name }) => name === wanted.name)?.id
    if (id === undefined) throw new RefusedError(`the provider ${quoted(wanted.name)} was removed at once`)
    const redirectUri = await redirectUriIn(place.env, id)
    const warnings = await warningsOf(postgres, tenant, settings)
    return { tenant: tenant.slug, changes: outcome.changes, redirectUri, warnings }
  })
}

/** Takes a provider off the sign-in page. Throws `RefusedError` where it is not there. */
export async function removeProvider(place: TenantPlace, name: string, agree: Agree): Promise<readonly Change[]> {
  return withTenant(place, async ({ by, postgres, tenant }) => {
    const { providers } = postgres.federation
    const known = (await providers.list([tenant.id])).some((provider) => provider.name === name)
    if (known)
      await agree([
        `nobody could sign in with ${quoted(name)} any more; accounts and sign-ins that are there would stay`,
      ])
    const outcome = await providers.apply({ presence: 'absent', tenant, name }, by)
    refuseFaults(outcome)
    return outcome.changes
  })
}

function readWanted({ clientSecret, kind, name, options }: ProviderWanted): Omit<UpstreamSettings, 'id'> {
  const secret = clientSecret === undefined ? {} : { clientSecret }
  return readUpstreamOptions({ ...options, ...secret, ...(kind === undefined ? {} : { kind }), name })
}

/** Nobody could see its button: a slip of the pen, most likely. */
async function refuseUnknown(postgres: Installation['postgres'], application: string | undefined): Promise<void> {
  if (application === undefined) return
  const known = await postgres.applicationAdministration.list()
  if (!known.some(({ clientId }) => clientId === application))
    throw new RefusedError(`there is no application ${application}`)
}

async function refuseTrusted(...asked: Parameters<typeof findPosing>): Promise<void> {
  const fault = await findPosing(...asked)
  if (fault !== undefined) throw new RefusedError(fault)
}

function findPosing(
  postgres: Installation['postgres'],
  name: ProviderName,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  return posingFault(name, issuerReach(postgres, readSettings(env, {}, undefined).issuers))
}

async function warningsOf(
  { tenantAdministration }: Installation['postgres'],
  tenant: Tenant,
  { issuer }: Pick<UpstreamSettings, 'issuer'>,
): Promise<readonly string[]> {
  const { signUp } = await tenantAdministration.accessRule(tenant)
  const identities = await tenantAdministration.identities(tenant)
  if (signUp !== 'nobody' || identities.some((identity) => identity.issuer === issuer)) return []
  const link = `authsec account identity add EMAIL --tenant ${tenant.slug} --issuer ${issuer} --subject SUBJECT`
  const open = `authsec access-rule set --tenant ${tenant.slug} --sign-up domains --sign-up-domain DOMAIN`
  return [`nobody enters by it yet: link accounts (${link}) or let newcomers in (${open})`]
}
