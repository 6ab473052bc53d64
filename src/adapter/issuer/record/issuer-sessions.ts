import type { Keyring } from '../../../core/credential/keyring.js'
import type {
  IssuerStorage,
  OwnedRecord,
  OwnedRecords,
  RecordName,
  RecordScope,
} from '../../../core/identity/issuer-storage.js'
import type { SessionHandle } from '../../../core/identity/session-handle.js'
import { ownerDigest, tenantDigest } from '../../../core/identity/session-owner.js'
import type { GrantSource, KnownSession, SessionScope, SignInOrigin } from '../../../core/identity/session-source.js'
import { parseContext } from '../federation/sign-in-context.js'
import { recordsMadeWith, tellingModels } from './made-with.js'
import { SealedRecords, type RecordPayload } from './sealed-records.js'
import { subjectIn } from './subject-in.js'

export interface IssuerSessionsPorts {
  readonly storage: IssuerStorage
  readonly owned: OwnedRecords
  readonly keyring: Keyring
}

const kinds: Readonly<Record<string, 'grant' | 'browser'>> = { Grant: 'grant', Session: 'browser' }
const models = { grant: 'Grant', browser: 'Session' } as const
/** What a browser or a client gets in with, or is about to. */
const lettingIn = ['Grant', 'Session', 'Interaction'] as const
const batch = 500

/** What the authorization servers of an installation have let users in with, for whoever looks after sessions. */
export class IssuerSessions implements GrantSource {
  readonly #ports: IssuerSessionsPorts
  readonly #records: SealedRecords

  constructor(ports: IssuerSessionsPorts) {
    this.#ports = ports
    this.#records = new SealedRecords(ports.storage, ports.keyring)
  }

  async list(scope: SessionScope): Promise<readonly KnownSession[]> {
    await this.#attribute()
    const records = await this.#ports.owned.list(this.#scopeOf(scope), ['Grant', 'Session', 'RefreshToken'])
    return this.#known(records)
  }

  /** How many grants there are, without a look into them. Throws `UpstreamError`. */
  async countGrants(scope: SessionScope): Promise<number> {
    return (await this.#ports.owned.list(this.#scopeOf(scope), ['Grant'])).length
  }

  async end(scope: SessionScope): Promise<readonly KnownSession[]> {
    await this.#attribute()
    const { owned } = this.#ports
    const range = this.#scopeOf(scope)
    for (;;) {
      const ended = await this.#known(await owned.remove(range))
      // A request that was under way may have moved one, so that it was in no place where it could be removed.
      if (ended.length > 0 || (await owned.list(range, lettingIn)).length === 0) return ended
    }
  }

  async endOne(kind: 'grant' | 'browser', key: string): Promise<readonly KnownSession[]> {
    await this.#attribute()
    const { owned } = this.#ports
    const record = await owned.find(models[kind], key)
    if (record === undefined) return []
    const uid = kind === 'browser' ? textIn(this.#open(record) ?? {}, 'uid') : undefined
    for (let place: RecordName | undefined = record; place !== undefined;) {
      const removed = await owned.removeThese([place])
      if (removed.length > 0) return this.#known(removed)
      // A browser that has gone on meanwhile has another key by now.
      place = uid === undefined ? undefined : await this.#placeOf(uid)
    }
    return []
  }

  async endMadeWith(scope: SessionScope, origin: SignInOrigin): Promise<readonly KnownSession[]> {
    await this.#attribute()
    const { owned } = this.#ports
    for (;;) {
      const records = await owned.list(this.#scopeOf(scope), ['Grant', ...tellingModels])
      const opened = records.map((record) => ({ record, payload: this.#open(record) ?? {} }))
      const meant = recordsMadeWith(opened, origin, (grantId) => this.#records.grantDigest(grantId))
      const ended = await this.#known(await owned.removeThese(meant))
      if (ended.length > 0 || meant.length === 0) return ended
    }
  }

  /** Where the session of a browser stands, by what stays of it when its key changes. */
  async #placeOf(uid: string): Promise<RecordName | undefined> {
    const id = textIn((await this.#records.findByUid('Session', uid))?.payload ?? {}, 'jti')
    return id === undefined ? undefined : { model: 'Session', key: this.#records.keyOf('Session', id) }
  }

  /** Whose a record of an older version is stands in it, where the database cannot look. */
  async #attribute(): Promise<void> {
    const { owned } = this.#ports
    for (;;) {
      const records = await owned.unowned(batch)
      for (const record of records) await owned.own(record, this.#ownerOf(record))
      if (records.length < batch) return
    }
  }

  /** One that cannot be opened can be used by nobody either. */
  #ownerOf(record: OwnedRecord): ReturnType<SealedRecords['ownerOf']> {
    const payload = this.#open(record)
    return payload === undefined ? 'nobody' : this.#records.ownerOf(payload)
  }

  async #known(records: readonly OwnedRecord[]): Promise<readonly KnownSession[]> {
    const used = new Map<string, number>()
    const names = new Map<string, string | undefined>()
    const sids = new Map<string, string | undefined>()
    const opened = records.map((record) => ({ record, payload: this.#open(record) ?? {} }))
    for (const { record, payload } of opened) {
      const issuedAt = numberIn(payload, 'iat')
      if (record.grant === undefined || issuedAt === undefined) continue
      sids.set(record.grant, textIn(payload, 'sid') ?? sids.get(record.grant))
      used.set(record.grant, Math.max(issuedAt, used.get(record.grant) ?? 0))
    }
    const sessions: KnownSession[] = []
    for (const { record, payload } of opened) {
      const kind = kinds[record.model]
      if (kind === undefined) continue
      const clientId = textIn(payload, 'clientId')
      if (clientId !== undefined && !names.has(clientId)) names.set(clientId, await this.#nameOf(clientId))
      sessions.push({
        ...{ kind, key: record.key, tenantId: subjectIn(payload)?.tenantId, owner: record.owner?.digest },
        ...{ subject: subjectIn(payload)?.accountId, application: record.application },
        ...{ clientId, sessionId: sids.get(record.key) },
        client: clientId === undefined ? undefined : (names.get(clientId) ?? clientId),
        startedAt: parseContext(payload['acr'])?.signedInAt ?? numberIn(payload, 'loginTs') ?? numberIn(payload, 'iat'),
        usedAt: kind === 'grant' ? used.get(record.key) : numberIn(payload, 'iat'),
        expiresAt: record.expiresAt,
      })
    }
    return sessions
  }

  /** One that cannot be read keeps nobody from seeing the others. */
  async #nameOf(clientId: string): Promise<string | undefined> {
    const client = await this.#records.look('Client', clientId).catch(() => undefined)
    return client === undefined || client === 'unreadable' ? undefined : textIn(client.payload, 'client_name')
  }

  #open(record: OwnedRecord): RecordPayload | undefined {
    try {
      return this.#records.open(record)
    } catch {
      return undefined
    }
  }

  #scopeOf({ application, owners, spared, tenant }: SessionScope): RecordScope {
    const { keyring } = this.#ports
    return {
      tenant: tenant && tenantDigest(keyring, tenant.id),
      owners: owners?.map((owner) => ownerDigest(keyring, owner)),
      application,
      spared: spared && nameOf(spared),
    }
  }
}

function nameOf({ key, kind }: SessionHandle): RecordName | undefined {
  return kind === 'grant' || kind === 'browser' ? { model: models[kind], key } : undefined
}

function textIn(payload: RecordPayload, name: string): string | undefined {
  const value = payload[name]
  return typeof value === 'string' ? value : undefined
}

function numberIn(payload: RecordPayload, name: string): number | undefined {
  const value = payload[name]
  return typeof value === 'number' ? value : undefined
}
