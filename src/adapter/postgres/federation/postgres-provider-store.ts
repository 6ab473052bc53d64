import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { nextPosition, planProvider } from '../../../core/administration/plan-provider.js'
import type { ProviderAdministration, ProviderWish } from '../../../core/administration/provider-administration.js'
import type { Administrator, Outcome } from '../../../core/administration/tenant-administration.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { StoredProvider } from '../../../core/federation/provider/provider-store.js'
import type { KeptTokenStore } from '../../../core/federation/token/kept-tokens.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { isObject } from '../../../core/trust/option-reader.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isUuid } from '../storable-text.js'
import type { AuditTrail } from '../audit/audit-trail.js'
import { recordChanges, type RecordedIn } from '../audit/record-changes.js'
import { lockProviders } from './lock-providers.js'
import { hasProvider, refusesPasswords } from './postgres-password-rules.js'

const purpose = 'provider client'

interface Applied {
  readonly outcome: Outcome
  /** UUID of the provider that is gone. */
  readonly removed?: string | undefined
}

type PutWish = Extract<ProviderWish, { readonly provider: unknown }>

export interface ProviderStoreParts extends RecordedIn {
  readonly master: Kysely<MasterSchema>
  readonly keyring: Keyring
  readonly tokens: Pick<KeptTokenStore, 'removeOf'>
}

/** Identity providers in the master database; the secret of our client at one is sealed with the keyring. */
export class PostgresProviderStore implements ProviderAdministration {
  readonly #master: Kysely<MasterSchema>
  readonly #keyring: Keyring
  readonly #tokens: ProviderStoreParts['tokens']
  readonly #trail: AuditTrail

  constructor({ keyring, master, tokens, trail }: ProviderStoreParts) {
    this.#master = master
    this.#keyring = keyring
    this.#tokens = tokens
    this.#trail = trail
  }

  list(tenants?: readonly string[]): Promise<readonly StoredProvider[]> {
    return this.#list(this.#master, tenants)
  }

  async find(id: string): Promise<StoredProvider | undefined> {
    if (!isUuid(id)) return undefined
    const row = await select(this.#master).where('id', '=', id).executeTakeFirst()
    return row && this.#toProvider(row)
  }

  async apply(wish: ProviderWish, by: Administrator): Promise<Outcome> {
    const { outcome, removed } = await this.#applied(wish, by)
    if (removed !== undefined) await this.#forget(wish.tenant, removed)
    return outcome
  }

  /** Nothing is written where nobody could sign in afterwards. */
  async #applied(wish: ProviderWish, by: Administrator): Promise<Applied> {
    try {
      return await this.#master.transaction().execute((step) => this.#apply(step, wish, by))
    } catch (error) {
      if (!(error instanceof NobodyLeft)) throw error
      const fault = `nobody could sign in to ${wish.tenant.slug} any more: let passwords in first (authsec tenant passwords)`
      return { outcome: { changes: [], faults: [{ wish: 0, fault }] } }
    }
  }

  async #apply(step: Kysely<MasterSchema>, wish: ProviderWish, by: Administrator): Promise<Applied> {
    await lockProviders(step)
    const others = await this.#list(step, [wish.tenant.id])
    const planned = planProvider(others, wish)
    if ('faults' in planned) {
      return { outcome: { changes: [], faults: planned.faults.map((fault) => ({ wish: 0, fault })) } }
    }
    const { change } = planned
    const removed = wish.presence === 'absent' ? others.find(({ name }) => name === wish.name)?.id : undefined
    if (removed !== undefined) await step.deleteFrom('identity_provider').where('id', '=', removed).execute()
    if (wish.presence !== 'absent' && change.action !== 'kept') await this.#put(step, others, wish)
    if ((await refusesPasswords(step, wish.tenant)) && !(await hasProvider(step, wish.tenant))) throw new NobodyLeft()
    await recordChanges(step, { tenant: undefined, changes: [change], by, trail: this.#trail })
    return { outcome: { changes: [change], faults: [] }, removed }
  }

  /** Where the tenant's database does not answer, the sweeper finds what it gave later. */
  async #forget(tenant: Tenant, provider: string): Promise<void> {
    try {
      await this.#tokens.removeOf(tenant, provider)
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
    }
  }

  /** One that is there keeps its id: those who came with it are known by that. */
  async #put(
    db: Kysely<MasterSchema>,
    others: readonly StoredProvider[],
    { provider, tenant }: PutWish,
  ): Promise<void> {
    const { application = null, clientSecret, kind, name, options } = provider
    const known = others.find((other) => other.name === name)
    const id = known?.id ?? randomUUID()
    const values = {
      ...{ application, kind, options: JSON.stringify(options) },
      position: provider.position ?? known?.position ?? nextPosition(others),
      sealed_secret: clientSecret === undefined ? null : this.#keyring.seal(purpose, Buffer.from(clientSecret), id),
    }
    await db
      .insertInto('identity_provider')
      .values({ id, tenant_id: tenant.id, name, ...values })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet({ ...values, changed_at: sql<Date>`clock_timestamp()` }),
      )
      .execute()
  }

  async #list(db: Kysely<MasterSchema>, tenants?: readonly string[]): Promise<readonly StoredProvider[]> {
    const query = select(db).orderBy('position').orderBy('created_at').orderBy('id')
    const named =
      tenants === undefined ? query : query.where('tenant_id', '=', sql<string>`any(${[...tenants]}::uuid[])`)
    return (await named.execute()).map((row) => this.#toProvider(row))
  }

  #toProvider(row: Row): StoredProvider {
    const { id, kind, name, position, revision, sealed_secret: sealed } = row
    const clientSecret = sealed === null ? undefined : this.#open(sealed, id)
    return {
      ...{ id, tenant: row.tenant_id, application: row.application ?? undefined, kind, name, position, revision },
      options: isObject(row.options) ? row.options : {},
      clientSecret,
      fault:
        sealed !== null && clientSecret === undefined
          ? 'its client secret was sealed with another master key'
          : undefined,
    }
  }

  #open(sealed: Uint8Array, id: string): string | undefined {
    try {
      return this.#keyring.open(purpose, sealed, id).toString()
    } catch {
      return undefined
    }
  }
}

/** Passwords are refused, and no provider would be left. */
class NobodyLeft extends Error {}

function select(db: Kysely<MasterSchema>) {
  return db
    .selectFrom('identity_provider')
    .select(['id', 'tenant_id', 'application', 'kind', 'name', 'options', 'sealed_secret', 'position'])
    .select(sql<string>`xmin::text`.as('revision'))
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>
