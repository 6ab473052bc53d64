import { createHash } from 'node:crypto'
import { secondsOf } from './rotation-plan.js'
import type { RotationStatus } from './rotation-store.js'

const longestJitter = 3_600

/** What a server has to do about a service now. */
export type RotationTask = 'replace' | 'finish'

/** `undefined`: nothing. */
export function taskOf(status: RotationStatus): RotationTask | undefined {
  const { askedAt, claimedUntil = 0, now, phase, retireAt = 0, retryAt = 0 } = status
  if (claimedUntil > now || retryAt > now) return undefined
  if (phase === 'retiring') return retireAt <= now ? 'finish' : undefined
  if (phase !== 'idle') return 'finish'
  const due = dueAt(status)
  return askedAt !== undefined || (due !== undefined && due <= now) ? 'replace' : undefined
}

/**
 * When it is due by its plan; `undefined` where there is none. Services with the same plan are not due at the same moment: each a little
 * earlier, by its id.
 */
export function dueAt({
  plan,
  service,
  since,
}: Pick<RotationStatus, 'plan' | 'service' | 'since'>): number | undefined {
  const every = plan?.every === undefined ? undefined : secondsOf(plan.every)
  if (every === undefined) return undefined
  const share = createHash('sha256').update(service).digest().readUInt16BE() / 65_536
  return since + every - Math.floor(share * Math.min(longestJitter, every / 10))
}
