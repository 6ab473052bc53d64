import { describe, expect, it } from '@jest/globals'
import { showOneTimeCode } from '../../../../src/core/sign-in/one-time-code.js'
import { LoginBench } from '../../../support/login-bench.js'
import type { MemoryLoginSession } from '../../../support/memory-sign-in.js'

const refused = (reason: string) => ({ outcome: 'refused', reason })

/** A well-formed code that is not `code`. */
function otherThan(code: string): string {
  return `${code.startsWith('A') ? 'B' : 'A'}${code.slice(1)}`
}

describe('a code', () => {
  it('signs in the session that started, as whom the provider vouched for', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const outcome = await bench.sessions.useCode(session, await bench.codeFor(session))
    const [binding, ...more] = session.bindings
    expect(more).toEqual([])
    expect(outcome).toEqual({ outcome: 'signed-in', reference: binding?.signIn })
    expect(bench.sessions.keyOf(binding?.secret ?? '')).toBe(binding?.signIn?.key)
    expect(bench.signIns.standing).toMatchObject([
      {
        subject: 'ada',
        application: 'app',
        clientId: 'app',
        asserted: { scopes: ['read'] },
        grantDigest: 'grant-of-ada',
      },
    ])
    await bench.recognize(session)
    expect(session.caller?.user).toMatchObject({ subject: 'ada', roles: ['admin'], scopes: ['read'] })
    expect(bench.failures).toEqual([])
  })

  it('leaves what the provider gave to be asked again with beside the sign-in, and nowhere else', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const upstream = { refreshToken: 'marker-refresh', expiresAt: 2_000_000_000 }
    await bench.sessions.useCode(session, await bench.codeFor(session, 'ada', { upstream }))
    await bench.recognize(session)
    expect([...bench.signIns.upstream]).toEqual([[session.signIn?.key, upstream]])
    const { caller, bindings } = session
    const elsewhere = [caller, bindings, bench.audit.rows, bench.audit.counted, bench.logins.transactions]
    expect(JSON.stringify(elsewhere)).not.toContain('marker')
  })

  it('joins its row on record with those of its beginning', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    await bench.sessions.useCode(session, await bench.codeFor(session))
    const started = bench.audit.counted.find(({ type }) => type === 'signin.started')
    const completed = bench.audit.rows.find(({ type }) => type === 'signin.completed')
    expect(completed).toMatchObject({ requestId: started?.requestId, subject: 'ada' })
  })

  it.each([
    ['as the page shows it', showOneTimeCode],
    ['in small letters', (code: string) => code.toLowerCase()],
    ['with blanks around and between', (code: string) => ` ${code.split('').join(' ')}\n`],
    ['with O for 0 and l for 1', (code: string) => code.replaceAll('0', 'O').replaceAll('1', 'l')],
  ])('may be typed %s', async (_how, typed) => {
    const bench = new LoginBench()
    const session = bench.session()
    const outcome = await bench.sessions.useCode(session, typed(await bench.codeFor(session)))
    expect(outcome).toMatchObject({ outcome: 'signed-in' })
  })

  it('signs nobody in that is wrong, and may be corrected', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    for (const wrong of [otherThan(code), '', 'nonsense', code.slice(1)]) {
      expect(await bench.sessions.useCode(session, wrong)).toEqual(refused('ERR_LOGIN_CODE'))
    }
    expect(session.bindings).toEqual([])
    expect(await bench.sessions.useCode(session, code)).toMatchObject({ outcome: 'signed-in' })
  })

  it('is dead after five wrong ones', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    const reasons: unknown[] = []
    for (let attempt = 0; attempt < 5; attempt += 1) {
      reasons.push(await bench.sessions.useCode(session, otherThan(code)))
    }
    expect(reasons).toEqual([...Array(4).fill(refused('ERR_LOGIN_CODE')), refused('ERR_LOGIN_EXHAUSTED')])
    expect(bench.logins.transactions).toMatchObject([{ phase: 'ended', how: 'exhausted' }])
    expect(await bench.sessions.useCode(session, code)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
    expect(session.bindings).toEqual([])
  })

  it('is good at the fifth attempt', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    for (let attempt = 0; attempt < 4; attempt += 1) await bench.sessions.useCode(session, otherThan(code))
    expect(await bench.sessions.useCode(session, code)).toMatchObject({ outcome: 'signed-in' })
  })

  it('has exactly five attempts when twenty wrong ones come at once', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    const before = bench.logins.steps
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => bench.sessions.useCode(session, otherThan(code))),
    )
    const count = (reason: string) => outcomes.filter((one) => 'reason' in one && one.reason === reason).length
    expect(count('ERR_LOGIN_LIMITED')).toBe(10)
    expect(count('ERR_LOGIN_CODE')).toBe(4)
    expect(count('ERR_LOGIN_EXHAUSTED')).toBe(1)
    expect(count('ERR_LOGIN_REPLAYED')).toBe(5)
    // Five attempts and the end of the login.
    expect(bench.logins.steps - before).toBe(6)
    expect(bench.logins.transactions).toMatchObject([{ phase: 'ended', how: 'exhausted' }])
    expect(session.bindings).toEqual([])
  })

  it('has exactly five attempts however the wrong ones fall', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    const guess = () => bench.sessions.useCode(session, otherThan(code))
    await Promise.all([guess(), guess()])
    expect(bench.logins.transactions).toMatchObject([{ phase: 'authenticated', attempts: 2 }])
    await guess()
    expect(bench.logins.transactions).toMatchObject([{ phase: 'authenticated', attempts: 3 }])
    await Promise.all([guess(), guess(), guess()])
    expect(bench.logins.transactions).toMatchObject([{ phase: 'ended', how: 'exhausted' }])
  })

  it('signs in once when it comes twenty times at once', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => bench.sessions.useCode(session, code)))
    expect(outcomes.filter(({ outcome }) => outcome === 'signed-in')).toHaveLength(1)
    expect([session.bindings.length, bench.signIns.standing.length]).toEqual([1, 1])
    expect(new Set(bench.failures)).toEqual(new Set(['ERR_LOGIN_LIMITED', 'ERR_LOGIN_REPLAYED']))
  })

  it('whose attempts are spent stays refused, also where the end of its sign-in could not be written', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    for (let attempt = 0; attempt < 4; attempt += 1) await bench.sessions.useCode(session, otherThan(code))
    const advance = bench.logins.advance.bind(bench.logins)
    bench.logins.advance = async (login, next) => {
      if (next.phase === 'ended') bench.logins.refuse('advance')
      return advance(login, next)
    }
    await expect(bench.sessions.useCode(session, otherThan(code))).rejects.toMatchObject({ retryable: true })
    bench.logins.recover()
    expect(bench.logins.transactions).toMatchObject([{ phase: 'authenticated', attempts: 5 }])
    expect(await bench.sessions.useCode(session, code)).toEqual(refused('ERR_LOGIN_EXHAUSTED'))
    expect(session.bindings).toEqual([])
  })

  it('signs in once: used again it is unknown', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    await bench.sessions.useCode(session, code)
    expect(await bench.sessions.useCode(session, code)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
    expect([session.bindings.length, bench.signIns.standing.length]).toEqual([1, 1])
  })

  it('of another session is no better than a wrong one, and costs the other nothing', async () => {
    const bench = new LoginBench()
    const [mine, theirs] = [bench.session(), bench.session('session-b')]
    const [code, foreign] = [await bench.codeFor(mine), await bench.codeFor(theirs)]
    expect(await bench.sessions.useCode(mine, foreign)).toEqual(refused('ERR_LOGIN_CODE'))
    expect(await bench.sessions.useCode(mine, otherThan(code))).toEqual(refused('ERR_LOGIN_CODE'))
    const attempts = bench.logins.transactions.map((login) => login.phase === 'authenticated' && login.attempts)
    expect(attempts).toEqual([0, 2])
    expect(await bench.sessions.useCode(theirs, foreign)).toMatchObject({ outcome: 'signed-in' })
    expect(mine.bindings).toEqual([])
  })

  it('of another session is no better than a guess where nothing was started', async () => {
    const bench = new LoginBench()
    const foreign = await bench.codeFor(bench.session('session-b'))
    const session = bench.session()
    expect(await bench.sessions.useCode(session, foreign)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
    expect(await bench.sessions.useCode(session, otherThan(foreign))).toEqual(refused('ERR_LOGIN_UNKNOWN'))
  })

  it('is good for five minutes', async () => {
    for (const [seconds, outcome] of [
      [299, 'signed-in'],
      [300, 'refused'],
    ] as const) {
      const bench = new LoginBench()
      const session = bench.session()
      const code = await bench.codeFor(session)
      bench.clock.advance(seconds)
      expect(await bench.sessions.useCode(session, code)).toMatchObject({ outcome })
    }
  })

  it('of either of two sign-ins that were started is good', async () => {
    for (const pick of [0, 1]) {
      const bench = new LoginBench()
      const session = bench.session()
      const codes = [await bench.codeFor(session), await bench.codeFor(session)]
      expect(await bench.sessions.useCode(session, codes[pick] ?? '')).toMatchObject({ outcome: 'signed-in' })
    }
  })

  it('is not looked at when a session tries too many, until some time has passed', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    for (let attempt = 0; attempt < 10; attempt += 1) await bench.sessions.useCode(session, 'AAAAAAAA')
    const code = await bench.codeFor(session)
    const before = bench.logins.steps
    const limited = { outcome: 'refused', reason: 'ERR_LOGIN_LIMITED', secondsLeft: 300 }
    expect(await bench.sessions.useCode(session, code)).toEqual(limited)
    expect(bench.logins.steps).toBe(before)
    bench.clock.advance(299)
    expect(await bench.sessions.useCode(session, code)).toMatchObject({ secondsLeft: 1 })
    bench.clock.advance(1)
    expect(await bench.sessions.useCode(session, await bench.codeFor(session))).toMatchObject({ outcome: 'signed-in' })
  })

  it('never is on record, nor is what was typed', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    await bench.sessions.useCode(session, otherThan(code))
    await bench.sessions.useCode(session, code)
    const [binding] = session.bindings
    const record = JSON.stringify([bench.audit.counted, bench.audit.rows])
    for (const secret of [code, otherThan(code), binding?.secret ?? '', session.key]) {
      expect(record).not.toContain(secret)
    }
  })
})

describe('a session that is gone', () => {
  it('is not signed in, and nothing is left standing', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    session.gone = true
    expect(await bench.sessions.useCode(session, code)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
    expect(bench.signIns.standing).toEqual([])
    expect(bench.endings).toEqual(['terminated'])
  })
})

describe('signing in again', () => {
  it('replaces the sign-in before, which stands no more', async () => {
    const bench = new LoginBench()
    bench.account('bob', { roles: ['user'] })
    const session = bench.session()
    await bench.sessions.useCode(session, await bench.codeFor(session))
    const before = session.signIn
    await bench.sessions.useCode(session, await bench.codeFor(session, 'bob'))
    expect(session.signIn?.key).not.toBe(before?.key)
    expect(bench.signIns.standing).toMatchObject([{ subject: 'bob', key: session.signIn?.key }])
    expect(bench.endings).toEqual(['replaced'])
    if (before === undefined) throw new TypeError('nobody was signed in')
    expect(await bench.authenticator.recognize(before, 'used')).toBeUndefined()
  })

  it('as the same user is a new sign-in under a new id', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    await bench.sessions.useCode(session, await bench.codeFor(session))
    await bench.sessions.useCode(session, await bench.codeFor(session))
    const [first, second] = session.bindings
    expect(second?.secret).not.toBe(first?.secret)
    expect(bench.signIns.standing).toHaveLength(1)
  })

  it('does not happen when the sign-in before cannot be ended', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    await bench.sessions.useCode(session, await bench.codeFor(session))
    const [first] = session.bindings
    const code = await bench.codeFor(session)
    bench.signIns.refuse('end')
    await expect(bench.sessions.useCode(session, code)).rejects.toMatchObject({ retryable: true })
    expect(session.bindings).toEqual([first])
    expect(session.signIn).toBe(first?.signIn)
  })
})

describe('signing out', () => {
  it('ends the sign-in at once', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    await bench.sessions.useCode(session, await bench.codeFor(session))
    await bench.sessions.signOut(session, 'logged_out')
    expect(session.signIn).toBeUndefined()
    expect(session.bindings.at(-1)).toEqual({ signIn: undefined, secret: undefined })
    expect(bench.signIns.standing).toEqual([])
    expect(bench.endings).toEqual(['logged_out'])
  })

  it('ends what the session had started, in every phase, and nothing of other sessions', async () => {
    const bench = new LoginBench()
    const [session, other] = [bench.session(), bench.session('session-b')]
    const theirs = await bench.codeFor(other)
    const code = await bench.codeFor(session)
    const confirmed = await bench.start(session)
    const callback = await bench.signInAt(confirmed.id)
    const { id } = await bench.start(session)
    await bench.sessions.signOut(session, 'logged_out')
    expect(await bench.flow.view(id, undefined)).toEqual({ kind: 'ended', how: 'logged-out' })
    expect(await bench.follow(callback)).toEqual(refused('ERR_LOGIN_REPLAYED'))
    expect(await bench.sessions.useCode(session, code)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
    expect(await bench.sessions.useCode(other, theirs)).toMatchObject({ outcome: 'signed-in' })
  })

  it('does no harm twice, or where nobody was signed in', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    await bench.sessions.signOut(session, 'logged_out')
    await bench.sessions.useCode(session, await bench.codeFor(session))
    await bench.sessions.signOut(session, 'logged_out')
    await bench.sessions.signOut(session, 'logged_out')
    expect(bench.endings).toEqual(['logged_out'])
  })

  it('holds against a code that is being used at that moment, and against using it again', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    const open = bench.signIns.open.bind(bench.signIns)
    bench.signIns.open = async (signIn) => {
      await bench.sessions.signOut(session, 'logged_out')
      return open(signIn)
    }
    expect(await bench.sessions.useCode(session, code)).toEqual(refused('ERR_LOGIN_REPLAYED'))
    bench.signIns.open = open
    expect([session.signIn, bench.signIns.standing]).toEqual([undefined, []])
    expect(await bench.sessions.useCode(session, code)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
  })

  const outages: readonly (readonly [string, (bench: LoginBench, session: MemoryLoginSession) => void])[] = [
    ['the sign-ins', (bench) => bench.signIns.refuse('end')],
    ['the look-up of logins', (bench) => bench.logins.refuse('ofStarter')],
    ['the step of a login', (bench) => bench.logins.refuse('advance')],
    ['the session', (_bench, session) => (session.down = true)],
  ]
  it.each(outages)('is not said to be done during an outage of %s, and all else of it is done', async (what, fail) => {
    const bench = new LoginBench()
    const session = bench.session()
    await bench.sessions.useCode(session, await bench.codeFor(session))
    const { id } = await bench.start(session)
    fail(bench, session)
    await expect(bench.sessions.signOut(session, 'logged_out')).rejects.toMatchObject({ retryable: true })
    expect(session.signIn === undefined).toBe(what !== 'the session')
    expect(bench.signIns.standing).toHaveLength(what === 'the sign-ins' ? 1 : 0)
    const calledOff = what === 'the sign-ins' || what === 'the session'
    expect((await bench.flow.view(id, undefined)).kind).toBe(calledOff ? 'ended' : 'confirm')
  })
})

describe('the progress of a sign-in', () => {
  it('is pending from its start to its end, for its session alone', async () => {
    const bench = new LoginBench()
    const [session, other] = [bench.session(), bench.session('session-b')]
    const progress = async () => [await bench.sessions.progress(session), await bench.sessions.progress(other)]
    expect(await progress()).toEqual(['none', 'none'])
    const { id } = await bench.start(session)
    expect(await progress()).toEqual(['pending', 'none'])
    await bench.follow(await bench.signInAt(id))
    expect(await progress()).toEqual(['pending', 'none'])
    const view = await bench.flow.view(id, 'cookie-of-ada')
    await bench.sessions.useCode(session, view.kind === 'code' ? view.code : '')
    expect(await progress()).toEqual(['completed', 'none'])
  })

  it('is how the last one went, whatever an earlier one waits for', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    await bench.start(session)
    bench.clock.advance(1)
    const { id } = await bench.start(session)
    await bench.flow.deny(id, bench.browser)
    expect(await bench.sessions.progress(session)).toBe('denied')
    bench.clock.advance(1)
    await bench.start(session)
    expect(await bench.sessions.progress(session)).toBe('pending')
    bench.clock.advance(600)
    expect(await bench.sessions.progress(session)).toBe('none')
  })
})

describe('an outage', () => {
  const outages: readonly (readonly [string, (bench: LoginBench) => void])[] = [
    ['the limits', (bench) => (bench.limiter.available = false)],
    ['the look-up of logins', (bench) => bench.logins.refuse('ofStarter')],
    ['the step of a login', (bench) => bench.logins.refuse('advance')],
    ['the sign-ins', (bench) => bench.signIns.refuse('open')],
    ['the record of the sign-in', (bench) => bench.audit.refuse('signin.completed')],
  ]
  it.each(outages)('of %s signs nobody in', async (_what, fail) => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    fail(bench)
    await expect(bench.sessions.useCode(session, code)).rejects.toMatchObject({ retryable: true })
    expect([session.bindings, bench.signIns.standing]).toEqual([[], []])
  })

  it('of the session signs nobody in and leaves nothing standing', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    session.down = true
    await expect(bench.sessions.useCode(session, code)).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    session.down = false
    expect([session.bindings, bench.signIns.standing]).toEqual([[], []])
    expect(bench.endings).toEqual(['terminated'])
    expect(await bench.sessions.useCode(session, code)).toMatchObject({ outcome: 'signed-in' })
    expect(await bench.sessions.useCode(session, code)).toEqual(refused('ERR_LOGIN_UNKNOWN'))
  })
})
