import { sql, type Kysely } from 'kysely'
import { identityKey, type AccountIdentity, type HeldIdentity } from '../../../core/administration/account-identity.js'
import type { IdentityStep } from '../../../core/administration/change.js'
import type { Wish } from '../../../core/administration/wish.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable } from '../storable-text.js'

const identitiesPerStatement = 1000

type Db = Kysely<TenantSchema>

/** Those that the wishes speak of and that are on record, by `identityKey`. */
export async function readSpokenOf(db: Db, wishes: readonly Wish[]): Promise<ReadonlyMap<string, string | undefined>> {
  const spokenOf = wishes.flatMap(identitiesIn).filter(({ issuer, subject }) => isStorable(issuer + subject))
  const found = new Map<string, string | undefined>()
  for (let start = 0; start < spokenOf.length; start += identitiesPerStatement) {
    const { issuers, subjects } = columnsOf(spokenOf.slice(start, start + identitiesPerStatement))
    const rows = await selectIdentities(db)
      .where(sql<boolean>`(issuer, subject) in (select * from unnest(${issuers}::text[], ${subjects}::text[]))`)
      .execute()
    for (const row of rows) found.set(identityKey(row), row.email ?? undefined)
  }
  return found
}

/** All that are on record, or those of one account. */
export async function readIdentities(db: Db, email: string | undefined): Promise<readonly HeldIdentity[]> {
  const query = selectIdentities(db).orderBy(sql`issuer collate "C", subject collate "C"`)
  const rows = await (email === undefined ? query : query.where('account.email', '=', email)).execute()
  return rows.map((row) => ({ ...row, email: row.email ?? undefined }))
}

/** Those of an account, within a query of accounts. */
export function identitiesOfAccount() {
  return sql<readonly AccountIdentity[]>`coalesce((
    select jsonb_agg(jsonb_build_object('issuer', issuer, 'subject', subject) order by issuer collate "C", subject collate "C")
    from account_identity where account_id = account.id
  ), '[]')`
}

/** Nobody's that are on record become an account's; one that is another account's is left, and not counted. */
export function addIdentities(db: Db, steps: readonly IdentityStep[]): Promise<bigint | undefined> {
  return execute(
    db,
    sql`
      insert into account_identity (issuer, subject, account_id)
      select wanted.issuer, wanted.subject, account.id from ${wantedOf(steps)} join account on account.email = wanted.email
      on conflict (issuer, subject) do update set account_id = excluded.account_id where account_identity.account_id is null
    `,
  )
}

/** They stay on record without an account: their users are not to sign up. What their providers gave goes. */
export function removeIdentities(db: Db, steps: readonly IdentityStep[]): Promise<bigint | undefined> {
  return execute(
    db,
    sql`
      with gone as (
        delete from kept_token kept using ${wantedOf(steps)} join account on account.email = wanted.email
        where kept.account_id = account.id and kept.issuer = wanted.issuer and kept.subject = wanted.subject
      )
      update account_identity identity set account_id = null
      from ${wantedOf(steps)} join account on account.email = wanted.email
      where identity.account_id = account.id and identity.issuer = wanted.issuer and identity.subject = wanted.subject
    `,
  )
}

/** Those that are no account's. */
export function forgetIdentities(db: Db, identities: readonly AccountIdentity[]): Promise<bigint | undefined> {
  const { issuers, subjects } = columnsOf(identities)
  return execute(
    db,
    sql`
      delete from account_identity where account_id is null
      and (issuer, subject) in (select * from unnest(${issuers}::text[], ${subjects}::text[]))
    `,
  )
}

function selectIdentities(db: Db) {
  return db
    .selectFrom('account_identity')
    .leftJoin('account', 'account.id', 'account_identity.account_id')
    .select(['account_identity.issuer', 'account_identity.subject', 'account.email'])
}

function identitiesIn(wish: Wish): readonly AccountIdentity[] {
  if (wish.kind === 'forget identity') return [wish.identity]
  return wish.kind === 'account' ? [...(wish.identify ?? []), ...(wish.forsake ?? [])] : []
}

function columnsOf(identities: readonly AccountIdentity[]) {
  return { issuers: identities.map(({ issuer }) => issuer), subjects: identities.map(({ subject }) => subject) }
}

function wantedOf(steps: readonly IdentityStep[]) {
  const { issuers, subjects } = columnsOf(steps)
  const emails = steps.map((step) => step.of)
  return sql`
    unnest(${issuers}::text[], ${subjects}::text[], ${emails}::text[]) as wanted (issuer, subject, email)
  `
}

async function execute(db: Db, statement: ReturnType<typeof sql>): Promise<bigint | undefined> {
  return (await statement.execute(db)).numAffectedRows
}
