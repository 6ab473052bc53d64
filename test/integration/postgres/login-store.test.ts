import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { confirmLogin, endLogin } from '../../../src/core/sign-in/login-transaction.js'
import type { StoredLogin } from '../../../src/core/sign-in/login-store.js'
import { authenticated, identityIn, newLogin, someDigest } from '../../support/login-samples.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

const acme: Tenant = { id: '00000000-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme' }

/** A login that was created, as it is read. */
async function created(changed: Parameters<typeof newLogin>[0] = {}) {
  const login = newLogin(changed)
  await test.postgres.logins.create(login)
  return { login, stored: present(await test.postgres.logins.find(login.key)) }
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('nothing was found')
  return value
}

async function expireIn(key: string, seconds: number): Promise<void> {
  const expiry = `clock_timestamp() + make_interval(secs => $2)`
  await test.sql(`update login_transaction set expires_at = ${expiry} where key = $1`, [key, seconds])
}

describe('a login', () => {
  it('is found by either address and by its state, and says by which address', async () => {
    const ticketKey = someDigest()
    const { login, stored } = await created({ ticketKey })
    const { key, transaction } = login
    expect(stored).toEqual({ key, version: 1, transaction, byTicket: false })
    expect(await test.postgres.logins.find(ticketKey)).toEqual({ key, version: 1, transaction, byTicket: true })
    expect(await test.postgres.logins.findByState(login.stateKey)).toEqual({ key, version: 1, transaction })
  })

  it('is not found by anything else', async () => {
    const { login } = await created({ ticketKey: someDigest() })
    const { logins } = test.postgres
    const { id, starter, secrets } = login.transaction
    for (const key of [login.stateKey, id, starter, secrets.state, `${login.key}\0`, '', someDigest()]) {
      expect(await logins.find(key)).toBeUndefined()
    }
    for (const key of [login.key, login.ticketKey ?? '', secrets.state, `${login.stateKey}\0`, '']) {
      expect(await logins.findByState(key)).toBeUndefined()
    }
    expect(await logins.ofStarter(login.key)).toEqual([])
    expect(await logins.ofStarter(`${starter}\0`)).toEqual([])
  })

  it('comes back in every phase as it was written', async () => {
    const { login, stored } = await created()
    const { logins } = test.postgres
    const confirmed = confirmLogin(login.transaction, someDigest(), 'ticket')
    const full = authenticated(login.transaction, identityIn(acme, { endsAt: 1_900_000_000 }))
    const bare = authenticated(login.transaction, identityIn(acme, { grantDigest: undefined, asserted: {} }))
    const phases = [confirmed, full, bare, endLogin(bare, 'completed'), endLogin(login.transaction, 'denied')]
    let last: StoredLogin = stored
    for (const [index, transaction] of phases.entries()) {
      expect(await logins.advance(last, transaction)).toBe(true)
      last = present(await logins.find(login.key))
      expect(last).toEqual({ key: login.key, version: index + 2, transaction, byTicket: false })
    }
  })

  it('keeps what clients say of themselves, be it NUL or half a character', async () => {
    const login = newLogin()
    const requester = { ...login.transaction.requester, clientName: 'a\0b\ud800', clientVersion: undefined }
    const transaction = { ...login.transaction, requester }
    await test.postgres.logins.create({ ...login, transaction })
    expect(await test.postgres.logins.find(login.key)).toMatchObject({ transaction: { requester } })
  })
})

describe('a step', () => {
  it('is taken by one of twenty who take it at once, over two processes', async () => {
    const { login, stored } = await created()
    const other = (await test.reopen()).logins
    const steps = Array.from({ length: 20 }, (_, index) => confirmLogin(login.transaction, `browser ${index}`, 'link'))
    const taken = await Promise.all(
      steps.map((step, index) => (index % 2 === 0 ? other : test.postgres.logins).advance(stored, step)),
    )
    expect(taken.filter(Boolean)).toHaveLength(1)
    const winner = steps[taken.indexOf(true)]
    expect(await test.postgres.logins.find(login.key)).toMatchObject({ version: 2, transaction: winner })
  })

  it('is not taken from a state that was left, nor for a login that is not there', async () => {
    const { login, stored } = await created()
    const { logins } = test.postgres
    const confirmed = confirmLogin(login.transaction, 'browser', 'link')
    expect(await logins.advance(stored, confirmed)).toBe(true)
    expect(await logins.advance(stored, endLogin(login.transaction, 'denied'))).toBe(false)
    expect(await logins.advance({ ...stored, key: someDigest() }, confirmed)).toBe(false)
    expect(await logins.find(login.key)).toMatchObject({ version: 2, transaction: confirmed })
  })

  it('leaves the term alone unless it sets a new one, from now on', async () => {
    const { login, stored } = await created()
    const { logins } = test.postgres
    const secondsLeft = async () => {
      const left = 'extract(epoch from expires_at - clock_timestamp())::float8 as left'
      const [row] = await test.sql(`select ${left} from login_transaction where key = $1`, [login.key])
      return Number(row?.['left'])
    }
    expect(await secondsLeft()).toBeCloseTo(600, -2)
    await expireIn(login.key, 100)
    expect(await logins.advance(stored, confirmLogin(login.transaction, 'browser', 'link'))).toBe(true)
    expect(await secondsLeft()).toBeLessThanOrEqual(100)
    const next = present(await logins.find(login.key))
    expect(await logins.advance(next, endLogin(login.transaction, 'failed'), 300)).toBe(true)
    expect(await secondsLeft()).toBeGreaterThan(200)
    expect(await secondsLeft()).toBeLessThanOrEqual(300)
  })
})

describe('the clock of the database', () => {
  it('is what says the time', async () => {
    const [row] = await test.sql('select extract(epoch from clock_timestamp())::float8 as now')
    expect(Math.abs((await test.postgres.logins.now()) - Number(row?.['now']))).toBeLessThan(5)
  })

  it.each([
    ['is found and goes on before its end', 3, true],
    ['is neither found nor goes on a second after its end', -1, false],
  ])('decides: a login %s', async (_what, seconds, alive) => {
    const { login, stored } = await created({ ticketKey: someDigest() })
    const { logins } = test.postgres
    await expireIn(login.key, seconds)
    const found = [
      await logins.find(login.key),
      await logins.find(login.ticketKey ?? ''),
      await logins.findByState(login.stateKey),
      (await logins.ofStarter(login.transaction.starter))[0],
    ]
    expect(found.map((one) => one !== undefined)).toEqual([alive, alive, alive, alive])
    expect(await logins.advance(stored, confirmLogin(login.transaction, 'browser', 'link'), 600)).toBe(alive)
    expect((await logins.find(login.key)) !== undefined).toBe(alive)
  })
})

describe('of one starter', () => {
  it('the three newest are kept, the newest first', async () => {
    const starter = someDigest()
    const others = await created()
    const keys: string[] = []
    for (let index = 0; index < 5; index += 1) keys.unshift((await created({ starter })).login.key)
    const kept = await test.postgres.logins.ofStarter(starter)
    expect(kept.map(({ key }) => key)).toEqual(keys.slice(0, 3))
    for (const key of keys.slice(3)) expect(await test.postgres.logins.find(key)).toBeUndefined()
    expect(await test.postgres.logins.find(others.login.key)).toBeDefined()
  })

  it('three are left of twenty that are created at once', async () => {
    const starter = someDigest()
    const other = (await test.reopen()).logins
    const logins = Array.from({ length: 20 }, () => newLogin({ starter }))
    await Promise.all(logins.map((login, index) => (index % 2 === 0 ? other : test.postgres.logins).create(login)))
    expect(await test.sql('select 1 from login_transaction where starter = $1', [starter])).toHaveLength(3)
  })

  it('those that have expired take no place', async () => {
    const starter = someDigest()
    const keys = []
    for (let index = 0; index < 3; index += 1) keys.push((await created({ starter })).login.key)
    const [first, second, third] = keys
    await expireIn(third ?? '', -1)
    const { login } = await created({ starter })
    const kept = await test.postgres.logins.ofStarter(starter)
    expect(kept.map(({ key }) => key)).toEqual([login.key, second, first])
  })
})

describe('a sealed login', () => {
  it.each([
    ['cut short', `sealed = substr(sealed, 1, 20)`],
    ['empty', `sealed = ''`],
    ['changed in one bit', `sealed = set_bit(sealed, 300, 1 - get_bit(sealed, 300))`],
    ['of another version', `version = version + 1`],
    ['given to another starter', `starter = 'somebody else'`],
  ])('is not there any more when its row is %s', async (_what, change) => {
    const { login } = await created()
    await test.sql(`update login_transaction set ${change} where key = $1`, [login.key])
    expect(await test.postgres.logins.find(login.key)).toBeUndefined()
    expect(await test.postgres.logins.findByState(login.stateKey)).toBeUndefined()
    expect(await test.postgres.logins.ofStarter(login.transaction.starter)).toEqual([])
    expect(await test.postgres.logins.ofStarter('somebody else')).toEqual([])
  })

  it('does not open in the row of another, and its past not in its own', async () => {
    const { login: victim, stored } = await created()
    const { login: own } = await created()
    await test.sql(
      `update login_transaction set sealed = (select sealed from login_transaction where key = $1) where key = $2`,
      [own.key, victim.key],
    )
    expect(await test.postgres.logins.find(victim.key)).toBeUndefined()
    await test.sql(`create table login_past as select key, sealed from login_transaction where key = $1`, [own.key])
    const mine = present(await test.postgres.logins.find(own.key))
    expect(await test.postgres.logins.advance(mine, endLogin(own.transaction, 'exhausted'))).toBe(true)
    await test.sql(`update login_transaction l set sealed = p.sealed from login_past p where p.key = l.key`)
    await test.sql('drop table login_past')
    expect(await test.postgres.logins.find(own.key)).toBeUndefined()
    expect(await test.postgres.logins.advance(stored, endLogin(victim.transaction, 'denied'))).toBe(true)
  })

  it('is not there when what was sealed is no login', async () => {
    const { login } = await created()
    const half = { ...login.transaction, phase: 'confirmed' }
    const sealed = test.postgres.keys.seal('login-transaction', Buffer.from(JSON.stringify(half)), `${login.key} 1`)
    await test.sql('update login_transaction set sealed = $2 where key = $1', [login.key, Buffer.from(sealed)])
    expect(await test.postgres.logins.find(login.key)).toBeUndefined()
    const whole = test.postgres.keys.seal(
      'login-transaction',
      Buffer.from(JSON.stringify(login.transaction)),
      `${login.key} 1`,
    )
    await test.sql('update login_transaction set sealed = $2 where key = $1', [login.key, Buffer.from(whole)])
    expect(await test.postgres.logins.find(login.key)).toMatchObject({ transaction: login.transaction })
  })
})

describe('a database that is gone', () => {
  it('is an outage for every method, and nothing else', async () => {
    const { login, stored } = await created()
    const { logins } = await test.reopen()
    await test.sql('alter table login_transaction rename to hidden')
    const next = endLogin(login.transaction, 'denied')
    const attempts = [
      logins.create(newLogin()),
      logins.find(login.key),
      logins.findByState(login.stateKey),
      logins.ofStarter(login.transaction.starter),
      logins.advance(stored, next),
    ]
    const results = await Promise.allSettled(attempts)
    await test.sql('alter table hidden rename to login_transaction')
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_AUTH_UNAVAILABLE' } })
    }
    expect(await logins.find(login.key)).toMatchObject({ version: 1 })
  })
})
