import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../audit/audit-event.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { Keyring } from '../credential/keyring.js'
import type { SessionFeed, SessionNotice } from '../runtime/session-feed.js'
import type { Administrator } from '../administration/tenant-administration.js'
import type { AccountStore } from './account-store.js'
import { Ends } from './ends.js'
import { ownerDigest, type SessionOwner } from './session-owner.js'
import type { SessionHandle } from './session-handle.js'
import type {
  ClientNotifier,
  GrantSource,
  KnownSession,
  SessionScope,
  SignInOrigin,
  SignInSource,
  TransportSource,
} from './session-source.js'
import type { Tenant } from './tenant.js'

/** One session as an administrator sees it. */
export interface ListedSession extends KnownSession {
  readonly tenant: Tenant | undefined
  /** The address of the account, where there is one. */
  readonly email: string | undefined
}

export interface SessionListing {
  readonly sessions: readonly ListedSession[]
  /** Tenants whose sign-ins are not among them: their database does not answer. */
  readonly silent: readonly Tenant[]
}

export interface SessionDirectoryPorts {
  readonly signIns: SignInSource
  readonly transports: TransportSource
  readonly grants: GrantSource
  readonly accounts: Pick<AccountStore, 'list'>
  readonly audit: Pick<AuditLog, 'record' | 'retain'>
  readonly feed: Pick<SessionFeed, 'publishAll'>
  readonly keyring: Keyring
  /** Absent where clients hear nothing. */
  readonly clients?: ClientNotifier | undefined
  /** The installation's own issuer. */
  readonly ownIssuer: string
  /** The administrator for whom this is; absent where users and servers end sessions themselves. */
  readonly by?: Administrator | undefined
}

/** So many are told of one by one; for more, everybody looks at everything. */
const toldOneByOne = 100

/** Whatever lets anybody in, over all tenants and replicas: what there is, and the end of it. */
export class SessionDirectory {
  readonly #ports: SessionDirectoryPorts

  constructor(ports: SessionDirectoryPorts) {
    this.#ports = ports
  }

  /** The names under which an account has sessions. Throws `UpstreamError`. */
  async ownersOf(tenant: Tenant, accountId: string): Promise<readonly SessionOwner[]> {
    return this.#ports.signIns.ownersOf(tenant, accountId)
  }

  /** What stands, by tenant and beginning, as far as the tenants' databases answer. Throws `UpstreamError` where master does not. */
  async list(scope: SessionScope): Promise<SessionListing> {
    const { grants, signIns, transports } = this.#ports
    const tenants = await signIns.tenants()
    const meant = tenants.filter(({ id }) => scope.tenant === undefined || scope.tenant.id === id)
    const found = new Ends()
    for (const tenant of meant) await found.take(() => signIns.list(tenant, scope), tenant)
    const signedIn = found.ended
    const others = [await transports.list(scope, keysOf(signedIn)), await grants.list(scope)]
    const named = await this.#named([...signedIn, ...others.flat()], tenants)
    return { sessions: named.toSorted(byTenantAndBeginning), silent: found.silent }
  }

  /**
   * Ends everything of this scope, each session on record; answers with what ended. What is out of reach does not keep the rest
   * from ending: throws `UpstreamError` afterwards.
   */
  async end(scope: SessionScope): Promise<readonly ListedSession[]> {
    const { grants, signIns, transports } = this.#ports
    const tenants = await signIns.tenants()
    const meant = tenants.filter(({ id }) => scope.tenant === undefined || scope.tenant.id === id)
    // Whoever could make new sign-ins and sessions first, then these.
    const ends = new Ends()
    await ends.takeAll(() => grants.end(scope))
    for (const tenant of meant) await ends.take(() => signIns.end(tenant, scope), tenant)
    await ends.take(() => transports.end(scope))
    await ends.take(() => transports.endBound(keysOf(ends.ended)))
    return this.#settle(ends, tenants, scope)
  }

  /** Ends one; a sign-in and the transport session that goes by it end together. Nothing has ended where the answer is empty. Throws like `end`. */
  async endOne({ kind, key }: SessionHandle, tenant: Tenant | undefined): Promise<readonly ListedSession[]> {
    const { grants, signIns, transports } = this.#ports
    const tenants = await signIns.tenants()
    const ends = new Ends()
    if (kind === 'transport') {
      await ends.take(() => transports.endOne(key))
      // Nobody else goes by its sign-in.
      for (const { signIn, tenantId } of [...ends.ended]) {
        const home = tenants.find(({ id }) => id === tenantId)
        if (home !== undefined && signIn !== undefined) await ends.take(() => signIns.endOne(home, signIn))
      }
    } else if (kind === 'sign-in') {
      for (const one of tenants) {
        if (tenant === undefined || tenant.id === one.id) await ends.take(() => signIns.endOne(one, key), one)
      }
      await ends.take(() => transports.endBound(keysOf(ends.ended)))
    } else await ends.take(() => grants.endOne(kind, key))
    return this.#settle(ends, tenants, { tenant, owners: undefined, application: undefined })
  }

  /** Ends what an account is signed in with by one way alone, and what rests on it. Throws like `end`. */
  async endMadeWith(tenant: Tenant, account: string, origin: SignInOrigin): Promise<readonly ListedSession[]> {
    const { grants, signIns, transports } = this.#ports
    const owner = { tenantId: tenant.id, issuer: undefined, subject: account }
    const scope: SessionScope = { tenant, owners: [owner], application: undefined }
    const ends = new Ends()
    await ends.takeAll(() => grants.endMadeWith(scope, origin))
    const ended = ends.ended.filter(({ kind }) => kind === 'grant').map(({ key }) => key)
    await ends.take(() => signIns.endGranted(tenant, ended), tenant)
    await ends.take(() => transports.endBound(keysOf(ends.ended)))
    return this.#settle(ends, [tenant], scope)
  }

  async #settle(ends: Ends, tenants: readonly Tenant[], scope: SessionScope): Promise<readonly ListedSession[]> {
    await this.#ports.feed.publishAll(noticesOf(ends.ended))
    const requestId = randomUUID()
    const named = await this.#named(ends.ended, tenants)
    const { by, ownIssuer } = this.#ports
    const rows = named
      .filter(({ kind }) => kind !== 'sign-in')
      .map((session) => endedEvent(session, { requestId, ownIssuer }))
    const changes = ends.ended.length === 0 ? [] : [changedEvent(scope, ends.ended, { requestId, by })]
    await Promise.all([...rows, ...changes].map((event) => this.#record(event)))
    await this.#ports.clients?.tell(ends.ended)
    ends.throwFailure()
    return named
  }

  /** What has ended has ended: where that cannot be recorded now, it is as soon as it can. */
  async #record(event: AuditEvent): Promise<void> {
    const { audit } = this.#ports
    await audit.record(event).catch(() => audit.retain(event))
  }

  async #named(sessions: readonly KnownSession[], tenants: readonly Tenant[]): Promise<readonly ListedSession[]> {
    const concerned = tenants.filter(({ id }) => sessions.some(({ tenantId }) => tenantId === id))
    // Whose it is must not keep anybody from seeing that it is there, or from ending it.
    const people = new Map(await inTurn(concerned, (tenant) => this.#people(tenant).catch(() => [])))
    const signIns = new Map(sessions.filter(({ kind }) => kind === 'sign-in').map((one) => [one.key, one]))
    return sessions.map((session) => {
      const { owner, subject } = signIns.get(session.signIn ?? '') ?? session
      const known = people.get(owner ?? '')
      return { ...session, tenant: tenantOf(session, tenants), email: known?.email, subject: subject ?? known?.id }
    })
  }

  /** The accounts of a tenant, by the digests that stand for them. */
  async #people(tenant: Tenant): Promise<readonly (readonly [string, Person])[]> {
    const { accounts, keyring } = this.#ports
    const list = await accounts.list(tenant)
    return list.map(({ id, email }) => {
      const owner = { tenantId: tenant.id, issuer: undefined, subject: id }
      return [ownerDigest(keyring, owner), { id, email }] as const
    })
  }
}

interface Person {
  readonly id: string
  readonly email: string
}

/** One tenant after the other: nobody waits for an administrator's look, so it need not take connections from those who do. */
async function inTurn<Value>(
  tenants: readonly Tenant[],
  ask: (tenant: Tenant) => Promise<readonly Value[]>,
): Promise<readonly Value[]> {
  const values: Value[] = []
  for (const tenant of tenants) values.push(...(await ask(tenant)))
  return values
}

function keysOf(sessions: readonly KnownSession[]): readonly string[] {
  return sessions.filter(({ kind }) => kind === 'sign-in').map(({ key }) => key)
}

function tenantOf({ tenantId }: KnownSession, tenants: readonly Tenant[]): Tenant | undefined {
  return tenants.find(({ id }) => id === tenantId)
}

function noticesOf(ended: readonly KnownSession[]): readonly SessionNotice[] {
  if (ended.length > toldOneByOne) return [{ about: 'everything' }]
  return ended.flatMap(({ kind, key }): readonly SessionNotice[] => {
    if (kind === 'transport') return [{ about: 'session', digest: key }]
    return kind === 'browser' ? [] : [{ about: kind, key }]
  })
}

interface Ending {
  readonly requestId: string
  readonly ownIssuer: string
}

/** Sign-ins have theirs from whoever ended them. */
function endedEvent(session: ListedSession, { requestId, ownIssuer }: Ending): AuditEvent {
  const { application, client, kind, subject, tenant } = session
  const issuer = subject === undefined ? undefined : ownIssuer
  const detail = {
    kind,
    ...(application === undefined ? {} : { application }),
    ...(client === undefined ? {} : { client }),
  }
  return { type: 'session.ended', reason: 'terminated', tenant, issuer, subject, requestId, detail }
}

/** By an administrator it is a change like any other; of users and servers, who are not told here, whose sessions they were. */
function changedEvent(
  { application, owners, tenant }: SessionScope,
  ended: readonly KnownSession[],
  { by, requestId }: Pick<Ending, 'requestId'> & Pick<SessionDirectoryPorts, 'by'>,
): AuditEvent {
  const owner = owners?.[0]?.subject
  const kinds = new Map<string, number>()
  for (const { kind } of ended) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const before = [...kinds].map(([kind, count]) => `${count} ${kind}`)
  const change = { action: 'removed', noun: 'sessions', name: owner ?? application ?? 'all', before, after: [] }
  const detail = { ...change, sessions: ended.length, ...(application === undefined ? {} : { application }) }
  const common = { type: 'admin.changed', operation: 'session.end', reason: 'sessions_removed' } as const
  return { ...common, tenant, subject: by ?? owner, requestId, detail }
}

function byTenantAndBeginning(one: ListedSession, other: ListedSession): number {
  const [slug, otherSlug] = [one.tenant?.slug ?? '', other.tenant?.slug ?? '']
  if (slug !== otherSlug) return slug < otherSlug ? -1 : 1
  return (one.startedAt ?? 0) - (other.startedAt ?? 0)
}
