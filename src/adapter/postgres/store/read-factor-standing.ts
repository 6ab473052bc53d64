import { sql, type Kysely } from 'kysely'
import type { AccountFactor, FactorStanding, Passkey } from '../../../core/identity/account-factor-store.js'
import type { TenantSchema } from '../schema/tenant-schema.js'

/** What an account has to prove itself with besides its password, and whether it has to. */
export async function readFactorStanding(db: Kysely<TenantSchema>, accountId: string): Promise<FactorStanding> {
  const rows = await db
    .selectFrom('account_factor')
    .selectAll()
    .where('account_id', '=', accountId)
    .orderBy('created_at')
    .execute()
  const demanded = await db
    .selectFrom('factor_demand')
    .select('account_id')
    .where((row) => row.or([row('account_id', 'is', null), row('account_id', '=', accountId)]))
    .executeTakeFirst()
  const codes = await db
    .selectFrom('recovery_code')
    .select((row) => [row.fn.countAll<string>().as('left'), sql<boolean | null>`bool_or(kept)`.as('kept')])
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()
  return {
    factors: rows.map(toFactor),
    passkeys: rows.map(toPasskey).filter((passkey) => passkey !== undefined),
    demand: demanded === undefined ? 'optional' : 'required',
    recoveryCodes: { left: Number(codes.left), kept: codes.kept === true ? 'yes' : 'no' },
  }
}

type FactorRow = Pick<AccountFactor, 'id' | 'kind'> & { readonly created_at: Date; readonly used_at: Date | null }

/** A factor as the rest of the product knows it. */
export function toFactor({ created_at, id, kind, used_at }: FactorRow): AccountFactor {
  return { id, kind, createdAt: created_at, usedAt: used_at ?? undefined }
}

interface PasskeyRow {
  readonly credential_id: string | null
  readonly public_key: Uint8Array | null
  readonly sign_count: string | null
}

function toPasskey({ credential_id, public_key, sign_count }: PasskeyRow): Passkey | undefined {
  if (credential_id === null || public_key === null || sign_count === null) return undefined
  return { credentialId: credential_id, publicKey: new Uint8Array(public_key), signCount: Number(sign_count) }
}
