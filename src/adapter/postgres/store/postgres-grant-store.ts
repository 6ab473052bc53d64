import { LRUCache } from 'lru-cache'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { categories, type Grants } from '../../../core/permission/grants.js'
import type { GrantStore } from '../../../core/permission/grant-store.js'
import { noCatalogue, type GrantCatalogue, type StoredStanding } from '../../../core/permission/standing.js'
import type { PolicyVersions } from '../change/policy-versions.js'
import type { Databases } from '../databases.js'
import { isStorable, isUuid } from '../storable-text.js'
import { readCatalogue } from './read-catalogue.js'
import { readPolicyVersion, readStanding, type Subject } from './read-standing.js'

const mostStandings = 10_000
/** Over all that is remembered; a standing has some twenty names, and a large catalogue thousands. */
const mostNames = 1_000_000
/** Also what no trigger counted, because somebody switched it off, is seen after that. */
const longestMilliseconds = 30_000
const longestSubject = 2_048

/** A standing without its catalogue, so that an old one does not keep that of its time. */
interface Remembered {
  readonly standing: Omit<StoredStanding, 'catalogue'>
  readonly catalogue: 'needed' | 'not needed'
}

/**
 * What accounts are granted, from the tenant's database. What was read is kept with the policy version that it was read at, and
 * counts for as long as that is the tenant's version: asked for each time, or once a second while hints are known to arrive.
 */
export class PostgresGrantStore implements GrantStore {
  readonly #databases: Databases
  readonly #ownIssuer: string
  readonly #versions: PolicyVersions
  readonly #standings = new LRUCache<string, Remembered>({
    ...{ max: mostStandings, maxSize: mostNames, ttl: longestMilliseconds },
    sizeCalculation: ({ standing }) => 1 + (standing.account === undefined ? 0 : sizeOf(standing.account.grants)),
  })
  readonly #catalogues = new LRUCache<string, GrantCatalogue>({
    ...{ maxSize: mostNames, ttl: longestMilliseconds },
    sizeCalculation: sizeOfCatalogue,
  })

  /** Catalogues that are being read. */
  readonly #reading = new Map<string, Promise<GrantCatalogue>>()

  constructor(databases: Databases, ownIssuer: string, versions: PolicyVersions) {
    this.#databases = databases
    this.#ownIssuer = ownIssuer
    this.#versions = versions
  }

  async findStanding(tenant: Tenant, issuer: string, subject: string): Promise<StoredStanding> {
    const own = issuer === this.#ownIssuer
    const sound = own ? isUuid(subject) : isSubject(issuer) && isSubject(subject)
    const asked = { issuer: own ? undefined : sound ? issuer : '', subject: sound ? subject : undefined }
    const key = JSON.stringify([tenant.id, asked.issuer ?? null, asked.subject ?? null])
    return (await this.#remembered(tenant, key)) ?? this.#read(tenant, asked, key)
  }

  async policyVersion(tenant: Tenant): Promise<string> {
    const current = this.#versions.current(tenant.id)
    if (current !== undefined) return current
    const askedAt = performance.now()
    const version = await readPolicyVersion(await this.#databases.tenant(tenant))
    if (version === undefined) throw withoutVersion()
    this.#versions.note(tenant.id, { version, askedAt })
    return version
  }

  async readCatalogue(tenant: Tenant): Promise<GrantCatalogue> {
    return readCatalogue(await this.#databases.tenant(tenant))
  }

  async #remembered(tenant: Tenant, key: string): Promise<StoredStanding | undefined> {
    const known = this.#standings.get(key)
    if (known === undefined) return undefined
    const { standing } = known
    if (standing.policyVersion !== (await this.policyVersion(tenant))) return undefined
    const catalogue =
      known.catalogue === 'needed' ? this.#catalogues.get(catalogueKey(tenant, standing.policyVersion)) : noCatalogue
    return catalogue === undefined ? undefined : { ...standing, catalogue }
  }

  async #read(tenant: Tenant, asked: Subject, key: string): Promise<StoredStanding> {
    const askedAt = performance.now()
    const { catalogue, ...standing } = await this.#readNow(tenant, asked)
    this.#versions.note(tenant.id, { version: standing.policyVersion, askedAt })
    this.#standings.set(key, { standing, catalogue: needsCatalogue(standing) ? 'needed' : 'not needed' })
    return { ...standing, catalogue }
  }

  /** After a change everybody asks at once, and a catalogue can be large. */
  async #readOnce(key: string, read: () => Promise<GrantCatalogue>): Promise<GrantCatalogue> {
    const underWay = this.#reading.get(key)
    if (underWay !== undefined) return underWay
    const reading = read()
    this.#reading.set(key, reading)
    try {
      const catalogue = await reading
      this.#catalogues.set(key, catalogue)
      return catalogue
    } finally {
      this.#reading.delete(key)
    }
  }

  /** Most tenants need no catalogue: one statement then. Else all of it is read from one state of the database. */
  async #readNow(tenant: Tenant, asked: Subject): Promise<StoredStanding> {
    const db = await this.#databases.tenant(tenant)
    const plain = await readStanding(db, asked)
    if (plain === undefined) throw withoutVersion()
    if (!needsCatalogue(plain)) return { ...plain, catalogue: noCatalogue }
    return db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (step) => {
        const standing = await readStanding(step, asked)
        if (standing === undefined) throw withoutVersion()
        const key = catalogueKey(tenant, standing.policyVersion)
        const catalogue = this.#catalogues.get(key) ?? (await this.#readOnce(key, () => readCatalogue(step)))
        return { ...standing, catalogue }
      })
  }
}

function catalogueKey(tenant: Tenant, policyVersion: string): string {
  return `${tenant.id} ${policyVersion}`
}

/** In names; never none, as the cache demands. */
function sizeOfCatalogue({ names, roles, groups }: GrantCatalogue): number {
  let size = 1 + sizeOf(names)
  for (const { permissions, resources, scopes } of roles.values()) {
    size += permissions.length + resources.length + scopes.length
  }
  for (const carried of groups.values()) size += carried.length
  return size
}

function sizeOf(grants: Grants): number {
  return categories.reduce((size, category) => size + grants[category].length, 0)
}

function needsCatalogue({ account, signUp, source }: Omit<StoredStanding, 'catalogue'>): boolean {
  return source === 'catalogue' || (account === undefined && signUp.admits === 'everybody')
}

/** Issuers choose subjects; what cannot be stored is nobody's. */
function isSubject(text: string): boolean {
  return text.length <= longestSubject && isStorable(text)
}

function withoutVersion(): UpstreamError {
  return new UpstreamError(
    'TENANT_UNAVAILABLE',
    "the tenant's database has lost the row of its policy version, or of its access rule",
  )
}
