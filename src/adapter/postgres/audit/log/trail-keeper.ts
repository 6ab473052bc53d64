import type { Log } from '../../../../core/runtime/log.js'
import type { PlaceTrail } from './place-trail.js'

const keepMilliseconds = 2000
/** Every so many rounds of keeping. */
const settleEvery = 8
/** What has not been used for longer is left to others. */
const idleMilliseconds = 60_000

type Work = 'keep' | 'settle'

export type KeptPlace = Pick<PlaceTrail, 'close' | 'idleMilliseconds' | 'keep' | 'settle'>

/** Looks after the trails of the databases that are in use, each by itself: one that hangs must not cost the others their chains. */
export class TrailKeeper {
  readonly #places: Map<string | undefined, KeptPlace>
  readonly #log: Log
  readonly #timer: NodeJS.Timeout
  readonly #running: Readonly<Record<Work, Map<KeptPlace, Promise<void>>>> = { keep: new Map(), settle: new Map() }
  /** By place: how often it was kept. */
  readonly #rounds = new WeakMap<KeptPlace, number>()

  constructor(places: Map<string | undefined, KeptPlace>, log: Log) {
    this.#places = places
    this.#log = log
    this.#timer = setInterval(() => this.#look(), keepMilliseconds).unref()
  }

  /** Resolves when it does nothing any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all([...this.#running.keep.values(), ...this.#running.settle.values()])
  }

  #look(): void {
    for (const [key, place] of this.#places) {
      const round = this.#rounds.get(place) ?? 0
      this.#rounds.set(place, round + 1)
      if (round % settleEvery === 0) this.#do('settle', place, () => place.settle())
      this.#do('keep', place, async () => {
        await place.keep()
        if (place.idleMilliseconds > idleMilliseconds && this.#places.delete(key)) await place.close()
      })
    }
  }

  /** Not while the same still goes on there. */
  #do(work: Work, place: KeptPlace, action: () => Promise<unknown>): void {
    const running = this.#running[work]
    if (running.has(place)) return
    const done = action()
      .catch((error: unknown) => {
        this.#log.write('debug', 'the audit trail of a database could not be looked after', { error })
      })
      .then(() => void running.delete(place))
    running.set(place, done)
  }
}
