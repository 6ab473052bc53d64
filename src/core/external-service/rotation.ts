import {
  CredentialConflict,
  type CredentialMembers,
  type CredentialPlace,
  type CredentialStore,
  type StoredCredential,
} from '../credential/credential-store.js'
import { ServiceError } from '../error/service-error.js'
import type { Log } from '../runtime/log.js'
import type { ExternalService } from './external-service.js'

/** Makes a new credential out of the one that is used. It must leave the old one working, or be able to be asked again. */
export interface Rotator {
  /** The members of the next version. Throws what is in the way, in words for an administrator. */
  rotate(service: ExternalService, current: StoredCredential): Promise<CredentialMembers>
}

/** A rotation that this process alone may go on with, for a while. */
export interface RotationClaim {
  readonly place: CredentialPlace
  readonly service: ExternalService
  /** The version that is used. */
  readonly active: number
}

/** Where it stands which version is used, and who is changing that. Each method throws `UpstreamError`. */
export interface RotationStore {
  /** `undefined` where another process has it, or what was to be rotated is gone. */
  claim(place: CredentialPlace): Promise<RotationClaim | undefined>
  /** From now on `version` is used, everywhere; on record with it. `false` where another version has been put in place meanwhile. */
  activate(claim: RotationClaim, version: number, expiresAt: number | undefined): Promise<boolean>
  /** The old one goes on; others may try, after a while. */
  fail(claim: RotationClaim, reason: string): Promise<void>
}

export interface RotationPorts {
  readonly credentials: CredentialStore
  readonly store: RotationStore
  readonly log: Log
}

/** What became of a rotation: `resumed` put in place what an earlier one had written, and had not come to use. */
export type RotationOutcome =
  { readonly outcome: 'rotated' | 'resumed'; readonly version: number } | { readonly outcome: 'busy' }

/**
 * Replaces credentials in two steps: the new version is written after the newest by compare-and-set, then it is put to use. Whatever
 * ends in between, at any moment, leaves the old one in use; what was written is put to use by whoever comes next. A failure leaves
 * everything as it is, and says so.
 */
export class Rotation {
  readonly #ports: RotationPorts

  constructor(ports: RotationPorts) {
    this.#ports = ports
  }

  /** Throws what the rotator or the store throws; the old credential is in use then. */
  async rotate(place: CredentialPlace, rotator: Rotator): Promise<RotationOutcome> {
    const { store } = this.#ports
    const claim = await store.claim(place)
    if (claim === undefined) return { outcome: 'busy' }
    try {
      return (await this.#resume(claim)) ?? (await this.#replace(claim, rotator))
    } catch (error) {
      await this.#fail(claim, error)
      throw error
    }
  }

  /** A version that was written and is not used yet is the only one that knows what the service gave. */
  async #resume(claim: RotationClaim): Promise<RotationOutcome | undefined> {
    const { credentials } = this.#ports
    const newest = await credentials.newest(claim.place)
    if (newest <= claim.active) return undefined
    const written = await credentials.read(claim.place, newest)
    return written === undefined ? undefined : this.#activate(claim, written, 'resumed')
  }

  async #replace(claim: RotationClaim, rotator: Rotator): Promise<RotationOutcome> {
    const { credentials } = this.#ports
    const { active, place, service } = claim
    const current = active === 0 ? undefined : await credentials.read(place, active)
    if (current === undefined) {
      throw new ServiceError(
        'ERR_SERVICE_CREDENTIAL',
        service.name,
        `${service.name} has no credential that could be rotated`,
      )
    }
    const after = await credentials.newest(place)
    const members = await rotator.rotate(service, current)
    try {
      const version = await credentials.write(place, members, after)
      return await this.#activate(claim, { version, members, writtenAt: 0 }, 'rotated')
    } catch (error) {
      if (!(error instanceof CredentialConflict)) throw error
      // Somebody who did not ask for a turn, such as a console of the store: theirs is the newest word.
      const theirs = await this.#resume(claim)
      if (theirs === undefined) throw error
      return theirs
    }
  }

  async #activate(
    claim: RotationClaim,
    { members, version }: StoredCredential,
    outcome: 'rotated' | 'resumed',
  ): Promise<RotationOutcome> {
    const expiresAt = Number(members['expires_at'] ?? NaN)
    const done = await this.#ports.store.activate(claim, version, Number.isFinite(expiresAt) ? expiresAt : undefined)
    if (!done) return { outcome: 'busy' }
    await this.#forgetOld(claim)
    return { outcome, version }
  }

  /** The one before stays for whoever has just read it. What cannot be deleted now goes with the next rotation or the service. */
  async #forgetOld({ active, place, service }: RotationClaim): Promise<void> {
    if (active < 2) return
    try {
      await this.#ports.credentials.delete(place, active - 1)
    } catch (error) {
      this.#ports.log.write('warn', 'an old credential could not be deleted', { service: service.name, error })
    }
  }

  async #fail(claim: RotationClaim, error: unknown): Promise<void> {
    const { log, store } = this.#ports
    const { place, service } = claim
    log.write('error', 'a credential was not rotated: the one before goes on', {
      ...{ tenant: place.tenant.slug, service: service.name, error },
    })
    try {
      await store.fail(claim, error instanceof Error ? error.name : 'unknown')
    } catch (failure) {
      log.write('warn', 'that a rotation failed could not be noted', { service: service.name, error: failure })
    }
  }
}
