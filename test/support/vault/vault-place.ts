import { randomUUID } from 'node:crypto'
import type { CredentialPlace } from '../../../src/core/credential/credential-store.js'

/** Where nothing has been kept yet. */
export function newPlace(): CredentialPlace {
  return { tenant: { id: randomUUID(), slug: 'acme', name: 'Acme' }, service: randomUUID(), account: undefined }
}
