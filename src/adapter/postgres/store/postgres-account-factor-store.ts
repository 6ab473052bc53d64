import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { Administrator } from '../../../core/administration/tenant-administration.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import type {
  AccountFactor,
  AccountFactorStore,
  Enrolment,
  FactorDemand,
  FactorRemoval,
  FactorStanding,
  NewFactor,
  OwnAccount,
  Passkey,
  TotpSecret,
} from '../../../core/identity/account-factor-store.js'
import { recoverySetOf } from '../../../core/identity/recovery-set.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Databases } from '../databases.js'
import { sqlState } from '../pool/database-failure.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isUuid } from '../storable-text.js'
import { recordAccountChange, type AccountChange } from '../audit/record-changes.js'
import { readFactorStanding, toFactor } from './read-factor-standing.js'
import { totpPurpose } from './totp-purpose.js'

const uniqueViolation = '23505'
const now = sql<Date>`clock_timestamp()`

/** Second factors in each tenant's own database. What may happen once is one update, which the lock of a row lets one make. */
export class PostgresAccountFactorStore implements AccountFactorStore {
  readonly #databases: Databases
  readonly #keyring: Keyring

  constructor(databases: Databases, keyring: Keyring) {
    this.#databases = databases
    this.#keyring = keyring
  }

  async standing(tenant: Tenant, accountId: string): Promise<FactorStanding> {
    if (!isUuid(accountId)) throw new TypeError('there is no such account')
    return readFactorStanding(await this.#databases.tenant(tenant), accountId)
  }

  async findTotp(tenant: Tenant, accountId: string): Promise<TotpSecret | undefined> {
    const db = await this.#databases.tenant(tenant)
    const row = await db
      .selectFrom('account_factor')
      .select(['id', 'sealed_secret'])
      .where('account_id', '=', accountId)
      .where('kind', '=', 'totp')
      .executeTakeFirst()
    if (row === undefined || row.sealed_secret === null) return undefined
    return { id: row.id, secret: this.#keyring.open(totpPurpose, row.sealed_secret, row.id) }
  }

  async add(tenant: Tenant, account: OwnAccount, { as, factor }: Enrolment): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    try {
      return await db.transaction().execute(async (step) => {
        if (!(await mayAdd(step, account.id, as))) return false
        await step.insertInto('account_factor').values(this.#valuesOf(account.id, factor)).execute()
        await this.#record(step, tenant, { account, after: [`factor:${factor.kind}`] })
        return true
      })
    } catch (error) {
      // A second authenticator app, or a passkey that is somebody's already.
      if (sqlState(error) !== uniqueViolation) throw error
      return false
    }
  }

  async useStep(tenant: Tenant, id: string, step: number): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    const result = await db
      .updateTable('account_factor')
      .set({ last_step: String(step), used_at: now })
      .where('id', '=', id)
      .where('last_step', '<', String(step))
      .executeTakeFirst()
    return result.numUpdatedRows === 1n
  }

  async useCount(
    tenant: Tenant,
    accountId: string,
    { credentialId, signCount }: Pick<Passkey, 'credentialId' | 'signCount'>,
  ): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    const result = await db
      .updateTable('account_factor')
      .set({ sign_count: String(signCount), used_at: now })
      .where('account_id', '=', accountId)
      .where('credential_id', '=', credentialId)
      // One that does not count always says 0 (WebAuthn §6.1.1).
      .where(sql<boolean>`(sign_count < ${signCount}::bigint or (sign_count = 0 and ${signCount}::bigint = 0))`)
      .executeTakeFirst()
    return result.numUpdatedRows === 1n
  }

  async replaceRecoveryCodes(tenant: Tenant, account: OwnAccount, digests: readonly string[]): Promise<void> {
    const db = await this.#databases.tenant(tenant)
    await db.transaction().execute(async (step) => {
      if (!(await lockAccount(step, account.id))) return
      await replaceCodes(step, account.id, digests)
      await this.#record(step, tenant, { account, after: ['other recovery codes'] })
    })
  }

  async keepRecoveryCodes(tenant: Tenant, accountId: string, set: string): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      if (!(await lockAccount(step, accountId))) return false
      const codes = await step
        .selectFrom('recovery_code')
        .select('digest')
        .where('account_id', '=', accountId)
        .execute()
      if (recoverySetOf(codes.map(({ digest }) => digest)) !== set) return false
      await keepCodes(step, accountId)
      return true
    })
  }

  async useRecoveryCode(tenant: Tenant, account: OwnAccount, digest: string): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      const result = await step
        .deleteFrom('recovery_code')
        .where('account_id', '=', account.id)
        .where('digest', '=', digest)
        .executeTakeFirst()
      if (result.numDeletedRows !== 1n) return false
      await keepCodes(step, account.id)
      await this.#record(step, tenant, { account, before: ['a recovery code'] })
      return true
    })
  }

  async remove(tenant: Tenant, account: OwnAccount, id: string): Promise<FactorRemoval> {
    if (!isUuid(id)) return 'absent'
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      await lockAccount(step, account.id)
      const { factors, demand } = await readFactorStanding(step, account.id)
      const factor = factors.find((one) => one.id === id)
      if (factor === undefined) return 'absent'
      if (factors.length === 1 && demand === 'required') return 'needed'
      await step.deleteFrom('account_factor').where('id', '=', id).execute()
      if (factors.length === 1) await step.deleteFrom('recovery_code').where('account_id', '=', account.id).execute()
      await this.#record(step, tenant, { account, before: [`factor:${factor.kind}`] })
      return 'removed'
    })
  }

  async removeAll(tenant: Tenant, accountId: string, by: Administrator): Promise<readonly AccountFactor[]> {
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      await lockAccount(step, accountId)
      const rows = await step.deleteFrom('account_factor').where('account_id', '=', accountId).returningAll().execute()
      await step.deleteFrom('recovery_code').where('account_id', '=', accountId).execute()
      const before = rows.map(({ kind }) => `factor:${kind}`)
      if (before.length > 0)
        await recordAccountChange(step, { trail: this.#databases.trail, tenant, by, accountId, before })
      return rows.map(toFactor)
    })
  }

  async setDemand(tenant: Tenant, { accountId, demand }: FactorDemand, by: Administrator): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      const changed =
        demand === 'required'
          ? sql`insert into factor_demand (account_id) values (${accountId ?? null}) on conflict do nothing`
          : sql`delete from factor_demand where account_id is not distinct from ${accountId ?? null}::uuid`
      if ((await changed.execute(step)).numAffectedRows !== 1n) return false
      const before = demand === 'required' ? 'factor optional' : 'factor required'
      await recordAccountChange(step, {
        ...{ tenant, by, accountId: accountId ?? 'everybody', trail: this.#databases.trail },
        ...{ before: [before], after: [`factor ${demand}`] },
      })
      return true
    })
  }

  async demands(tenant: Tenant): Promise<{ readonly everybody: boolean; readonly accountIds: readonly string[] }> {
    const db = await this.#databases.tenant(tenant)
    const rows = await db.selectFrom('factor_demand').select('account_id').execute()
    const accountIds = rows.map((row) => row.account_id).filter((id) => id !== null)
    return { everybody: rows.length > accountIds.length, accountIds }
  }

  #record(
    step: Kysely<TenantSchema>,
    tenant: Tenant,
    { account, ...change }: Pick<AccountChange, 'after' | 'before'> & { readonly account: OwnAccount },
  ): Promise<void> {
    const { id: accountId, origin } = account
    const { trail } = this.#databases
    return recordAccountChange(step, { ...change, trail, tenant, accountId, origin, by: 'own sign-in' })
  }

  #valuesOf(accountId: string, factor: NewFactor) {
    const id = randomUUID()
    const row = { id, account_id: accountId, kind: factor.kind }
    if (factor.kind === 'totp') {
      const sealed = Buffer.from(this.#keyring.seal(totpPurpose, factor.secret, id))
      return { ...row, sealed_secret: sealed, last_step: String(factor.step) }
    }
    const { credentialId, publicKey, signCount } = factor
    return { ...row, credential_id: credentialId, public_key: Buffer.from(publicKey), sign_count: String(signCount) }
  }
}

/** Those that add at once take turns: who proved nothing but a password adds the first one, and no other. */
async function mayAdd(db: Kysely<TenantSchema>, accountId: string, as: Enrolment['as']): Promise<boolean> {
  if (!(await lockAccount(db, accountId))) return false
  if (as === 'further') return true
  const factor = await db
    .selectFrom('account_factor')
    .select('id')
    .where('account_id', '=', accountId)
    .executeTakeFirst()
  return factor === undefined
}

async function lockAccount(db: Kysely<TenantSchema>, accountId: string): Promise<boolean> {
  const row = await db.selectFrom('account').select('id').where('id', '=', accountId).forUpdate().executeTakeFirst()
  return row !== undefined
}

async function replaceCodes(db: Kysely<TenantSchema>, accountId: string, digests: readonly string[]): Promise<void> {
  await db.deleteFrom('recovery_code').where('account_id', '=', accountId).execute()
  await db
    .insertInto('recovery_code')
    .values(digests.map((digest) => ({ account_id: accountId, digest })))
    .execute()
}

async function keepCodes(db: Kysely<TenantSchema>, accountId: string): Promise<void> {
  await db.updateTable('recovery_code').set({ kept: true }).where('account_id', '=', accountId).execute()
}
