import { describe, expect, it } from '@jest/globals'
import type { CallChannel } from '../../../src/core/operation/call-channel.js'
import { CallContext } from '../../../src/core/operation/call-context.js'

const form = { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } } as const

function context(
  elicits: boolean,
  channel: Partial<CallChannel> = {},
  onFault?: (error: unknown) => void,
): CallContext {
  const signal = new AbortController().signal
  const fields = { requestId: '1', operation: 'ask', user: undefined, clientId: undefined, elicits, onFault }
  return new CallContext({ ...fields, channel: { signal, ...channel } })
}

describe('asking the user', () => {
  const elicit = async () => ({ action: 'accept', content: { sure: true } }) as const

  it('goes to the client where the operation is declared to ask and the client can be asked', async () => {
    const call = context(true, { elicit })
    expect(call.canElicit).toBe(true)
    expect(await call.elicit(form)).toEqual({ action: 'accept', content: { sure: true } })
  })

  it.each([
    ['an operation that is not declared to ask', context(false, { elicit })],
    ['a client that cannot be asked', context(true)],
  ])('fails for %s, and says so beforehand', async (_name, call) => {
    expect(call.canElicit).toBe(false)
    await expect(call.elicit(form)).rejects.toThrow(/elicits: true/)
  })
})

describe('progress and logs', () => {
  it('do nothing where the client did not ask for them', async () => {
    await expect(context(false).progress(1, 2)).resolves.toBeUndefined()
    await expect(context(false).log('info', 'x')).resolves.toBeUndefined()
  })

  /** What a client heard, and what went wrong. */
  function listening(): { call: CallContext; heard: unknown[]; faults: unknown[] } {
    const heard: unknown[] = []
    const faults: unknown[] = []
    const channel: Partial<CallChannel> = {
      progress: async (...values) => void heard.push(values),
      log: async (...values) => void heard.push(values),
    }
    return { call: context(false, channel, (error) => faults.push(error)), heard, faults }
  }

  it('reach a client that asked for them, as they were when they were said', async () => {
    const { call, heard, faults } = listening()
    const data = { disk: 'full', at: new Date(0) }
    const said = [call.progress(1, 2, 'half'), call.progress(0.5), call.log('info', data), call.log('info', undefined)]
    data.disk = 'changed'
    await Promise.all(said)
    expect(heard).toEqual([
      [1, 2, 'half'],
      [0.5, undefined, undefined],
      ['info', { disk: 'full', at: '1970-01-01T00:00:00.000Z' }],
      ['info', null],
    ])
    expect(faults).toEqual([])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'say nothing of progress %d, and leave such a total out',
    async (value) => {
      const { call, heard, faults } = listening()
      await call.progress(value, 2)
      expect(heard).toEqual([])
      await call.progress(1, value)
      expect(heard).toEqual([[1, undefined, undefined]])
      expect(faults).toEqual([])
    },
  )

  const circle: Record<string, unknown> = {}
  circle['circle'] = circle
  it.each([
    ['a bigint', { count: 1n }],
    ['a circle', circle],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['what fails to show itself', { toJSON: () => Reflect.get({}, 'a').b }],
  ])('report %s that has no JSON form instead of rejecting, and send nothing', async (_what, data) => {
    const { call, heard, faults } = listening()
    await expect(call.log('info', data)).resolves.toBeUndefined()
    expect(heard).toEqual([])
    expect(faults).toEqual([expect.any(TypeError)])
  })

  it('never reject, whatever becomes of the connection', async () => {
    const broken = async (): Promise<never> => Promise.reject(new TypeError('gone'))
    const faults: unknown[] = []
    const call = context(false, { progress: broken, log: broken }, (error) => faults.push(error))
    await expect(call.progress(1)).resolves.toBeUndefined()
    await expect(call.log('info', 'x')).resolves.toBeUndefined()
    expect(faults).toHaveLength(2)
    await expect(context(false, { log: broken }).log('info', 'x')).resolves.toBeUndefined()
  })
})
