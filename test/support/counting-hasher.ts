import { PasswordHasher } from '../../src/adapter/issuer/password-hasher.js'
import type { HashingClaim } from '../../src/adapter/issuer/password/hashing-queue.js'

/** A hasher that tells for which accounts it was asked to look at a password, and for which it has, in that order. */
export class CountingHasher extends PasswordHasher {
  readonly asked: (string | undefined)[] = []
  readonly done: (string | undefined)[] = []
  /** How many hashes it was asked to make. */
  hashed = 0

  override hash(password: string, claim?: HashingClaim): Promise<string> {
    this.hashed += 1
    return super.hash(password, claim)
  }

  override async verify(password: string, stored: string | undefined, claim?: HashingClaim): Promise<boolean> {
    this.asked.push(claim?.account)
    const answer = await super.verify(password, stored, claim)
    this.done.push(claim?.account)
    return answer
  }

  /** Keeps it at work until the end of `meanwhile`: what the server does by itself comes before whatever else waits. */
  async occupiedDuring(meanwhile: () => Promise<void>): Promise<void> {
    let free = false
    const work = Array.from({ length: 4 }, async () => {
      while (!free) await super.verify('x', undefined)
    })
    try {
      await meanwhile()
    } finally {
      free = true
      await Promise.all(work)
    }
  }
}
