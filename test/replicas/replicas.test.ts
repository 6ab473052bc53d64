import { setMaxListeners } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { temporaryHome, type TemporaryHome } from '../support/server-process.js'
import type { Way } from './addressed-fetch.js'
import { mayCall, observeDemotion, type Demotion } from './demotion.js'
import { openLedgerDatabase, readRuns, type LedgerDatabase } from './ledger-database.js'
import { Journal, keepListening, keepSigningIn, newcomer, useSessions, type LoadOptions } from './load.js'
import { McpSession } from './mcp-session.js'
import { printReport } from './report.js'
import { ReplicaSet } from './replica-set.js'
import { RoundRobinProxy } from './round-robin-proxy.js'
import { exchangeCode, obtainCode, obtainOneTimeCode, signInByOAuth, signInByTools, type Person } from './sign-in.js'

const seconds = Number(process.env['AUTHSEC_REPLICAS_SECONDS'] ?? 120)
const killEveryMilliseconds = 5_000
const boundMilliseconds = 1_000
const bearers = 24
const listeners = 12
const users = 6
const clerks = 60

describe(`three replicas, one killed every ${killEveryMilliseconds / 1000} s for ${seconds} s`, () => {
  const journal = new Journal()
  const sessions: McpSession[] = []
  let proxy: RoundRobinProxy
  let home: TemporaryHome
  let database: LedgerDatabase
  let replicas: ReplicaSet
  let demotions: readonly Demotion[] = []
  let demoted: McpSession
  let mostConnections = 0
  const stop = new AbortController()
  let running: Promise<void> = Promise.resolve()

  beforeAll(
    async () => {
      proxy = await RoundRobinProxy.open()
      home = await temporaryHome()
      database = await openLedgerDatabase(proxy.origin, clerks)
      const env = { ...database.env, AUTHSEC_LOG_LEVEL: 'warn', RUNS_FILE: runsFile() }
      replicas = await ReplicaSet.start({ proxy, home: home.path, env })
      running = run()
      await running
    },
    (seconds + 300) * 1_000,
  )

  afterAll(async () => {
    stop.abort()
    await running.catch(() => undefined)
    await replicas?.close()
    await proxy?.close()
    await database?.close()
    await home?.remove()
  }, 60_000)

  const runsFile = (): string => join(home.path, 'runs.txt')
  const way = (): Way => newcomer({ origin: proxy.origin, port: proxy.port, proxy })
  const person = (index: number): Person => {
    const found = database.people[index]
    if (found === undefined) throw new TypeError('there are not as many people')
    return found
  }
  const openAs = ({ email }: Person): Promise<McpSession> =>
    McpSession.open(way(), { path: '/mcp/oauth', token: database.tokens.get(email) })

  async function run(): Promise<void> {
    for (let index = 0; index < bearers; index += 1) sessions.push(await openAs(person(index)))
    demoted = await openAs(person(clerks - 1))
    setMaxListeners(0, stop.signal)
    const load: LoadOptions = { journal, sessions, stop: stop.signal }
    const half = Math.floor((clerks - 1 - bearers) / 2)
    const [byOAuth, byTools] = [database.people.slice(bearers, -1).slice(0, half), database.people.slice(-half - 1, -1)]
    const going = [
      ...Array.from({ length: users }, () => useSessions(load)),
      ...sessions.slice(0, listeners).map((session) => keepListening(load, session)),
      keepSigningIn(load, {
        ...{ kind: 'sign-in by OAuth', people: byOAuth },
        signIn: (one) => signInByOAuth(way(), one),
      }),
      keepSigningIn(load, {
        ...{ kind: 'sign-in with the tools', people: byTools },
        signIn: (one) => signInByTools(way(), one),
      }),
    ]
    try {
      await killInTurn()
    } finally {
      stop.abort()
      await Promise.all(going)
    }
  }

  /** Until the time is over, and each of them has been killed. */
  async function killInTurn(): Promise<void> {
    const startedAt = performance.now()
    const elapsed = (): number => performance.now() - startedAt
    for (let tick = 1; !stop.signal.aborted; tick += 1) {
      const next = Math.max(elapsed(), tick * killEveryMilliseconds)
      if (next >= seconds * 1_000 && replicas.restarts.length >= 3) break
      await pause(next - elapsed())
      mostConnections = Math.max(mostConnections, await database.connections())
      await replicas.killNext()
      if (elapsed() > seconds * 500 && demotions.length === 0) {
        demotions = await observeDemotion(demoted, replicas.ports, () => database.demote(person(clerks - 1)))
      }
    }
    await pause(Math.max(0, seconds * 1_000 - elapsed()))
  }

  it('fail no request and no sign-in but those that the killed one had', async () => {
    const { logs, restarts } = replicas
    printReport({ journal, proxy, restarts, logs, demotions, sessions: sessions.length, mostConnections })
    if (journal.faults.length > 0) process.stdout.write(`${logs.join('\n')}\n`)
    expect(journal.faults).toEqual([])
    expect(proxy.broken.filter(({ backend }) => !backend.killed)).toEqual([])
    expect(replicas.restarts.length).toBeGreaterThanOrEqual(3)
    for (const { done } of journal.tallies.values()) expect(done).toBeGreaterThan(0)
  })

  it('lose no session: each one ever opened is answered by every replica', async () => {
    const lost: string[] = []
    for (const [index, session] of sessions.entries()) {
      const answers = replicas.ports.map((port) => session.by({ port }).list())
      for (const answer of await Promise.allSettled(answers)) {
        const said = answer.status === 'fulfilled' ? answer.value.join(', ') : String(answer.reason)
        if (!said.includes('post_entry')) lost.push(`session ${index} of ${session.caller.path}: ${said}`)
      }
    }
    expect(lost).toEqual([])
  }, 120_000)

  it('refuse within a second, each of them, what a role was taken away for', async () => {
    expect(demotions).toHaveLength(3)
    for (const { firstRefused, lastAllowed } of demotions) {
      expect(lastAllowed).toBeLessThan(boundMilliseconds)
      expect(firstRefused).toBeLessThan(Number.POSITIVE_INFINITY)
    }
    for (const port of replicas.ports) expect(await mayCall(demoted.by({ port }))).toBe(false)
  })

  it('have every run of a handler on record before it began, and run nothing twice', async () => {
    const runs = await readRuns(runsFile())
    const allowed = await database.allowedCalls()
    expect(runs.filter(({ id }) => !allowed.has(id))).toEqual([])
    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length)
    expect(new Set(runs.map(({ nonce }) => nonce)).size).toBe(runs.length)
    const ran = new Set(runs.map(({ nonce }) => nonce))
    expect([...journal.answered].filter((nonce) => !ran.has(nonce))).toEqual([])
    const open = [...allowed].filter(([, outcome]) => outcome === 'open').map(([id]) => id)
    const nonces = new Map(runs.map(({ id, nonce }) => [id, nonce]))
    // A run without an outcome is one whose process was killed, so its answer never came.
    expect(open.map((id) => nonces.get(id) ?? '').filter((nonce) => journal.answered.has(nonce))).toEqual([])
    expect(open.length).toBeLessThanOrEqual(journal.unanswered.size)
    expect(allowed.size - runs.length).toBeLessThanOrEqual(journal.unanswered.size)
  })

  it('take an authorization code once, wherever it is brought', async () => {
    const [first = 0, second = 0, third = 0] = replicas.ports
    const obtained = await obtainCode(way(), person(bearers))
    expect(await exchangeCode({ ...way(), port: first }, obtained)).toEqual(expect.any(String))
    expect(await exchangeCode({ ...way(), port: second }, obtained)).toBeUndefined()
    expect(await exchangeCode({ ...way(), port: third }, obtained)).toBeUndefined()
  })

  it('take a one-time code once, and count wrong ones together', async () => {
    const visitor = way()
    const session = await McpSession.open(visitor, { path: '/mcp', token: undefined })
    const [first = 0, second = 0, third = 0] = replicas.ports
    const at = async (port: number, code: string) => {
      const { facts, text } = await session.by({ port }).call('oauth_authenticate', { code })
      return facts['status'] ?? (JSON.parse(text) as { readonly error?: string }).error
    }
    const code = await obtainOneTimeCode(session, visitor, person(bearers + 1))
    expect(await at(first, code)).toBe('authenticated')
    expect([await at(second, code), await at(third, code)]).toEqual(['expired_code', 'expired_code'])
    const right = await obtainOneTimeCode(session, visitor, person(bearers + 1))
    const wrong = right.startsWith('0') ? '1111-1111' : '0000-0000'
    const tried = []
    for (const port of [first, second, third, first, second]) tried.push(await at(port, wrong))
    expect(tried.slice(0, -1)).toEqual(Array.from({ length: 4 }, () => 'invalid_code'))
    expect(tried.at(-1)).toBe('too_many_attempts')
    expect(await at(third, right)).not.toBe('authenticated')
  })

  it('count the starts of sign-ins together', async () => {
    const session = await McpSession.open(way(), { path: '/mcp', token: undefined })
    const start = async (port: number) => {
      const { facts, text } = await session.by({ port }).call('oauth_start')
      return typeof facts['authorization_url'] === 'string' ? 'started' : text
    }
    const ports = [...replicas.ports, ...replicas.ports, ...replicas.ports]
    const outcomes = []
    for (const port of [...ports, ...replicas.ports.slice(0, 1)]) outcomes.push(await start(port))
    expect(outcomes).toEqual(Array.from({ length: 10 }, () => 'started'))
    for (const port of replicas.ports) expect(await start(port)).toContain('rate_limited')
  })

  it('log no error', () => {
    expect(replicas.logs.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  })
})
