import type { CredentialStore } from '../../src/core/credential/credential-store.js'
import type { RotationStore } from '../../src/core/external-service/rotation/rotation-store.js'

/** The same store, whose methods can be replaced. */
export function methodsOf(store: CredentialStore): CredentialStore {
  return {
    read: (...all) => store.read(...all),
    write: (...all) => store.write(...all),
    newest: (place) => store.newest(place),
    mostVersions: (place) => store.mostVersions(place),
    list: (tenant) => store.list(tenant),
    delete: (...all) => store.delete(...all),
    destroy: (place) => store.destroy(place),
  }
}

/** The same for what is known of rotations. */
export function storeOf(store: RotationStore): RotationStore {
  return {
    claim: (...all) => store.claim(...all),
    begin: (...all) => store.begin(...all),
    written: (claim) => store.written(claim),
    activate: (...all) => store.activate(...all),
    takeBack: (...all) => store.takeBack(...all),
    retired: (...all) => store.retired(...all),
    release: (claim) => store.release(claim),
    fail: (...all) => store.fail(...all),
    isGone: (claim) => store.isGone(claim),
    ask: (...all) => store.ask(...all),
    statuses: (tenant) => store.statuses(tenant),
  }
}
