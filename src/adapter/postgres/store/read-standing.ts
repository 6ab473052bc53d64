import { sql, type Kysely } from 'kysely'
import type { StoredStanding } from '../../../core/permission/standing.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isUuid } from '../storable-text.js'
import { selectAccounts, toAccount } from './account-query.js'

/** Who is asked for; `undefined` for the own issuer, and for a subject that cannot be. */
export interface Subject {
  readonly issuer: string | undefined
  readonly subject: string | undefined
}

const version = sql<string>`policy_version.version || '.' || policy_version.revision`

/** What the database says of a subject, all of one state; `undefined` where the row that names the state is gone. */
export async function readStanding(
  db: Kysely<TenantSchema>,
  { issuer, subject }: Subject,
): Promise<Omit<StoredStanding, 'catalogue'> | undefined> {
  const accounts = selectAccounts(db).where('account.id', '=', accountId(issuer, subject)).as('account')
  const row = await db
    .selectFrom('policy_version')
    .innerJoin('access_rule', (join) => join.onTrue())
    .leftJoinLateral(accounts, (join) => join.onTrue())
    .select([version.as('policyVersion'), 'access_rule.grants as source', 'access_rule.sign_up as signUp'])
    .select(known(issuer, subject).as('wasKnown'))
    .select(sql<readonly string[]>`array(select name from role join sign_up_role on role_id = id)`.as('signUpRoles'))
    .select(['account.id', 'account.email', 'account.name', 'account.disabled', 'account.security_stamp'])
    .select(['account.roles', 'account.groups', 'account.scopes', 'account.resources', 'account.permissions'])
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { id, email, roles, groups, scopes, resources, permissions } = row
  const found = id !== null && email !== null && roles !== null && groups !== null
  return {
    account:
      found && scopes !== null && resources !== null && permissions !== null
        ? toAccount({ ...row, id, email, roles, groups, scopes, resources, permissions })
        : undefined,
    source: row.source ?? (issuer === undefined ? 'assigned' : 'catalogue'),
    // Accounts of the own issuer are made here: one that is gone was taken away. So was one of another issuer that is remembered.
    signUp:
      row.signUp === 'everybody' && issuer !== undefined && subject !== undefined && row.wasKnown === false
        ? { admits: 'everybody', roles: row.signUpRoles }
        : { admits: 'nobody' },
    policyVersion: row.policyVersion,
  }
}

/** Whether the subject of another issuer has, or had, an account here. */
function known(issuer: string | undefined, subject: string | undefined) {
  return sql<boolean>`exists (
    select from account_identity where issuer = ${issuer ?? null} and subject = ${subject ?? null}
  )`
}

/** The version alone; `undefined` where the row is gone. */
export async function readPolicyVersion(db: Kysely<TenantSchema>): Promise<string | undefined> {
  const row = await db.selectFrom('policy_version').select(version.as('version')).executeTakeFirst()
  return row?.version
}

/** The subject of the own issuer is the account's id. */
function accountId(issuer: string | undefined, subject: string | undefined) {
  if (issuer === undefined) return sql<string>`${subject !== undefined && isUuid(subject) ? subject : null}::uuid`
  return sql<string>`(
    select account_id from account_identity where issuer = ${issuer} and subject = ${subject ?? null}
  )`
}
