import { sql, type Kysely } from 'kysely'
import { carriedBy } from '../../../core/administration/plan-links.js'
import type { NameUsage } from '../../../core/administration/tenant-administration.js'
import type { Category } from '../../../core/permission/grants.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { grantTables } from './grant-tables.js'
import { readCatalogue } from './read-catalogue.js'
import { readRule } from './read-facts.js'

/** Who would miss a name; `undefined` for one that is not there. */
export async function readUsage(
  db: Kysely<TenantSchema>,
  category: Category,
  name: string,
): Promise<NameUsage | undefined> {
  const catalogue = await readCatalogue(db)
  if (!catalogue.names[category].includes(name)) return undefined
  const { signUpRoles } = await readRule(db)
  const { rows } = await sql<{ email: string }>`
    select account.email from ${holdings(category)} join account on account.id = account_id
    where name_id = (select id from ${sql.table(grantTables[category].names)} where name = ${name})
    order by account.email collate "C"
  `.execute(db)
  const bundles = [...catalogue.roles].filter(
    ([, bundle]) => category !== 'roles' && category !== 'groups' && bundle[category].includes(name),
  )
  const groups = [...catalogue.groups].filter(([, roles]) => category === 'roles' && roles.includes(name))
  return {
    carries: carriedBy({ catalogue }, category, name),
    carriedBy: { roles: bundles.map(([role]) => role), groups: groups.map(([group]) => group) },
    accounts: rows.map(({ email }) => email),
    signUp: category === 'roles' && signUpRoles.includes(name) ? 'given' : 'not given',
  }
}

/** How many accounts hold each name of the category, those that nobody holds included. */
export async function countHolders(db: Kysely<TenantSchema>, category: Category): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ name: string; holders: string }>`
    select grantable.name, count(account_id) as holders
    from ${sql.table(grantTables[category].names)} grantable left join ${holdings(category)} on name_id = grantable.id
    group by grantable.name order by grantable.name collate "C"
  `.execute(db)
  return new Map(rows.map(({ holders, name }) => [name, Number(holders)]))
}

/** Each account with each name that it holds: itself, by a role, or by a group. */
function holdings(category: Category) {
  const { column, links } = grantTables[category]
  const own = sql`select account_id, ${sql.ref(column)} as name_id from ${sql.table(links)}`
  if (category === 'groups') return sql`(${own}) as holding`
  const roles = sql`
    select account_id, role_id from account_role
    union select account_id, role_id from account_group join group_role using (group_id)
  `
  if (category === 'roles') return sql`(select account_id, role_id as name_id from (${roles}) as held) as holding`
  const bundle = sql.table(links.replace('account_', 'role_'))
  return sql`(
    ${own} union select account_id, ${sql.ref(column)} from (${roles}) as held join ${bundle} using (role_id)
  ) as holding`
}
