import { describe, expect, it } from '@jest/globals'
import type { Caller } from '../../../src/core/identity/caller.js'
import type { CallChannel } from '../../../src/core/operation/call-channel.js'
import type { CallContext } from '../../../src/core/operation/call-context.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { Guard, type CallOutcome } from '../../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../../src/core/operation/operation-catalogue.js'
import type { Operation } from '../../../src/core/operation/operation.js'
import { ToolError } from '../../../src/core/operation/tool-error.js'
import type { LogLevel } from '../../../src/core/runtime/log.js'
import type { LoginSession } from '../../../src/core/sign-in/login-session.js'
import { acme, sampleCaller, sampleOperation } from '../../support/core-samples.js'
import { role } from '../../../src/core/permission/requirement/builders.js'
import { MemoryAuditLog } from '../../support/memory-audit-log.js'

const adminsOnly: Operation['protection'] = {
  access: 'protected',
  requirement: role('admin'),
}

/** A guard over some operations, counting what their handlers did. */
class GuardBench {
  readonly audit = new MemoryAuditLog()
  readonly lines: (readonly [LogLevel, string, unknown])[] = []
  readonly guard: Guard
  handled = 0

  constructor(...changes: readonly Partial<Operation>[]) {
    const operations = changes.map((change) => {
      const operation = sampleOperation(change)
      return sampleOperation({
        ...operation,
        invoke: (input, call) => {
          this.handled += 1
          return operation.invoke(input, call)
        },
      })
    })
    const log = {
      write: (level: LogLevel, message: string, fields?: unknown) => void this.lines.push([level, message, fields]),
    }
    this.guard = new Guard({
      ...{ catalogue: new OperationCatalogue(operations), audit: this.audit, log },
      callers: { renew: async (caller) => caller },
    })
  }

  call(
    name: string,
    caller: Caller | undefined,
    options: { args?: unknown; channel?: CallChannel } = {},
  ): Promise<CallOutcome> {
    const { args = {}, channel = { signal: new AbortController().signal } } = options
    return this.guard.call({ name, args, caller, channel })
  }
}

const answer = (text: string) => ({ outcome: 'answered', result: { content: [{ type: 'text', text }] } })
const failure = (text: unknown) => ({
  outcome: 'answered',
  result: { content: [{ type: 'text', text }], isError: true },
})
const hiddenDetail = expect.stringMatching(/^Tool failed \(ref [0-9a-f-]{36}\)$/)

describe('who may call', () => {
  it('everybody a public operation', async () => {
    const bench = new GuardBench({ protection: { access: 'public' } })
    expect(await bench.call('sample', undefined)).toEqual(answer('done'))
    expect(await bench.call('sample', sampleCaller())).toEqual(answer('done'))
  })

  it('nobody a protected operation without being known', async () => {
    const bench = new GuardBench({})
    expect(await bench.call('sample', undefined)).toEqual({ outcome: 'unknown' })
    expect(bench.handled).toBe(0)
    expect(await bench.call('sample', sampleCaller())).toEqual(answer('done'))
  })

  it('only who meets the requirement', async () => {
    const bench = new GuardBench({ protection: adminsOnly })
    expect(await bench.call('sample', sampleCaller({ roles: ['user'] }))).toEqual({ outcome: 'unknown' })
    expect(await bench.call('sample', sampleCaller({ groups: ['admin'] }))).toEqual({ outcome: 'unknown' })
    expect(bench.handled).toBe(0)
    expect(await bench.call('sample', sampleCaller({ roles: ['admin'] }))).toEqual(answer('done'))
  })

  it.each(['Sample', 'sample ', 'sample\0', 'ｓample', 'samplе', '__proto__', 'constructor', ''])(
    'nobody by the name %j',
    async (name) => {
      const bench = new GuardBench({})
      expect(await bench.call(name, sampleCaller())).toEqual({ outcome: 'unknown' })
      expect(bench.handled).toBe(0)
    },
  )
})

describe('hidden and absent', () => {
  it('are one outcome', async () => {
    const bench = new GuardBench({ protection: adminsOnly })
    const [hidden, absent] = [await bench.call('sample', sampleCaller()), await bench.call('no_such', sampleCaller())]
    expect(hidden).toEqual(absent)
  })

  it('are told apart on record alone', async () => {
    const bench = new GuardBench({ protection: adminsOnly })
    await bench.call('sample', sampleCaller())
    await bench.call('no_such', sampleCaller())
    expect(bench.audit.counted).toEqual([
      expect.objectContaining({
        type: 'operation.denied',
        reason: 'ERR_PERMISSION_DENIED',
        detail: { missing: ['roles:admin'] },
      }),
      expect.objectContaining({ type: 'operation.denied', reason: 'ERR_OPERATION_UNKNOWN', operation: 'no_such' }),
    ])
  })

  it('are recorded under a name that a database takes', async () => {
    const bench = new GuardBench({})
    await bench.call(`a\0b\ud800${'x'.repeat(200)}`, sampleCaller())
    expect(bench.audit.counted[0]?.operation).toBe(`a\ufffdb\ufffd${'x'.repeat(124)}`)
  })

  it('are one outcome for an unparsable argument too: nothing is parsed before the decision', async () => {
    let parsed = 0
    const parseInput = () => {
      parsed += 1
      return { valid: false, message: 'no' } as const
    }
    const bench = new GuardBench({ protection: adminsOnly, parseInput })
    expect(await bench.call('sample', sampleCaller())).toEqual({ outcome: 'unknown' })
    expect(parsed).toBe(0)
  })
})

describe('lists', () => {
  it('hold what the caller may call, in the order of declaration', async () => {
    const bench = new GuardBench(
      { name: 'c' },
      { name: 'a', protection: adminsOnly },
      { name: 'b', protection: { access: 'public' } },
    )
    const names = (caller: Caller | undefined) => bench.guard.list({ caller }).map((operation) => operation.name)
    expect(names(undefined)).toEqual(['b'])
    expect(names(sampleCaller())).toEqual(['c', 'b'])
    expect(names(sampleCaller({ roles: ['admin'] }))).toEqual(['c', 'a', 'b'])
    for (const caller of [undefined, sampleCaller(), sampleCaller({ roles: ['admin'] })]) {
      for (const name of ['a', 'b', 'c']) {
        const { outcome } = await bench.call(name, caller)
        expect(outcome).toBe(names(caller).includes(name) ? 'answered' : 'unknown')
        expect(bench.guard.find(name, { caller })?.name).toBe(names(caller).includes(name) ? name : undefined)
      }
    }
  })

  it('are counted', () => {
    const bench = new GuardBench({})
    bench.guard.list({ caller: sampleCaller() })
    expect(bench.audit.counted).toEqual([
      expect.objectContaining({ type: 'list.served', subject: 'ada', tenant: acme }),
    ])
  })
})

describe('the record', () => {
  it('stands before the handler runs and is complete before the answer', async () => {
    const before: string[] = []
    const bench = new GuardBench({
      protection: adminsOnly,
      invoke: () => {
        before.push(...bench.audit.types())
        return 'done'
      },
    })
    await bench.call('sample', sampleCaller({ roles: ['admin'] }))
    expect(before).toEqual(['operation.allowed'])
    const [allowed, outcome] = bench.audit.rows
    expect(allowed).toMatchObject({
      tenant: acme,
      issuer: 'https://auth.acme.example',
      subject: 'ada',
      clientId: 'client-1',
      operation: 'sample',
      detail: { via: ['roles:admin'] },
    })
    expect(outcome).toMatchObject({ type: 'operation.outcome', reason: 'succeeded', requestId: allowed?.requestId })
    expect(bench.audit.rows).toHaveLength(2)
  })

  it('is a condition: a call that cannot be recorded does not run', async () => {
    const bench = new GuardBench({}, { name: 'open', protection: { access: 'public' } })
    bench.audit.refuse('operation.allowed')
    await expect(bench.call('sample', sampleCaller())).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await expect(bench.call('open', undefined)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(bench.handled).toBe(0)
  })

  it('of an outcome that cannot be written is kept for later, and the caller gets the answer of the work that is done', async () => {
    const bench = new GuardBench({})
    bench.audit.refuse('operation.outcome')
    expect(await bench.call('sample', sampleCaller())).toEqual(answer('done'))
    const [allowed] = bench.audit.rows
    expect(bench.audit.retained).toEqual([
      {
        ...{ ...allowed, type: 'operation.outcome', reason: 'succeeded', detail: undefined },
        milliseconds: expect.any(Number),
      },
    ])
    expect(bench.lines).toEqual([['warn', 'the outcome of a call is kept until it can be recorded', expect.anything()]])
  })

  it('is no condition for what takes rights away: its row is kept for later, and it runs', async () => {
    const bench = new GuardBench({ revokes: true }, { name: 'other' })
    bench.audit.refuse('operation.allowed')
    expect(await bench.call('sample', sampleCaller())).toEqual(answer('done'))
    expect(bench.audit.retained).toMatchObject([{ type: 'operation.allowed', operation: 'sample' }])
    await expect(bench.call('other', sampleCaller())).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(bench.handled).toBe(1)
  })

  it('holds up nothing that takes rights away where its row is on its way for long', async () => {
    const bench = new GuardBench({ revokes: true })
    bench.audit.hold('operation.allowed')
    expect(await bench.call('sample', sampleCaller())).toEqual(answer('done'))
    expect([bench.handled, bench.audit.retained]).toEqual([1, []])
  })

  it('says how long deciding took since the request came, and how long the work took', async () => {
    const bench = new GuardBench({ invoke: () => new Promise((resolve) => void setTimeout(resolve, 20)) })
    const origin = { receivedAt: performance.now() - 5_000 }
    const request = { args: {}, caller: sampleCaller(), channel: { signal: new AbortController().signal }, origin }
    await bench.guard.call({ ...request, name: 'sample' })
    await bench.guard.call({ ...request, name: 'no_such' })
    const [allowed, outcome, denied] = bench.audit.events.map(({ milliseconds = Number.NaN }) => milliseconds)
    for (const decided of [allowed, denied]) expect(decided).toBeGreaterThanOrEqual(5_000)
    expect(outcome).toBeGreaterThanOrEqual(19)
    expect(outcome).toBeLessThan(5_000)
    for (const { milliseconds = Number.NaN } of bench.audit.events)
      expect(milliseconds).toBe(Number(milliseconds.toFixed(1)))
    for (const { detail } of bench.audit.events) expect(detail ?? {}).not.toHaveProperty('milliseconds')
  })

  it('of a denial is nothing to wait for: it is denied whether or not that can be written', async () => {
    const bench = new GuardBench({ protection: adminsOnly })
    bench.audit.refuse('operation.denied')
    expect(await bench.call('sample', sampleCaller())).toEqual({ outcome: 'unknown' })
    expect(bench.audit.counted).toMatchObject([{ type: 'operation.denied', detail: { missing: ['roles:admin'] } }])
    expect(bench.audit.rows).toEqual([])
    expect(bench.handled).toBe(0)
  })

  it('of an outcome that is written is not kept as well', async () => {
    const bench = new GuardBench({})
    await bench.call('sample', sampleCaller())
    expect(bench.audit.retained).toEqual([])
  })

  it('holds no argument', async () => {
    const bench = new GuardBench({ invoke: () => Promise.reject(new TypeError('MARKER-2')) })
    await bench.call('sample', sampleCaller(), { args: { secret: 'MARKER-1' } })
    expect(JSON.stringify(bench.audit.rows)).not.toMatch(/MARKER/)
  })
})

describe('outcomes', () => {
  it('of invalid input is an error the caller can mend, and the handler does not run', async () => {
    const bench = new GuardBench({ parseInput: () => ({ valid: false, message: 'name must be a string' }) })
    expect(await bench.call('sample', sampleCaller())).toEqual(failure('Invalid arguments: name must be a string'))
    expect(bench.handled).toBe(0)
    expect(bench.audit.rows[1]).toMatchObject({ reason: 'invalid' })
  })

  it('hands the handler what was parsed, who calls and the request of the record', async () => {
    const seen: unknown[] = []
    const bench = new GuardBench({
      parseInput: async (args) => ({ valid: true, value: { parsed: args } }),
      invoke: (input, call) => void seen.push(input, call.user, call.clientId, call.requestId, call.operation),
    })
    const caller = sampleCaller()
    await bench.call('sample', caller, { args: { a: 1 } })
    expect(seen).toEqual([{ parsed: { a: 1 } }, caller.user, 'client-1', bench.audit.rows[0]?.requestId, 'sample'])
  })

  it.each([
    ['an error', new TypeError('SELECT secret FROM vault')],
    ['a text', 'SELECT secret FROM vault'],
    ['nothing', undefined],
    ['what only looks like a ToolError', { name: 'ToolError', message: 'SELECT secret FROM vault' }],
  ])('of a handler that throws %s show a reference and no details', async (_name, thrown) => {
    const bench = new GuardBench({ invoke: () => Promise.reject(thrown) })
    const outcome = await bench.call('sample', sampleCaller())
    expect(outcome).toEqual(failure(hiddenDetail))
    expect(JSON.stringify(outcome)).toContain(bench.audit.rows[0]?.requestId)
    expect(bench.audit.rows[1]).toMatchObject({ reason: 'failed' })
    expect(bench.lines).toEqual([['error', 'an operation failed', expect.objectContaining({ error: thrown })]])
  })

  it('of input that cannot even be parsed show no details', async () => {
    const bench = new GuardBench({ parseInput: () => Promise.reject(new TypeError('SELECT')) })
    expect(await bench.call('sample', sampleCaller())).toEqual(failure(hiddenDetail))
    expect(bench.handled).toBe(0)
  })

  it('of an answer that does not match what is listed show no details', async () => {
    const bench = new GuardBench({ outputSchema: { type: 'object' }, invoke: () => 'text' })
    expect(await bench.call('sample', sampleCaller())).toEqual(failure(hiddenDetail))
  })

  it('of a ToolError is its own words', async () => {
    const bench = new GuardBench({ invoke: () => Promise.reject(new ToolError('The invoice is closed.')) })
    expect(await bench.call('sample', sampleCaller())).toEqual(failure('The invoice is closed.'))
    expect(bench.audit.rows[1]).toMatchObject({ reason: 'failed' })
    expect(bench.lines).toEqual([])
  })

  it('of an error result is on record as failed', async () => {
    const bench = new GuardBench({ invoke: () => ({ content: [{ type: 'text', text: 'no' }], isError: true }) })
    expect(await bench.call('sample', sampleCaller())).toEqual(failure('no'))
    expect(bench.audit.rows[1]).toMatchObject({ reason: 'failed' })
  })
})

describe('an outage in a tool', () => {
  const invoke = () => Promise.reject(new UpstreamError('IDP_UNAVAILABLE', 'out of reach'))
  const login: LoginSession = {
    key: 'session',
    requester: { clientName: 'test', clientVersion: '1', address: undefined, transport: 'stdio' },
    signIn: undefined,
    caller: undefined,
    bind: () => Promise.resolve(true),
  }
  const channel = { signal: new AbortController().signal }

  it('of the sign-in is an outage, and on record as failed', async () => {
    const bench = new GuardBench({ protection: { access: 'login' }, invoke })
    const called = bench.guard.call({ name: 'sample', args: {}, caller: undefined, login, channel })
    await expect(called).rejects.toMatchObject({ code: 'ERR_IDP_UNAVAILABLE' })
    expect(bench.audit.rows).toMatchObject([
      { type: 'operation.allowed' },
      { type: 'operation.outcome', reason: 'failed' },
    ])
  })

  it('of the user is a failure of that tool, of which nothing is told', async () => {
    const bench = new GuardBench({ invoke })
    expect(await bench.call('sample', sampleCaller())).toEqual(failure(hiddenDetail))
  })
})

describe('what an operation says in passing', () => {
  it('fails into the log, not into the operation or the process', async () => {
    const bench = new GuardBench({
      invoke: (_input, call) => {
        void call.log('info', { count: 1n })
        return 'done'
      },
    })
    const channel = { signal: new AbortController().signal, log: async () => undefined }
    expect(await bench.call('sample', sampleCaller(), { channel })).toEqual(answer('done'))
    const { requestId } = bench.audit.rows[0] ?? {}
    expect(bench.lines).toEqual([
      ['warn', 'a message of an operation was not sent', { ref: requestId, error: expect.any(TypeError) }],
    ])
  })
})

describe('cancelling', () => {
  it('before the handler keeps it from running', async () => {
    const bench = new GuardBench({})
    const channel = { signal: AbortSignal.abort() }
    expect(await bench.call('sample', sampleCaller(), { channel })).toEqual(failure(hiddenDetail))
    expect(bench.handled).toBe(0)
    expect(bench.audit.rows.map((row) => row.reason)).toEqual([undefined, 'cancelled'])
  })

  it('while the handler runs reaches it through the call', async () => {
    const controller = new AbortController()
    const invoke = async (_input: unknown, call: CallContext) => {
      controller.abort()
      call.signal.throwIfAborted()
      return 'done'
    }
    const bench = new GuardBench({ invoke })
    await bench.call('sample', sampleCaller(), { channel: { signal: controller.signal } })
    expect(bench.audit.rows[1]).toMatchObject({ reason: 'cancelled' })
    expect(bench.lines).toEqual([])
  })

  it('does not undo work that is done', async () => {
    const controller = new AbortController()
    const bench = new GuardBench({
      invoke: () => {
        controller.abort()
        return 'done'
      },
    })
    expect(await bench.call('sample', sampleCaller(), { channel: { signal: controller.signal } })).toEqual(
      answer('done'),
    )
    expect(bench.audit.rows[1]).toMatchObject({ reason: 'succeeded' })
  })
})

describe('whatever an operation throws', () => {
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const unreadable = new Proxy(new Error('x'), {
    getPrototypeOf() {
      throw new TypeError('no')
    },
  })
  const wordless = Object.defineProperty(new ToolError('x'), 'message', {
    get() {
      throw new TypeError('no')
    },
  })
  const numbered = Object.defineProperty(new ToolError('x'), 'message', { value: 42 })

  it.each([
    ['nothing', undefined],
    ['a text', 'text'],
    ['a revoked proxy', revoked.proxy],
    ['a proxy that throws', unreadable],
    ['a ToolError whose message throws', wordless],
    ['a ToolError whose message is a number', numbered],
  ])('%s is a failed call with a reference and an outcome on record', async (_name, thrown) => {
    const bench = new GuardBench({ invoke: () => Promise.reject(thrown) })
    const outcome = await bench.call('sample', sampleCaller())
    const { requestId } = bench.audit.rows[0] ?? {}
    expect(outcome).toEqual({
      outcome: 'answered',
      result: { content: [{ type: 'text', text: `Tool failed (ref ${requestId})` }], isError: true },
    })
    expect(bench.audit.rows.at(-1)).toMatchObject({ type: 'operation.outcome', reason: 'failed' })
  })

  it('the words of a ToolError are shown, up to a bound', async () => {
    const bench = new GuardBench({
      invoke() {
        throw new ToolError('x'.repeat(20_000))
      },
    })
    const outcome = await bench.call('sample', sampleCaller())
    expect(outcome).toMatchObject({ result: { content: [{ text: 'x'.repeat(8_192) }], isError: true } })
  })
})
