import { describe, expect, it } from '@jest/globals'
import { Turns } from '../../../src/core/runtime/turns.js'

describe('turns', () => {
  it('go one after the other for one key, and apart for others', async () => {
    const turns = new Turns()
    const events: string[] = []
    const step = (name: string) => async (): Promise<string> => {
      events.push(`${name} begins`)
      await new Promise(setImmediate)
      events.push(`${name} ends`)
      return name
    }
    const results = await Promise.all([
      turns.take('a', step('one')),
      turns.take('a', step('two')),
      turns.take('b', step('other')),
    ])
    expect(results).toEqual(['one', 'two', 'other'])
    expect(events.filter((event) => !event.startsWith('other'))).toEqual([
      ...['one begins', 'one ends', 'two begins', 'two ends'],
    ])
    expect(events.indexOf('other begins')).toBeLessThan(events.indexOf('one ends'))
  })

  it('fail with what fails ahead of them, and begin afresh afterwards', async () => {
    const turns = new Turns()
    let begun = 0
    const fail = async (): Promise<never> => {
      begun += 1
      await new Promise(setImmediate)
      throw new TypeError('down')
    }
    const settled = await Promise.allSettled([1, 2, 3].map(() => turns.take('a', fail)))
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(begun).toBe(1)
    await expect(turns.take('a', async () => 'up')).resolves.toBe('up')
  })

  it('are refused where too many wait, and only then', async () => {
    const turns = new Turns()
    const done = async (): Promise<string> => 'done'
    const settled = await Promise.allSettled(Array.from({ length: 502 }, () => turns.take('a', done)))
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(500)
    expect(settled.at(-1)).toMatchObject({ reason: { code: 'ERR_OVERLOADED' } })
    let waiting = turns.take('a', done)
    for (let each = 0; each < 1_000; each += 1) {
      const next = turns.take('a', done)
      await waiting
      waiting = next
    }
    await expect(waiting).resolves.toBe('done')
  })
})
