import { sql, type Kysely } from 'kysely'
import {
  CredentialConflict,
  type CredentialMembers,
  type CredentialPlace,
  type CredentialStore,
  type StoredCredential,
} from '../../../core/credential/credential-store.js'
import type { MasterKey } from '../../../core/credential/master-key.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Databases } from '../databases.js'
import { sqlState } from '../pool/database-failure.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isUuid } from '../storable-text.js'
import { epochSeconds } from '../store/epoch-seconds.js'
import { lockForWriting } from './lock-local-key.js'
import { contextOf, openCredential, sealCredential } from './sealed-credential.js'

const uniqueViolation = '23505'
const mostVersions = 2_147_483_646

/** Reads the local keys as they are now, the current one first: whoever rotates them tells nobody. */
export type LocalKeys = (need: 'to open' | 'to seal') => Promise<readonly MasterKey[]>

type Db = Kysely<TenantSchema>

/** Credentials of services in each tenant's own database, for development: whoever has the database and the local key has them all. */
export class PostgresCredentialStore implements CredentialStore {
  readonly #databases: Databases
  readonly #keys: LocalKeys

  constructor(databases: Databases, keys: LocalKeys) {
    this.#databases = databases
    this.#keys = keys
  }

  async read(place: CredentialPlace, version?: number): Promise<StoredCredential | undefined> {
    if (!isPlace(place) || (version !== undefined && !isVersion(version))) return undefined
    return answered(async () => {
      const row = await this.#row(place, version)
      const keys = await this.#keys('to open')
      // Between the two, a rotation of the local key may have ended.
      const isKnown = keys.some(({ fingerprint }) => fingerprint === row?.sealed_by)
      return toStored(
        place,
        isKnown ? row : await this.#row(place, version),
        isKnown ? keys : await this.#keys('to open'),
      )
    })
  }

  async write(place: CredentialPlace, members: CredentialMembers, after: number): Promise<number> {
    if (!isPlace(place)) throw new TypeError('a credential is kept for the UUIDs of a service and an account')
    if (after !== 0 && !isVersion(after)) throw conflict()
    return answered(async () => {
      const db = await this.#databases.tenant(place.tenant)
      try {
        return await db.transaction().execute((step) => this.#insert(step, { place, members, after }))
      } catch (error) {
        if (sqlState(error) === uniqueViolation) throw conflict()
        throw error
      }
    })
  }

  async mostVersions(): Promise<number> {
    return Number.POSITIVE_INFINITY
  }

  async newest(place: CredentialPlace): Promise<number> {
    if (!isPlace(place)) return 0
    return answered(async () => newestOf(await this.#databases.tenant(place.tenant), place))
  }

  async list(tenant: Tenant): Promise<readonly CredentialPlace[]> {
    return answered(async () => {
      const db = await this.#databases.tenant(tenant)
      const rows = await db
        .selectFrom('service_credential')
        .select(['service', 'account'])
        .distinct()
        .orderBy('service')
        .orderBy('account')
        .execute()
      return rows.map(({ account, service }) => ({ tenant, service, account: account ?? undefined }))
    })
  }

  async delete(place: CredentialPlace, version: number): Promise<void> {
    if (!isPlace(place) || !isVersion(version)) return
    await answered(async () => {
      const db = await this.#databases.tenant(place.tenant)
      await db
        .updateTable('service_credential')
        .set({ sealed: null, sealed_key: null, sealed_by: null, deleted_at: sql<Date>`clock_timestamp()` })
        .where('service', '=', place.service)
        .where('account', 'is not distinct from', place.account ?? null)
        .where('version', '=', version)
        .where('deleted_at', 'is', null)
        .execute()
    })
  }

  async destroy(place: CredentialPlace): Promise<void> {
    if (!isPlace(place)) return
    await answered(async () => {
      const db = await this.#databases.tenant(place.tenant)
      await db
        .deleteFrom('service_credential')
        .where('service', '=', place.service)
        .where('account', 'is not distinct from', place.account ?? null)
        .execute()
    })
  }

  async #row(place: CredentialPlace, version: number | undefined): Promise<Row | undefined> {
    const query = at(await this.#databases.tenant(place.tenant), place)
      .select(['version', 'sealed', 'sealed_key', 'sealed_by', epochSeconds('written_at').as('written_at')])
      .orderBy('version', 'desc')
      .limit(1)
    return (version === undefined ? query : query.where('version', '=', version)).executeTakeFirst()
  }

  async #insert(step: Db, { after, members, place }: Writing): Promise<number> {
    await lockForWriting(step)
    if ((await newestOf(step, place)) !== after) throw conflict()
    const [key] = await this.#keys('to seal')
    if (key === undefined) throw new TypeError('there is no local key')
    const version = after + 1
    await step
      .insertInto('service_credential')
      .values({
        ...{ service: place.service, account: place.account ?? null, version },
        ...sealCredential(key, members, contextOf(place, version)),
      })
      .execute()
    return version
  }
}

interface Row {
  readonly version: number
  readonly sealed: Uint8Array | null
  readonly sealed_key: Uint8Array | null
  readonly sealed_by: string | null
  readonly written_at: number
}

function toStored(
  place: CredentialPlace,
  row: Row | undefined,
  keys: readonly MasterKey[],
): StoredCredential | undefined {
  if (row === undefined) return undefined
  const { sealed, sealed_by, sealed_key, version } = row
  if (sealed === null || sealed_by === null || sealed_key === null) return undefined
  const members = openCredential(keys, { sealed, sealed_by, sealed_key }, contextOf(place, version))
  return { version, members, writtenAt: row.written_at }
}

interface Writing {
  readonly place: CredentialPlace
  readonly members: CredentialMembers
  readonly after: number
}

function at(db: Db, { account, service }: CredentialPlace) {
  return db
    .selectFrom('service_credential')
    .where('service', '=', service)
    .where('account', 'is not distinct from', account ?? null)
}

async function newestOf(db: Db, place: CredentialPlace): Promise<number> {
  const row = await at(db, place)
    .select(({ fn }) => fn.max('version').as('newest'))
    .executeTakeFirst()
  return row?.newest ?? 0
}

/** The store is the tenant's database: what keeps that from answering keeps this. */
async function answered<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof UpstreamError) || error.outage === 'SECRETS_UNAVAILABLE') throw error
    throw new UpstreamError('SECRETS_UNAVAILABLE', `credentials cannot be had: ${error.message}`, { cause: error })
  }
}

function isPlace({ account, service }: CredentialPlace): boolean {
  return isUuid(service) && (account === undefined || isUuid(account))
}

function isVersion(version: number): boolean {
  return Number.isSafeInteger(version) && version > 0 && version <= mostVersions
}

function conflict(): CredentialConflict {
  return new CredentialConflict('the newest version of the credential is another one')
}
