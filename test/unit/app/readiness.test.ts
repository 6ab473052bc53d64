import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { Readiness, type ReadinessSigns } from '../../../src/app/readiness.js'
import { UpstreamError, type Outage } from '../../../src/core/error/upstream-error.js'

const outage = (code: Outage) => Promise.reject(new UpstreamError(code, 'down'))
const never = () => new Promise<void>(() => undefined)

function readinessWith(ping: ReadinessSigns['ping'], heard = false): Readiness {
  const readiness = new Readiness()
  readiness.begin({ ping, heard: () => heard })
  return readiness
}

describe('a process is ready', () => {
  it('while its database answers, from the moment that it serves until it is asked to stop', async () => {
    const readiness = new Readiness()
    expect(await readiness.isReady()).toBe(false)
    readiness.begin({ ping: async () => undefined, heard: () => true })
    expect(await readiness.isReady()).toBe(true)
    readiness.stop()
    expect(await readiness.isReady()).toBe(false)
  })

  it('not when it is asked to stop while somebody waits for the answer', async () => {
    let answer: () => void = () => undefined
    const readiness = readinessWith(() => new Promise((resolve) => (answer = resolve)))
    const asked = readiness.isReady()
    readiness.stop()
    answer()
    expect(await asked).toBe(false)
  })

  it.each<[string, ReadinessSigns['ping'], boolean, boolean]>([
    ['refuses us', () => outage('AUTH_UNAVAILABLE'), true, false],
    ['is busy and was heard of', () => outage('OVERLOADED'), true, true],
    ['is busy and was not heard of', () => outage('OVERLOADED'), false, false],
    ['is slow and was heard of', never, true, true],
    ['is silent', never, false, false],
  ])('or not, within a second, when its database %s', async (_title, ping, heard, expected) => {
    const readiness = readinessWith(ping, heard)
    const begun = performance.now()
    expect(await readiness.isReady()).toBe(expected)
    expect(performance.now() - begun).toBeLessThan(1_500)
  })
})

describe('many who ask', () => {
  it('cost one query, and for a moment no further one', async () => {
    let pings = 0
    const readiness = readinessWith(async () => {
      pings += 1
      await pause(20)
    })
    const answers = await Promise.all(Array.from({ length: 500 }, () => readiness.isReady()))
    expect(new Set(answers)).toEqual(new Set([true]))
    expect(await readiness.isReady()).toBe(true)
    expect(pings).toBe(1)
    await pause(300)
    expect(await readiness.isReady()).toBe(true)
    expect(pings).toBe(2)
  })

  it('do not pile up queries on a database that is silent', async () => {
    let pings = 0
    const readiness = readinessWith(() => {
      pings += 1
      return never()
    })
    expect(await readiness.isReady()).toBe(false)
    await pause(300)
    expect(await readiness.isReady()).toBe(false)
    expect(pings).toBe(1)
  })
})
