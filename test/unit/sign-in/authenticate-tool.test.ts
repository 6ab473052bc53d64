import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { resource } from '../../support/login-bench.js'
import type { MemoryLoginSession } from '../../support/memory-sign-in.js'
import { SignInToolsBench } from '../../support/sign-in-tools-bench.js'

const anySentence = expect.stringMatching(/^[A-Z][^.!?]*\.$/)

function referenceOf({ key }: MemoryLoginSession): string {
  return createHash('sha256').update(`authsec-session ${key}`).digest('hex').slice(0, 16)
}

/** A well-formed code that is not `code`. */
function otherThan(code: string): string {
  return `${code.startsWith('A') ? 'B' : 'A'}${code.slice(1)}`
}

const refusal = (error: string) => ({ isError: true, structured: undefined, json: { error, next_step: anySentence } })

describe('oauth_authenticate', () => {
  it('says who is signed in, until when, and what they may call', async () => {
    const bench = new SignInToolsBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    const { isError, json, structured } = await bench.call(session, 'oauth_authenticate', { code })
    const expires_at = bench.clock.seconds + 12 * 3_600
    expect(isError).toBe(false)
    expect(json).toEqual({
      status: 'authenticated',
      session_id: referenceOf(session),
      user_info: expect.objectContaining({ user_id: 'ada', token_type: 'session', scopes: ['read'], expires_at }),
      accessible_tools: ['hello', 'admin_panel'],
      expires_at,
      next_step: expect.stringContaining('accessible_tools'),
    })
    expect(structured).toEqual(json)
  })

  it('names only tools that can be called then', async () => {
    const bench = new SignInToolsBench()
    const session = bench.session()
    const { json } = await bench.call(session, 'oauth_authenticate', { code: await bench.codeFor(session) })
    const names: unknown = json['accessible_tools']
    for (const name of Array.isArray(names) ? names : []) {
      expect(await bench.call(session, String(name))).toMatchObject({ isError: false, text: 'done' })
    }
    for (const name of ['write_report', 'vault']) await expect(bench.call(session, name)).rejects.toThrow('hidden')
  })

  it('tells whoever may call nothing so', async () => {
    const bench = new SignInToolsBench({ accessibleTo: () => [] })
    const session = bench.session()
    const { json } = await bench.call(session, 'oauth_authenticate', { code: await bench.codeFor(session) })
    expect(json).toMatchObject({ accessible_tools: [], next_step: anySentence })
    expect(json['next_step']).not.toContain('accessible_tools')
  })

  it.each([
    ['neither', {}],
    ['both', { code: 'AAAAAAAA', jwt_token: 'a.b.c' }],
  ])('wants a code or a token, not %s', async (_which, args) => {
    const bench = new SignInToolsBench({ tokenResource: resource })
    const session = bench.session()
    await bench.codeFor(session)
    const answer = await bench.call(session, 'oauth_authenticate', args)
    const text = 'Invalid arguments: give exactly one of code and jwt_token'
    expect(answer).toMatchObject({ isError: true, text })
    expect(bench.logins.transactions).toMatchObject([{ attempts: 0 }])
  })

  it('answers a wrong code and the code of another session with the same bytes', async () => {
    const bench = new SignInToolsBench()
    const [session, other] = [bench.session(), bench.session('session-b')]
    const [code, foreign] = [await bench.codeFor(session), await bench.codeFor(other)]
    const wrong = await bench.call(session, 'oauth_authenticate', { code: otherThan(code) })
    expect(wrong).toMatchObject(refusal('invalid_code'))
    expect(await bench.call(session, 'oauth_authenticate', { code: foreign })).toEqual(wrong)
    const idle = bench.session('session-c')
    const guessed = await bench.call(idle, 'oauth_authenticate', { code: otherThan(code) })
    expect(guessed).toMatchObject(refusal('expired_code'))
    expect(await bench.call(idle, 'oauth_authenticate', { code: foreign })).toEqual(guessed)
    expect(bench.signIns.standing).toEqual([])
  })

  it('says that a code has expired or was used', async () => {
    const bench = new SignInToolsBench()
    const session = bench.session()
    const late = await bench.codeFor(session)
    bench.clock.advance(300)
    expect(await bench.call(session, 'oauth_authenticate', { code: late })).toMatchObject(refusal('expired_code'))
    const code = await bench.codeFor(session)
    expect(await bench.call(session, 'oauth_authenticate', { code })).toMatchObject({ isError: false })
    expect(await bench.call(session, 'oauth_authenticate', { code })).toMatchObject(refusal('expired_code'))
  })

  it('signs in once when the same code comes five times at once, and sends the others to oauth_status', async () => {
    const bench = new SignInToolsBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => bench.call(session, 'oauth_authenticate', { code })),
    )
    const refusals = answers.filter(({ isError }) => isError)
    expect(refusals).toHaveLength(4)
    for (const { json } of refusals) {
      expect(json).toMatchObject({ error: 'expired_code', next_step: expect.stringContaining('oauth_status') })
    }
  })

  it('says that there were too many wrong codes', async () => {
    const bench = new SignInToolsBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    const errors: unknown[] = []
    for (let attempt = 0; attempt < 5; attempt += 1) {
      errors.push((await bench.call(session, 'oauth_authenticate', { code: otherThan(code) })).json['error'])
    }
    expect(errors).toEqual([...Array(4).fill('invalid_code'), 'too_many_attempts'])
  })

  it('says when to try again after too many attempts in a short time', async () => {
    const bench = new SignInToolsBench()
    const session = bench.session()
    for (let attempt = 0; attempt < 10; attempt += 1) await bench.call(session, 'oauth_authenticate', { code: 'x' })
    const answer = await bench.call(session, 'oauth_authenticate', { code: 'x' })
    expect(answer.json).toEqual({ error: 'rate_limited', retry_after: 300, next_step: anySentence })
  })

  it('takes a token where the server takes them', async () => {
    const bench = new SignInToolsBench({ tokenResource: resource })
    const session = bench.session()
    const { json } = await bench.call(session, 'oauth_authenticate', { jwt_token: 'ada' })
    expect(json).toMatchObject({ status: 'authenticated', expires_at: bench.clock.seconds + 600 })
  })

  it.each([
    ['that is not good', resource, 'ada+elsewhere'],
    ['that nobody issued', resource, 'marked-token'],
    ['where the server takes none', undefined, 'ada'],
  ])('refuses a token %s', async (_what, tokenResource, jwt_token) => {
    const bench = new SignInToolsBench(tokenResource === undefined ? {} : { tokenResource })
    const session = bench.session()
    const answer = await bench.call(session, 'oauth_authenticate', { jwt_token })
    expect(answer).toMatchObject(refusal('invalid_token'))
    expect(session.bindings).toEqual([])
  })

  it('repeats neither code, token nor address in what it refuses', async () => {
    const bench = new SignInToolsBench({ tokenResource: resource })
    const session = bench.session()
    const code = await bench.codeFor(session)
    const attempts = [{ code: otherThan(code) }, { jwt_token: 'ada+expired' }, { code: 'c'.repeat(65) }]
    for (const args of attempts) {
      const { isError, text } = await bench.call(session, 'oauth_authenticate', args)
      expect(isError).toBe(true)
      for (const secret of [code, ...Object.values(args), 'ada']) expect(text).not.toContain(secret)
    }
  })

  it('signs nobody in who has lost the right between code and answer', async () => {
    const bench = new SignInToolsBench({ authenticator: { recognize: async () => undefined } })
    const session = bench.session()
    const answer = await bench.call(session, 'oauth_authenticate', { code: await bench.codeFor(session) })
    expect(answer).toMatchObject(refusal('not_accepted'))
  })

  it('signs nobody in whose session is gone', async () => {
    const bench = new SignInToolsBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    session.gone = true
    expect(await bench.call(session, 'oauth_authenticate', { code })).toMatchObject({ isError: true })
    expect(bench.signIns.standing).toEqual([])
  })
})

describe('a session_id', () => {
  const reading = ['oauth_status', 'oauth_logout', 'oauth_user_info']

  it('that is the own one changes nothing', async () => {
    const bench = new SignInToolsBench()
    const session = bench.session()
    const session_id = referenceOf(session)
    const args = { code: await bench.codeFor(session), session_id }
    expect(await bench.call(session, 'oauth_authenticate', args)).toMatchObject({ isError: false })
    for (const name of ['oauth_status', 'oauth_user_info', 'oauth_logout']) {
      const bare = await bench.call(session, name)
      if (name !== 'oauth_logout') expect(await bench.call(session, name, { session_id })).toEqual(bare)
    }
    expect((await bench.call(session, 'oauth_logout', { session_id })).json).toMatchObject({ status: 'logged_out' })
  })

  it.each(reading)('of another session is to %s what a random one is, and nothing is looked up', async (name) => {
    const bench = new SignInToolsBench()
    const [session, other] = [bench.session(), bench.session('session-b')]
    for (const one of [session, other]) {
      await bench.call(one, 'oauth_authenticate', { code: await bench.codeFor(one) })
    }
    await bench.recognize(session)
    bench.logins.refuse('ofStarter', 'find', 'advance')
    bench.signIns.refuse('end')
    const [foreign, random] = [referenceOf(other), 'f'.repeat(16)]
    const told = await bench.call(session, name, { session_id: foreign })
    expect(told.json).toEqual({ status: 'not_found', session_id: foreign, next_step: anySentence })
    const guessed = await bench.call(session, name, { session_id: random })
    expect(guessed.text.replace(random, foreign)).toBe(told.text)
    expect([bench.endings, bench.signIns.standing.length]).toEqual([[], 2])
  })

  it.each(reading)('that is long or hidden is given back by %s short and visible', async (name) => {
    const bench = new SignInToolsBench()
    const session_id = `\u001b]0;${'y'.repeat(100_000)}`
    const { json } = await bench.call(bench.session(), name, { session_id })
    expect(json).toMatchObject({ status: 'not_found', session_id: `]0;${'y'.repeat(61)}` })
  })

  it.each(reading)('that is empty names no session to %s', async (name) => {
    const bench = new SignInToolsBench()
    const { json } = await bench.call(bench.session(), name, { session_id: '' })
    expect(json).toMatchObject({ status: 'not_found', session_id: '' })
  })

  it.each([
    ['another one', () => 'f'.repeat(16)],
    ['the key of the session', ({ key }: MemoryLoginSession) => key],
    ['the own one in capitals', (session: MemoryLoginSession) => referenceOf(session).toUpperCase()],
  ])('that is %s keeps a code unused', async (_which, idOf) => {
    const bench = new SignInToolsBench()
    const session = bench.session()
    const code = await bench.codeFor(session)
    const answer = await bench.call(session, 'oauth_authenticate', { code, session_id: idOf(session) })
    expect(answer).toMatchObject(refusal('not_found'))
    expect(bench.logins.transactions).toMatchObject([{ attempts: 0 }])
    expect(session.bindings).toEqual([])
  })
})
