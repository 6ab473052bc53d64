import type { ClientMetadata } from 'oidc-provider'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { IssuerStorage, OwnedRecords } from '../../../core/identity/issuer-storage.js'
import type { ClientNotifier, KnownSession } from '../../../core/identity/session-source.js'
import type { SigningKeyStore } from '../../../core/identity/signing-key-store.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Fetcher, NetworkReach } from '../../../core/runtime/fetcher.js'
import type { Log } from '../../../core/runtime/log.js'
import type { RateLimiter } from '../../../core/runtime/rate-limiter.js'
import { ClientDocuments, isClientIdUrl, tooManyDocuments } from '../client/client-documents.js'
import { parsePublicUrl } from '../http/public-url.js'
import { applyClientPolicy } from '../provider/client-policy.js'
import { loadOidcProvider } from '../provider/load-oidc-provider.js'
import { IssuerSessions } from '../record/issuer-sessions.js'
import { SealedRecords } from '../record/sealed-records.js'
import { LogoutNotices, type LogoutNotice } from './logout-notices.js'

export interface EndedGrantsPorts {
  readonly issuer: string
  readonly storage: IssuerStorage
  /** The same records by whose they are. */
  readonly owned: OwnedRecords
  readonly keyring: Keyring
  readonly keys: Pick<SigningKeyStore, 'list'>
  readonly limiter: RateLimiter
  readonly outgoing: { readonly fetcher: Fetcher; readonly reach: NetworkReach }
  readonly clock: Clock
  readonly log: Log
}

const atOnce = 8

/** Lets clients hear of grants that somebody else than their user has ended, from whichever process that is done in. */
export class EndedGrants implements ClientNotifier {
  readonly #ports: EndedGrantsPorts
  readonly #records: SealedRecords
  readonly #sessions: IssuerSessions
  readonly #documents: ClientDocuments

  constructor(ports: EndedGrantsPorts) {
    const { clock, keyring, limiter, log, outgoing, storage } = ports
    this.#ports = ports
    this.#sessions = new IssuerSessions(ports)
    this.#records = new SealedRecords(storage, keyring)
    this.#documents = new ClientDocuments({ ...outgoing, limiter, clock, log })
  }

  async tell(ended: readonly KnownSession[], signal?: AbortSignal): Promise<void> {
    const { clock, issuer, keys, log, outgoing } = this.#ports
    try {
      signal?.throwIfAborted()
      const notices = await this.#noticesFor(ended)
      const [signingKey] = notices.length === 0 ? [] : await keys.list()
      if (signingKey === undefined) return
      await new LogoutNotices({ issuer, signingKey, outgoing, clock, log }).deliver(notices, signal)
    } catch (error) {
      log.write('warn', 'clients were not told of what has ended', { error })
    }
  }

  /** One for each client and sign-in, whatever it had there. */
  async #noticesFor(ended: readonly KnownSession[]): Promise<readonly LogoutNotice[]> {
    const clients = await this.#clientsOf(ended.filter(({ kind }) => kind === 'grant'))
    const notices = new Map<string, LogoutNotice>()
    for (const session of ended) {
      const { clientId, kind, sessionId, subject } = session
      if (kind !== 'grant' || clientId === undefined || subject === undefined) continue
      const client = clients.get(clientId)
      if (client?.backchannelLogoutUri === undefined) continue
      const known = JSON.stringify([clientId, subject, sessionId ?? null])
      if (notices.has(known) || (sessionId === undefined && (await this.#hasMore(session)))) continue
      notices.set(known, { client, sessionId, subject })
    }
    return [...notices.values()]
  }

  /** Whether the client has more of this user, which would end there with a notice that names no session. */
  async #hasMore({ clientId, subject, tenantId }: KnownSession): Promise<boolean> {
    if (subject === undefined || tenantId === undefined) return true
    const owners = [{ tenantId, issuer: undefined, subject }]
    const standing = await this.#sessions.list({ tenant: undefined, owners, application: undefined })
    return standing.some((one) => one.kind === 'grant' && one.clientId === clientId)
  }

  async #clientsOf(ended: readonly KnownSession[]): Promise<ReadonlyMap<string, LogoutNotice['client'] | undefined>> {
    const ids = [...new Set(ended.flatMap(({ clientId }) => clientId ?? []))]
    const clients = new Map<string, LogoutNotice['client'] | undefined>()
    for (let first = 0; first < ids.length; first += atOnce) {
      const some = ids.slice(first, first + atOnce)
      await Promise.all(some.map(async (id) => clients.set(id, await this.#find(id))))
    }
    return clients
  }

  /** `undefined` for a client that is gone, and for one of which nobody can tell where it hears: it is no matter of the others. */
  async #find(clientId: string): Promise<LogoutNotice['client'] | undefined> {
    try {
      return await this.#read(clientId)
    } catch (error) {
      this.#ports.log.write('warn', 'a client was not told of a logout', { clientId, error })
      return undefined
    }
  }

  /** What a client says of logouts, held against the rules for it. */
  async #read(clientId: string): Promise<LogoutNotice['client'] | undefined> {
    const { issuer, log } = this.#ports
    const metadata = await this.#metadataOf(clientId)
    if (metadata === undefined) return undefined
    const { errors } = await loadOidcProvider(log)
    applyClientPolicy(metadata, { errors, url: parsePublicUrl(issuer), relyingParty: undefined })
    const uri: unknown = metadata['backchannel_logout_uri']
    return {
      clientId,
      backchannelLogoutUri: typeof uri === 'string' ? uri : undefined,
    }
  }

  async #metadataOf(clientId: string): Promise<ClientMetadata | undefined> {
    const record = await this.#records.look('Client', clientId)
    if (record === 'unreadable') throw new TypeError('the registration of the client cannot be read')
    if (record !== undefined) return { ...record.payload, client_id: clientId }
    if (!isClientIdUrl(clientId)) return undefined
    const outcome = await this.#documents.find(clientId, undefined)
    if (outcome.kind === 'refused') throw new TypeError(outcome.problem)
    if (outcome.kind === 'busy') throw new UpstreamError('OVERLOADED', tooManyDocuments)
    const document: unknown = JSON.parse(Buffer.from(outcome.answer.body).toString('utf8'))
    return { ...Object(document), client_id: clientId }
  }
}
