import { sql, type Expression, type ExpressionBuilder, type Kysely, type SqlBool } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import { ownerDigest, type SessionOwner } from '../../../core/identity/session-owner.js'
import type { KnownSession, SessionScope, SignInSource } from '../../../core/identity/session-source.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Databases } from '../databases.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable, isUuid } from '../storable-text.js'
import { stands } from './session-term.js'
import { epochSeconds } from './epoch-seconds.js'
import { recordRows, SignInRows, type EndedRow } from './sign-in-rows.js'

export interface SignInSourceParts {
  readonly databases: Databases
  readonly keyring: Keyring
  readonly ownIssuer: string
}

type Condition = (row: ExpressionBuilder<TenantSchema, 'session'>) => Expression<SqlBool>

const columns = ['key', 'issuer', 'subject', 'client_id', 'client_name', 'application', 'request_id'] as const
const times = [
  epochSeconds('created_at').as('started'),
  epochSeconds('used_at').as('used'),
  epochSeconds('expires_at').as('expires'),
] as const

interface SignInRow extends EndedRow {
  readonly client_name: string | null
  readonly started: number
  readonly used: number
  readonly expires: number
}

/** The sign-ins of the tenants' databases, for whoever looks after sessions. */
export class PostgresSignInSource implements SignInSource {
  readonly #parts: SignInSourceParts
  readonly #rows: SignInRows

  constructor(parts: SignInSourceParts) {
    this.#parts = parts
    this.#rows = new SignInRows(parts.ownIssuer)
  }

  async tenants(): Promise<readonly Tenant[]> {
    return this.#parts.databases.master().selectFrom('tenant').select(['id', 'slug', 'name']).orderBy('slug').execute()
  }

  async ownersOf(tenant: Tenant, accountId: string): Promise<readonly SessionOwner[]> {
    if (!isUuid(accountId)) return []
    const db = await this.#parts.databases.tenant(tenant)
    const identities = await db
      .selectFrom('account_identity')
      .select(['issuer', 'subject'])
      .where('account_id', '=', accountId)
      .execute()
    const tenantId = tenant.id
    const others = identities.map(({ issuer, subject }) => ({ tenantId, issuer, subject }))
    return [{ tenantId, issuer: undefined, subject: accountId }, ...others]
  }

  async list(tenant: Tenant, scope: SessionScope): Promise<readonly KnownSession[]> {
    const db = await this.#parts.databases.tenant(tenant)
    const condition = conditionOf(scope)
    const rows = await db.selectFrom('session').select(columns).select(times).where(condition).where(stands).execute()
    return rows.map((row) => this.#known(row, tenant))
  }

  async end(tenant: Tenant, scope: SessionScope): Promise<readonly KnownSession[]> {
    return this.#end(tenant, conditionOf(scope))
  }

  async endOne(tenant: Tenant, key: string): Promise<readonly KnownSession[]> {
    return isStorable(key) ? this.#end(tenant, (row) => row('key', '=', key)) : []
  }

  async endGranted(tenant: Tenant, grants: readonly string[]): Promise<readonly KnownSession[]> {
    return grants.length === 0 ? [] : this.#end(tenant, (row) => row('grant_digest', 'in', [...grants]))
  }

  async #end(tenant: Tenant, condition: Condition): Promise<readonly KnownSession[]> {
    const db = await this.#parts.databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      const ended = await removeWhere(step, condition)
      await recordRows(
        step,
        ended.map((row) => this.#rows.ended(row, tenant, { how: 'terminated' })),
        { trail: this.#parts.databases.trail, without: 'goes on' },
      )
      return ended.map((row) => this.#known(row, tenant))
    })
  }

  #known(row: SignInRow, { id: tenantId }: Tenant): KnownSession {
    const { key, subject, application } = row
    const owner = ownerDigest(this.#parts.keyring, { tenantId, issuer: row.issuer ?? undefined, subject })
    return {
      ...{ kind: 'sign-in', key, tenantId, owner, subject, application, client: row.client_name ?? undefined },
      ...{ startedAt: row.started, usedAt: row.used, expiresAt: row.expires },
    }
  }
}

function removeWhere(db: Kysely<TenantSchema>, condition: Condition): Promise<readonly SignInRow[]> {
  return db.deleteFrom('session').where(condition).where(stands).returning(columns).returning(times).execute()
}

function conditionOf({ application, owners, spared }: SessionScope): Condition {
  return (row) => {
    const ofOwners = owners?.map(({ issuer, subject }) =>
      row.and([row('subject', '=', subject), sql<boolean>`issuer is not distinct from ${issuer ?? null}`]),
    )
    return row.and([
      ...(application === undefined ? [] : [row('application', '=', application)]),
      ...(spared?.kind === 'sign-in' ? [row('key', '!=', spared.key)] : []),
      ...(ofOwners === undefined ? [] : [row.or(ofOwners)]),
    ])
  }
}
