import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { callTool } from '../../../support/mcp-harness.js'
import { StdioBench } from '../../../support/stdio-bench.js'
import { until } from '../../../support/until.js'

/** Everything but what makes the server look after its sign-in. */
const doNotFake = [
  ...(['Date', 'clearImmediate', 'clearTimeout', 'hrtime', 'nextTick', 'performance'] as const),
  ...(['queueMicrotask', 'setImmediate', 'setTimeout'] as const),
]
const loginTools = ['hello', 'sign_in', 'sign_out', 'who']

describe('a sign-in over stdio', () => {
  let bench: StdioBench
  beforeEach(async () => {
    jest.useFakeTimers({ doNotFake })
    bench = await StdioBench.start()
    await bench.open()
  })
  afterEach(async () => {
    jest.useRealTimers()
    await bench.stop()
  })

  /** Lets the time pass after which the server looks whether the sign-in stands. */
  const passTime = async () => {
    jest.advanceTimersByTime(2_000)
    await pause(20)
  }

  const who = async (client = bench) => {
    const { result } = await client.ask(callTool('who', {}, `who ${client.lines.length}`))
    return (result?.['content'] as { text: string }[] | undefined)?.[0]?.text
  }
  const current = () => {
    const { kept } = bench.keeper
    if (kept === undefined) throw new TypeError('nobody is signed in')
    return kept
  }

  it('opens what the user may use, and tells the client before the answer is out', async () => {
    expect(await bench.list()).toEqual(loginTools)
    await bench.signIn('bob')
    expect(bench.messages.at(-2)).toMatchObject({ method: 'notifications/tools/list_changed' })
    expect(await bench.list()).toEqual(expect.arrayContaining(['read', 'echo']))
    expect(await bench.list()).not.toContain('wipe')
    expect(await who()).toBe('bob')
  })

  it('closes it again when it ends', async () => {
    await bench.signIn('alice')
    await bench.ask(callTool('sign_out'))
    expect(await bench.list()).toEqual(loginTools)
    expect(await who()).toBe('nobody')
    expect(bench.keeper.kept).toBeUndefined()
    expect(bench.changes).toBe(2)
  })

  it('opens no operation that wants a bearer', async () => {
    await bench.signIn('alice')
    expect(await bench.list()).not.toContain('transfer')
    expect((await bench.ask(callTool('transfer'))).error).toMatchObject({ code: -32602 })
  })

  it.each<[string, (bench: StdioBench) => unknown]>([
    ['another process ends it', (b) => b.signIns.end(current(), 'logged_out')],
    ['it expires', (b) => b.clock.advance(31 * 60)],
    ['the account is disabled', (b) => b.people.disable('alice')],
    ['its grant is revoked', (b) => b.people.revoke('alice')],
    ['the tenant is suspended', (b) => (b.people.suspended = true)],
  ])('is over within seconds when %s: the client hears of it and running calls are aborted', async (_name, end) => {
    await bench.signIn('alice')
    await bench.list()
    const { changes } = bench
    bench.send(callTool('wait', {}, 'running'))
    await until(() => bench.diary.waiting.size === 1)
    await end(bench)
    await passTime()
    await until(() => bench.diary.aborted === 1 && bench.changes === changes + 1)
    expect(await bench.next(({ id }) => id === 'running')).toHaveProperty('result')
    expect(await bench.list()).toEqual(loginTools)
    expect(await who()).toBe('nobody')
  })

  it('loses at once what the account loses', async () => {
    await bench.signIn('alice')
    expect(await bench.list()).toContain('wipe')
    const { changes } = bench
    bench.people.set('alice', {})
    expect((await bench.ask(callTool('wipe'))).error).toMatchObject({ code: -32602 })
    await passTime()
    await until(() => bench.changes === changes + 1)
    expect(await bench.list()).not.toContain('wipe')
  })

  it('aborts what runs in the name of somebody else, and of nobody else', async () => {
    await bench.signIn('alice')
    bench.send(callTool('wait', {}, 'of alice'))
    await until(() => bench.diary.waiting.size === 1)
    await bench.signIn('bob')
    bench.send(callTool('wait', {}, 'of bob'))
    await passTime()
    await until(() => bench.diary.aborted === 1)
    await passTime()
    expect(bench.diary.aborted).toBe(1)
    expect(bench.diary.waiting.size).toBe(1)
  })

  it('stands through an outage, with one word in the log', async () => {
    await bench.signIn('alice')
    bench.send(callTool('wait', {}, 'running'))
    await until(() => bench.diary.waiting.size === 1)
    const { changes } = bench
    bench.signIns.refuse('find')
    await passTime()
    await passTime()
    bench.signIns.recover()
    const warned = bench.logged.filter(({ message }) => message.includes('could not be told'))
    expect({ aborted: bench.diary.aborted, changes: bench.changes, warned: warned.length }).toEqual({
      ...{ aborted: 0, changes, warned: 1 },
    })
    expect(await who()).toBe('alice')
  })

  it('is there again after a restart, without being asked for', async () => {
    await bench.signIn('alice')
    const restarted = await StdioBench.start({ beside: bench })
    await restarted.open()
    expect(await restarted.list()).toContain('wipe')
    await restarted.ask(callTool('sign_out'))
    const again = await StdioBench.start({ beside: bench })
    await again.open()
    expect(await again.list()).toEqual(loginTools)
    await Promise.all([restarted.stop(), again.stop()])
  })

  it('of one process counts in the others of the same application', async () => {
    const other = await StdioBench.start({ beside: bench })
    await other.open()
    expect(await other.list()).toEqual(loginTools)
    await bench.signIn('alice')
    await passTime()
    await until(() => other.changes === 1)
    expect(await who(other)).toBe('alice')
    await bench.ask(callTool('sign_out'))
    expect(await who(other)).toBe('nobody')
    await bench.signIn('alice')
    expect(await who(other)).toBe('alice')
    await other.stop()
  })

  it('never becomes somebody else by what another process does, nor somebody again after it was signed out here', async () => {
    const other = await StdioBench.start({ beside: bench })
    await other.open()
    await bench.signIn('alice')
    await other.signIn('bob')
    expect([await who(), await who(other)]).toEqual(['nobody', 'bob'])
    await other.ask(callTool('sign_out'))
    await bench.signIn('alice')
    expect([await who(), await who(other)]).toEqual(['alice', 'nobody'])
    await other.stop()
  })

  it('is not replaced by one that was read a moment before', async () => {
    const other = await StdioBench.start({ beside: bench })
    await other.open()
    await other.signIn('alice')
    const found = bench.hold(1)
    bench.send(callTool('who', {}, 'reads alice'))
    await until(() => bench.held === 1)
    bench.keeper.kept = undefined
    await bench.signIn('carol')
    found()
    await bench.next(({ id }) => id === 'reads alice')
    expect(await who()).toBe('carol')
    await other.stop()
  })

  it('holds where nothing can be kept, and the operator is told', async () => {
    bench.keeper.full = true
    await bench.signIn('alice')
    expect(await who()).toBe('alice')
    expect(bench.logged).toMatchObject([{ level: 'warn', message: expect.stringContaining('could not be kept') }])
    await bench.ask(callTool('sign_out'))
    expect(await who()).toBe('nobody')
  })

  it('that is kept and does not stand any more is none', async () => {
    await bench.signIn('alice')
    const { kept } = bench.keeper
    await bench.ask(callTool('sign_out'))
    bench.keeper.kept = kept
    expect(await who()).toBe('nobody')
    bench.keeper.kept = kept && { ...kept, tenant: { ...kept.tenant, id: 'another' } }
    expect(await who()).toBe('nobody')
  })
})
