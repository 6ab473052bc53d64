import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { SharedReads } from '../../../../src/core/runtime/shared-reads.js'

/** Answers with what is so when it is read, once it is let. */
function slow(values: Record<string, string>) {
  const asked: string[] = []
  const ends: (() => void)[] = []
  const reads = new SharedReads(async (issuer: string, claim: string) => {
    const key = `${issuer} ${claim}`
    asked.push(key)
    const value = values[key]
    await new Promise<void>((resolve) => ends.push(resolve))
    if (value === undefined) throw new TypeError(`nothing at ${key}`)
    return value
  })
  return { asked, reads, end: () => ends.splice(0).forEach((resolve) => resolve()) }
}

describe('shared reads', () => {
  it('are one for all who ask for the same in one turn, and one for each thing that is asked for', async () => {
    const { asked, end, reads } = slow({ 'a x': 'ax', 'a y': 'ay', 'ay ': 'ay-' })
    const answers = [reads.read('a', 'x'), reads.read('a', 'y'), reads.read('ay', ''), reads.read('a', 'x')]
    await nextTurn()
    await nextTurn()
    end()
    expect(await Promise.all(answers)).toEqual(['ax', 'ay', 'ay-', 'ax'])
    expect(asked).toEqual(['a x', 'a y', 'ay '])
  })

  it('never answer with what was read before they were asked for', async () => {
    const values: Record<string, string> = { 'a x': 'before' }
    const { asked, end, reads } = slow(values)
    const first = reads.read('a', 'x')
    await nextTurn()
    await nextTurn()
    expect(asked).toHaveLength(1)
    values['a x'] = 'after'
    const second = reads.read('a', 'x')
    await nextTurn()
    await nextTurn()
    end()
    expect(await Promise.all([first, second])).toEqual(['before', 'after'])
    expect(asked).toHaveLength(2)
  })

  it('fail for all who share one, and are begun anew by the next', async () => {
    const values: Record<string, string> = {}
    const { end, reads } = slow(values)
    const failing = Promise.allSettled([reads.read('a', 'x'), reads.read('a', 'x')])
    await nextTurn()
    await nextTurn()
    end()
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    values['a x'] = 'there'
    const next = reads.read('a', 'x')
    await nextTurn()
    await nextTurn()
    end()
    expect(await next).toBe('there')
  })
})
