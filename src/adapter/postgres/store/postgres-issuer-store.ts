import { sql, type Kysely } from 'kysely'
import type {
  IssuerAdministration,
  IssuerAsWritten,
  IssuerWish,
} from '../../../core/administration/issuer-administration.js'
import { planIssuer, planRemoval } from '../../../core/administration/plan-issuer.js'
import type { Administrator, Outcome } from '../../../core/administration/tenant-administration.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { StoredIssuer } from '../../../core/trust/issuer-store.js'
import { isObject } from '../../../core/trust/option-reader.js'
import { readIssuer } from '../../../core/trust/read-issuer-options.js'
import type { TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import type { MasterSchema } from '../schema/master-schema.js'
import type { AuditTrail } from '../audit/audit-trail.js'
import { recordChanges } from '../audit/record-changes.js'

const lockKey = 7_164_392_088
const purpose = 'issuer client'

type PutWish = Extract<IssuerWish, { readonly options: unknown }>

/** Trusted issuers in the master database; the secret of our client at one is sealed with the keyring. */
export class PostgresIssuerStore implements IssuerAdministration {
  readonly #master: Kysely<MasterSchema>
  readonly #keyring: Keyring
  readonly #trail: AuditTrail

  constructor(master: Kysely<MasterSchema>, keyring: Keyring, trail: AuditTrail) {
    this.#master = master
    this.#keyring = keyring
    this.#trail = trail
  }

  list(): Promise<readonly StoredIssuer[]> {
    return this.#list(this.#master)
  }

  async apply(wish: IssuerWish, by: Administrator): Promise<Outcome> {
    return this.#master.transaction().execute(async (step) => {
      // Administrators take turns.
      await sql`select pg_advisory_xact_lock(${lockKey})`.execute(step)
      const stored = await this.#list(step)
      const planned =
        wish.presence === 'absent' ? await remove(step, stored, wish.issuer) : await this.#put(step, stored, wish)
      if ('faults' in planned) return { changes: [], faults: planned.faults.map((fault) => ({ wish: 0, fault })) }
      await recordChanges(step, { tenant: undefined, changes: [planned.change], by, trail: this.#trail })
      return { changes: [planned.change], faults: [] }
    })
  }

  async #put(step: Kysely<MasterSchema>, stored: readonly StoredIssuer[], wish: PutWish) {
    const trusted = readIssuer(wish.options, 'database')
    const { issuer } = trusted
    const known = stored.find((row) => row.issuer === issuer)?.written
    const others = stored.flatMap((row) => (row.issuer === issuer ? [] : readable(row)))
    const planned = planIssuer({ known, others }, { ...wish, trusted })
    if ('faults' in planned || planned.change.action === 'kept') return planned
    const values = { options: withoutSecret(wish.options), sealed_secret: this.#seal(trusted) }
    await step
      .insertInto('trusted_issuer')
      .values({ issuer, ...values })
      .onConflict((conflict) =>
        conflict.column('issuer').doUpdateSet({ ...values, changed_at: sql<Date>`clock_timestamp()` }),
      )
      .execute()
    return planned
  }

  async #list(db: Kysely<MasterSchema>): Promise<readonly StoredIssuer[]> {
    const rows = await db
      .selectFrom('trusted_issuer')
      .select(['issuer', 'options', 'sealed_secret', sql<string>`xmin::text`.as('revision')])
      .orderBy('created_at')
      .orderBy('issuer')
      .execute()
    return rows.map(({ issuer, options, revision, sealed_secret: sealed }) => {
      if (sealed === null) return { issuer, written: options, revision }
      const secret = this.#open(sealed, issuer)
      if (secret !== undefined) return { issuer, written: withSecret(options, secret), revision }
      return { issuer, written: options, revision, fault: 'its client secret was sealed with another master key' }
    })
  }

  #seal({ introspection, issuer }: TrustedIssuer): Uint8Array | null {
    if (introspection === undefined || introspection.clientSecret === '') return null
    return this.#keyring.seal(purpose, Buffer.from(introspection.clientSecret), issuer)
  }

  #open(sealed: Uint8Array, issuer: string): string | undefined {
    try {
      return this.#keyring.open(purpose, sealed, issuer).toString()
    } catch {
      return undefined
    }
  }
}

async function remove(db: Kysely<MasterSchema>, stored: readonly StoredIssuer[], issuer: string) {
  const known = stored.find((row) => row.issuer === issuer)
  if (known === undefined)
    return { faults: [`there is no issuer ${JSON.stringify(issuer.slice(0, 255))} in the database`] }
  await db.deleteFrom('trusted_issuer').where('issuer', '=', issuer).execute()
  return planRemoval(issuer, known.written)
}

/** One that is wrong is refused by itself, and is in nobody's way. */
function readable({ written }: StoredIssuer): readonly TrustedIssuer[] {
  try {
    return [readIssuer(written, 'database')]
  } catch (error) {
    if (error instanceof ConfigurationError) return []
    throw error
  }
}

function withoutSecret({ introspection, ...options }: IssuerAsWritten): string {
  if (!isObject(introspection)) return JSON.stringify(options)
  const { clientSecret: _secret, ...client } = introspection
  return JSON.stringify({ ...options, introspection: client })
}

/** Where the options do not look like those that it was taken from, they are wrong anyway. */
function withSecret(options: unknown, clientSecret: string): unknown {
  if (!isObject(options) || !isObject(options['introspection'])) return options
  return { ...options, introspection: { ...options['introspection'], clientSecret } }
}
