import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { TrailKeeper, type KeptPlace } from '../../../src/adapter/postgres/audit/log/trail-keeper.js'

const round = 2_000
const log = { write: () => undefined }

interface FakePlace extends KeptPlace {
  readonly done: string[]
}

function place(changed: Partial<KeptPlace> = {}): FakePlace {
  const done: string[] = []
  const note = (what: string) => () => {
    done.push(what)
    return Promise.resolve(0)
  }
  const close = async () => void (await note('close')())
  return {
    idleMilliseconds: 0,
    keep: async () => void (await note('keep')()),
    settle: note('settle'),
    close,
    done,
    ...changed,
  }
}

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

describe('TrailKeeper', () => {
  it('keeps each place every 2 s, though another one hangs, and waits for that when it stops', async () => {
    let answer = (): void => undefined
    let begun = 0
    const hanging = place({
      keep: () => {
        begun += 1
        return new Promise((resolve) => (answer = resolve))
      },
    })
    const other = place()
    const keeper = new TrailKeeper(
      new Map([
        ['hanging', hanging],
        ['other', other],
      ]),
      log,
    )
    await jest.advanceTimersByTimeAsync(9 * round)
    expect(begun).toBe(1)
    expect(other.done.filter((what) => what === 'keep')).toHaveLength(9)
    expect(other.done.filter((what) => what === 'settle')).toHaveLength(2)
    let stopped = false
    const stopping = keeper.stop().then(() => (stopped = true))
    await jest.advanceTimersByTimeAsync(round)
    expect(stopped).toBe(false)
    answer()
    await stopping
    expect(other.done.filter((what) => what === 'keep')).toHaveLength(9)
  })

  it('leaves to others what was not used for a minute, and goes on where one fails', async () => {
    const failing = place({ keep: () => Promise.reject(new TypeError('down')) })
    const idle = place({ idleMilliseconds: 60_001 })
    const places = new Map<string, KeptPlace>([
      ['failing', failing],
      ['idle', idle],
    ])
    const keeper = new TrailKeeper(places, log)
    await jest.advanceTimersByTimeAsync(3 * round)
    expect([...places.keys()]).toEqual(['failing'])
    expect(idle.done).toEqual(['settle', 'keep', 'close'])
    await keeper.stop()
  })
})
