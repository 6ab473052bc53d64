import { sql, type Kysely } from 'kysely'
import type { Account } from '../../../core/identity/account-store.js'
import type { TenantSchema } from '../schema/tenant-schema.js'

/** A name as PostgreSQL's array gives it; bytes decide the order, whatever the database's collation. */
type Names = readonly string[]

/** Accounts with all that they are granted, bundles of roles and groups expanded, in one round trip: add which ones are meant. */
export function selectAccounts(db: Kysely<TenantSchema>) {
  return db
    .selectFrom('account')
    .innerJoinLateral(heldRoles().as('held'), (join) => join.onTrue())
    .select((account) => [
      'account.id',
      'account.email',
      'account.name',
      account('account.disabled_at', 'is not', null).as('disabled'),
      'account.security_stamp',
      names(sql`select name from role where id = any(held.roles)`).as('roles'),
      names(sql`
        select name from user_group where id in (select group_id from account_group where account_id = account.id)
      `).as('groups'),
      bundled('scope').as('scopes'),
      bundled('resource').as('resources'),
      bundled('permission').as('permissions'),
    ])
}

type AccountRow = Omit<Account, 'name' | 'disabled' | 'grants' | 'securityStamp'> & {
  readonly security_stamp: string | null
  readonly name: string | null
  readonly disabled: unknown
} & Account['grants']

/** The row of `selectAccounts` as the rest of the product knows it. */
export function toAccount(row: AccountRow): Account {
  const { id, email, name, disabled, security_stamp: stamp, roles, groups, scopes, resources, permissions } = row
  return {
    id,
    email,
    name: name ?? undefined,
    disabled: disabled !== false,
    securityStamp: stamp ?? undefined,
    grants: { roles, groups, scopes, resources, permissions },
  }
}

function heldRoles() {
  // `offset 0` keeps the planner from putting the subquery into each place that reads it.
  return sql<{ readonly roles: readonly string[] }>`(
    select array(
      select role_id from account_role where account_id = account.id
      union
      select role_id from account_group join group_role using (group_id) where account_id = account.id
    ) as roles
    offset 0
  )`
}

/** What the account holds itself and what its roles bring along. */
function bundled(kind: 'scope' | 'resource' | 'permission') {
  const id = sql.ref(`${kind}_id`)
  return names(sql`
    select name from ${sql.table(kind)} where id in (
      select ${id} from ${sql.table(`account_${kind}`)} where account_id = account.id
      union
      select ${id} from ${sql.table(`role_${kind}`)} where role_id = any(held.roles)
    )
  `)
}

function names(query: ReturnType<typeof sql>) {
  return sql<Names>`array(${query} order by name collate "C")`
}
