import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../src/core/audit/audit-event.js'
import type { AuditLog } from '../../src/core/audit/audit-log.js'
import { standingOf } from './standings.js'
import { UpstreamError } from '../../src/core/error/upstream-error.js'
import type { Account, AccountStore, NewAccount } from '../../src/core/identity/account-store.js'
import type { Application, ApplicationStore } from '../../src/core/identity/application.js'
import type {
  IssuerRecord,
  IssuerStorage,
  ReplacedRecord,
  StoredIssuerRecord,
} from '../../src/core/identity/issuer-storage.js'
import type { SigningKey, SigningKeyStore } from '../../src/core/identity/signing-key-store.js'
import type { Tenant, TenantRegistry } from '../../src/core/identity/tenant.js'
import type { Grants } from '../../src/core/permission/grants.js'
import type { GrantStore } from '../../src/core/permission/grant-store.js'
import type { StoredStanding } from '../../src/core/permission/standing.js'
import { systemClock, type Clock } from '../../src/core/runtime/clock.js'
import type { Log, LogLevel } from '../../src/core/runtime/log.js'
import type { RateLimitAnswer, RateLimitKey } from '../../src/core/runtime/rate-limiter.js'
import { InMemoryRateLimiter } from '../../src/testing/in-memory-rate-limiter.js'

interface Row {
  readonly record: IssuerRecord
  readonly expiresAt: number
  consumedAt: number | undefined
}

/** Records with expiry, single use and revocation by grant, as a database gives them. `available = false` is an outage. */
export class MemoryIssuerStorage implements IssuerStorage {
  available = true
  readonly rows = new Map<string, Row>()
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  async upsert(record: IssuerRecord): Promise<void> {
    this.#reach()
    const lifetime = record.expiresIn === undefined ? Number.POSITIVE_INFINITY : record.expiresIn * 1000
    const consumedAt = this.#live(idOf(record.model, record.key))?.consumedAt
    this.rows.set(idOf(record.model, record.key), { record, expiresAt: this.#clock.now() + lifetime, consumedAt })
  }

  async replace(record: IssuerRecord, basis: readonly ReplacedRecord[]): Promise<boolean> {
    const ids = basis.map(({ key, model }) => idOf(model, key))
    const stand = basis.every(({ key, model, payload }) => {
      const live = this.#live(idOf(model, key))
      return live !== undefined && (payload === undefined || Buffer.compare(live.record.payload, payload) === 0)
    })
    for (const id of ids) if (!stand || id !== idOf(record.model, record.key)) this.rows.delete(id)
    if (stand) await this.upsert(record)
    return stand
  }

  async find(model: string, key: string): Promise<StoredIssuerRecord | undefined> {
    return stored(this.#live(idOf(model, key)))
  }

  async findByUid(model: string, uid: string): Promise<StoredIssuerRecord | undefined> {
    return this.#findBy(model, (record) => record.uid === uid)
  }

  async findByUserCode(model: string, userCode: string): Promise<StoredIssuerRecord | undefined> {
    return this.#findBy(model, (record) => record.userCode === userCode)
  }

  async consume(model: string, key: string): Promise<boolean> {
    const row = this.#live(idOf(model, key))
    if (row === undefined || row.consumedAt !== undefined) return false
    row.consumedAt = Math.floor(this.#clock.now() / 1000)
    return true
  }

  async destroy(model: string, key: string): Promise<void> {
    this.#reach()
    this.rows.delete(idOf(model, key))
  }

  async take(model: string, key: string): Promise<StoredIssuerRecord | undefined> {
    const row = this.#live(idOf(model, key))
    this.rows.delete(idOf(model, key))
    return stored(row)
  }

  async revokeGrant(grant: string): Promise<void> {
    this.#reach()
    for (const [id, { record }] of this.rows) {
      if (record.grant === grant || (record.model === 'Grant' && record.key === grant)) this.rows.delete(id)
    }
  }

  /** Everything that a thief of the database would have, as text. */
  dump(): string {
    return [...this.rows.values()]
      .map(({ record }) => {
        const bytes = Buffer.from(record.payload)
        return [JSON.stringify({ ...record, payload: '' }), bytes.toString('latin1'), bytes.toString('base64url')].join(
          '\n',
        )
      })
      .join('\n')
  }

  #reach(): void {
    if (!this.available) throw new UpstreamError('AUTH_UNAVAILABLE', 'the master database does not answer')
  }

  #live(id: string): Row | undefined {
    this.#reach()
    const row = this.rows.get(id)
    return row !== undefined && row.expiresAt > this.#clock.now() ? row : undefined
  }

  #findBy(model: string, matches: (record: IssuerRecord) => boolean): StoredIssuerRecord | undefined {
    this.#reach()
    for (const [id, { record }] of this.rows) {
      if (record.model === model && matches(record)) return stored(this.#live(id))
    }
    return undefined
  }
}

function idOf(model: string, key: string): string {
  return `${model}:${key}`
}

function stored(row: Row | undefined): StoredIssuerRecord | undefined {
  return row === undefined ? undefined : { payload: row.record.payload, consumedAt: row.consumedAt }
}

/** Accounts per tenant. `available = false` makes every database unreachable. */
export class MemoryAccountStore implements AccountStore, Pick<GrantStore, 'findStanding'> {
  available = true
  /** What was looked up, in order. */
  readonly queries: ('findByEmail' | 'find' | 'findPasswordHash')[] = []
  readonly #tenants = new Map<string, Map<string, Account>>()
  readonly #hashes = new Map<string, string>()

  async findByEmail(tenant: Tenant, email: string): Promise<Account | undefined> {
    this.queries.push('findByEmail')
    return this.#of(tenant).find((account) => account.email === email)
  }

  async find(tenant: Tenant, id: string): Promise<Account | undefined> {
    this.queries.push('find')
    return this.#get(tenant, id)
  }

  async findStanding(tenant: Tenant, _issuer: string, subject: string): Promise<StoredStanding> {
    return standingOf(await this.find(tenant, subject))
  }

  async findPasswordHash(tenant: Tenant, id: string): Promise<string | undefined> {
    this.queries.push('findPasswordHash')
    return this.#get(tenant, id) === undefined ? undefined : this.#hashes.get(id)
  }

  async setPasswordHash(tenant: Tenant, id: string, passwordHash: string): Promise<void> {
    if (this.#get(tenant, id) !== undefined) this.#hashes.set(id, passwordHash)
  }

  async list(tenant: Tenant): Promise<readonly Account[]> {
    return [...this.#of(tenant)].sort((left, right) => left.email.localeCompare(right.email))
  }

  async create(tenant: Tenant, { email, name, passwordHash, grants }: NewAccount): Promise<Account> {
    const account: Account = { id: randomUUID(), email, name, disabled: false, grants }
    this.#put(tenant, account)
    if (passwordHash !== undefined) this.#hashes.set(account.id, passwordHash)
    return account
  }

  /** What an administrator does: changes grants, or disables. */
  async change(tenant: Tenant, id: string, change: { disabled?: boolean; grants?: Grants }): Promise<void> {
    const account = this.#get(tenant, id)
    if (account !== undefined) this.#put(tenant, { ...account, ...change })
  }

  #get(tenant: Tenant, id: string): Account | undefined {
    return this.#of(tenant).find((account) => account.id === id)
  }

  #put(tenant: Tenant, account: Account): void {
    const accounts = this.#tenants.get(tenant.id) ?? new Map<string, Account>()
    accounts.set(account.id, account)
    this.#tenants.set(tenant.id, accounts)
  }

  #of(tenant: Tenant): readonly Account[] {
    if (!this.available) throw new UpstreamError('TENANT_UNAVAILABLE', 'the tenant database does not answer')
    return [...(this.#tenants.get(tenant.id)?.values() ?? [])]
  }
}

/** Active tenants; our own issuer calls them by slug. */
export class MemoryTenantRegistry implements TenantRegistry {
  readonly #tenants = new Map<string, Tenant>()
  readonly #issuer: string

  constructor(issuer: string) {
    this.#issuer = issuer
  }

  add(slug: string, name: string): Tenant {
    const tenant: Tenant = { id: randomUUID(), slug, name }
    this.#tenants.set(slug, tenant)
    return tenant
  }

  deactivate(slug: string): void {
    this.#tenants.delete(slug)
  }

  async find(issuer: string, claim: string): Promise<Tenant | undefined> {
    return issuer === this.#issuer ? this.#tenants.get(claim) : undefined
  }

  async findBySlug(slug: string): Promise<Tenant | undefined> {
    return this.#tenants.get(slug)
  }

  async list(): Promise<readonly Tenant[]> {
    return [...this.#tenants.values()].sort((left, right) => left.slug.localeCompare(right.slug))
  }
}

export class MemoryApplicationStore implements ApplicationStore {
  readonly #applications = new Map<string, Application>()

  async find(clientId: string): Promise<Application | undefined> {
    return this.#applications.get(clientId)
  }

  async register(application: Application): Promise<void> {
    this.#applications.set(application.clientId, application)
  }
}

/** Keys that outlive the server that made them. */
export class MemorySigningKeyStore implements SigningKeyStore {
  #keys: readonly SigningKey[] = []

  async list(): Promise<readonly SigningKey[]> {
    return this.#keys
  }

  async ensure(key: SigningKey): Promise<readonly SigningKey[]> {
    if (this.#keys.length === 0) this.#keys = [key]
    return this.#keys
  }
}

/** Collects events. `available = false` makes recording fail as a full disk would. */
export class MemoryAuditLog implements AuditLog {
  available = true
  readonly events: AuditEvent[] = []

  async record(event: AuditEvent): Promise<void> {
    if (!this.available) throw new UpstreamError('AUTH_UNAVAILABLE', 'the audit log cannot be written')
    this.events.push(event)
  }

  retain(event: AuditEvent): void {
    this.events.push(event)
  }

  count(event: AuditEvent): void {
    this.events.push(event)
  }

  async flush(): Promise<void> {
    return undefined
  }

  ofType(type: AuditEvent['type']): readonly AuditEvent[] {
    return this.events.filter((event) => event.type === type)
  }
}

/** Collects lines instead of printing them. */
export class MemoryLog implements Log {
  readonly lines: { level: LogLevel; message: string; fields: Readonly<Record<string, unknown>> }[] = []

  write(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.lines.push({ level, message, fields })
  }
}

/** Limits that can be out of reach: `available = false` is an outage. */
export class MemoryRateLimiter extends InMemoryRateLimiter {
  available = true

  override async take(keys: readonly RateLimitKey[]): Promise<RateLimitAnswer> {
    this.#reach()
    return super.take(keys)
  }

  override async giveBack(keys: readonly RateLimitKey[]): Promise<void> {
    this.#reach()
    await super.giveBack(keys)
  }

  override async forget(keys: readonly RateLimitKey[]): Promise<void> {
    this.#reach()
    await super.forget(keys)
  }

  #reach(): void {
    if (!this.available) throw new UpstreamError('AUTH_UNAVAILABLE', 'the counts cannot be kept')
  }
}
