import { describe, expect, it } from '@jest/globals'
import type { BrowserVisit } from '../../../../src/core/sign-in/login-flow.js'
import { LoginBench } from '../../../support/login-bench.js'

const stranger: BrowserVisit = { browser: 'cookie-of-eve', address: '198.51.100.7' }
const cookieless: BrowserVisit = { browser: undefined, address: '198.51.100.7' }

const refused = (reason: string) => ({ outcome: 'refused', reason })

describe('a start', () => {
  it('gives an address and a number, and a second address only where the server opens it', async () => {
    const bench = new LoginBench()
    const byLink = await bench.start(bench.session())
    expect(byLink.id).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(byLink.number).toMatch(/^\d{4}$/)
    expect(byLink.ticket).toBeUndefined()
    const direct = await bench.start(bench.session('session-b', 'stdio'), 'direct')
    expect(direct.ticket).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(direct.ticket).not.toBe(direct.id)
  })

  it('is on record with who asked, under a reference that leads to no address', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const [row, ...more] = bench.audit.counted
    expect(more).toEqual([])
    expect(row).toMatchObject({ type: 'signin.started', clientId: 'app', tenant: undefined })
    expect(row?.detail).toEqual({ transport: 'http', client: 'Claude Desktop' })
    expect(JSON.stringify(row)).not.toContain(id)
  })

  it('keeps the newest three of a session', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const ids: string[] = []
    for (let count = 0; count < 4; count += 1) ids.push((await bench.start(session)).id)
    const kinds = await Promise.all(ids.map(async (id) => (await bench.flow.view(id, undefined)).kind))
    expect(kinds).toEqual(['unknown', 'confirm', 'confirm', 'confirm'])
  })

  it('is refused to a session that starts too often, until some time has passed', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    for (let count = 0; count < 10; count += 1) await bench.start(session)
    bench.clock.advance(200)
    expect(await bench.flow.start(session, false)).toEqual({ outcome: 'limited', secondsLeft: 400 })
    expect(bench.failures).toEqual(['ERR_LOGIN_LIMITED'])
    expect(await bench.flow.start(bench.session('session-b'), false)).toMatchObject({ outcome: 'started' })
    bench.clock.advance(400)
    expect(await bench.flow.start(session, false)).toMatchObject({ outcome: 'started' })
  })

  it('is refused to an address that starts too often in many sessions', async () => {
    const bench = new LoginBench()
    for (let count = 0; count < 60; count += 1) await bench.start(bench.session(`session-${count}`))
    expect(await bench.flow.start(bench.session('one-more'), false)).toMatchObject({ outcome: 'limited' })
    expect(await bench.flow.start(bench.session('at-home', 'stdio'), false)).toMatchObject({ outcome: 'started' })
  })

  it.each(['now', 'create'] as const)('that the store does not take (%s) is none', async (method) => {
    const bench = new LoginBench()
    bench.logins.refuse(method)
    await expect(bench.start(bench.session())).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    expect([bench.logins.transactions, bench.audit.counted]).toEqual([[], []])
  })

  it('that cannot be counted is none', async () => {
    const bench = new LoginBench()
    bench.limiter.available = false
    await expect(bench.start(bench.session())).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    expect(bench.logins.transactions).toEqual([])
  })
})

describe('the page', () => {
  it('shows who asked, when, and the number, to whoever opens it, and changes nothing', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const { id, number } = await bench.start(session)
    for (const browser of [undefined, 'cookie-of-ada', 'cookie-of-eve']) {
      const { requester } = session
      const view = { kind: 'confirm', requester, startedAt: bench.clock.seconds, number }
      expect(await bench.flow.view(id, browser)).toEqual(view)
    }
    expect(bench.logins.steps).toBe(0)
  })

  it('shows the same by either address', async () => {
    const bench = new LoginBench()
    const { id, ticket = '' } = await bench.start(bench.session('session-a', 'stdio'), 'direct')
    expect(await bench.flow.view(ticket, undefined)).toEqual(await bench.flow.view(id, undefined))
  })

  it('shows nothing by another address', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    for (const other of ['', 'callback', `${id}A`, id.slice(1), id.toLowerCase()]) {
      expect(await bench.flow.view(other, 'cookie-of-ada')).toEqual({ kind: 'unknown' })
    }
  })

  it('shows the code to the browser that confirmed and to no other', async () => {
    const bench = new LoginBench()
    const { id, number } = await bench.start(bench.session())
    const callback = await bench.signInAt(id)
    expect(await bench.flow.view(id, 'cookie-of-ada')).toEqual({ kind: 'confirmed' })
    await bench.follow(callback)
    expect(await bench.flow.view(id, 'cookie-of-ada')).toMatchObject({
      kind: 'code',
      email: 'ada@acme.example',
      number,
    })
    expect(await bench.flow.view(id, 'cookie-of-eve')).toEqual({ kind: 'elsewhere' })
    expect(await bench.flow.view(id, undefined)).toEqual({ kind: 'elsewhere' })
  })

  it('has it on record that another browser came, and changes nothing', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    await bench.follow(await bench.signInAt(id))
    for (const at of [id, 'nowhere'])
      expect(await bench.flow.strayed(at, stranger)).toEqual(refused('ERR_LOGIN_BROWSER'))
    expect(bench.failures).toEqual(['ERR_LOGIN_BROWSER', 'ERR_LOGIN_BROWSER'])
    expect(await bench.flow.view(id, 'cookie-of-ada')).toMatchObject({ kind: 'code' })
  })

  it('is there for ten minutes until the provider has answered', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    bench.clock.advance(599)
    expect(await bench.flow.view(id, undefined)).toMatchObject({ kind: 'confirm' })
    bench.clock.advance(1)
    expect(await bench.flow.view(id, undefined)).toEqual({ kind: 'unknown' })
    expect(await bench.flow.confirm(id, bench.browser, false)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
  })

  it('shows the code for five minutes', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    bench.clock.advance(590)
    await bench.follow(await bench.signInAt(id))
    bench.clock.advance(299)
    expect(await bench.flow.view(id, 'cookie-of-ada')).toMatchObject({ kind: 'code' })
    bench.clock.advance(1)
    expect(await bench.flow.view(id, 'cookie-of-ada')).toEqual({ kind: 'unknown' })
  })
})

describe('a confirmation', () => {
  it('sends the browser to the provider, to choose another account where the user asks for that', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const same = await bench.flow.confirm(id, bench.browser, false)
    const other = await bench.flow.confirm(id, bench.browser, true)
    if (same.outcome !== 'next' || other.outcome !== 'next') throw new TypeError('not confirmed')
    expect(same.url.searchParams.get('prompt')).toBeNull()
    expect(other.url.searchParams.get('prompt')).toBe('login')
    expect(other.url.searchParams.get('state')).toBe(same.url.searchParams.get('state'))
  })

  it('needs a browser that can be recognized', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    expect(await bench.flow.confirm(id, cookieless, false)).toEqual(refused('ERR_LOGIN_BROWSER'))
    expect(bench.logins.steps).toBe(0)
    expect(bench.failures).toEqual(['ERR_LOGIN_BROWSER'])
  })

  it('belongs to the first browser', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    await bench.signInAt(id)
    expect(await bench.flow.confirm(id, stranger, false)).toEqual(refused('ERR_LOGIN_BROWSER'))
    expect(await bench.flow.confirm(id, bench.browser, false)).toMatchObject({ outcome: 'next' })
  })

  it('happens once when many browsers confirm at once', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const visits = Array.from({ length: 20 }, (_, index) => ({ browser: `cookie-${index}`, address: '192.0.2.9' }))
    const steps = await Promise.all(visits.map((visit) => bench.flow.confirm(id, visit, false)))
    expect(steps.filter(({ outcome }) => outcome === 'next')).toHaveLength(1)
    expect(bench.logins.steps).toBe(1)
  })

  it('comes too late once the browser is back', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    await bench.follow(await bench.signInAt(id))
    expect(await bench.flow.confirm(id, bench.browser, false)).toEqual(refused('ERR_LOGIN_REPLAYED'))
  })
})

describe('a denial', () => {
  it('ends the login, on record', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    expect(await bench.flow.deny(id, bench.browser)).toEqual({ outcome: 'next' })
    expect(await bench.flow.view(id, undefined)).toEqual({ kind: 'ended', how: 'denied' })
    expect(await bench.flow.confirm(id, bench.browser, false)).toMatchObject({ outcome: 'refused' })
    expect(bench.failures[0]).toBe('ERR_LOGIN_DENIED')
  })

  it('is for the browser that confirmed, once one has, until it is back', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const callback = await bench.signInAt(id)
    for (const visit of [stranger, cookieless]) {
      expect(await bench.flow.deny(id, visit)).toEqual(refused('ERR_LOGIN_BROWSER'))
    }
    expect(await bench.flow.deny(id, bench.browser)).toEqual({ outcome: 'next' })
    expect(await bench.follow(callback)).toEqual(refused('ERR_LOGIN_REPLAYED'))
    expect(bench.provider.exchanges).toBe(0)
  })

  it('comes too late once the browser is back, and to nothing at another address', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    await bench.follow(await bench.signInAt(id))
    expect(await bench.flow.deny(id, bench.browser)).toEqual(refused('ERR_LOGIN_REPLAYED'))
    expect(await bench.flow.view(id, 'cookie-of-ada')).toMatchObject({ kind: 'code' })
    expect(await bench.flow.deny('nowhere', bench.browser)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
  })

  it('and a confirmation at once: one of them happens', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const steps = await Promise.all([
      bench.flow.deny(id, stranger),
      bench.flow.confirm(id, bench.browser, false),
      bench.flow.deny(id, stranger),
    ])
    expect(steps.filter(({ outcome }) => outcome === 'next')).toHaveLength(1)
  })
})

describe('a forged form', () => {
  it('is on record with the login that it was for, and changes nothing', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    expect(await bench.flow.forged(id, stranger)).toEqual(refused('ERR_LOGIN_FORGED'))
    expect(await bench.flow.forged('nowhere', stranger)).toEqual(refused('ERR_LOGIN_FORGED'))
    const [started, forged, elsewhere] = bench.audit.counted.map(({ requestId }) => requestId)
    expect(forged).toBe(started)
    expect(elsewhere).not.toBe(started)
    expect(bench.logins.steps).toBe(0)
  })
})
