import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { Log } from '../../../core/runtime/log.js'
import type { SessionFeed, SessionNotice } from '../../../core/runtime/session-feed.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { parseNotice } from './parse-notice.js'
import type { PostgresChangeFeed } from './postgres-change-feed.js'

export interface SessionFeedOptions {
  /** Whose connection notices arrive by. */
  readonly carrier: Pick<PostgresChangeFeed, 'alive' | 'carry'>
  readonly master: Kysely<MasterSchema>
  readonly keyring: Keyring
  readonly log: Log
}

const channel = 'authsec_session'
/** PostgreSQL takes less than 8,000 bytes. */
const longestPayload = 7_900

/**
 * Notices by NOTIFY on master. Everybody who may connect there could listen and speak: notices are sealed with the master key, so
 * that nobody else reads what a user has answered, or answers for them.
 */
export class PostgresSessionFeed implements SessionFeed {
  readonly #options: SessionFeedOptions
  /** What this process says comes back to it. */
  readonly #self = randomUUID()
  readonly #subscribers = new Set<(notice: SessionNotice) => void>()

  constructor(options: SessionFeedOptions) {
    this.#options = options
    options.carrier.carry(channel, (payload) => this.#hear(payload))
  }

  get alive(): boolean {
    return this.#options.carrier.alive
  }

  publish(notice: SessionNotice): Promise<boolean> {
    return this.publishAll([notice])
  }

  async publishAll(notices: readonly SessionNotice[]): Promise<boolean> {
    for (const notice of notices) this.#tell(notice)
    const sealed = notices.map((notice) => this.#seal(notice))
    const payloads = sealed.filter(({ length }) => length <= longestPayload)
    try {
      if (payloads.length > 0) {
        await sql`select pg_notify(${channel}, payload) from unnest(${payloads}::text[]) as told (payload)`.execute(
          this.#options.master,
        )
      }
      return payloads.length === sealed.length
    } catch (error) {
      this.#options.log.write('warn', 'other processes were not told of what became of a session', { error })
      return false
    }
  }

  subscribe(hear: (notice: SessionNotice) => void): () => void {
    this.#subscribers.add(hear)
    return () => this.#subscribers.delete(hear)
  }

  #hear(payload: string | undefined): void {
    if (payload === undefined) return this.#tell({ about: 'everything' })
    const said = this.#open(payload)
    if (said === undefined || said.from === this.#self) return
    const notice = parseNotice(said.notice)
    if (notice !== undefined) this.#tell(notice)
  }

  #tell(notice: SessionNotice): void {
    for (const hear of this.#subscribers) hear(notice)
  }

  #seal(notice: SessionNotice): string {
    const text = Buffer.from(JSON.stringify({ from: this.#self, notice }))
    return Buffer.from(this.#options.keyring.seal('session-notice', text, channel)).toString('base64url')
  }

  /** `undefined` for what was not said by one of us. */
  #open(payload: string): { readonly from: unknown; readonly notice: unknown } | undefined {
    try {
      const text = this.#options.keyring.open('session-notice', Buffer.from(payload, 'base64url'), channel).toString()
      const said: unknown = JSON.parse(text)
      return typeof said === 'object' && said !== null && 'from' in said && 'notice' in said ? said : undefined
    } catch {
      return undefined
    }
  }
}
