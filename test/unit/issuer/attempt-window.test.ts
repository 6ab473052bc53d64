import { describe, expect, it } from '@jest/globals'
import { AttemptWindow } from '../../../src/adapter/issuer/sign-in/attempt-window.js'
import { ManualClock } from '../../support/manual-clock.js'

describe('a window of attempts', () => {
  it('lets so many through, says how long to wait, and opens again', () => {
    const clock = new ManualClock()
    const window = new AttemptWindow({ limit: 2, seconds: 60, clock })
    expect([window.take('a'), window.take('a'), window.take('a')]).toEqual([true, true, false])
    clock.advance(59)
    expect(window.take('a')).toBe(false)
    expect(window.secondsLeft('a')).toBe(1)
    clock.advance(1)
    expect(window.take('a')).toBe(true)
  })

  it('counts each key by itself', () => {
    const window = new AttemptWindow({ limit: 1, seconds: 60, clock: new ManualClock() })
    expect([window.take('a'), window.take('b'), window.take('a')]).toEqual([true, true, false])
  })

  it('is not kept shut by those who go on trying', () => {
    const clock = new ManualClock()
    const window = new AttemptWindow({ limit: 1, seconds: 60, clock })
    window.take('a')
    for (let second = 0; second < 60; second += 1) {
      window.take('a')
      clock.advance(1)
    }
    expect(window.take('a')).toBe(true)
  })

  it('starts afresh for a key that is forgotten', () => {
    const window = new AttemptWindow({ limit: 1, seconds: 60, clock: new ManualClock() })
    window.take('a')
    window.forget('a')
    expect(window.take('a')).toBe(true)
  })

  it('does not count what is given back, and gives back no more than was taken', () => {
    const window = new AttemptWindow({ limit: 1, seconds: 60, clock: new ManualClock() })
    window.take('a')
    window.giveBack('a')
    window.giveBack('a')
    expect([window.take('a'), window.take('a')]).toEqual([true, false])
  })

  it('remembers no more keys than it may, the newest ones', () => {
    const window = new AttemptWindow({ limit: 1, seconds: 60, clock: new ManualClock(), capacity: 2 })
    for (const key of ['a', 'b', 'c']) window.take(key)
    expect([window.take('c'), window.take('b'), window.take('a')]).toEqual([false, false, true])
  })
})
