import { sql, type Kysely } from 'kysely'
import type { HeldIdentity } from '../../../core/administration/account-identity.js'
import type { Plan } from '../../../core/administration/change.js'
import { planChanges } from '../../../core/administration/plan-changes.js'
import type {
  Administrator,
  NameUsage,
  Outcome,
  TenantAdministration,
} from '../../../core/administration/tenant-administration.js'
import type { AccountFacts } from '../../../core/administration/tenant-facts.js'
import type { AccessRule, Wish } from '../../../core/administration/wish.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Category } from '../../../core/permission/grants.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import { nameFault } from '../assert-name.js'
import type { Databases } from '../databases.js'
import { sqlState } from '../pool/database-failure.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable } from '../storable-text.js'
import { readIdentities } from './account-identities.js'
import { recordChanges, type AdminChanges } from '../audit/record-changes.js'
import { readAccountFacts, readFacts, readRule } from './read-facts.js'
import { countHolders, readUsage } from './read-usage.js'
import { InterferenceError, writeSteps } from './write-steps.js'

const lockKey = 7_164_392_086
const mostAttempts = 5
/** A row that refers to one that is gone, or that is there already; deadlock. */
const interferences = new Set(['23503', '23505', '40P01'])

/** What an administrator changes in each tenant's own database. */
export class PostgresTenantAdministration implements TenantAdministration {
  readonly #databases: Databases
  readonly #changes: Pick<ChangeFeed, 'publish'>

  constructor(databases: Databases, changes: Pick<ChangeFeed, 'publish'>) {
    this.#databases = databases
    this.#changes = changes
  }

  async rehearse(tenant: Tenant, wishes: readonly Wish[]): Promise<Outcome> {
    return outcomeOf(
      await this.#look(tenant, async (db) => planChanges(await readFacts(db, wishes), wishes, nameFault)),
    )
  }

  async apply(tenant: Tenant, wishes: readonly Wish[], by: Administrator): Promise<Outcome> {
    const db = await this.#databases.tenant(tenant)
    for (let attempt = 1; ; attempt += 1) {
      try {
        const plan = await db
          .transaction()
          .execute((step) => applyWishes(step, wishes, { tenant, by, trail: this.#databases.trail }))
        if (plan.steps.length > 0) await this.#changes.publish(tenant)
        return outcomeOf(plan)
      } catch (error) {
        if (!isInterference(error)) throw error
        if (attempt === mostAttempts) throw busy(error)
      }
    }
  }

  async accounts(tenant: Tenant, email?: string): Promise<readonly AccountFacts[]> {
    if (email !== undefined && !isStorable(email)) return []
    return readAccountFacts(await this.#databases.tenant(tenant), email === undefined ? undefined : [email])
  }

  async identities(tenant: Tenant, email?: string): Promise<readonly HeldIdentity[]> {
    if (email !== undefined && !isStorable(email)) return []
    return readIdentities(await this.#databases.tenant(tenant), email)
  }

  async accessRule(tenant: Tenant): Promise<AccessRule> {
    return readRule(await this.#databases.tenant(tenant))
  }

  async findUsage(tenant: Tenant, category: Category, name: string): Promise<NameUsage | undefined> {
    return this.#look(tenant, (db) => readUsage(db, category, name))
  }

  async countHolders(tenant: Tenant, category: Category): Promise<ReadonlyMap<string, number>> {
    return countHolders(await this.#databases.tenant(tenant), category)
  }

  /** Several statements, one state of the database. */
  async #look<Result>(tenant: Tenant, read: (db: Kysely<TenantSchema>) => Promise<Result>): Promise<Result> {
    const db = await this.#databases.tenant(tenant)
    return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read)
  }
}

/** Administrators take turns. Whoever writes plain SQL does not: a row that is not as it was read is noticed when it is written. */
async function applyWishes(
  db: Kysely<TenantSchema>,
  wishes: readonly Wish[],
  { by, tenant, trail }: Pick<AdminChanges, 'by' | 'trail'> & { readonly tenant: Tenant },
): Promise<Plan> {
  await sql`select pg_advisory_xact_lock(${lockKey})`.execute(db)
  const plan = planChanges(await readFacts(db, wishes), wishes, nameFault)
  if (plan.faults.length > 0) return { ...plan, steps: [] }
  await writeSteps(db, plan.steps)
  await recordChanges(db, { tenant, by, trail, changes: plan.changes })
  return plan
}

function outcomeOf({ changes, faults }: Plan): Outcome {
  return { faults, changes: faults.length > 0 ? [] : changes }
}

function isInterference(error: unknown): boolean {
  return error instanceof InterferenceError || interferences.has(sqlState(error) ?? '')
}

function busy(cause: unknown): UpstreamError {
  const message = 'others change the same rows at the same time; nothing was changed'
  return new UpstreamError('TENANT_UNAVAILABLE', message, { cause })
}
