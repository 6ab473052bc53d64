import type { Change } from '../../core/administration/change.js'
import { quoted } from '../../core/administration/known-names.js'
import { planService } from '../../core/administration/plan-service.js'
import type { ConnectionPlace, FoundService, ServiceWish } from '../../core/administration/service-administration.js'
import type { CredentialPlace } from '../../core/credential/credential-store.js'
import { readServiceOptions, serviceOptionsOf } from '../../core/external-service/read-service-options.js'
import type { ServiceSettings } from '../../core/external-service/service-options.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { nounOf } from '../../core/permission/grants.js'
import { partsOf } from '../../core/permission/requirement/requirement.js'
import { isObject } from '../../core/trust/option-reader.js'
import { refuseFaults, type Agree } from '../administration/change-tenant.js'
import { withTenant, type Installation, type TenantPlace } from '../administration/with-tenant.js'
import { withEndpoints } from './discover-endpoints.js'
import { findService, usableService } from './find-service.js'
import { refuseForeignRole } from './refuse-foreign-role.js'
import { redirectUriAt, refuseManyRedirectUris } from './service-redirect-uri.js'
import { takeBackAll } from './take-back-tokens.js'
import { destroyCredentials, refuseSecretIdOfServer } from './with-credentials.js'

/** A service as flags say it. */
export interface ServiceWanted {
  readonly name: string
  /** Whatever is wrong with them is said where they are read. */
  readonly options: Readonly<Record<string, unknown>>
  readonly presence: 'new' | 'any'
}

/** What was changed. */
export interface ServiceChanges {
  /** Slug. */
  readonly tenant: string
  readonly changes: readonly Change[]
  /** Why it may be of no use yet, a sentence each. */
  readonly warnings: readonly string[]
  /** Why credentials that nobody uses any more are still there, a sentence each. */
  readonly left: readonly string[]
}

type Work = Installation & { readonly tenant: Tenant }

/**
 * Puts a service into a tenant, in place of one of its name only where that is wanted; with consent where a credential is given up.
 * Throws `ConfigurationError` with what is wrong with it, `RefusedError` for what is in the way.
 */
export async function putService(place: TenantPlace, wanted: ServiceWanted, agree: Agree): Promise<ServiceChanges> {
  const settings = readServiceOptions(await withEndpoints(wanted.options))
  const { name, presence } = wanted
  return withTenant(place, (work) => put({ ...work, env: place.env, agree }, { name, presence, settings }))
}

/** A part of what is decided about a service, as flags say it. */
export interface ServicePart {
  readonly name: string
  /** Those that are to be others; `undefined` where one is to be none. */
  readonly options: Readonly<Record<string, unknown>>
}

/**
 * Changes a part of what is decided about a service, and leaves the rest as it is; with consent where a credential is given up. Throws
 * `ConfigurationError` with what is wrong with it, `RefusedError` for what is in the way.
 */
export async function setService(
  place: TenantPlace,
  { name, options }: ServicePart,
  agree: Agree,
): Promise<ServiceChanges> {
  return withTenant(place, async (work) => {
    const { revision, ...service } = usableService(await findService(work.postgres, work.tenant, name))
    const known = serviceOptionsOf(service)
    const rotation = isObject(options['rotation']) ? { ...known.rotation, ...options['rotation'] } : known.rotation
    const settings = readServiceOptions({ ...known, ...options, rotation })
    return put({ ...work, env: place.env, agree }, { name, presence: 'changed', settings, revision })
  })
}

interface Putting extends Work {
  readonly env: NodeJS.ProcessEnv
  readonly agree: Agree
}

async function put(
  { agree, env, ...work }: Putting,
  wish: Extract<ServiceWish, { readonly settings: unknown }>,
): Promise<ServiceChanges> {
  const { by, postgres, tenant } = work
  const { name, settings } = wish
  await refuseManyRedirectUris(env, settings)
  refuseForeignRole(work, settings)
  const others = await postgres.services.list(tenant)
  const known = others.find((service) => service.name === name)
  const plan = planService({ others, nameFault: () => undefined }, wish)
  const isGivenUp = 'credentials' in plan && plan.credentials === 'given up' && known !== undefined
  const lost = isGivenUp ? lossOf(known) : undefined
  if (lost !== undefined) refuseSecretIdOfServer(work.settings)
  if (lost !== undefined) await agree([`it would lead elsewhere or take another credential: ${lost}`])
  const connections = await postgres.services.connections(tenant)
  const outcome = await postgres.services.apply(tenant, wish, by)
  refuseFaults(outcome)
  const gone = { connections, known }
  const told = lost === undefined ? [] : await takeBackOf(work, gone)
  const left = lost === undefined ? [] : await destroyOf(work, gone)
  const next = await nextSteps(work, name)
  const registration = await registrationIn(env, await findService(postgres, tenant, name))
  const warnings = [...told, ...(await unknownNames(work, settings)), ...next, ...registration]
  return { tenant: tenant.slug, changes: outcome.changes, warnings, left }
}

/** Removes a service, then its credential and those of its users, with consent. Throws `RefusedError` where it is not there. */
export async function deleteService(place: TenantPlace, name: string, agree: Agree): Promise<ServiceChanges> {
  return withTenant(place, async (work) => {
    const { by, postgres, tenant } = work
    const service = await findService(postgres, tenant, name)
    refuseSecretIdOfServer(work.settings)
    await agree([
      `operations that use ${quoted(name)} would be refused from then on; ${lossOf(service) ?? 'it has no credential'}`,
    ])
    const connections = await postgres.services.connections(tenant)
    const outcome = await postgres.services.apply(tenant, { presence: 'absent', name }, by)
    refuseFaults(outcome)
    const gone = { connections, known: service }
    const warnings = await takeBackOf(work, gone)
    const left = await destroyOf(work, gone)
    return { tenant: tenant.slug, changes: outcome.changes, warnings, left }
  })
}

/** What was destroyed of what nobody uses any more. */
export interface Leftovers extends Pick<ServiceChanges, 'left' | 'tenant' | 'warnings'> {
  readonly destroyed: number
}

/** Destroys what the store has of services and users that are no more, with consent; answers with how many places that are. */
export async function destroyLeftovers(place: TenantPlace, agree: Agree): Promise<Leftovers> {
  return withTenant(place, async (work) => {
    const { tenant } = work
    let warnings: readonly string[] = []
    let found: readonly CredentialPlace[] = []
    const left = await destroyCredentials(work, async (store) => {
      // What is written for a service or user that comes meanwhile is none.
      const kept = await leftOf(work, await store.list(tenant))
      if (kept.length > 0)
        await agree([`${kept.length} credentials of services and users that are no more would be destroyed`])
      // A user may have been on the way to be one.
      found = await leftOf(work, kept)
      warnings = await takeBackLeftovers(work, found)
      return found
    })
    return { tenant: tenant.slug, destroyed: left.length === 0 ? found.length : 0, warnings, left }
  })
}

/** Of a service that is no more, nobody knows where it takes tokens back. */
async function takeBackLeftovers(work: Work, places: readonly CredentialPlace[]): Promise<readonly string[]> {
  const { postgres, tenant } = work
  const services = await postgres.services.list(tenant)
  const users = places.flatMap(({ account, service }) => (account === undefined ? [] : [{ account, service }]))
  const warnings: string[] = []
  for (const known of services) warnings.push(...(await takeBackOf(work, { connections: users, known })))
  const lost = users.filter(({ service }) => services.every(({ id }) => id !== service)).length
  const all = lost === 1 ? '1 user' : `${lost} users`
  const words = `the tokens of ${all} are of services that are no more: they may still be good there`
  return lost === 0 ? warnings : [...warnings, words]
}

/** Those of these places that no service and no user has. */
async function leftOf(
  { postgres, tenant }: Work,
  places: readonly CredentialPlace[],
): Promise<readonly CredentialPlace[]> {
  const services = new Set((await postgres.services.list(tenant)).map(({ id }) => id))
  const users = new Set((await postgres.services.connections(tenant)).map(({ account }) => account))
  return places.filter(
    ({ account, service }) => !services.has(service) || (account !== undefined && !users.has(account)),
  )
}

/** As it was before. */
interface Gone {
  readonly known: FoundService | undefined
  readonly connections: readonly ConnectionPlace[]
}

/** Takes the tokens of its users back there, as it was. */
async function takeBackOf(work: Work, { connections, known }: Gone): Promise<readonly string[]> {
  if (known === undefined || 'fault' in known.settings) return []
  const users = connections.filter(({ service }) => service === known.id)
  return takeBackAll(work, { tenant: work.tenant, service: usableService(known), users })
}

/** Also what the store has of it that no row has known, as after a sign-in that was cut off. */
async function destroyOf(work: Work, { connections, known }: Gone): Promise<readonly string[]> {
  const { settings, tenant } = work
  if (known === undefined) return []
  const isWithoutStore = settings.vault === undefined && settings.mode === 'production'
  if (isWithoutStore && lossOf(known) === undefined) return []
  const service = known.id
  return destroyCredentials(work, async (store) => {
    const accounts = connections.filter((connection) => connection.service === service).map(({ account }) => account)
    const kept = (await store.list(tenant)).filter((place) => place.service === service)
    const all = new Set([undefined, ...accounts, ...kept.map(({ account }) => account)])
    return [...all].map((account) => ({ tenant, service, account }))
  })
}

/** What would be missed; `undefined` where that is nothing. */
function lossOf({ credentialVersion, users }: FoundService): string | undefined {
  const parts = [
    ...(credentialVersion > 0 ? ['its credential would be destroyed'] : []),
    ...(users > 0 ? [`${users} ${users === 1 ? 'user' : 'users'} would have to sign in there again`] : []),
  ]
  return parts.length === 0 ? undefined : parts.join('; ')
}

async function unknownNames({ postgres, tenant }: Work, { requirement }: ServiceSettings): Promise<readonly string[]> {
  const warnings: string[] = []
  for (const part of partsOf(requirement)) {
    if (part.kind !== 'grant') continue
    const usage = await postgres.tenantAdministration.findUsage(tenant, part.category, part.name)
    if (usage === undefined) warnings.push(`${tenant.slug} has no ${nounOf(part.category)} ${quoted(part.name)} yet`)
  }
  return [...new Set(warnings)]
}

/** What has to be known at a service where users sign in. */
async function registrationIn(env: NodeJS.ProcessEnv, service: FoundService): Promise<readonly string[]> {
  const uri = await redirectUriAt(env, service)
  return uri === undefined ? [] : [`register the redirect URI ${uri} there, exactly as it is written here`]
}

async function nextSteps({ postgres, tenant }: Work, name: string): Promise<readonly string[]> {
  const { credentialVersion, settings } = await findService(postgres, tenant, name)
  if ('fault' in settings || settings.source.from !== 'store') return []
  const reminder = settings.rotation?.every === undefined ? [] : [rotatorNeeded]
  if (credentialVersion > 0) return reminder
  const command = `authsec service set-credential ${JSON.stringify(name)} --tenant ${tenant.slug}`
  return [...reminder, `it has no credential yet: ${command}`]
}

const rotatorNeeded =
  'its credential is replaced by itself only by servers whose application has a rotator for it (the option rotators); otherwise give a new one with authsec service rotate'
