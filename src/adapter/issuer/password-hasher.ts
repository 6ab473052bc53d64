import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { HashingQueue, type HashingClaim } from './password/hashing-queue.js'

const defaultCost = 16
const leastCost = 14
const mostCost = 17
const blockSize = 8
const parallelism = 1
const saltBytes = 16
const hashBytes = 32
const longestPassword = 128

export interface PasswordHasherOptions {
  /** log2 of scrypt's N, 14 to 17. Default 16: 64 MB and some 0.2 s. Hashes name their own, so it can be changed. */
  readonly cost?: number
  /** Where computations wait for their turn: one of its own, unless told. */
  readonly queue?: HashingQueue
}

interface Parameters {
  /** log2 of scrypt's N. */
  readonly cost: number
  readonly blockSize: number
  readonly parallelism: number
}

interface StoredHash extends Parameters {
  readonly salt: Buffer
  readonly hash: Buffer
}

const pattern = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/

/** Hashes passwords with scrypt (RFC 7914), a few at a time: one takes 64 MB, and a flood of sign-ins must not take the machine. */
export class PasswordHasher {
  readonly #queue: HashingQueue
  readonly #unknown: StoredHash

  /** Throws `TypeError` for a cost out of bounds. */
  constructor({ cost = defaultCost, queue = new HashingQueue() }: PasswordHasherOptions = {}) {
    if (!Number.isInteger(cost) || cost < leastCost || cost > mostCost) throw new TypeError('a cost is 14 to 17')
    const parameters: Parameters = { cost, blockSize, parallelism }
    this.#queue = queue
    this.#unknown = { ...parameters, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) }
  }

  /**
   * The self-describing text to store, for `claim` where somebody asks for it. Throws `TypeError` for an empty password or one of
   * more than 128 characters, `CrowdedError` when too many are waiting.
   */
  async hash(password: string, claim?: HashingClaim): Promise<string> {
    if (!isUsable(password)) throw new TypeError('a password has 1 to 128 characters')
    const target = { ...this.#unknown, salt: randomBytes(saltBytes) }
    const hash = await this.#queue.run(claim, () => deriveKey(password, target))
    const parameters = `ln=${target.cost},r=${target.blockSize},p=${target.parallelism}`
    return `$scrypt$${parameters}$${target.salt.toString('base64url')}$${hash.toString('base64url')}`
  }

  /**
   * Whether `password` belongs to `stored`. Without a stored hash the same work is done and the answer is no, so that
   * nobody learns from the time which accounts exist. Throws `CrowdedError` when too many are waiting.
   */
  async verify(password: string, stored: string | undefined, claim?: HashingClaim): Promise<boolean> {
    const known = stored === undefined ? undefined : parseHash(stored)
    const usable = isUsable(password)
    const expected = known ?? this.#unknown
    const actual = await this.#queue.run(claim, () => deriveKey(usable ? password : 'x', expected))
    return timingSafeEqual(actual, expected.hash) && known !== undefined && usable
  }
}

function deriveKey(password: string, target: StoredHash): Promise<Buffer> {
  const options = {
    N: 2 ** target.cost,
    r: target.blockSize,
    p: target.parallelism,
    maxmem: 160 * 2 ** target.cost * target.blockSize,
  }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), target.salt, hashBytes, options, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

/** Bounded, since whoever can write a tenant's database must not choose how much memory this process takes. */
function parseHash(stored: string): StoredHash | undefined {
  const [, ln, r, p, salt, hash] = pattern.exec(stored) ?? []
  if (salt === undefined || hash === undefined) return undefined
  const parameters = { cost: Number(ln), blockSize: Number(r), parallelism: Number(p) }
  const bounded = parameters.cost >= leastCost && parameters.cost <= mostCost && parameters.blockSize === 8
  if (!bounded || parameters.parallelism < 1 || parameters.parallelism > 4) return undefined
  return { ...parameters, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') }
}

function isUsable(password: string): boolean {
  return password.length > 0 && password.length <= longestPassword
}
