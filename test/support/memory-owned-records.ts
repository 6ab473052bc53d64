import type { OwnedRecord, OwnedRecords, RecordName, RecordScope } from '../../src/core/identity/issuer-storage.js'
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
    return this.#remove((record) => isOf(record, scope))
  }

  async removeThese(names: readonly RecordName[]): Promise<readonly OwnedRecord[]> {
    return this.#remove((record) => names.some(({ key, model }) => record.key === key && record.model === model))
  }

  async #remove(isMeant: (record: OwnedRecord) => boolean): Promise<readonly OwnedRecord[]> {
    const standing = await this.#standing()
    const meant = standing.filter(isMeant)
    const grants = new Set(meant.filter(({ model }) => model === 'Grant').map(({ key }) => key))
    const left = standing.filter((record) => !meant.includes(record) && grants.has(record.grant ?? ''))
    for (const { key, model } of meant) await this.#storage.destroy(model, key)
    for (const grant of grants) await this.#storage.revokeGrant(grant)
    return [...meant, ...left]
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

function isOf({ application, key, model, owner }: OwnedRecord, scope: RecordScope): boolean {
  return (
    !(scope.spared?.model === model && scope.spared.key === key) &&
    (scope.tenant === undefined || owner?.tenant === scope.tenant) &&
    (scope.owners === undefined || (owner !== undefined && scope.owners.includes(owner.digest))) &&
    (scope.application === undefined || application === undefined || application === scope.application)
  )
}
