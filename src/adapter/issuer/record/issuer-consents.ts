import type { SessionScope } from '../../../core/identity/session-source.js'
import { destinationOfGrant } from './consented-destination.js'
import { IssuerSessions, type IssuerSessionsPorts } from './issuer-sessions.js'
import { SealedRecords, type RecordPayload } from './sealed-records.js'

/** What a user has allowed a client on the consent page. */
export interface KnownConsent {
  /** The digest that the grant is kept under: nobody gets in with it. */
  readonly key: string
  /** What rows on record about it are joined by, once it is digested; to be shown to nobody. */
  readonly grantId: string
  readonly clientId: string
  /** What the client calls itself. */
  readonly clientName: string | undefined
  /** The redirect URI that the access is handed to. */
  readonly destination: string
  readonly scopes: readonly string[]
  /** The application (client id of the server) that it leads to; `undefined` where it was made before that was kept. */
  readonly application: string | undefined
  /** Seconds since the epoch, like the two below. */
  readonly since: number | undefined
  /** When a token was last fetched with it. */
  readonly usedAt: number | undefined
  readonly expiresAt: number | undefined
}

/** The consents that stand, of every application of an installation. */
export class IssuerConsents {
  readonly #ports: IssuerSessionsPorts
  readonly #sessions: IssuerSessions
  readonly #records: SealedRecords

  constructor(ports: IssuerSessionsPorts) {
    this.#ports = ports
    this.#sessions = new IssuerSessions(ports)
    this.#records = new SealedRecords(ports.storage, ports.keyring)
  }

  /** Those of this scope, oldest first. What nobody was asked for, as a sign-in of the server's own, is none. Throws `UpstreamError`. */
  async list(scope: SessionScope): Promise<readonly KnownConsent[]> {
    const consents: KnownConsent[] = []
    for (const session of await this.#sessions.list(scope)) {
      if (session.kind !== 'grant') continue
      const { application, client, expiresAt, key, startedAt, usedAt } = session
      const payload = await this.#payloadOf(key)
      const [clientId, grantId] = [payload?.['clientId'], payload?.['jti']]
      if (payload === undefined || typeof clientId !== 'string' || typeof grantId !== 'string') continue
      const destination = await destinationOfGrant(this.#records, grantId)
      if (destination === undefined) continue
      const clientName = client === clientId ? undefined : client
      const scopes = scopesIn(payload)
      consents.push({
        key,
        grantId,
        clientId,
        clientName,
        destination,
        scopes,
        application,
        since: startedAt,
        usedAt,
        expiresAt,
      })
    }
    return consents.toSorted((one, other) => (one.since ?? 0) - (other.since ?? 0))
  }

  /** Ends one with whatever was issued on it; `false` where it had ended already. Throws `UpstreamError`. */
  async end(key: string): Promise<boolean> {
    return (await this.#sessions.endOne('grant', key)).length > 0
  }

  async #payloadOf(key: string): Promise<RecordPayload | undefined> {
    const record = await this.#ports.owned.find('Grant', key)
    return record && this.#records.open(record)
  }
}

function scopesIn(payload: RecordPayload): readonly string[] {
  const { openid, resources } = payload
  const granted = Object.values(typeof resources === 'object' && resources !== null ? resources : {})
  const identity: unknown = Reflect.get(Object(openid), 'scope')
  return [
    ...new Set([...granted, identity].flatMap((list: unknown) => (typeof list === 'string' ? list.split(' ') : []))),
  ]
}
