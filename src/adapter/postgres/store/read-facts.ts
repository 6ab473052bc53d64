import { sql, type Kysely } from 'kysely'
import type { NameWish, AccessRule, AccountWish, Wish } from '../../../core/administration/wish.js'
import { holderKey, type AccountFacts, type TenantFacts } from '../../../core/administration/tenant-facts.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import { categories, type Category } from '../../../core/permission/grants.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable } from '../storable-text.js'
import { identitiesOfAccount, readSpokenOf } from './account-identities.js'
import { grantTables } from './grant-tables.js'
import { readCatalogue } from './read-catalogue.js'

const emailsPerStatement = 1000

/** What the wishes are to be decided by. */
export async function readFacts(db: Kysely<TenantSchema>, wishes: readonly Wish[]): Promise<TenantFacts> {
  const spokenOf = wishes.filter((wish): wish is AccountWish => wish.kind === 'account').map(({ email }) => email)
  const emails = [...new Set(spokenOf)].filter(isStorable)
  const accounts = new Map<string, AccountFacts>()
  const alike = new Map<string, string>()
  for (let start = 0; start < emails.length; start += emailsPerStatement) {
    const some = emails.slice(start, start + emailsPerStatement)
    for (const facts of await readAccountFacts(db, some)) accounts.set(facts.email, facts)
    for (const email of await readAlike(db, some)) alike.set(email.toLowerCase(), email)
  }
  const going = wishes.filter((wish): wish is NameWish => wish.kind === 'name' && wish.presence === 'absent')
  return {
    catalogue: await readCatalogue(db),
    accounts,
    alike,
    identities: await readSpokenOf(db, wishes),
    rule: await readRule(db),
    holders: await readHolders(db, going),
  }
}

/** Accounts by address with what they are assigned themselves; all of them unless told. */
export async function readAccountFacts(
  db: Kysely<TenantSchema>,
  emails?: readonly string[],
): Promise<readonly AccountFacts[]> {
  const query = db
    .selectFrom('account')
    .select((account) => [
      'account.id',
      'account.email',
      'account.name',
      account('account.disabled_at', 'is not', null).as('disabled'),
      account('account.password_hash', 'is not', null).as('hasPassword'),
      assigned('roles').as('roles'),
      assigned('groups').as('groups'),
      assigned('scopes').as('scopes'),
      assigned('resources').as('resources'),
      assigned('permissions').as('permissions'),
      identitiesOfAccount().as('identities'),
    ])
    .orderBy(sql`account.email collate "C"`)
  const named =
    emails === undefined ? query : query.where('account.email', '=', sql<string>`any(${[...emails]}::text[])`)
  const rows = await named.execute()
  return rows.map(({ disabled, groups, hasPassword, name, permissions, resources, roles, scopes, ...row }) => ({
    ...row,
    name: name ?? undefined,
    status: disabled === false ? 'active' : 'disabled',
    password: hasPassword === false ? 'none' : 'set',
    assigned: { roles, groups, scopes, resources, permissions },
  }))
}

/** Throws `UpstreamError` where the row of the rule is gone. */
export async function readRule(db: Kysely<TenantSchema>): Promise<AccessRule> {
  const row = await db
    .selectFrom('access_rule')
    .select(['grants', 'sign_up'])
    .select(
      sql<readonly string[]>`
        array(select name from role join sign_up_role on role_id = id order by name collate "C")
      `.as('roles'),
    )
    .select(sql<readonly string[]>`array(select domain from sign_up_domain order by domain collate "C")`.as('domains'))
    .executeTakeFirst()
  if (row === undefined) {
    throw new UpstreamError('TENANT_UNAVAILABLE', "the tenant's database has lost the row of its access rule")
  }
  const { domains, grants, roles, sign_up: signUp } = row
  return { grants: grants ?? 'by issuer', signUp, signUpDomains: domains, signUpRoles: roles }
}

function assigned(category: Category) {
  const { column, links, names } = grantTables[category]
  return sql<readonly string[]>`array(
    select grantable.name from ${sql.table(names)} grantable join ${sql.table(links)} link on link.${sql.ref(column)} = grantable.id
    where link.account_id = account.id order by grantable.name collate "C"
  )`
}

async function readAlike(db: Kysely<TenantSchema>, emails: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ email: string }>`
    select email from account
    where lower(email) = any(array(select lower(wanted) from unnest(${[...emails]}::text[]) wanted))
  `.execute(db)
  return rows.map(({ email }) => email)
}

async function readHolders(
  db: Kysely<TenantSchema>,
  going: readonly NameWish[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const holders = new Map<string, readonly string[]>()
  for (const category of categories) {
    const wanted = going.filter((wish) => wish.category === category && isStorable(wish.name)).map(({ name }) => name)
    if (wanted.length === 0) continue
    const { column, links, names } = grantTables[category]
    const { rows } = await sql<{ name: string; emails: readonly string[] }>`
      select grantable.name, array_agg(account.email order by account.email collate "C") as emails
      from ${sql.table(names)} grantable join ${sql.table(links)} link on link.${sql.ref(column)} = grantable.id
      join account on account.id = link.account_id
      where grantable.name = any(${wanted}::text[]) group by grantable.name
    `.execute(db)
    for (const { name, emails } of rows) holders.set(holderKey(category, name), emails)
  }
  return holders
}
