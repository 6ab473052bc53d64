import { sql, type Kysely } from 'kysely'
import type { Change } from '../../../core/administration/change.js'
import type { Administrator, Outcome } from '../../../core/administration/tenant-administration.js'
import type { PasswordRule, PasswordRules } from '../../../core/federation/provider/password-rules.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { MasterSchema } from '../schema/master-schema.js'
import type { AuditTrail } from '../audit/audit-trail.js'
import { recordChanges } from '../audit/record-changes.js'
import { lockProviders } from './lock-providers.js'

/** Beside the providers, in the master database: nobody removes the last one while passwords are refused. */
export class PostgresPasswordRules implements PasswordRules {
  readonly #master: Kysely<MasterSchema>
  readonly #trail: AuditTrail

  constructor(master: Kysely<MasterSchema>, trail: AuditTrail) {
    this.#master = master
    this.#trail = trail
  }

  async refusing(): Promise<ReadonlySet<string>> {
    const rows = await this.#master.selectFrom('password_refusal').select('tenant_id').execute()
    return new Set(rows.map(({ tenant_id: id }) => id))
  }

  async refusalFault(tenant: Tenant): Promise<string | undefined> {
    return refusalFault(this.#master, tenant)
  }

  async set(tenant: Tenant, rule: PasswordRule, by: Administrator): Promise<Outcome> {
    return this.#master.transaction().execute(async (step) => {
      await lockProviders(step)
      const fault = rule === 'refused' ? await refusalFault(step, tenant) : undefined
      if (fault !== undefined) return { changes: [], faults: [{ wish: 0, fault }] }
      const before: PasswordRule = (await refusesPasswords(step, tenant)) ? 'refused' : 'accepted'
      const change: Change = {
        ...{ action: before === rule ? 'kept' : 'changed', noun: 'passwords', name: tenant.slug },
        ...{ before: before === rule ? [] : [before], after: before === rule ? [] : [rule] },
      }
      if (before !== rule) await write(step, tenant, rule)
      await recordChanges(step, { tenant: undefined, changes: [change], by, trail: this.#trail })
      return { changes: [change], faults: [] }
    })
  }
}

/** Whether only providers let users of the tenant in. */
export async function refusesPasswords(db: Kysely<MasterSchema>, { id }: Pick<Tenant, 'id'>): Promise<boolean> {
  const query = db.selectFrom('password_refusal').select('tenant_id').where('tenant_id', '=', id)
  return (await query.executeTakeFirst()) !== undefined
}

/** Whether some provider lets users of the tenant in: one that is for an application alone which does not admit it lets nobody in. */
export async function hasProvider(db: Kysely<MasterSchema>, { id, slug }: Tenant): Promise<boolean> {
  const { rows } = await sql`
    select 1 from identity_provider provider left join application on application.client_id = provider.application
    where provider.tenant_id = ${id} and (
      provider.application is null or application.admits = '"any"'
      or (jsonb_typeof(application.admits) = 'array' and application.admits ? ${slug}::text)
      or (application.admits = '"own"' and application.tenant_id = ${id})
    ) limit 1
  `.execute(db)
  return rows.length > 0
}

async function refusalFault(db: Kysely<MasterSchema>, tenant: Tenant): Promise<string | undefined> {
  if (await hasProvider(db, tenant)) return undefined
  return `nobody could sign in to ${tenant.slug}: it has no provider (authsec provider add)`
}

async function write(db: Kysely<MasterSchema>, { id }: Tenant, rule: PasswordRule): Promise<void> {
  if (rule === 'accepted') await db.deleteFrom('password_refusal').where('tenant_id', '=', id).execute()
  else await sql`insert into password_refusal (tenant_id) values (${id})`.execute(db)
}
