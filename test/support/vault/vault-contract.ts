import { randomUUID } from 'node:crypto'
import type { CredentialStore } from '../../../src/core/credential/credential-store.js'
import type { ContractedStore } from '../credential-store-contract.js'

/** A store in Vault needs to know nobody beforehand. */
export function contracted(store: CredentialStore, close: () => Promise<void>): ContractedStore {
  return {
    store,
    tenant: async () => await Promise.resolve({ id: randomUUID(), slug: 'acme', name: 'Acme' }),
    service: async () => await Promise.resolve(randomUUID()),
    account: async () => await Promise.resolve(randomUUID()),
    close,
  }
}
