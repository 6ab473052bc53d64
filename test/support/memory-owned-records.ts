import type { OwnedRecord, OwnedRecords, RecordScope } from '../../src/core/identity/issuer-storage.js'
import type { MemoryIssuerStorage } from './memory-ports.js'

/** The records of a storage in memory, by whose they are. */
export class MemoryOwnedRecords implements OwnedRecords {
  readonly #storage: MemoryIssuerStorage

  constructor(storage: MemoryIssuerStorage) {
    this.#storage = storage
  }

  unowned(): Promise<readonly OwnedRecord[]> {
    return Promise.resolve([])
  }

  own(): Promise<void> {
    return Promise.resolve()
  }

  async list(scope: RecordScope, models: readonly string[]): Promise<readonly OwnedRecord[]> {
    return (await this.#standing()).filter((record) => models.includes(record.model) && isOf(record, scope))
  }

  async find(model: string, key: string): Promise<OwnedRecord | undefined> {
    return (await this.#standing()).find((record) => record.model === model && record.key === key)
  }

  async remove(scope: RecordScope): Promise<readonly OwnedRecord[]> {
    const removed = (await this.#standing()).filter((record) => isOf(record, scope))
    for (const { grant, key, model } of removed) {
      await this.#storage.destroy(model, key)
      if (model === 'Grant' && grant !== undefined) await this.#storage.revokeGrant(grant)
    }
    return removed
  }

  async #standing(): Promise<readonly OwnedRecord[]> {
    const records: OwnedRecord[] = []
    for (const { record, expiresAt } of this.#storage.rows.values()) {
      const { application, grant, key, model, owner, payload } = record
      if (owner === undefined || owner === 'nobody') continue
      if ((await this.#storage.find(model, key)) === undefined) continue
      const seconds = Number.isFinite(expiresAt) ? Math.floor(expiresAt / 1000) : undefined
      records.push({ model, key, payload, grant, owner, application, expiresAt: seconds })
    }
    return records
  }
}

function isOf({ application, owner }: OwnedRecord, scope: RecordScope): boolean {
  return (
    (scope.tenant === undefined || owner?.tenant === scope.tenant) &&
    (scope.owners === undefined || (owner !== undefined && scope.owners.includes(owner.digest))) &&
    (scope.application === undefined || application === undefined || application === scope.application)
  )
}
