import { sql, type Kysely } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { RateLimitAnswer, RateLimiter, RateLimitKey } from '../../../core/runtime/rate-limiter.js'
import type { MasterSchema } from '../schema/master-schema.js'

interface Counter {
  /** Keyed digest: addresses are few enough to be found by trying from one without a key. */
  readonly key: string
  readonly limit: number
  readonly seconds: number
}

/** The counts of all processes in the master database: one row per key, in force until its window ends by that database's clock. */
export class PostgresRateLimiter implements RateLimiter {
  readonly #master: Kysely<MasterSchema>
  readonly #keyring: Keyring

  constructor(master: Kysely<MasterSchema>, keyring: Keyring) {
    this.#master = master
    this.#keyring = keyring
  }

  async take(keys: readonly RateLimitKey[]): Promise<RateLimitAnswer> {
    const counters = this.#countersOf(keys)
    if (counters.length === 0) return { admitted: true }
    // A flood of those who are refused writes nothing.
    const secondsLeft = await untilFree(this.#master, counters)
    if (secondsLeft !== undefined) return { admitted: false, secondsLeft }
    return this.#master.transaction().execute((step) => takeAll(step, counters))
  }

  async giveBack(keys: readonly RateLimitKey[]): Promise<void> {
    const counters = this.#countersOf(keys)
    if (counters.length === 0) return
    await sql`
      with counted as (${locked(counters)})
      update rate_limit set used = used - 1 from counted
      where rate_limit.key = counted.key and used > 0 and ends_at > statement_timestamp()
    `.execute(this.#master)
  }

  async forget(keys: readonly RateLimitKey[]): Promise<void> {
    const counters = this.#countersOf(keys)
    if (counters.length === 0) return
    await sql`
      with counted as (${locked(counters)})
      delete from rate_limit using counted where rate_limit.key = counted.key
    `.execute(this.#master)
  }

  /** Each once, also where it was named twice. */
  #countersOf(keys: readonly RateLimitKey[]): readonly Counter[] {
    const counters = keys.map(({ limit: { name, limit, seconds }, key }): [string, Counter] => {
      const digest = this.#keyring.digest('rate-limit', JSON.stringify([name, key]))
      return [digest, { key: digest, limit, seconds }]
    })
    return [...new Map(counters).values()]
  }
}

/** Counts under every key and, if that was one too many under any of them, takes it back before anybody can see it. */
async function takeAll(db: Kysely<MasterSchema>, counters: readonly Counter[]): Promise<RateLimitAnswer> {
  const { rows } = await sql<{ readonly left: number | null }>`
    with counted as (
      insert into rate_limit (key, used, ends_at)
      select key, 1, statement_timestamp() + make_interval(secs => seconds) from ${asked(counters)}
      order by key collate "C"
      on conflict (key) do update set
        used = case when rate_limit.ends_at > statement_timestamp() then rate_limit.used + 1 else 1 end,
        ends_at = case when rate_limit.ends_at > statement_timestamp() then rate_limit.ends_at else excluded.ends_at end
      returning key, used, ends_at
    )
    select ${longestWait} as left from counted join ${asked(counters)} using (key) where used > most
  `.execute(db)
  const secondsLeft = leftOf(rows)
  if (secondsLeft === undefined) return { admitted: true }
  await sql`update rate_limit set used = used - 1 where key = any(${keysOf(counters)}::text[])`.execute(db)
  return { admitted: false, secondsLeft }
}

/** Seconds until the last of those windows ends that are used up now; `undefined` where none is. */
async function untilFree(db: Kysely<MasterSchema>, counters: readonly Counter[]): Promise<number | undefined> {
  const { rows } = await sql<{ readonly left: number | null }>`
    select ${longestWait} as left from rate_limit join ${asked(counters)} using (key)
    where used >= most and ends_at > statement_timestamp()
  `.execute(db)
  return leftOf(rows)
}

const longestWait = sql`extract(epoch from max(ends_at) - statement_timestamp())::float8`

/** Whole seconds, one at least. */
function leftOf([row]: readonly { readonly left: number | null }[]): number | undefined {
  return row === undefined || row.left === null ? undefined : Math.max(1, Math.ceil(row.left))
}

/** The rows are locked in one order by everybody, so that nobody waits for each other. */
function locked(counters: readonly Counter[]) {
  return sql`select key from rate_limit where key = any(${keysOf(counters)}::text[]) order by key collate "C" for update`
}

function asked(counters: readonly Counter[]) {
  const limits = counters.map(({ limit }) => limit)
  const seconds = counters.map((counter) => counter.seconds)
  return sql`
    unnest(${keysOf(counters)}::text[], ${limits}::integer[], ${seconds}::float8[]) as asked (key, most, seconds)
  `
}

function keysOf(counters: readonly Counter[]): readonly string[] {
  return counters.map(({ key }) => key)
}
