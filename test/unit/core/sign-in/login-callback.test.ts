import { describe, expect, it } from '@jest/globals'
import { LoginFlow, type BrowserVisit } from '../../../../src/core/sign-in/login-flow.js'
import { LoginBench, type AuthenticatorPort } from '../../../support/login-bench.js'
import type { MemoryLoginSession } from '../../../support/memory-sign-in.js'

const stranger: BrowserVisit = { browser: 'cookie-of-eve', address: '198.51.100.7' }
const cookieless: BrowserVisit = { browser: undefined, address: '198.51.100.7' }

const refused = (reason: string) => ({ outcome: 'refused', reason })

function expectNothingBound(bench: LoginBench, session: MemoryLoginSession): void {
  expect(session.bindings).toEqual([])
  expect(bench.signIns.standing).toEqual([])
}

describe('the browser that comes back', () => {
  it('finds the code on the page; the session is not signed in yet', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const { id } = await bench.start(session)
    expect(await bench.follow(await bench.signInAt(id))).toEqual({ outcome: 'next', id })
    expect(await bench.flow.view(id, 'cookie-of-ada')).toMatchObject({ kind: 'code', code: expect.any(String) })
    expectNothingBound(bench, session)
    expect(bench.failures).toEqual([])
  })

  it.each([
    ['another browser', stranger],
    ['a browser without our cookie', cookieless],
  ])('is not heard when it is %s, and the right one still is', async (_whose, visit) => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const callback = await bench.signInAt(id)
    expect(await bench.flow.comeBack(callback.searchParams, visit)).toEqual(refused('ERR_LOGIN_BROWSER'))
    expect(bench.provider.exchanges).toBe(0)
    expect(bench.failures).toEqual(['ERR_LOGIN_BROWSER'])
    expect(await bench.follow(callback)).toEqual({ outcome: 'next', id })
  })

  it('is not heard before a browser has confirmed', async () => {
    const bench = new LoginBench()
    await bench.start(bench.session())
    const state = bench.logins.transactions[0]?.secrets.state ?? ''
    const parameters = new URLSearchParams({ state, code: 'planted' })
    expect(await bench.flow.comeBack(parameters, bench.browser)).toEqual(refused('ERR_LOGIN_BROWSER'))
    expect(bench.provider.exchanges).toBe(0)
  })

  it('is heard once', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const callback = await bench.signInAt(id)
    await bench.follow(callback)
    expect(await bench.follow(callback)).toEqual(refused('ERR_LOGIN_REPLAYED'))
    expect(bench.provider.exchanges).toBe(1)
    expect(await bench.flow.view(id, 'cookie-of-ada')).toMatchObject({ kind: 'code' })
  })

  it('is heard once when it comes twenty times at once', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const callback = await bench.signInAt(id)
    const steps = await Promise.all(Array.from({ length: 20 }, () => bench.follow(callback)))
    expect(steps.filter(({ outcome }) => outcome === 'next')).toHaveLength(1)
    expect(bench.provider.exchanges).toBe(1)
  })

  it('is not heard when it comes after ten minutes', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const callback = await bench.signInAt(id)
    bench.clock.advance(600)
    expect(await bench.follow(callback)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
    expect(bench.provider.exchanges).toBe(0)
  })

  it.each([
    ['without a state', 'code=a'],
    ['with two states', 'state=a&state=b&code=a'],
    ['with two codes', 'state=STATE&code=a&code=b'],
    ['with an array for a state', 'state[]=STATE&code=a'],
    ['with two errors', 'state=STATE&error=a&error=access_denied'],
  ])('is not heard %s', async (_how, query) => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const state = (await bench.signInAt(id)).searchParams.get('state') ?? ''
    const parameters = new URLSearchParams(query.replace('STATE', state))
    expect(await bench.flow.comeBack(parameters, bench.browser)).toEqual(refused('ERR_LOGIN_MALFORMED'))
    expect(bench.provider.exchanges).toBe(0)
  })

  it('is not heard with a state that nobody was given', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const callback = await bench.signInAt(id)
    callback.searchParams.set('state', id)
    expect(await bench.follow(callback)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
  })

  it('gets nothing with the code of another login of its own', async () => {
    const bench = new LoginBench()
    const one = await bench.start(bench.session())
    const other = await bench.start(bench.session('session-b'))
    const [mine, theirs] = [await bench.signInAt(one.id), await bench.signInAt(other.id, 'mallory')]
    mine.searchParams.set('code', theirs.searchParams.get('code') ?? '')
    expect(await bench.follow(mine)).toEqual(refused('ERR_LOGIN_PROVIDER'))
    expect(await bench.flow.view(one.id, 'cookie-of-ada')).toEqual({ kind: 'ended', how: 'failed' })
  })

  it('may say that the user pressed Cancel there', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    const step = await bench.flow.confirm(id, bench.browser, false)
    if (step.outcome !== 'next') throw new TypeError('not confirmed')
    expect(await bench.follow(bench.provider.decline(step.url))).toEqual(refused('ERR_LOGIN_DENIED'))
    expect(await bench.flow.view(id, 'cookie-of-ada')).toEqual({ kind: 'ended', how: 'denied' })
    expect(bench.failures).toEqual(['ERR_LOGIN_DENIED'])
  })
})

describe('whoever the provider vouches for', () => {
  const changes: readonly (readonly [string, (bench: LoginBench) => void, object])[] = [
    ['has no account', () => undefined, { subject: 'mallory' }],
    ['has the account of another issuer', () => undefined, { issuer: 'https://other.test' }],
    ['is of an unknown tenant', () => undefined, { tenantClaim: 'nobody' }],
    ['is of a tenant that is not admitted', () => undefined, { tenantClaim: 'globex' }],
    ['has a disabled account', (bench) => bench.account('ada', {}, { disabled: true }), {}],
    ['has a revoked grant', (bench) => bench.revoked.add('grant-of-ada'), {}],
  ]
  it.each(changes)('is refused when the user %s', async (_who, prepare, changed) => {
    const bench = new LoginBench()
    prepare(bench)
    const session = bench.session('session-a', 'stdio')
    const { id, ticket = '' } = await bench.start(session, 'direct')
    const callback = await bench.signInAt(ticket, 'ada', changed)
    expect(await bench.follow(callback)).toEqual(refused('ERR_LOGIN_ACCOUNT'))
    expect(await bench.flow.view(id, 'cookie-of-ada')).toEqual({ kind: 'ended', how: 'failed' })
    expect(bench.failures).toEqual(['ERR_LOGIN_ACCOUNT'])
    expectNothingBound(bench, session)
  })
})

describe('the address that the server opened itself', () => {
  it('signs the session in without a code', async () => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { id, ticket = '' } = await bench.start(session, 'direct')
    expect(await bench.follow(await bench.signInAt(ticket))).toEqual({ outcome: 'next', id })
    expect(await bench.flow.view(ticket, 'cookie-of-ada')).toEqual({ kind: 'ended', how: 'completed' })
    expect(bench.signIns.standing).toMatchObject([{ subject: 'ada', application: 'app', key: session.signIn?.key }])
    await bench.recognize(session)
    expect(session.caller?.user).toMatchObject({ subject: 'ada', scopes: ['read'] })
  })

  it('leaves what the provider gave to be asked again with beside the sign-in', async () => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { ticket } = await bench.start(session, 'direct')
    const upstream = { refreshToken: 'marker-refresh', expiresAt: 2_000_000_000 }
    await bench.follow(await bench.signInAt(ticket ?? '', 'ada', { upstream }))
    expect([...bench.signIns.upstream]).toEqual([[session.signIn?.key, upstream]])
  })

  it('does so once', async () => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { ticket = '' } = await bench.start(session, 'direct')
    const callback = await bench.signInAt(ticket)
    const steps = await Promise.all(Array.from({ length: 10 }, () => bench.follow(callback)))
    expect(steps.filter(({ outcome }) => outcome === 'next')).toHaveLength(1)
    expect([session.bindings.length, bench.signIns.standing.length]).toEqual([1, 1])
  })

  it('signs nobody in whose link was opened instead: that needs the code', async () => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { id } = await bench.start(session, 'direct')
    await bench.follow(await bench.signInAt(id))
    expect(await bench.flow.view(id, 'cookie-of-ada')).toMatchObject({ kind: 'code' })
    expectNothingBound(bench, session)
  })

  it('opened after the link was confirmed needs the code too', async () => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { id, ticket = '' } = await bench.start(session, 'direct')
    await bench.signInAt(id)
    await bench.follow(await bench.signInAt(ticket))
    expect(await bench.flow.view(ticket, 'cookie-of-ada')).toMatchObject({ kind: 'code' })
    expectNothingBound(bench, session)
  })

  it('needs the code where the process that opened it is another one', async () => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { ticket = '' } = await bench.start(session, 'direct')
    const callback = await bench.signInAt(ticket)
    const restarted = new LoginFlow(bench.ports)
    expect(await restarted.comeBack(callback.searchParams, bench.browser)).toMatchObject({ outcome: 'next' })
    expect(await restarted.view(ticket, 'cookie-of-ada')).toMatchObject({ kind: 'code' })
    expectNothingBound(bench, session)
  })

  it('is of no use without the browser that confirmed', async () => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { ticket = '' } = await bench.start(session, 'direct')
    const callback = await bench.signInAt(ticket)
    expect(await bench.flow.comeBack(callback.searchParams, stranger)).toEqual(refused('ERR_LOGIN_BROWSER'))
    expectNothingBound(bench, session)
  })

  it('leaves nothing standing for a session that is gone', async () => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { ticket = '' } = await bench.start(session, 'direct')
    session.gone = true
    await bench.follow(await bench.signInAt(ticket))
    expectNothingBound(bench, session)
    expect(bench.endings).toEqual(['terminated'])
  })
})

describe('an outage', () => {
  const authenticator: readonly AuthenticatorPort[] = ['applications', 'tenants', 'accounts', 'grants']
  const outages: readonly (readonly [string, (bench: LoginBench, session: MemoryLoginSession) => void])[] = [
    ['of the login that is looked up', (bench) => bench.logins.refuse('findByState')],
    ['of the step that is taken', (bench) => bench.logins.refuse('advance')],
    ['of the provider', (bench) => bench.provider.refuse('exchange')],
    ...authenticator.map((port) => [`of ${port}`, (bench: LoginBench) => void bench.down.add(port)] as const),
    ['of the sign-ins', (bench) => bench.signIns.refuse('open')],
    ['of the session', (_bench, session) => (session.down = true)],
  ]

  it.each(outages)('%s binds nothing', async (_what, fail) => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { ticket = '' } = await bench.start(session, 'direct')
    const callback = await bench.signInAt(ticket)
    fail(bench, session)
    await expect(bench.follow(callback)).rejects.toMatchObject({ retryable: true })
    expectNothingBound(bench, session)
  })

  it('of the provider while confirming lets the same browser try again', async () => {
    const bench = new LoginBench()
    const { id } = await bench.start(bench.session())
    bench.provider.refuse('authorizationUrl')
    await expect(bench.flow.confirm(id, bench.browser, false)).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    bench.provider.recover()
    expect(await bench.flow.confirm(id, stranger, false)).toEqual(refused('ERR_LOGIN_BROWSER'))
    expect(await bench.flow.confirm(id, bench.browser, false)).toMatchObject({ outcome: 'next' })
  })

  it('during the exchange does not open the callback again', async () => {
    const bench = new LoginBench()
    const session = bench.session('session-a', 'stdio')
    const { ticket = '' } = await bench.start(session, 'direct')
    const callback = await bench.signInAt(ticket)
    bench.provider.refuse('exchange')
    await expect(bench.follow(callback)).rejects.toMatchObject({ retryable: true })
    bench.provider.recover()
    expect(await bench.follow(callback)).toEqual(refused('ERR_LOGIN_REPLAYED'))
    expect(await bench.flow.view(ticket, 'cookie-of-ada')).toEqual({ kind: 'ended', how: 'failed' })
    expectNothingBound(bench, session)
  })
})
