import type { AuditPlace } from '../../adapter/postgres/audit/keep/audit-maintenance.js'
import type { KnownReceiver } from '../../adapter/postgres/audit/keep/receivers.js'
import type { Agree } from '../administration/change-tenant.js'
import { withInstallation } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { inEachTrail, type UnreachedTrail } from './in-trail.js'
import { findTrails, type TrailChoice } from './maintained-places.js'

/** Somebody to whom a trail was sent. */
export interface TrailReceiver extends KnownReceiver {
  /** The tenant's short name; `undefined` for master. */
  readonly tenant: string | undefined
}

export interface TrailReceivers {
  readonly receivers: readonly TrailReceiver[]
  readonly unreached: readonly UnreachedTrail[]
}

export interface ReceiverChoice {
  readonly choice: TrailChoice
  readonly destination: string
  readonly agree: Agree
}

export interface ForgottenReceivers {
  /** In how many trails nobody waits for it any more. */
  readonly forgotten: number
  readonly unreached: readonly UnreachedTrail[]
}

/** To whom the trails were sent, who may be there no more, and how far they are. */
export function listReceivers(env: NodeJS.ProcessEnv, choice: TrailChoice): Promise<TrailReceivers> {
  return withInstallation(env, async ({ postgres: { auditMaintenance } }) => {
    const receivers: TrailReceiver[] = []
    const unreached = await inEachTrail(await findTrails(auditMaintenance, choice), async (place) => {
      const known = await auditMaintenance.receivers(place)
      receivers.push(...known.map((receiver) => ({ tenant: place.tenant?.slug, ...receiver })))
    })
    return { receivers, unreached }
  })
}

/** Has nobody wait for a receiver any more. Throws `RefusedError` for one that is not known, and where `agree` does. */
export function forgetReceiver(
  env: NodeJS.ProcessEnv,
  { agree, choice, destination }: ReceiverChoice,
): Promise<ForgottenReceivers> {
  return withInstallation(env, async ({ by, postgres: { auditMaintenance } }) => {
    const places: AuditPlace[] = []
    let last = ''
    const unreached = await inEachTrail(await findTrails(auditMaintenance, choice), async (place) => {
      const known = (await auditMaintenance.receivers(place)).find((receiver) => receiver.destination === destination)
      if (known === undefined) return
      places.push(place)
      last = [last, known.sentAt.toISOString()].toSorted().at(-1) ?? ''
    })
    if (places.length === 0 && unreached.length === 0) {
      throw new RefusedError(`nothing was ever sent to ${destination}; authsec audit receivers shows to whom`)
    }
    if (places.length === 0) return { forgotten: 0, unreached }
    const names = places.map(({ tenant }) => tenant?.slug ?? 'master').join(', ')
    await agree([
      `what ${destination} does not have yet will not be kept for it any more, in: ${names}`,
      `it last took something at ${last}; a server that still sends there begins with the first row again`,
    ])
    const missed = await inEachTrail(places, async (place) => {
      await auditMaintenance.forget(place, { destination, by })
    })
    return { forgotten: places.length - missed.length, unreached: [...unreached, ...missed] }
  })
}
