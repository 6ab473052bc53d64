import { describe, expect, it } from '@jest/globals'
import type { CallChannel } from '../../../src/core/operation/call-channel.js'
import { CallContext } from '../../../src/core/operation/call-context.js'

const form = { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } } as const

function context(elicits: boolean, channel: Partial<CallChannel> = {}): CallContext {
  const signal = new AbortController().signal
  const fields = { requestId: '1', operation: 'ask', user: undefined, clientId: undefined, elicits }
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
})
