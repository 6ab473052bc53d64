import { describe, expect, it } from '@jest/globals'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { Turnstile } from '../../../src/core/runtime/turnstile.js'
import { until } from '../../support/until.js'

const limits = { atOnce: 2, waiting: 3, milliseconds: 60_000 }

/** Work that ends when it is told to. */
class Work {
  readonly started: string[] = []
  readonly #ends = new Map<string, { resolve: (value: string) => void; reject: (error: unknown) => void }>()

  do(name: string): () => Promise<string> {
    return () => {
      this.started.push(name)
      return new Promise((resolve, reject) => this.#ends.set(name, { resolve, reject }))
    }
  }

  end(name: string): void {
    this.#ends.get(name)?.resolve(name)
  }

  fail(name: string, error: unknown): void {
    this.#ends.get(name)?.reject(error)
  }
}

describe('a turnstile', () => {
  it('lets a few of each key in at once, and those of another key whatever the first ones do', async () => {
    const [turnstile, work] = [new Turnstile(limits), new Work()]
    const passed = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2'].map((name) => turnstile.pass(name.charAt(0), work.do(name)))
    expect(work.started).toEqual(['a1', 'a2', 'b1', 'b2'])
    work.end('a2')
    expect(await passed[1]).toBe('a2')
    await until(() => work.started.includes('a3'))
    expect(work.started).not.toContain('a4')
    for (const name of ['a1', 'a3', 'b1', 'b2']) work.end(name)
    await until(() => work.started.includes('a4'))
    work.end('a4')
    expect(await Promise.all(passed)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'b2'])
  })

  it('refuses at once whoever would wait behind too many', async () => {
    const [turnstile, work] = [new Turnstile(limits), new Work()]
    const passed = ['1', '2', '3', '4', '5'].map((name) => turnstile.pass('a', work.do(name)))
    await expect(turnstile.pass('a', work.do('6'))).rejects.toMatchObject({ code: 'ERR_OVERLOADED', retryable: true })
    for (const name of ['1', '2', '3', '4', '5']) {
      await until(() => work.started.includes(name))
      work.end(name)
    }
    await Promise.all(passed)
    expect(work.started).toEqual(['1', '2', '3', '4', '5'])
  })

  it('refuses whoever has waited too long, and does none of their work', async () => {
    const [turnstile, work] = [new Turnstile({ ...limits, atOnce: 1, milliseconds: 10 }), new Work()]
    const first = turnstile.pass('a', work.do('1'))
    await expect(turnstile.pass('a', work.do('2'))).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    work.end('1')
    await first
    const third = turnstile.pass('a', work.do('3'))
    work.end('3')
    expect(await third).toBe('3')
    expect(work.started).toEqual(['1', '3'])
  })

  it('tells all who wait when what they wait for hangs, and lets the next in again', async () => {
    const [turnstile, work] = [new Turnstile({ ...limits, atOnce: 1, milliseconds: 400 }), new Work()]
    const outage = new UpstreamError('TENANT_UNAVAILABLE', 'down')
    const begun = performance.now()
    const refused = ['1', '2', '3'].map((name) => expect(turnstile.pass('a', work.do(name))).rejects.toBe(outage))
    await until(() => performance.now() - begun > 210)
    work.fail('1', outage)
    await Promise.all(refused)
    expect(work.started).toEqual(['1'])
    const next = turnstile.pass('a', work.do('4'))
    work.end('4')
    expect(await next).toBe('4')
  })

  it.each([
    ['is refused by itself', new TypeError('no')],
    ['failed at once', new UpstreamError('TENANT_UNAVAILABLE', 'reset')],
    ['found no time', new UpstreamError('OVERLOADED', 'no time')],
  ])('lets the next in after one that %s', async (_what, error) => {
    const [turnstile, work] = [new Turnstile({ ...limits, atOnce: 1 }), new Work()]
    const first = expect(turnstile.pass('a', work.do('1'))).rejects.toBe(error)
    const second = turnstile.pass('a', work.do('2'))
    work.fail('1', error)
    await first
    await until(() => work.started.includes('2'))
    work.end('2')
    expect(await second).toBe('2')
  })
})
