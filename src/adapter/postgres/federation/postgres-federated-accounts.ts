import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { originFacts } from '../../../core/audit/request-origin.js'
import { identityKey, type AccountIdentity } from '../../../core/administration/account-identity.js'
import { identityWord } from '../../../core/administration/plan-identities.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import { decideEntry } from '../../../core/federation/entry/decide-entry.js'
import type {
  Acceptance,
  Accepted,
  Entrant,
  Entry,
  FederatedAccounts,
} from '../../../core/federation/entry/federated-accounts.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Databases } from '../databases.js'
import { sqlState } from '../pool/database-failure.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable } from '../storable-text.js'
import { recordAccountChange, type RecordedIn } from '../audit/record-changes.js'
import { readRule } from '../store/read-facts.js'

type Db = Kysely<TenantSchema>

/** Of administrators, who take turns with newcomers: what is decided by stays as it was read. */
const lockKey = 7_164_392_086
const mostAttempts = 3
/** A row that is there already, or refers to one that is gone. */
const interferences = new Set(['23505', '23503'])

/** Accounts by identity, and those that newcomers become, in each tenant's own database. */
export class PostgresFederatedAccounts implements FederatedAccounts {
  readonly #databases: Databases
  readonly #changes: Pick<ChangeFeed, 'publish'>

  constructor(databases: Databases, changes: Pick<ChangeFeed, 'publish'>) {
    this.#databases = databases
    this.#changes = changes
  }

  async find(tenant: Tenant, identity: AccountIdentity): Promise<Entry | undefined> {
    return isStorable(identity.issuer + identity.subject)
      ? find(await this.#databases.tenant(tenant), identity)
      : undefined
  }

  async accept(tenant: Tenant, accepted: Accepted): Promise<Acceptance> {
    const { identity } = accepted
    if (!isStorable(identity.issuer + identity.subject))
      return { outcome: 'refused', reason: 'ERR_FEDERATION_SHUT_OUT' }
    const db = await this.#databases.tenant(tenant)
    const acceptance = await db
      .transaction()
      .execute((step) => accept(step, { ...accepted, tenant, trail: this.#databases.trail }))
    if (acceptance.outcome === 'accepted') await this.#changes.publish(tenant)
    return acceptance
  }

  async enter(tenant: Tenant, entrant: Entrant): Promise<Entry> {
    // What PostgreSQL cannot hold byte for byte could become somebody else.
    if (!isStorable(entrant.issuer + entrant.subject)) return { outcome: 'refused', reason: 'ERR_FEDERATION_SHUT_OUT' }
    const db = await this.#databases.tenant(tenant)
    const known = await find(db, entrant)
    if (known !== undefined) return known
    for (let attempt = 1; ; attempt += 1) {
      try {
        const entry = await db
          .transaction()
          .execute((step) => enter(step, tenant, { ...entrant, trail: this.#databases.trail }))
        if (entry.outcome === 'entered') await this.#changes.publish(tenant)
        return entry
      } catch (error) {
        if (!interferences.has(sqlState(error) ?? '')) throw error
        if (attempt === mostAttempts) throw busy(error)
      }
    }
  }
}

interface Accepting extends Accepted, RecordedIn {
  readonly tenant: Tenant
}

/** Newcomers and administrators take turns: whose the identity is stays as it was read. */
async function accept(db: Db, { identity, invitation, origin, tenant, trail }: Accepting): Promise<Acceptance> {
  await sql`select pg_advisory_xact_lock(${lockKey})`.execute(db)
  const { issuer, subject } = identity
  const { accountId, digest } = invitation
  const known = await db
    .selectFrom('account_identity')
    .select('account_id')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst()
  if (known?.account_id === null) return { outcome: 'refused', reason: 'ERR_FEDERATION_SHUT_OUT' }
  if (known !== undefined && known.account_id !== accountId)
    return { outcome: 'refused', reason: 'ERR_FEDERATION_LINKED' }
  const used = await sql`
    delete from account_link link using account
    where link.digest = ${digest} and link.account_id = ${accountId} and link.purpose = 'invitation'
    and link.expires_at > clock_timestamp() and account.id = link.account_id and account.disabled_at is null
  `.execute(db)
  if (used.numAffectedRows !== 1n) return { outcome: 'refused', reason: 'ERR_FEDERATION_INVITATION' }
  if (known === undefined) {
    await db.insertInto('account_identity').values({ issuer, subject, account_id: accountId }).execute()
  }
  const after = [identityWord(identity)]
  await recordAccountChange(db, { trail, tenant, accountId, origin, by: 'link:invitation', after })
  return { outcome: 'accepted' }
}

async function find(db: Db, { issuer, subject }: AccountIdentity): Promise<Entry | undefined> {
  const row = await db
    .selectFrom('account_identity')
    .leftJoin('account', 'account.id', 'account_identity.account_id')
    .select((query) => [
      'account.id',
      'account.security_stamp',
      query('account.disabled_at', 'is not', null).as('disabled'),
    ])
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst()
  if (row === undefined) return undefined
  if (row.id === null) return { outcome: 'refused', reason: 'ERR_FEDERATION_SHUT_OUT' }
  const securityStamp = row.security_stamp ?? undefined
  return { outcome: 'entered', accountId: row.id, securityStamp, state: row.disabled === false ? 'active' : 'disabled' }
}

async function enter(db: Db, tenant: Tenant, entrant: Entrant & RecordedIn): Promise<Entry> {
  await sql`select pg_advisory_xact_lock(${lockKey})`.execute(db)
  const known = await find(db, entrant)
  if (known !== undefined) return known
  const taken = await readTaken(db, entrant.email)
  const decision = decideEntry(await readRule(db), entrant, (email) => taken.has(email.toLowerCase()))
  if (!decision.admitted) return { outcome: 'refused', reason: decision.reason }
  const accountId = randomUUID()
  const { email, name } = decision
  await db
    .insertInto('account')
    .values({ id: accountId, email, name: name ?? null })
    .execute()
  await sql`
    insert into account_role (account_id, role_id) select ${accountId}::uuid, role_id from sign_up_role
  `.execute(db)
  const { issuer, subject } = entrant
  await db.insertInto('account_identity').values({ issuer, subject, account_id: accountId }).execute()
  await record(db, tenant, { entrant, accountId })
  return { outcome: 'entered', accountId, state: 'active' }
}

/** The address in small letters where an account has it, however that one is written. */
async function readTaken(db: Db, email: string | undefined): Promise<ReadonlySet<string>> {
  if (email === undefined || !isStorable(email)) return new Set()
  const { rows } = await sql<{ readonly email: string }>`
    select email from account where lower(email) = lower(${email}) or email = ${email}
  `.execute(db)
  return new Set(rows.length > 0 ? [email.toLowerCase()] : [])
}

function record(
  db: Db,
  tenant: Tenant,
  { accountId, entrant }: { readonly accountId: string; readonly entrant: Entrant & RecordedIn },
): Promise<void> {
  const { clientId, issuer, origin, provider, requestId, subject, trail } = entrant
  const { personal, ...from } = originFacts(origin)
  const event = {
    type: 'signin.completed',
    reason: 'account_created',
    tenant,
    issuer,
    subject,
    clientId,
    requestId,
    detail: { provider },
    ...from,
    personal: { ...personal, account: accountId, identity: identityKey(entrant) },
  }
  return trail.add(db, [{ event: { ...event, type: 'signin.completed' }, count: 1 }])
}

function busy(cause: unknown): UpstreamError {
  return new UpstreamError('TENANT_UNAVAILABLE', 'others change the same accounts at the same time', { cause })
}
