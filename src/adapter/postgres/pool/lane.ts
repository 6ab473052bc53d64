import type { Connection } from './connection.js'

/** Who enters a database, where it is not whom the settings name. */
export interface DatabaseLogin {
  readonly role: string
  readonly password: string
}

/** Somebody who waits for a connection. */
export interface Waiter {
  /** When they came, by `performance.now()`. */
  readonly since: number
  /** Ends the waiting. */
  timer: NodeJS.Timeout
  readonly resolve: (connection: Connection) => void
  readonly reject: (error: unknown) => void
}

/** A connection that is being opened. */
export interface Opening {
  /** Whom it is for; `undefined` once they have got another one. */
  waiter: Waiter | undefined
}

/** The share of one database in a pool. */
export class Lane {
  readonly database: string
  /** As the last caller has it: passwords change. */
  login: DatabaseLogin | undefined
  /** Longest idle first. */
  readonly idle: Connection[] = []
  /** First come, first served. */
  readonly waiters: Waiter[] = []
  /** Longest under way first. */
  readonly opening = new Set<Opening>()
  /** Connections that are open or being opened, idle ones included. */
  open = 0
  /** When somebody was last done with a connection and nothing had failed, by `performance.now()`. */
  movedAt = -Infinity
  /** The last connection could not be opened: until one can, one at a time is tried, for everybody who waits. */
  troubled = false
  /** Runs while no connection is to be tried. */
  pause: NodeJS.Timeout | undefined

  constructor(database: string) {
    this.database = database
  }

  get busy(): number {
    return this.open - this.idle.length
  }

  /** Whether nothing would be lost without it. */
  get unused(): boolean {
    return this.open === 0 && this.waiters.length === 0 && this.pause === undefined
  }

  /** Whoever waits for a connection that is still being opened takes one that is idle before: a name server may hang, or the network. */
  serveEarly(): void {
    for (const opening of this.opening) {
      if (opening.waiter === undefined) continue
      const idle = this.idle.pop()
      if (idle === undefined) return
      opening.waiter.resolve(idle)
      opening.waiter = undefined
    }
  }

  leave(waiter: Waiter): void {
    const index = this.waiters.indexOf(waiter)
    if (index >= 0) this.waiters.splice(index, 1)
  }

  /** Nobody waits any more: all are told why. */
  refuseAll(error: unknown): void {
    for (const waiter of this.waiters.splice(0)) {
      clearTimeout(waiter.timer)
      waiter.reject(error)
    }
  }
}

/** Whose turn it is of those who can be served: the database with the fewest connections in use, and of equals whoever came first. */
export function nextLane(lanes: Iterable<Lane>, canServe: (lane: Lane) => boolean): Lane | undefined {
  let next: Lane | undefined
  for (const lane of lanes) {
    if (lane.waiters.length === 0 || !canServe(lane)) continue
    if (next === undefined || goesBefore(lane, next)) next = lane
  }
  return next
}

function goesBefore(lane: Lane, other: Lane): boolean {
  if (lane.busy !== other.busy) return lane.busy < other.busy
  return (lane.waiters[0]?.since ?? 0) < (other.waiters[0]?.since ?? 0)
}
