import { sql, type Kysely } from 'kysely'
import type { IssuerLogout, LoggedInToken, LogoutRegistry } from '../../../core/identity/logout-registry.js'
import type { MasterSchema } from '../schema/master-schema.js'

/** A day, which no token outlives, and what clocks may differ. */
const kept = sql<Date>`clock_timestamp() + interval '25 hours'`

/** Logouts in the master database, where every replica finds them. */
export class PostgresLogoutRegistry implements LogoutRegistry {
  readonly #master: Kysely<MasterSchema>

  constructor(master: Kysely<MasterSchema>) {
    this.#master = master
  }

  /** A token that names no session may be of any that its subject had: then the logout of one is enough. */
  async isOver({ issuer, issuedAt, sessionId, subject }: LoggedInToken): Promise<boolean> {
    const row = await this.#master
      .selectFrom('issuer_logout')
      .select('token_id')
      .where('issuer', '=', issuer)
      .where(({ and, eb, or }) => {
        const ofSubject = and([eb('subject', '=', subject), eb('issued_at', '>=', atSecond(issuedAt))])
        if (sessionId === undefined) return ofSubject
        return or([eb('session_id', '=', sessionId), and([ofSubject, eb('session_id', 'is', null)])])
      })
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }

  async end({ issuedAt, issuer, sessionId, subject, tokenId }: IssuerLogout): Promise<'ended' | 'repeated'> {
    const result = await this.#master
      .insertInto('issuer_logout')
      .values({
        ...{ issuer, token_id: tokenId, subject: subject ?? null, session_id: sessionId ?? null },
        ...{ issued_at: atSecond(issuedAt), expires_at: kept },
      })
      .onConflict((conflict) => conflict.columns(['issuer', 'token_id']).doNothing())
      .executeTakeFirst()
    return result.numInsertedOrUpdatedRows === 1n ? 'ended' : 'repeated'
  }
}

function atSecond(seconds: number): Date {
  return new Date(seconds * 1000)
}
