import type { Adapter, AdapterFactory, AdapterPayload, errors as ProviderErrors } from 'oidc-provider'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { OpenedRecord, SealedRecords } from '../record/sealed-records.js'

/** Seconds a registered client may wait for its first consent; a flood of registrations goes away by itself. */
const unusedClientSeconds = 60 * 60

export type ErrorsOfProvider = typeof ProviderErrors

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
    return this.#reach(
      this.#records.put({
        model: this.#model,
        id,
        payload: { ...payload },
        expiresIn: this.#model === 'Client' ? unusedClientSeconds : expiresIn,
        grantId: payload.grantId,
        uid: payload.uid,
      }),
    )
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
