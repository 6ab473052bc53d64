import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { RateLimitKey } from '../../../src/core/runtime/rate-limiter.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

/** A key that nobody else counts under. */
function keyOf(limit: number, seconds = 600): RateLimitKey {
  return { limit: { name: `limit ${randomUUID()}`, limit, seconds }, key: '203.0.113.7' }
}

async function take(...keys: readonly RateLimitKey[]): Promise<boolean> {
  return (await test.postgres.rateLimiter.take(keys)).admitted
}

/** How many more are admitted. */
async function left(key: RateLimitKey): Promise<number> {
  let count = 0
  while (await take(key)) count += 1
  return count
}

const allowed = { admitted: true }

/** Ends the windows that are in force, as if their time had passed. */
async function endWindows(interval = `'1 second'`): Promise<void> {
  await test.sql(`update rate_limit set ends_at = clock_timestamp() - interval ${interval}`)
}

describe('take', () => {
  it('admits as many as the limit says and no more, and says how long the window lasts', async () => {
    const key = keyOf(3)
    for (let index = 0; index < 3; index += 1) {
      expect(await test.postgres.rateLimiter.take([key])).toEqual(allowed)
    }
    const refused = await test.postgres.rateLimiter.take([key])
    expect(refused).toEqual({ admitted: false, secondsLeft: expect.any(Number) })
    if (refused.admitted) throw new TypeError('admitted')
    expect(Number.isInteger(refused.secondsLeft)).toBe(true)
    expect(refused.secondsLeft).toBeLessThanOrEqual(600)
    expect(refused.secondsLeft).toBeGreaterThan(580)
  })

  it('admits nobody where the limit is none, and everybody where there is no key', async () => {
    expect(await take(keyOf(0))).toBe(false)
    expect(await take()).toBe(true)
  })

  it('counts keys of different limits, and different keys of one limit, apart', async () => {
    const key = keyOf(1)
    expect(await take(key)).toBe(true)
    expect(await take({ ...key, key: '203.0.113.8' })).toBe(true)
    expect(await take({ ...key, limit: { ...key.limit, name: `${key.limit.name}2` } })).toBe(true)
    expect(await take({ limit: { ...key.limit, name: `${key.limit.name}203` }, key: '.0.113.7' })).toBe(true)
    expect(await take(key)).toBe(false)
  })

  it('counts once under a key that is named twice', async () => {
    const key = keyOf(2)
    expect(await take(key, key)).toBe(true)
    expect(await left(key)).toBe(1)
  })

  it('counts under no key where one is used up', async () => {
    const [tight, wide] = [keyOf(1), keyOf(5)]
    expect(await take(tight, wide)).toBe(true)
    for (let index = 0; index < 10; index += 1) expect(await take(wide, tight)).toBe(false)
    expect(await left(wide)).toBe(4)
  })

  it('counts under no key when it breaks off half way', async () => {
    const [none, wide] = [keyOf(0), keyOf(3)]
    await take(wide)
    await test.sql(`create function break_off() returns trigger language plpgsql as
      $$ begin if new.used < old.used then raise exception 'broken off'; end if; return new; end $$`)
    await test.sql('create trigger break_off before update on rate_limit for each row execute function break_off()')
    const answer = await test.postgres.rateLimiter.take([none, wide]).catch((error: unknown) => error)
    await test.sql('drop function break_off cascade')
    expect(answer).toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    expect(await left(wide)).toBe(2)
  })

  it('writes nothing for those who are refused', async () => {
    const [tight, fresh] = [keyOf(1), keyOf(1)]
    await take(tight)
    const rows = () => test.sql('select key, used, xmin::text from rate_limit order by key')
    const before = await rows()
    for (let index = 0; index < 5; index += 1) expect(await take(fresh, tight)).toBe(false)
    expect(await rows()).toEqual(before)
  })

  it('says how long the window lasts that lasts longest of those that are used up', async () => {
    const [short, long, free] = [keyOf(1, 60), keyOf(1, 300), keyOf(5, 6000)]
    await take(short)
    await take(long)
    const refused = await test.postgres.rateLimiter.take([short, long, free])
    expect(refused).toMatchObject({ admitted: false })
    const seconds = refused.admitted ? 0 : refused.secondsLeft
    expect(seconds).toBeGreaterThan(280)
    expect(seconds).toBeLessThanOrEqual(300)
  })

  it('admits exactly the limit of fifty who come at once, over two processes', async () => {
    const other = (await test.reopen()).rateLimiter
    for (const limit of [1, 7, 49]) {
      const key = keyOf(limit)
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? other : test.postgres.rateLimiter).take([key])),
      )
      expect(answers.filter(({ admitted }) => admitted)).toHaveLength(limit)
      expect(await take(key)).toBe(false)
    }
  })

  it('counts all or none of fifty who come at once with their keys in any order', async () => {
    const other = (await test.reopen()).rateLimiter
    const [tight, wide, wider] = [keyOf(10), keyOf(100), keyOf(200)]
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        index % 2 === 0 ? other.take([wider, tight, wide]) : test.postgres.rateLimiter.take([wide, tight, wider]),
      ),
    )
    expect(answers.filter(({ admitted }) => admitted)).toHaveLength(10)
    expect([await left(tight), await left(wide), await left(wider)]).toEqual([0, 90, 190])
  })
})

describe('a window', () => {
  it('stands until its end and starts afresh after it, by the clock of the database', async () => {
    const key = keyOf(2)
    expect(await left(key)).toBe(2)
    await test.sql(`update rate_limit set ends_at = clock_timestamp() + interval '3 seconds'`)
    const refused = await test.postgres.rateLimiter.take([key])
    expect(refused).toMatchObject({ admitted: false })
    expect(refused.admitted ? 0 : refused.secondsLeft).toBeLessThanOrEqual(3)
    await endWindows()
    expect(await left(key)).toBe(2)
  })

  it('lasts as long as it was begun for, whatever is counted in it', async () => {
    const key = keyOf(3, 100)
    const end = 'select max(ends_at)::text as ends_at from rate_limit where ends_at < clock_timestamp() + $1::interval'
    await test.sql('delete from rate_limit')
    await take(key)
    const [begun] = await test.sql(end, ['100 seconds'])
    expect(begun?.['ends_at']).not.toBeNull()
    await take(key)
    await take(key)
    await take(key)
    expect(await test.sql(end, ['100 seconds'])).toEqual([begun])
  })
})

describe('giveBack', () => {
  it('makes room for one under every key', async () => {
    const [one, two] = [keyOf(2), keyOf(3)]
    await take(one, two)
    await take(one, two)
    await test.postgres.rateLimiter.giveBack([two, one])
    expect([await left(one), await left(two)]).toEqual([1, 2])
  })

  it('makes no more room than there was, and none under keys that were never counted', async () => {
    const [used, fresh] = [keyOf(2), keyOf(2)]
    await take(used)
    for (let index = 0; index < 5; index += 1) await test.postgres.rateLimiter.giveBack([used, fresh])
    await test.postgres.rateLimiter.giveBack([])
    expect([await left(used), await left(fresh)]).toEqual([2, 2])
    expect(await test.sql('select 1 from rate_limit where used < 0')).toEqual([])
  })

  it('brings back no window that has ended', async () => {
    const key = keyOf(2)
    await take(key)
    await endWindows()
    const before = await test.sql('select key, used, ends_at::text from rate_limit order by key')
    await test.postgres.rateLimiter.giveBack([key])
    expect(await test.sql('select key, used, ends_at::text from rate_limit order by key')).toEqual(before)
  })

  it('and take leave the count right when many come at once', async () => {
    const other = (await test.reopen()).rateLimiter
    const [one, two] = [keyOf(1000), keyOf(1000)]
    for (let index = 0; index < 30; index += 1) await take(one, two)
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        index % 2 === 0 ? other.giveBack([two, one]) : test.postgres.rateLimiter.take([one, two]),
      ),
    )
    const used = await test.sql(`select used from rate_limit where ends_at > clock_timestamp() and used >= 30`)
    expect(used).toEqual([{ used: 30 }, { used: 30 }])
  })
})

describe('forget', () => {
  it('starts afresh for the keys that are named, and for no others', async () => {
    const [one, two, three] = [keyOf(1), keyOf(1), keyOf(1)]
    await take(one, two, three)
    await test.postgres.rateLimiter.forget([one, two])
    await test.postgres.rateLimiter.forget([])
    expect([await left(one), await left(two), await left(three)]).toEqual([1, 1, 0])
  })
})

describe('what is stored', () => {
  it('names no address, and cannot be found by trying addresses without the master key', async () => {
    const key: RateLimitKey = { limit: { name: 'address', limit: 5, seconds: 60 }, key: 'ann@acme.example' }
    await take(key)
    const dump = JSON.stringify(await test.sql('select r::text as row from rate_limit r'))
    expect(dump).not.toContain('ann@')
    expect(dump).not.toContain('address')
    const digest = test.postgres.keys.digest('rate-limit', JSON.stringify(['address', 'ann@acme.example']))
    expect(dump).toContain(digest)
  })

  it('is any text, be it NUL, half a character or a megabyte', async () => {
    for (const text of ['\0', '\ud800', '', 'x'.repeat(1_000_000)]) {
      const key = { ...keyOf(1), key: text }
      expect([await take(key), await take(key)]).toEqual([true, false])
    }
  })
})

describe('a database that is gone', () => {
  it('admits nobody: it is an outage for every method', async () => {
    const key = keyOf(5)
    const { rateLimiter } = test.postgres
    await test.sql('alter table rate_limit rename to hidden')
    const results = await Promise.allSettled([
      rateLimiter.take([key]),
      rateLimiter.giveBack([key]),
      rateLimiter.forget([key]),
    ])
    await test.sql('alter table hidden rename to rate_limit')
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_AUTH_UNAVAILABLE' } })
    }
    expect(await left(key)).toBe(5)
  })
})
