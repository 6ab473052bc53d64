import { sql, type Expression, type ExpressionBuilder, type Kysely, type SqlBool } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import { ownerDigest } from '../../../core/identity/session-owner.js'
import type { KnownSession, SessionScope, TransportSource } from '../../../core/identity/session-source.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable } from '../storable-text.js'
import { epochSeconds } from './epoch-seconds.js'
import { stands } from './session-term.js'

type Condition = (row: ExpressionBuilder<MasterSchema, 'transport_session'>) => Expression<SqlBool>

const columns = [
  'digest',
  'application',
  'client_name',
  'owner',
  'owner_tenant',
  'sign_in_tenant',
  'sign_in_key',
] as const
const times = [
  epochSeconds('created_at').as('started'),
  epochSeconds('used_at').as('used'),
  epochSeconds('expires_at').as('expires'),
] as const

interface TransportRow {
  readonly digest: string
  readonly application: string
  readonly client_name: string
  readonly owner: string | null
  readonly owner_tenant: string | null
  readonly sign_in_tenant: string | null
  readonly sign_in_key: string | null
  readonly started: number
  readonly used: number
  readonly expires: number
}

/** The transport sessions of the master database, for whoever looks after sessions. */
export class PostgresTransportSource implements TransportSource {
  readonly #master: Kysely<MasterSchema>
  readonly #keyring: Keyring

  constructor(master: Kysely<MasterSchema>, keyring: Keyring) {
    this.#master = master
    this.#keyring = keyring
  }

  async list(scope: SessionScope, signIns: readonly string[]): Promise<readonly KnownSession[]> {
    const rows = await this.#master
      .selectFrom('transport_session')
      .select(columns)
      .select(times)
      .where(this.#conditionOf(scope, signIns))
      .where(stands)
      .execute()
    return rows.map(toKnown)
  }

  async end(scope: SessionScope): Promise<readonly KnownSession[]> {
    return this.#end(this.#conditionOf(scope, []))
  }

  async endOne(key: string): Promise<readonly KnownSession[]> {
    return isStorable(key) ? this.#end((row) => row('digest', '=', key)) : []
  }

  async endBound(signIns: readonly string[]): Promise<readonly KnownSession[]> {
    return signIns.length === 0 ? [] : this.#end(() => isBoundTo(signIns))
  }

  async #end(condition: Condition): Promise<readonly KnownSession[]> {
    const rows = await this.#master
      .deleteFrom('transport_session')
      .where(condition)
      .where(stands)
      .returning(columns)
      .returning(times)
      .execute()
    return rows.map(toKnown)
  }

  #conditionOf({ application, owners, spared, tenant }: SessionScope, signIns: readonly string[]): Condition {
    const digests = owners?.map((owner) => ownerDigest(this.#keyring, owner))
    return (row) =>
      row.and([
        ...(application === undefined ? [] : [row('application', '=', application)]),
        ...(spared?.kind === 'transport' ? [row('digest', '!=', spared.key)] : []),
        ...(tenant === undefined
          ? []
          : [row.or([row('owner_tenant', '=', tenant.id), row('sign_in_tenant', '=', tenant.id)])]),
        ...(digests === undefined ? [] : [row.or([isOwnedBy(digests), isBoundTo(signIns)])]),
      ])
  }
}

function isBoundTo(signIns: readonly string[]): Expression<SqlBool> {
  return sql<boolean>`sign_in_key = any(${[...signIns]}::text[])`
}

function toKnown(row: TransportRow): KnownSession {
  return {
    ...{
      kind: 'transport',
      key: row.digest,
      application: row.application,
      client: row.client_name,
      subject: undefined,
    },
    ...{
      tenantId: row.owner_tenant ?? row.sign_in_tenant ?? undefined,
      owner: row.owner ?? undefined,
      signIn: row.sign_in_key ?? undefined,
    },
    ...{ startedAt: row.started, usedAt: row.used, expiresAt: row.expires },
  }
}

function isOwnedBy(digests: readonly string[]): Expression<SqlBool> {
  return sql<boolean>`owner = any(${[...digests]}::text[])`
}
