import { heldCredential, type HeldCredential } from '../service-credential.js'
import { revokeCredential } from './ask-rotator.js'
import { ClaimLost } from './rotation-words.js'
import { placeOf, type RotationPorts, type RotationWork } from './rotation-work.js'

/** From then on a credential that cannot be ended at the service keeps no other from being replaced. */
const mostFailures = 5

/** Ends what a rotation leaves behind: the credential before, and what was made and has not come to be used. */
export class Retirement {
  readonly #ports: Pick<RotationPorts, 'credentials' | 'log' | 'store'>

  constructor(ports: Pick<RotationPorts, 'credentials' | 'log' | 'store'>) {
    this.#ports = ports
  }

  /** Only what nobody else can have put to use: they may have it, where the claim has lapsed. */
  async takeBack(work: RotationWork, version: number): Promise<void> {
    const { claim } = work
    if (!(await this.#ports.store.takeBack(claim, version))) throw new ClaimLost()
    work.takenBack = 'begun'
    try {
      await this.retire({ ...work, claim: { ...claim, phase: 'retiring', retiring: version } })
      work.takenBack = 'done'
    } catch (error) {
      if (error instanceof ClaimLost) throw error
      this.#ports.log.write('error', 'a credential that has not come to be used could not be ended yet', {
        ...{ tenant: claim.tenant.slug, service: claim.service.name, error },
      })
    }
  }

  /** Ends at the service what has not come to be used, where that can be done from here: nobody may come upon it any more. */
  async end({ claim, order: { rotator } }: RotationWork, leftover: HeldCredential): Promise<void> {
    if (rotator?.kind !== 'application') return
    try {
      await revokeCredential(rotator.credentials, claim, leftover)
    } catch (error) {
      this.#ports.log.write('error', 'a credential that has not come to be used could not be ended at the service', {
        ...{ tenant: claim.tenant.slug, service: claim.service.name, error },
      })
    }
  }

  /** Ends the version that goes, at the service and then in the store. Throws `RotationFault`, `ClaimLost`, `UpstreamError`. */
  async retire(work: RotationWork): Promise<void> {
    const { credentials, store } = this.#ports
    const { claim, order } = work
    const place = placeOf(claim)
    // Numbers begin again where a service has led elsewhere.
    const isGone = claim.retiring === 0 || claim.retiring === claim.service.credentialVersion
    const old = isGone ? undefined : await credentials.read(place, claim.retiring)
    const isRevoked = old === undefined || (await this.#revoke(work, heldCredential(old.version, old.members)))
    if (old !== undefined) await credentials.delete(place, old.version)
    const left = isRevoked ? undefined : { by: order.by, reason: stillGood(claim.retiring) }
    if (!(await store.retired(claim, left))) throw new ClaimLost()
    work.untidy = false
  }

  /** `false` where that has failed too often: the service would have no other credential any more, by its plan. */
  async #revoke({ claim, order: { rotator }, warnings }: RotationWork, old: HeldCredential): Promise<boolean> {
    if (claim.origin !== 'application') return true
    if (rotator?.kind !== 'application') {
      warnings.push(`version ${old.version} was not ended at the service, which only the application can do`)
      return true
    }
    try {
      await revokeCredential(rotator.credentials, claim, old)
      return true
    } catch (error) {
      if (claim.failures + 1 < mostFailures) throw error
      warnings.push(stillGood(old.version))
      this.#ports.log.write('error', 'a credential could not be ended at the service, and is given up', {
        ...{ tenant: claim.tenant.slug, service: claim.service.name, version: old.version, error },
      })
      return false
    }
  }
}

function stillGood(version: number): string {
  return `version ${version} may still be good at the service: its application could not end it`
}
