import { describe, expect, it } from '@jest/globals'
import { BackgroundWork } from '../../../../src/core/runtime/background-work.js'

describe('work in the background', () => {
  it('is waited for by whoever closes it', async () => {
    const background = new BackgroundWork()
    const done: string[] = []
    let finish = () => {}
    const finished = new Promise<void>((resolve) => (finish = resolve))
    background.start(async () => {
      await finished
      done.push('work')
    })
    const closing = background.close().then(() => done.push('closed'))
    finish()
    await closing
    expect(done).toEqual(['work', 'closed'])
  })

  it('is given up where it takes too long', async () => {
    const background = new BackgroundWork(1)
    const reasons: unknown[] = []
    background.start(async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      reasons.push(signal.reason)
    })
    await background.close()
    expect(reasons).toEqual([new Error('the process is about to end')])
  })

  it('is not started any more once that was closed', async () => {
    const background = new BackgroundWork()
    await background.close()
    let started = 0
    expect(
      background.start(async () => {
        started += 1
      }),
    ).toBe(false)
    expect(started).toBe(0)
  })
})
