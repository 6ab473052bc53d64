import { randomUUID } from 'node:crypto'
import { sql, type Kysely, type QueryExecutorProvider, type RawBuilder } from 'kysely'
import type { Administrator } from '../../../../core/administration/tenant-administration.js'
import { identityWords } from '../../../../core/administration/account-identity.js'
import type { AuditEventType } from '../../../../core/audit/audit-event.js'
import { actorLabels } from '../../../../core/identity/actor.js'
import type { Tenant } from '../../../../core/identity/tenant.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { placeOf, type AuditTrail } from '../audit-trail.js'
import { beginMaintenance } from './begin-maintenance.js'
import { findWritten } from './find-written.js'

/** So many numbers of rows are looked through by one statement. */
const numbersPerPage = 20_000
/** Before which a page ends in a number that can be told from the next. */
const lastNumber = Number.MAX_SAFE_INTEGER - numbersPerPage

/** Somebody as the trail knows them. */
export interface Person {
  /** What they are called as actors, and where they are spoken of: account ids, subjects, e-mail addresses. */
  readonly names: readonly string[]
  /** What issuers of others call them. */
  readonly identities: readonly { readonly issuer: string | undefined; readonly subject: string }[]
}

export interface ErasureOptions {
  readonly trail: AuditTrail
  /** `undefined` for master. */
  readonly tenant: Tenant | undefined
  readonly person: Person
  /** Rows of another type stay as they are; without it those of every type are looked through. */
  readonly type?: AuditEventType | undefined
  /** Names the erasure, and nobody. */
  readonly reference: string
  readonly by: Administrator
}

export interface ErasedRows {
  readonly rows: number
  /** Rows that speak of the person as well, and stay: they are not as they were written, and no seal of ours is put there. */
  readonly left: number
}

interface FoundRow {
  readonly id: number
  readonly chain: string
  readonly sequence: number
  readonly place: string
  readonly isChained: boolean
  /** In one from before there were chains: these kept it there, and nothing seals them. */
  readonly inDetail: boolean
}

/**
 * Takes what rows say of a person out of one database, all or nothing, and puts on record that it did; `db` is its owner. Seals are
 * over commitments, and hold.
 */
export async function erasePerson(db: Kysely<AuditTables>, options: ErasureOptions): Promise<ErasedRows> {
  const { by, person, reference, tenant, trail, type } = options
  return db.transaction().execute(async (step) => {
    await beginMaintenance(step)
    const own = placeOf(tenant)
    const known = tenant === undefined ? { ...person, identities: issuedIn(person) } : person
    let erased = 0
    let chained = 0
    let left = 0
    for (let from = await nextNumber(step, Number.MIN_SAFE_INTEGER); from !== undefined;) {
      const found = await findRows(step, known, { from, to: from + numbersPerPage, own, type })
      // With them alone an erasure takes what they say and leaves its seal.
      const written = await findWritten(step, chainedIn(found), { seal: trail.seal, own, persons: ['as written'] })
      const rows = found.filter(({ id, isChained }) => !isChained || written.has(id))
      await takeOut(step, options, rows)
      erased += rows.length
      chained += chainedIn(rows).length
      left += found.length - rows.length
      from = await nextNumber(step, from + numbersPerPage)
    }
    const detail = { reference, rows: erased, chained, ...(left > 0 && { left }) }
    const event = {
      type: 'audit.maintained',
      tenant,
      subject: by,
      requestId: randomUUID(),
      reason: 'erased',
      detail,
    } as const
    await trail.add(step, [{ event, count: 1 }])
    return { rows: erased, left }
  })
}

/** Master knows people of all tenants: without the issuer nobody can tell whom a subject means there. */
function issuedIn({ identities }: Person): Person['identities'] {
  return identities.filter(({ issuer }) => issuer !== undefined)
}

/** That of the first row from `from` on: whoever adds rows by hand leaves gaps of any size. */
async function nextNumber(step: QueryExecutorProvider, from: number): Promise<number | undefined> {
  const { rows } = await sql<{ readonly next: number | null }>`
    select min(e.id)::float8 as next from audit_event e where e.id >= ${from} and e.id < ${lastNumber}
  `.execute(step)
  return rows[0]?.next ?? undefined
}

async function findRows(
  step: QueryExecutorProvider,
  { identities, names }: Person,
  {
    from,
    own,
    to,
    type,
  }: Pick<ErasureOptions, 'type'> & { readonly from: number; readonly to: number; readonly own: string },
): Promise<readonly FoundRow[]> {
  const called = names.map((name) => name.toLowerCase())
  // As changes by administrators speak of them.
  const held = called.flatMap((name) => [`of account:${name}`, `user:${name}`, ...actorLabels({ subject: name })])
  const words = identities.flatMap(({ issuer, subject }) => {
    if (issuer === undefined) return [subject]
    const inWords = identityWords({ issuer, subject })
    return [subject, inWords, `identity:${inWords}`]
  })
  const issuers = identities.map(({ issuer }) => issuer ?? null)
  const subjects = identities.map(({ subject }) => subject)
  const says = (column: 'detail' | 'personal') => sql<boolean>`exists (
    select from jsonb_path_query(e.${sql.ref(column)}, '$.** ? (@.type() == "string")') as said (word)
    where lower(said.word #>> '{}') = any(${[...called, ...held]}) or said.word #>> '{}' = any(${words})
  ) or ${actsIn(column, identities)}`
  const { rows } = await sql<FoundRow>`
    select * from (
      select e.id::float8 as id, coalesce(e.chain, 'legacy') as chain, coalesce(e.sequence, e.id)::float8 as sequence,
        coalesce(c.place, ${own}) as place,
        e.chain is not null as "isChained", (e.chain is null and (${says('detail')})) as "inDetail",
        coalesce(lower(e.subject) = any(${called}), false) or ${says('personal')} or exists (
          select from unnest(${issuers}::text[], ${subjects}::text[]) as known (issuer, subject)
          where known.subject = e.subject and (known.issuer is null or known.issuer = e.issuer)
        ) as "inPersonal"
      from audit_event e left join audit_chain c on c.name = e.chain
      where e.id >= ${from} and e.id < ${to} and (${type ?? null}::text is null or e.type = ${type ?? null})
    ) found
    where "inDetail" or "inPersonal" order by id
  `.execute(step)
  return rows
}

/** Whether it is one of these who acts for the user: as the token's issuer calls them, or the issuer that stands beside. */
function actsIn(column: 'detail' | 'personal', identities: Person['identities']): RawBuilder<boolean> {
  const issuers = identities.map(({ issuer }) => issuer ?? null)
  const labels = identities.map(({ issuer, subject }) => actorLabels({ subject, issuer }))
  const actor = sql`e.${sql.ref(column)} -> 'actor'`
  return sql`exists (
    select from unnest(${issuers}::text[], ${labels.map(([agent]) => agent)}::text[], ${labels.map(([, of]) => of ?? null)}::text[])
      as known (issuer, agent, label)
    where ${actor} ? known.agent and (known.issuer is null or known.issuer = e.issuer or ${actor} ? known.label)
  )`
}

function chainedIn(rows: readonly FoundRow[]): readonly number[] {
  return rows.filter(({ isChained }) => isChained).map(({ id }) => id)
}

async function takeOut(
  step: QueryExecutorProvider,
  { reference, trail: { seal } }: ErasureOptions,
  rows: readonly FoundRow[],
): Promise<void> {
  if (rows.length === 0) return
  const sealed = rows.map(({ chain, id, inDetail, place, sequence }) => {
    return { id, inDetail, seal: `\\x${seal.over('erasure', [place, chain, sequence, reference]).toString('hex')}` }
  })
  await sql`
    update audit_event e
    set subject = null, personal = null, salt = null, erased_by = ${reference}, erasure_seal = row.seal,
      detail = case when row."inDetail" then null else e.detail end
    from jsonb_to_recordset(${JSON.stringify(sealed)}::jsonb) as row (id bigint, "inDetail" boolean, seal bytea)
    where e.id = row.id
  `.execute(step)
}
