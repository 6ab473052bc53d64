import { PasswordHasher, type PasswordHasherOptions } from '../../src/adapter/issuer/password-hasher.js'
import { HashingQueue, type HashingClaim } from '../../src/adapter/issuer/password/hashing-queue.js'

/** A hasher that tells for which accounts it was asked to look at a password, and for which it has, in that order. */
export class CountingHasher extends PasswordHasher {
  readonly asked: (string | undefined)[] = []
  readonly done: (string | undefined)[] = []
  /** How many hashes it was asked to make. */
  hashed = 0
  readonly #queue: HashingQueue

  constructor(options: Pick<PasswordHasherOptions, 'cost'>) {
    const queue = new HashingQueue()
    super({ ...options, queue })
    this.#queue = queue
  }

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

  /** Lets nothing begin until the end of `meanwhile`: what the server does by itself takes all turns. */
  async occupiedDuring(meanwhile: () => Promise<void>): Promise<void> {
    let free = (): void => undefined
    const held = new Promise<void>((resolve) => {
      free = resolve
    })
    const turns = [this.#queue.run(undefined, () => held), this.#queue.run(undefined, () => held)]
    try {
      await meanwhile()
    } finally {
      free()
      await Promise.all(turns)
    }
  }
}
