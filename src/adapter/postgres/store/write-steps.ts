import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { LinkStep, Step } from '../../../core/administration/change.js'
import type { AccessRule } from '../../../core/administration/wish.js'
import { categories, nounOf, type Category } from '../../../core/permission/grants.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { addIdentities, forgetIdentities, removeIdentities } from './account-identities.js'
import { grantTables } from './grant-tables.js'

const rowsPerStatement = 1000
const holders = {
  account: { table: 'account', key: 'email' },
  role: { table: 'role', key: 'name' },
  group: { table: 'user_group', key: 'name' },
} as const satisfies Record<LinkStep['holder'], object>

/** Somebody who does not take turns changed the same rows at the same moment. */
export class InterferenceError extends Error {
  override readonly name = 'InterferenceError'
}

type AccountStep = Extract<Step, { readonly step: 'add account' | 'change account' }>

/** Writes the rows of a plan, names before what refers to them. Throws `InterferenceError` for a row that is not as it was planned. */
export async function writeSteps(db: Kysely<TenantSchema>, steps: readonly Step[]): Promise<void> {
  const of = <Kind extends Step['step']>(kind: Kind) =>
    steps.filter((step): step is Extract<Step, { readonly step: Kind }> => step.step === kind)
  for (const [category, added] of byCategory(of('add name'))) {
    await inParts(added, (part) => addNames(db, grantTables[category].names, part))
  }
  await inParts(of('add account'), (part) => addAccounts(db, part))
  await inParts(of('change account'), (part) => changeAccounts(db, part))
  await writeLinks(of('link'), (place, part) => link(db, place, part))
  await writeLinks(of('unlink'), (place, part) => unlink(db, place, part))
  await inParts(of('remove identity'), (part) => removeIdentities(db, part))
  await inParts(of('add identity'), (part) => addIdentities(db, part))
  await inParts(of('forget identity'), (part) => forgetIdentities(db, part))
  for (const { rule } of of('set rule')) await setRule(db, rule)
  const gone = of('remove account')
  await inParts(gone, (part) => remove(db, 'account', { key: 'email', texts: part.map(({ email }) => email) }))
  for (const [category, removed] of byCategory(of('remove name'))) {
    const { names } = grantTables[category]
    await inParts(removed, (part) => remove(db, names, { key: 'name', texts: part.map(({ name }) => name) }))
  }
}

function byCategory<Item extends { readonly category: Category }>(items: readonly Item[]) {
  return categories.map((category) => [category, items.filter((item) => item.category === category)] as const)
}

async function inParts<Item>(
  items: readonly Item[],
  write: (part: readonly Item[]) => Promise<bigint | undefined>,
): Promise<void> {
  for (let start = 0; start < items.length; start += rowsPerStatement) {
    const part = items.slice(start, start + rowsPerStatement)
    if ((await write(part)) !== BigInt(part.length)) throw new InterferenceError('a row is not as it was')
  }
}

async function execute(db: Kysely<TenantSchema>, statement: RawBuilder<unknown>): Promise<bigint | undefined> {
  return (await statement.execute(db)).numAffectedRows
}

function addNames(db: Kysely<TenantSchema>, table: string, added: readonly { readonly name: string }[]) {
  const names = added.map(({ name }) => name)
  return execute(db, sql`insert into ${sql.table(table)} (name) select unnest(${names}::text[])`)
}

function addAccounts(db: Kysely<TenantSchema>, added: readonly AccountStep[]) {
  return execute(
    db,
    sql`
      insert into account (email, name, password_hash, disabled_at)
      select email, name, hash, case when status = 'disabled' then now() end from ${wanted(added)}
    `,
  )
}

/** A link for another password ends with what it was given out for. */
function changeAccounts(db: Kysely<TenantSchema>, changed: readonly AccountStep[]) {
  return execute(
    db,
    sql`
      with ended as (
        delete from account_link using account, ${wanted(changed)}
        where account.id = account_link.account_id and account.email = wanted.email
          and (wanted.password or wanted.status = 'disabled')
      )
      update account set
        name = case when wanted.name is null then account.name else wanted.name end,
        password_hash = case when wanted.password then wanted.hash else account.password_hash end,
        disabled_at = case wanted.status
          when 'active' then null when 'disabled' then coalesce(account.disabled_at, now()) else account.disabled_at
        end
      from ${wanted(changed)} where account.email = wanted.email
    `,
  )
}

function wanted(steps: readonly AccountStep[]) {
  const rows = steps.map(({ email, fields: { name, password, status } }) => {
    return { email, name, status, password: password !== undefined, hash: password?.hash }
  })
  return sql`
    jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
    as wanted (email text, name text, status text, password boolean, hash text)
  `
}

async function writeLinks(
  steps: readonly LinkStep[],
  write: (place: LinkPlace, part: readonly LinkStep[]) => Promise<bigint | undefined>,
): Promise<void> {
  for (const holder of ['account', 'role', 'group'] as const) {
    const held = steps.filter((step) => step.holder === holder)
    for (const [category, links] of byCategory(held)) {
      await inParts(links, (part) => write(placeOf({ holder, category }), part))
    }
  }
}

function placeOf({ category, holder }: Pick<LinkStep, 'category' | 'holder'>) {
  const noun = nounOf(category)
  return {
    table: sql.table(`${holder}_${noun}`),
    holderId: sql.ref(`${holder}_id`),
    nameId: sql.ref(`${noun}_id`),
    holders: sql.table(holders[holder].table),
    key: sql.ref(holders[holder].key),
    names: sql.table(grantTables[category].names),
  }
}

type LinkPlace = ReturnType<typeof placeOf>

function link(db: Kysely<TenantSchema>, place: LinkPlace, links: readonly LinkStep[]) {
  const { holderId, nameId, table } = place
  return execute(
    db,
    sql`insert into ${table} (${holderId}, ${nameId}) select holder.id, grantable.id ${pairs(place, links)}`,
  )
}

function unlink(db: Kysely<TenantSchema>, place: LinkPlace, links: readonly LinkStep[]) {
  const { holderId, nameId, table } = place
  return execute(
    db,
    sql`delete from ${table} where (${holderId}, ${nameId}) in (select holder.id, grantable.id ${pairs(place, links)})`,
  )
}

function pairs({ holders: table, key, names }: LinkPlace, links: readonly LinkStep[]) {
  const [of, name] = [links.map((step) => step.of), links.map((step) => step.name)]
  return sql`
    from unnest(${of}::text[], ${name}::text[]) as wanted (of, name)
    join ${table} holder on holder.${key} = wanted.of join ${names} grantable on grantable.name = wanted.name
  `
}

function remove(
  db: Kysely<TenantSchema>,
  table: string,
  { key, texts }: { readonly key: string; readonly texts: readonly string[] },
) {
  return execute(db, sql`delete from ${sql.table(table)} where ${sql.ref(key)} = any(${[...texts]}::text[])`)
}

async function setRule(db: Kysely<TenantSchema>, rule: AccessRule): Promise<void> {
  const { grants, signUp, signUpDomains, signUpRoles } = rule
  await inParts([signUp], (part) =>
    execute(db, sql`update access_rule set grants = ${grants === 'by issuer' ? null : grants}, sign_up = ${part[0]}`),
  )
  await sql`delete from sign_up_role`.execute(db)
  await inParts([...new Set(signUpRoles)], (part) =>
    execute(db, sql`insert into sign_up_role (role_id) select id from role where name = any(${[...part]}::text[])`),
  )
  await sql`delete from sign_up_domain`.execute(db)
  await inParts([...new Set(signUpDomains)], (part) =>
    execute(db, sql`insert into sign_up_domain (domain) select unnest(${[...part]}::text[])`),
  )
}
