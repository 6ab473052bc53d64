import type {
  IssuerRecord,
  IssuerStorage,
  ReplacedRecord,
  StoredIssuerRecord,
} from '../../src/core/identity/issuer-storage.js'

interface Barrier {
  readonly model: string
  readonly reached: () => void
  readonly opened: Promise<void>
}

/** A storage whose next write of a model can be held up, as a slow request holds it up. */
export class HeldStorage implements IssuerStorage {
  readonly #storage: IssuerStorage
  #barrier: Barrier | undefined

  constructor(storage: IssuerStorage) {
    this.#storage = storage
  }

  /** Holds up the next write of a record of this model: `reached` resolves where it is about to be made, `open` lets it go on. */
  holdNext(model: string): { readonly reached: Promise<void>; readonly open: () => void } {
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    const reached = new Promise<void>((resolve) => (this.#barrier = { model, reached: resolve, opened }))
    return { reached, open }
  }

  async upsert(record: IssuerRecord): Promise<void> {
    await this.#pass(record)
    return this.#storage.upsert(record)
  }

  async replace(record: IssuerRecord, basis: readonly ReplacedRecord[]): Promise<boolean> {
    await this.#pass(record)
    return this.#storage.replace(record, basis)
  }

  find(model: string, key: string): Promise<StoredIssuerRecord | undefined> {
    return this.#storage.find(model, key)
  }

  findByUid(model: string, uid: string): Promise<StoredIssuerRecord | undefined> {
    return this.#storage.findByUid(model, uid)
  }

  findByUserCode(model: string, userCode: string): Promise<StoredIssuerRecord | undefined> {
    return this.#storage.findByUserCode(model, userCode)
  }

  consume(model: string, key: string): Promise<boolean> {
    return this.#storage.consume(model, key)
  }

  destroy(model: string, key: string): Promise<void> {
    return this.#storage.destroy(model, key)
  }

  take(model: string, key: string): Promise<StoredIssuerRecord | undefined> {
    return this.#storage.take(model, key)
  }

  revokeGrant(grant: string): Promise<void> {
    return this.#storage.revokeGrant(grant)
  }

  async #pass({ model }: IssuerRecord): Promise<void> {
    const barrier = this.#barrier
    if (barrier?.model !== model) return
    this.#barrier = undefined
    barrier.reached()
    await barrier.opened
  }
}
