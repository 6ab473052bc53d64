import { AsyncLocalStorage } from 'node:async_hooks'
import type { Adapter, AdapterFactory, AdapterPayload, errors as ProviderErrors } from 'oidc-provider'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { NewRecord, OpenedRecord, RecordBasis, SealedRecords } from '../record/sealed-records.js'

/** Seconds a registered client may wait for its first consent; a flood of registrations goes away by itself. */
const unusedClientSeconds = 60 * 60

export type ErrorsOfProvider = typeof ProviderErrors

/** Said where what a request has read of a sign-in is gone before it could be written back. */
export const signInEnded = 'the sign-in has ended meanwhile'

const replacing = new AsyncLocalStorage<readonly RecordBasis[]>()

/**
 * What `write` has the provider store takes the place of these records. Throws the provider's `SessionNotFound`, with nothing written,
 * where one of them does not stand.
 */
export function writingInPlaceOf<T>(basis: readonly RecordBasis[], write: () => Promise<T>): Promise<T> {
  return replacing.run(basis, write)
}

/** The provider's storage adapter over sealed records: single use is decided by the store, never by reading first. */
export function createAdapterFactory(records: SealedRecords, errors: ErrorsOfProvider): AdapterFactory {
  return (model) => new OidcAdapter(model, records, errors)
}

class OidcAdapter implements Adapter {
  readonly #model: string
  readonly #records: SealedRecords
  readonly #errors: ErrorsOfProvider

  constructor(model: string, records: SealedRecords, errors: ErrorsOfProvider) {
    this.#model = model
    this.#records = records
    this.#errors = errors
  }

  upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const record: NewRecord = {
      model: this.#model,
      id,
      payload: { ...payload },
      expiresIn: this.#model === 'Client' ? unusedClientSeconds : expiresIn,
      grantId: payload.grantId,
      uid: payload.uid,
    }
    const basis = replacing.getStore()
    return this.#reach(basis === undefined ? this.#records.put(record) : this.#replace(record, basis))
  }

  /** Nobody is sent on to a client with this: what it asked for is not its user's any more. */
  async #replace(record: NewRecord, basis: readonly RecordBasis[]): Promise<void> {
    if (await this.#records.replace(record, basis)) return
    throw Object.assign(new this.#errors.SessionNotFound(signInEnded), { allow_redirect: false })
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return payloadOf(await this.#reach(this.#records.find(this.#model, id)))
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return payloadOf(await this.#reach(this.#records.findByUid(this.#model, uid)))
  }

  /** The device flow is off, so nothing has a user code. */
  async findByUserCode(): Promise<undefined> {
    return undefined
  }

  /** Throws `InvalidGrant` for everyone but the first; whoever races for one code ends its grant (RFC 6749 §4.1.2). */
  async consume(id: string): Promise<void> {
    if (await this.#reach(this.#records.consume(this.#model, id))) return
    if (this.#model === 'AuthorizationCode') {
      const grantId = (await this.find(id))?.grantId
      if (grantId !== undefined) await this.revokeByGrantId(grantId)
    }
    throw new this.#errors.InvalidGrant('already used')
  }

  destroy(id: string): Promise<void> {
    return this.#reach(this.#records.destroy(this.#model, id))
  }

  revokeByGrantId(grantId: string): Promise<void> {
    return this.#reach(this.#records.revokeGrant(grantId))
  }

  #reach<T>(answer: Promise<T>): Promise<T> {
    return orUnavailable(answer, this.#errors)
  }
}

/** `answer`, or, where a database is out of reach, the OAuth error for it with status 503, which the user is shown. */
export async function orUnavailable<T>(answer: Promise<T>, errors: ErrorsOfProvider): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    if (!(cause instanceof UpstreamError)) throw cause
    throw notNow(new errors.TemporarilyUnavailable('a database does not answer', { cause }))
  }
}

/** The error as one with status 503, which no client is sent away with. */
export function notNow(error: InstanceType<ErrorsOfProvider['TemporarilyUnavailable']>): Error {
  return Object.assign(error, { status: 503, statusCode: 503, allow_redirect: false })
}

function payloadOf(record: OpenedRecord | undefined): AdapterPayload | undefined {
  if (record === undefined) return undefined
  return record.consumedAt === undefined ? { ...record.payload } : { ...record.payload, consumed: record.consumedAt }
}
