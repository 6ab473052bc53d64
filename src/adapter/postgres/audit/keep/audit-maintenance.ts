import { sql, type Kysely } from 'kysely'
import { CheckpointSigner, type SignedCheckpoint } from '../../../../core/audit/audit-checkpoint.js'
import type { AuditProgress, AuditReport } from '../../../../core/audit/audit-verification.js'
import type { RegisteredTenant } from '../../../../core/administration/registered-tenant.js'
import { UpstreamError } from '../../../../core/error/upstream-error.js'
import type { Databases } from '../../databases.js'
import { sqlState } from '../../pool/database-failure.js'
import { withDatabase } from '../../pool/with-database.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { listTenants } from '../../tenant/list-tenants.js'
import { placeOf } from '../audit-trail.js'
import { unreadable, verifyPlace, type VerifiedPlace } from '../verify/verify-place.js'
import { erasePerson, type ErasedRows, type ErasureOptions } from './erase-person.js'
import { makeCheckpoint } from './make-checkpoint.js'
import { pruneTrail } from './prune/prune-trail.js'
import { findHeld, type HeldOptions } from './prune/find-held.js'
import type { HeldRows, PrunedRows, Retention } from './prune/retention.js'
import { forgetReceiver, listReceivers, type ForgottenReceiver, type KnownReceiver } from './receivers.js'
import { sealBoundary } from './seal-boundary.js'

/** One database with a trail. */
export interface AuditPlace {
  /** `undefined` for master. */
  readonly tenant: RegisteredTenant | undefined
  readonly database: string
}

export interface Verification {
  readonly places: readonly AuditPlace[]
  /** Those that were kept elsewhere. */
  readonly checkpoints: readonly SignedCheckpoint[]
  readonly onProgress: (progress: AuditProgress) => void
}

/** A database that could not be looked at, and why. */
export interface UnreachedPlace {
  readonly tenant: string | undefined
  readonly failure: string
}

export interface Verified {
  readonly reports: readonly AuditReport[]
  readonly unreached: readonly UnreachedPlace[]
  /** Checkpoints of databases that were not looked at. */
  readonly unmatched: readonly SignedCheckpoint[]
}

/** Looks after the trail of every database, as its owner. */
export class AuditMaintenance {
  readonly #databases: Databases

  constructor(databases: Databases) {
    this.#databases = databases
  }

  /** What checkpoints of this installation are checked with, base64url. */
  get publicKey(): string {
    return this.#signer().publicKey
  }

  /** Master, then every tenant by slug, whatever its state. */
  async places(): Promise<readonly AuditPlace[]> {
    const tenants = await listTenants(this.#databases.master())
    const { masterDatabase: database } = this.#databases
    return [{ tenant: undefined, database }, ...tenants.map((tenant) => ({ tenant, database: tenant.database }))]
  }

  /** Looks at each trail. A database that does not answer keeps none of the others from being looked at. */
  async verify({ checkpoints, onProgress, places }: Verification): Promise<Verified> {
    const reports: AuditReport[] = []
    const unreached: UnreachedPlace[] = []
    const looked = new Set<string>()
    for (const place of places) {
      const tenant = place.tenant?.slug
      try {
        const found = await this.#verifyOne(place, { checkpoints, onProgress })
        reports.push(found.report)
        for (const name of found.places) looked.add(name)
      } catch (error) {
        looked.add(placeOf(place.tenant))
        const fault = readFaultOf(error)
        if (fault !== undefined || !(error instanceof UpstreamError)) {
          reports.push(unreadable(tenant, fault ?? error))
          continue
        }
        unreached.push({ tenant, failure: error.message })
      }
    }
    return { reports, unreached, unmatched: checkpoints.filter(({ place }) => !looked.has(place)) }
  }

  /** A signed word on how far the trail of a database has come, which is kept there, too. */
  checkpoint(place: AuditPlace): Promise<SignedCheckpoint>
  /** The same; `undefined` where nothing was written since the last one. */
  checkpoint(place: AuditPlace, which: 'where changed'): Promise<SignedCheckpoint | undefined>
  async checkpoint(
    place: AuditPlace,
    which: 'always' | 'where changed' = 'always',
  ): Promise<SignedCheckpoint | undefined> {
    const { tenant } = place
    const maker = {
      ...{ signer: this.#signer(), seal: this.#databases.trail.seal },
      ...{ place: placeOf(tenant), tenant: tenant?.slug },
    }
    return this.#change(place, (db) => makeCheckpoint(db, maker, which))
  }

  /** Seals, once, up to which row there were no chains; answers with that number where it did so now. */
  sealBoundary(place: AuditPlace): Promise<number | undefined> {
    const { seal } = this.#databases.trail
    const { publicKey } = this
    return this.#change(place, (db) => sealBoundary(db, { place: placeOf(place.tenant), seal, publicKey }))
  }

  /** So many seconds ago by the databases' clock, in microseconds since the epoch. */
  async timeBefore(seconds: number): Promise<number> {
    const { rows } = await sql<{ readonly at: number }>`
      select (
        extract(epoch from clock_timestamp() - ${seconds}::float8 * interval '1 second') * 1000000::numeric
      )::float8 as at
    `.execute(this.#databases.master())
    return rows[0]?.at ?? 0
  }

  /** Removes rows whose term is over, after a checkpoint that says what was there. */
  async prune(place: AuditPlace, retention: Retention): Promise<readonly PrunedRows[]> {
    await this.checkpoint(place, 'where changed')
    const { tenant } = place
    const { trail } = this.#databases
    return this.#change(place, (db) => pruneTrail(db, { trail, tenant, retention }))
  }

  /** What stays although its term is over, once everything was removed that may be. */
  held({ tenant, ...place }: AuditPlace, retention: Omit<HeldOptions, 'own'>): Promise<readonly HeldRows[]> {
    return this.#inside({ tenant, ...place }, (db) => findHeld(db, { ...retention, own: placeOf(tenant) }))
  }

  /** To whom the trail of a database was sent, and who is waited for before anything is removed. */
  receivers(place: AuditPlace): Promise<readonly KnownReceiver[]> {
    return this.#inside(place, listReceivers)
  }

  /** Waits for a receiver no longer; whether it did. */
  forget(place: AuditPlace, receiver: Pick<ForgottenReceiver, 'by' | 'destination'>): Promise<boolean> {
    const { trail } = this.#databases
    return this.#change(place, (db) => forgetReceiver(db, { ...receiver, trail, tenant: place.tenant }))
  }

  /** Takes what rows say of a person out of a database. */
  erase(place: AuditPlace, erasure: Pick<ErasureOptions, 'by' | 'person' | 'reference' | 'type'>): Promise<ErasedRows> {
    const { tenant } = place
    const { trail } = this.#databases
    return this.#change(place, (db) => erasePerson(db, { ...erasure, trail, tenant }))
  }

  #verifyOne(
    place: AuditPlace,
    { checkpoints, onProgress }: Pick<Verification, 'checkpoints' | 'onProgress'>,
  ): Promise<VerifiedPlace> {
    const tenant = place.tenant?.slug
    const { seal } = this.#databases.trail
    const { publicKey } = this
    return this.#inside(place, (db) =>
      verifyPlace({
        ...{ db, seal, publicKey, checkpoints, tenant, place: placeOf(place.tenant) },
        onProgress: (rows, total) => onProgress({ tenant, rows, total }),
      }),
    )
  }

  #inside<Result>(
    { database, tenant }: AuditPlace,
    action: (db: Kysely<AuditTables>) => Promise<Result>,
  ): Promise<Result> {
    const outage = tenant === undefined ? 'AUTH_UNAVAILABLE' : 'TENANT_UNAVAILABLE'
    return withDatabase<AuditTables, Result>({ settings: this.#databases.connection, database, outage }, action)
  }

  /** What one database does not take is a failure of that one. */
  async #change<Result>(place: AuditPlace, action: (db: Kysely<AuditTables>) => Promise<Result>): Promise<Result> {
    try {
      return await this.#inside(place, action)
    } catch (error) {
      if (error instanceof UpstreamError || !/^2[23]/.test(sqlState(error) ?? '')) throw error
      const outage = place.tenant === undefined ? 'AUTH_UNAVAILABLE' : 'TENANT_UNAVAILABLE'
      throw new UpstreamError(outage, 'the database refuses what was to be done', { cause: error })
    }
  }

  /** Made anew each time: the keys are read after this is. */
  #signer(): CheckpointSigner {
    return new CheckpointSigner(this.#databases.trail.seal.signingSeed())
  }
}

/** What PostgreSQL says where a table or a column is gone or another: its database is up, and what should be in it is not. */
function readFaultOf(error: unknown): Error | undefined {
  const state = sqlState(error)
  if (state === undefined || !/^(?:42|3F)/.test(state)) return undefined
  const said = error instanceof UpstreamError ? error.cause : error
  return new Error(`${said instanceof Error ? said.message : 'it is not as it was made'} (${state})`, { cause: error })
}
