import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { checkTrail, intentFaults, type CheckedTrail } from '../support/audit-check.js'
import { KeptTrail } from '../support/kept-trail.js'
import type { ServerChild } from '../support/server-child.js'
import { CrashLoad } from './crash-load.js'
import { CrashSite, type Run } from './crash-site.js'

const crashes = Number(process.env['AUTHSEC_CRASHES'] ?? 200)
const servers = 2
const clientsOfServer = 4
const longestLifeMilliseconds = 300

describe(`servers that are killed ${crashes} times under load`, () => {
  const loads: CrashLoad[] = []
  let site: CrashSite
  let runs: readonly Run[]
  let trail: CheckedTrail
  let left = crashes

  beforeAll(
    async () => {
      site = await CrashSite.create()
      await Promise.all(Array.from({ length: servers }, () => crashInTurn()))
      await startLast()
      runs = await site.runs()
      trail = await checkTrail(site.database, site.tenant)
    },
    (crashes * 10 + 120) * 1_000,
  )
  afterAll(async () => {
    left = 0
    await Promise.all(loads.map((load) => load.stop()))
    await site?.close()
  }, 60_000)

  /** Starts a server, kills it in the middle of its calls, and again, until enough were killed. */
  async function crashInTurn(): Promise<void> {
    const port = await site.freePort()
    let server = await site.start(port)
    const clients = await Promise.all(Array.from({ length: clientsOfServer }, () => site.client(port)))
    const load = new CrashLoad(clients)
    loads.push(load)
    while (left > 0) {
      left -= 1
      await load.answers(1)
      await pause(Math.random() * longestLifeMilliseconds)
      await server.kill()
      server = await site.start(port)
    }
    await load.answers(1)
    await load.stop()
    await server.kill()
  }

  /** One more, which finds what all of them have left. */
  async function startLast(): Promise<ServerChild> {
    await site.letTimePass()
    const port = await site.freePort()
    const last = await site.start(port)
    const client = await site.client(port)
    await client.call('book', { nonce: 'last', ms: 0 })
    await site.settled()
    last.signal('SIGTERM')
    expect(await last.ended).toEqual({ code: 0, signal: null })
    return last
  }

  it('leave chains without a gap, each row with its seal', () => {
    const unknown = trail.rows.filter(({ reason, type }) => type === 'operation.outcome' && reason === 'unknown').length
    const asked = loads.reduce((sum, load) => sum + load.asked, 0)
    console.info(
      `${asked} calls, ${runs.length} of them ran; ${trail.rows.length} rows in ${trail.chains} chains, ` +
        `${unknown} calls whose outcome nobody knows`,
    )
    expect(trail.faults).toEqual([])
  })

  it('leave a trail that is found sound, with no call under way', async () => {
    const verdict = await new KeptTrail(site.database, site.tenant).verify()
    expect(verdict).toMatchObject({ faults: [], rows: trail.rows.length, open: 0 })
  })

  it('leave no intent without exactly one outcome, be it unknown', () => {
    expect(intentFaults(trail.rows)).toEqual([])
  })

  it('have run no handler without an intent, and none twice', () => {
    const intents = new Set(
      trail.rows.filter(({ type }) => type === 'operation.allowed').map(({ request_id: ref }) => ref),
    )
    expect(runs.filter(({ ref }) => !intents.has(ref))).toEqual([])
    expect(new Set(runs.map(({ ref }) => ref)).size).toBe(runs.length)
    expect(new Set(runs.map(({ nonce }) => nonce)).size).toBe(runs.length)
  })

  it('have both rows of every call that was answered, and answered nothing but results and outages', () => {
    expect(loads.flatMap(({ faults }) => faults)).toEqual([])
    const succeeded = new Set(
      trail.rows
        .filter(({ reason, type }) => type === 'operation.outcome' && reason === 'succeeded')
        .map(({ request_id: ref }) => ref),
    )
    const refs = new Map(runs.map(({ nonce, ref }) => [nonce, ref]))
    const answered = loads.flatMap((load) => load.answered)
    expect(answered.length).toBeGreaterThanOrEqual(crashes)
    expect(answered.filter((nonce) => !succeeded.has(refs.get(nonce) ?? ''))).toEqual([])
  })
})
