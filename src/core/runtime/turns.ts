import { UpstreamError } from '../error/upstream-error.js'

interface Queue {
  last: Promise<unknown>
  length: number
}

const longest = 500

/** Lets what has the same key go one after the other, in the order of asking. */
export class Turns {
  readonly #queues = new Map<string, Queue>()

  /** The result of `action` in its turn. What waits fails with whatever is ahead of it; throws `UpstreamError` where too much is. */
  async take<Result>(key: string, action: () => Promise<Result>): Promise<Result> {
    const queue = this.#queues.get(key)
    if (queue !== undefined && queue.length >= longest) {
      throw new UpstreamError('OVERLOADED', 'too many wait for their turn')
    }
    const done = queue === undefined ? action() : queue.last.then(action)
    const joined = queue ?? { last: done, length: 0 }
    joined.last = done
    joined.length += 1
    this.#queues.set(key, joined)
    try {
      return await done
    } finally {
      joined.length -= 1
      if (joined.length === 0) this.#queues.delete(key)
    }
  }
}
