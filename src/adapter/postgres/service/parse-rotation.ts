import type {
  RotationPhase,
  RotationOrigin,
  RotationActor,
  RotationStatus,
} from '../../../core/external-service/rotation/rotation-store.js'
import type { FoundService } from '../../../core/administration/service-administration.js'

/** A row of `service_rotation`, all of it `null` where there is none, with the clock beside it. */
export interface RotationRow {
  readonly phase: RotationPhase | null
  readonly origin: RotationOrigin | null
  readonly now: number
  readonly since: number
  readonly claimed_until: number | null
  readonly retire_at: number | null
  readonly retry_at: number | null
  readonly asked_at: number | null
  readonly asked_by: string | null
  readonly failures: number | null
  readonly ended_at: number | null
  readonly outcome: 'failed' | 'rotated' | null
  readonly reason: string | null
  readonly ended_by: string | null
}

/** What a row comes to, for the service that it is of. */
export function parseRotation({ id, name, settings }: FoundService, row: RotationRow): RotationStatus {
  const { ended_at: at, ended_by: by, outcome, reason } = row
  return {
    ...{ service: id, name },
    ...('fault' in settings
      ? { plan: undefined, from: undefined }
      : { plan: settings.rotation, from: settings.source.from }),
    ...{ phase: row.phase ?? 'idle', origin: row.origin ?? 'given', now: row.now, since: row.since },
    claimedUntil: row.claimed_until ?? undefined,
    retireAt: row.retire_at ?? undefined,
    retryAt: row.retry_at ?? undefined,
    askedAt: row.asked_at ?? undefined,
    askedBy: row.asked_at === null ? undefined : actorOf(row.asked_by),
    failures: row.failures ?? 0,
    last: at === null || outcome === null ? undefined : { at, outcome, reason: reason ?? undefined, by: by ?? '' },
  }
}

/** Who has asked: an administrator, or nobody knows. */
function actorOf(by: string | null): RotationActor | undefined {
  return by?.startsWith('cli:') === true ? `cli:${by.slice('cli:'.length)}` : undefined
}
