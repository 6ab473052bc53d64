import type { OwnedRecord } from '../../../core/identity/issuer-storage.js'
import type { ClientNotifier, KnownSession, SessionScope } from '../../../core/identity/session-source.js'
import { destinationOfGrant } from './consented-destination.js'
import { IssuerSessions, type IssuerSessionsPorts } from './issuer-sessions.js'
import { SealedRecords, type RecordPayload } from './sealed-records.js'

interface Standing {
  /** The digest that the grant is kept under: nobody gets in with it. */
  readonly key: string
  /** The application (client id of the server) that it leads to; `undefined` where it was made before that was kept. */
  readonly application: string | undefined
  readonly expiresAt: number | undefined
}

/** What a user has allowed a client on the consent page. */
export interface KnownConsent extends Standing {
  readonly kind: 'known'
  /** What rows on record about it are joined by, once it is digested; to be shown to nobody. */
  readonly grantId: string
  readonly clientId: string
  /** What the client calls itself. */
  readonly clientName: string | undefined
  /** The redirect URI that the access is handed to. */
  readonly destination: string
  readonly scopes: readonly string[]
  /** Seconds since the epoch. */
  readonly since: number | undefined
  /** When a token was last fetched with it, in seconds since the epoch. */
  readonly usedAt: number | undefined
}

/** A grant of which nobody can read what it allows: its row was altered, or sealed with another key. It can be taken back. */
export interface UnreadableConsent extends Standing {
  readonly kind: 'unreadable'
}

/** A consent that stands. */
export type Consent = KnownConsent | UnreadableConsent

/** The consents that stand, of every application of an installation. */
export class IssuerConsents {
  readonly #ports: IssuerSessionsPorts
  readonly #sessions: IssuerSessions
  readonly #records: SealedRecords
  readonly #clients: ClientNotifier | undefined

  /** `clients`: who tells them what has ended, in the background. */
  constructor(ports: IssuerSessionsPorts, clients?: ClientNotifier) {
    this.#ports = ports
    this.#clients = clients
    this.#sessions = new IssuerSessions(ports)
    this.#records = new SealedRecords(ports.storage, ports.keyring)
  }

  /**
   * Those of this scope, oldest first, and then those that cannot be read. What nobody was asked for, as a sign-in of the server's
   * own, is none. Throws `UpstreamError`.
   */
  async list(scope: SessionScope): Promise<readonly Consent[]> {
    const consents: Consent[] = []
    for (const session of await this.#sessions.list(scope)) {
      const consent = session.kind === 'grant' ? await this.#consentOf(session) : undefined
      if (consent !== undefined) consents.push(consent)
    }
    return consents.toSorted((one, other) => beginningOf(one) - beginningOf(other))
  }

  /** How many grants there are of this scope: no fewer than consents. Throws `UpstreamError`. */
  async count(scope: SessionScope): Promise<number> {
    return this.#sessions.countGrants(scope)
  }

  /** Ends one with whatever was issued on it; `false` where it had ended already. Nobody waits for its client. Throws `UpstreamError`. */
  async end(key: string): Promise<boolean> {
    const ended = await this.#sessions.endOne('grant', key)
    await this.#clients?.tell(ended)
    return ended.length > 0
  }

  async #consentOf({
    application,
    client,
    expiresAt,
    key,
    startedAt,
    usedAt,
  }: KnownSession): Promise<Consent | undefined> {
    const record = await this.#ports.owned.find('Grant', key)
    if (record === undefined) return undefined
    const unreadable = { kind: 'unreadable', key, application, expiresAt } as const
    const payload = this.#open(record)
    const [clientId, grantId] = [payload?.['clientId'], payload?.['jti']]
    if (payload === undefined || typeof clientId !== 'string' || typeof grantId !== 'string') return unreadable
    const destination = await destinationOfGrant(this.#records, grantId)
    if (destination === undefined) return undefined
    if (destination === 'unreadable') return unreadable
    const clientName = client === clientId ? undefined : client
    return {
      ...{ kind: 'known', key, grantId, clientId, clientName, destination: destination.redirectUri },
      ...{ scopes: scopesIn(payload), application, since: startedAt, usedAt, expiresAt },
    }
  }

  #open(record: OwnedRecord): RecordPayload | undefined {
    try {
      return this.#records.open(record)
    } catch {
      return undefined
    }
  }
}

function beginningOf(consent: Consent): number {
  return consent.kind === 'known' ? (consent.since ?? 0) : Number.MAX_SAFE_INTEGER
}

function scopesIn(payload: RecordPayload): readonly string[] {
  const { openid, resources } = payload
  const granted = Object.values(typeof resources === 'object' && resources !== null ? resources : {})
  const identity: unknown = Reflect.get(Object(openid), 'scope')
  return [
    ...new Set([...granted, identity].flatMap((list: unknown) => (typeof list === 'string' ? list.split(' ') : []))),
  ]
}
