import type { Keyring } from '../../../core/credential/keyring.js'
import type { IssuerStorage, OwnedRecord, OwnedRecords, RecordScope } from '../../../core/identity/issuer-storage.js'
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
    return this.#known(await this.#ports.owned.remove(this.#scopeOf(scope)))
  }

  async endOne(kind: 'grant' | 'browser', key: string): Promise<readonly KnownSession[]> {
    await this.#attribute()
    const { owned, storage } = this.#ports
    const model = models[kind]
    const record = await owned.find(model, key)
    if (record === undefined) return []
    const tokens = kind === 'grant' ? await this.#tokensOf(record) : []
    if (kind === 'grant') await storage.revokeGrant(key)
    else await storage.destroy(model, key)
    return this.#known([record, ...tokens])
  }

  async endMadeWith(scope: SessionScope, origin: SignInOrigin): Promise<readonly KnownSession[]> {
    await this.#attribute()
    const { owned, storage } = this.#ports
    const records = await owned.list(this.#scopeOf(scope), ['Grant', ...tellingModels])
    const opened = records.map((record) => ({ record, payload: this.#open(record) ?? {} }))
    const ended = recordsMadeWith(opened, origin, (grantId) => this.#records.grantDigest(grantId))
    for (const { key, model } of ended) {
      if (model === 'Grant') await storage.revokeGrant(key)
      else await storage.destroy(model, key)
    }
    const grants = new Set(ended.map(({ key }) => key))
    const tokens = records.filter(({ grant, model }) => model === 'RefreshToken' && grants.has(grant ?? ''))
    return this.#known([...ended, ...tokens])
  }

  /** The refresh tokens of a grant. */
  async #tokensOf({ key, owner }: OwnedRecord): Promise<readonly OwnedRecord[]> {
    if (owner === undefined) return []
    const scope = { tenant: owner.tenant, owners: [owner.digest], application: undefined }
    return (await this.#ports.owned.list(scope, ['RefreshToken'])).filter(({ grant }) => grant === key)
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
    const client = await this.#records.look('Client', clientId)
    return client === undefined || client === 'unreadable' ? undefined : textIn(client.payload, 'client_name')
  }

  #open(record: OwnedRecord): RecordPayload | undefined {
    try {
      return this.#records.open(record)
    } catch {
      return undefined
    }
  }

  #scopeOf({ application, owners, tenant }: SessionScope): RecordScope {
    const { keyring } = this.#ports
    return {
      tenant: tenant && tenantDigest(keyring, tenant.id),
      owners: owners?.map((owner) => ownerDigest(keyring, owner)),
      application,
    }
  }
}

function textIn(payload: RecordPayload, name: string): string | undefined {
  const value = payload[name]
  return typeof value === 'string' ? value : undefined
}

function numberIn(payload: RecordPayload, name: string): number | undefined {
  const value = payload[name]
  return typeof value === 'number' ? value : undefined
}
