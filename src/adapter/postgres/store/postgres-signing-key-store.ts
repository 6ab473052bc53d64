import type { Kysely } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { Administrator } from '../../../core/administration/tenant-administration.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { SigningKey, SigningKeyStore } from '../../../core/identity/signing-key-store.js'
import type { SessionFeed } from '../../../core/runtime/session-feed.js'
import {
  announceSigningKey,
  hasBegun,
  isPublished,
  lockSigningKeys,
  replaceSigningKeys,
  type Announcement,
  type Replacement,
  type SigningKeyRow,
} from '../key/signing-key-terms.js'
import type { AuditTrail } from '../audit/audit-trail.js'
import type { RecordedIn } from '../audit/record-changes.js'
import type { MasterSchema } from '../schema/master-schema.js'

const purpose = 'signing key'
const doubtMilliseconds = 2_000

export interface SigningKeyStoreParts extends RecordedIn {
  readonly master: Kysely<MasterSchema>
  readonly keyring: Keyring
  readonly feed: SessionFeed
}

/** Signing keys in the master database, their private half sealed with the master key. */
export class PostgresSigningKeyStore implements SigningKeyStore {
  readonly #master: Kysely<MasterSchema>
  readonly #trail: AuditTrail
  readonly #keyring: Keyring
  readonly #feed: SessionFeed
  #changes = 0

  /** `feed` tells of changes that cannot wait. */
  constructor({ feed, keyring, master, trail }: SigningKeyStoreParts) {
    this.#trail = trail
    this.#master = master
    this.#keyring = keyring
    this.#feed = feed
    this.follow(() => {
      this.#changes += 1
    })
  }

  revision(): string {
    return `${this.#changes}`
  }

  /** Two seconds where notices do not arrive. */
  lasts(): number | undefined {
    return this.#feed.alive ? undefined : doubtMilliseconds
  }

  follow(hear: () => void): () => void {
    return this.#feed.subscribe(({ about }) => {
      if (about === 'keys' || about === 'everything') hear()
    })
  }

  /** Throws `ConfigurationError` when the keys were sealed with another master key. */
  list(): Promise<readonly SigningKey[]> {
    return this.#list(this.#master)
  }

  async ensure(key: SigningKey): Promise<readonly SigningKey[]> {
    return this.#master.transaction().execute(async (step) => {
      await lockSigningKeys(step)
      const standing = await this.#list(step)
      if (standing.length > 0) return standing
      await step.insertInto('signing_key').values(this.#toRow(key)).execute()
      return this.#list(step)
    })
  }

  /** Publishes a key that signs later. Throws `ConfigurationError` while that is not possible. */
  announce(key: SigningKey): Promise<Announcement> {
    return announceSigningKey(this.#master, key, (given) => this.#toRow(given))
  }

  /**
   * Puts `key` in the place of all that are published, at once, and tells every process. Throws `ConfigurationError` where there is
   * none yet.
   */
  async replace(key: SigningKey, by: Administrator): Promise<Replacement> {
    const replacement = await replaceSigningKeys(this.#master, {
      ...{ key, by, trail: this.#trail },
      toRow: (given) => this.#toRow(given),
    })
    await this.#feed.publish({ about: 'keys' })
    return replacement
  }

  async #list(db: Kysely<MasterSchema>): Promise<readonly SigningKey[]> {
    const rows = await db
      .selectFrom('signing_key')
      .select(['kid', 'public_jwk', 'sealed_private_jwk'])
      .where('algorithm', '=', 'ES256')
      .where(isPublished)
      .orderBy(hasBegun, 'desc')
      .orderBy('signs_at', 'desc')
      .orderBy('kid')
      .execute()
    return rows.map((row) => ({
      kid: row.kid,
      algorithm: 'ES256',
      publicJwk: toJwk(row.public_jwk),
      privateJwk: this.#open(row.kid, row.sealed_private_jwk),
    }))
  }

  #toRow(key: SigningKey): SigningKeyRow {
    const privateJwk = Buffer.from(JSON.stringify(key.privateJwk))
    return {
      kid: key.kid,
      algorithm: key.algorithm,
      public_jwk: JSON.stringify(key.publicJwk),
      sealed_private_jwk: this.#keyring.seal(purpose, privateJwk, key.kid),
    }
  }

  #open(kid: string, sealed: Uint8Array): SigningKey['privateJwk'] {
    try {
      return toJwk(JSON.parse(this.#keyring.open(purpose, sealed, kid).toString()))
    } catch {
      throw new ConfigurationError(
        'ERR_CONFIG_DATABASE',
        'the signing keys in the master database were sealed with another master key: check AUTHSEC_MASTER_KEY',
      )
    }
  }
}

function toJwk(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) throw new TypeError('a stored key is not a JWK')
  const members = Object.entries(value).filter((member): member is [string, string] => typeof member[1] === 'string')
  return Object.fromEntries(members)
}
