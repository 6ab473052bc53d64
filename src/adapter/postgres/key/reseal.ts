import { sql, type Kysely } from 'kysely'
import { keptTokenPurpose } from '../federation/postgres-kept-token-store.js'
import type { MasterSchema } from '../schema/master-schema.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { totpPurpose } from '../store/totp-purpose.js'
import type { StoredKeyring } from './stored-keyring.js'

interface SealedColumn {
  readonly table: string
  readonly column: string
  readonly purpose: string
  /** What a row is sealed for, and known by. */
  readonly context: string
  /** Bytes in front of what is sealed. */
  readonly offset: number
}

/** What outlives a rotation. Sign-ins under way are gone in ten minutes, and what a session holds in twelve hours. */
const masterColumns: readonly SealedColumn[] = [
  { table: 'signing_key', column: 'sealed_private_jwk', purpose: 'signing key', context: 'kid', offset: 0 },
  { table: 'tenant', column: 'sealed_password', purpose: 'tenant login', context: 'login_role', offset: 0 },
  { table: 'trusted_issuer', column: 'sealed_secret', purpose: 'issuer client', context: 'issuer', offset: 0 },
  { table: 'identity_provider', column: 'sealed_secret', purpose: 'provider client', context: 'id::text', offset: 0 },
  { table: 'issuer_record', column: 'payload', purpose: 'issuer-record', context: `model || ':' || key`, offset: 32 },
]

/** The same in each tenant's own database. */
const tenantColumns: readonly SealedColumn[] = [
  {
    ...{ table: 'kept_token', column: 'sealed', purpose: keptTokenPurpose, offset: 0 },
    context: `account_id || ' ' || provider_id || ' ' || version || ' ' || subject`,
  },
  { table: 'account_factor', column: 'sealed_secret', purpose: totpPurpose, context: 'id::text', offset: 0 },
]

const batch = 500

interface SealedRow {
  readonly context: string
  readonly sealed: Uint8Array
}

/**
 * Seals anew with the current key whatever an earlier one has sealed in the master database; answers with the number of rows. Rows that
 * change meanwhile are left to whoever changes them. May be cut off and run again.
 */
export function resealMaster(master: Kysely<MasterSchema>, keys: StoredKeyring): Promise<number> {
  return resealColumns(master, masterColumns, keys)
}

/** The same in a tenant's own database. */
export function resealTenant(db: Kysely<TenantSchema>, keys: StoredKeyring): Promise<number> {
  return resealColumns(db, tenantColumns, keys)
}

async function resealColumns<Schema>(
  db: Kysely<Schema>,
  sealed: readonly SealedColumn[],
  keys: StoredKeyring,
): Promise<number> {
  let resealed = 0
  for (const column of sealed) {
    for (let after = ''; ;) {
      const rows = await readRows(db, column, after)
      for (const row of rows) resealed += (await reseal(db, keys, { column, row })) ? 1 : 0
      if (rows.length < batch) break
      after = rows.at(-1)?.context ?? ''
    }
  }
  return resealed
}

async function readRows<Schema>(
  db: Kysely<Schema>,
  { table, column, context }: SealedColumn,
  after: string,
): Promise<readonly SealedRow[]> {
  const name = sql.raw(context)
  const { rows } = await sql<SealedRow>`
    select ${name} as context, ${sql.ref(column)} as sealed from ${sql.table(table)}
    where ${sql.ref(column)} is not null and (${name}) collate "C" > ${after}
    order by (${name}) collate "C" limit ${batch}
  `.execute(db)
  return rows
}

async function reseal<Schema>(
  db: Kysely<Schema>,
  keys: StoredKeyring,
  {
    column: { table, column, purpose, context: name, offset },
    row,
  }: { readonly column: SealedColumn; readonly row: SealedRow },
): Promise<boolean> {
  const stored = Buffer.from(row.sealed)
  const sealed = stored.subarray(offset)
  if (keys.isCurrent(sealed)) return false
  const anew = keys.seal(purpose, keys.open(purpose, sealed, row.context), row.context)
  const value = Buffer.concat([stored.subarray(0, offset), anew])
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${value}
    where ${sql.raw(name)} = ${row.context} and ${sql.ref(column)} = ${stored}
  `.execute(db)
  return numAffectedRows === 1n
}
