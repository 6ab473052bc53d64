import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { repeat } from '../../../src/app/repeat.js'

describe('repeat', () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  it('runs again after a failure, and not after it was stopped', async () => {
    let runs = 0
    const warnings: string[] = []
    const action = async (): Promise<void> => {
      runs += 1
      if (runs === 1) throw new TypeError('cannot')
    }
    const stop = repeat(action, 1_000, { write: (_level, message) => warnings.push(message) })
    await jest.advanceTimersByTimeAsync(2_000)
    expect({ runs, warnings: warnings.length }).toEqual({ runs: 2, warnings: 1 })
    stop()
    await jest.advanceTimersByTimeAsync(5_000)
    expect(runs).toBe(2)
  })

  it('never runs twice at once', async () => {
    let running = 0
    let resolve = (): void => undefined
    const promise = new Promise<void>((done) => {
      resolve = done
    })
    const stop = repeat(
      async () => {
        running += 1
        await promise
      },
      1_000,
      { write: () => undefined },
    )
    await jest.advanceTimersByTimeAsync(5_000)
    expect(running).toBe(1)
    resolve()
    stop()
  })
})
