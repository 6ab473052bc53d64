import { describe, expect, it } from '@jest/globals'
import type { Provider } from '../../../src/framework/container/provider.js'
import { Inject } from '../../../src/framework/decorator/inject.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { createToken } from '../../../src/framework/decorator/token.js'
import { publicTool } from '../../../src/framework/decorator/tool-definition.js'
import { createTestApp } from '../../../src/testing/create-test-app.js'
import { assemblyFaults } from '../../support/start-faults.js'

const value = createToken<unknown>('value')
const other = createToken<unknown>('other')

abstract class Store {
  abstract read(): string
}

@Injectable()
class MemoryStore extends Store {
  readonly #rows = ['row']

  read(): string {
    return this.#rows.join()
  }
}

@Injectable({ scope: 'transient' })
class Counter {
  static built = 0
  readonly number = (Counter.built += 1)
}

@McpServer({ name: 'Providers', version: '1.0.0' })
class Server {
  constructor(
    private readonly store: Store,
    private readonly counter: Counter,
  ) {}

  @Public()
  read(): string {
    return this.store.read()
  }

  @Public()
  counters(one: Counter, two: Counter): boolean {
    return new Set([one.number, two.number, this.counter.number]).size === 3
  }

  @Public()
  given(@Inject(value) given: unknown): string {
    return `given ${JSON.stringify(given)}`
  }
}

/** What an operation that asks for `value` is given under these providers. */
async function given(...providers: readonly Provider[]): Promise<unknown> {
  const tool = publicTool('show', { params: [value] }, (seen) => ({ seen }))
  const app = await createTestApp({ tools: [tool], providers })
  const answer = await app.anonymous().call('show')
  await app.close()
  return answer.structured?.['seen']
}

describe('a provider', () => {
  it('puts one class in the place of another, an abstract one too', async () => {
    const providers = [
      { provide: Store, useClass: MemoryStore },
      { provide: value, useValue: { a: 1 } },
    ]
    const app = await createTestApp({ servers: [Server], providers })
    expect(await app.anonymous().call('read')).toMatchObject({ text: 'row' })
    expect(await app.anonymous().call('counters')).toMatchObject({ text: 'true' })
    expect(await app.anonymous().call('given')).toMatchObject({ text: 'given {"a":1}' })
    await app.close()
  })

  it.each([[0], [''], [false], [null], [[1]]])('hands out %j as it is', async (useValue) => {
    expect(await given({ provide: value, useValue })).toEqual(useValue)
  })

  it('calls factories with what they ask for, and waits for those of singletons', async () => {
    let calls = 0
    const seen = await given(
      {
        provide: value,
        useFactory: async (dependency: number) => {
          calls += 1
          return dependency + 1
        },
        inject: [other],
      },
      { provide: other, useFactory: () => Promise.resolve(41) },
    )
    expect([seen, calls]).toEqual([42, 1])
  })

  it('builds a transient anew for everybody who asks', async () => {
    let built = 0
    const tool = publicTool('show', { params: [value, value, other] }, (one, two, both) => ({ seen: [one, two, both] }))
    const providers: readonly Provider[] = [
      { provide: value, useFactory: () => (built += 1), scope: 'transient' },
      { provide: other, useFactory: (one: number) => [one], inject: [value], scope: 'transient' },
    ]
    const app = await createTestApp({ tools: [tool], providers })
    expect((await app.anonymous().call('show')).structured).toEqual({ seen: [1, 2, [3]] })
    expect((await app.anonymous().call('show')).structured).toEqual({ seen: [4, 5, [6]] })
    await app.close()
  })

  it('may be a class alone, and may say another scope', async () => {
    expect(
      await given(MemoryStore, { provide: value, useFactory: (store: Store) => store.read(), inject: [MemoryStore] }),
    ).toBe('row')
    const tool = publicTool('same', { params: [other, other] }, (one, two) => one === two)
    for (const [scope, same] of [
      ['singleton', 'true'],
      ['transient', 'false'],
      ['call', 'true'],
    ] as const) {
      const app = await createTestApp({ tools: [tool], providers: [{ provide: other, useClass: Counter, scope }] })
      expect(await app.anonymous().call('same')).toMatchObject({ text: same })
      await app.close()
    }
  })

  it('keeps an instance that has a `then` of its own as it is', async () => {
    @Injectable()
    class Thenable {
      then(): never {
        throw new TypeError('nobody may call this')
      }
    }
    const tool = publicTool('kept', { params: [Thenable] }, (thenable) => thenable instanceof Thenable)
    const app = await createTestApp({ tools: [tool] })
    expect(await app.anonymous().call('kept')).toMatchObject({ text: 'true' })
    await app.close()
  })
})

describe('the start is stopped by a provider', () => {
  class Plain {}

  it.each<[string, unknown]>([
    ['for a class without @Injectable', Plain],
    ['with a class without @Injectable', { provide: value, useClass: Plain }],
    ['without a key', { useValue: 1 }],
    ['with a text as key', { provide: 'value', useValue: 1 }],
    ['without a form', { provide: value }],
    ['in two forms', { provide: value, useValue: 1, useClass: MemoryStore }],
    ['of nothing', { provide: value, useValue: undefined }],
    ['of a class that is none', { provide: value, useClass: {} }],
    ['of a factory that is none', { provide: value, useFactory: 'x' }],
    ['with an undefined dependency', { provide: value, useFactory: () => 1, inject: [undefined] }],
    ['in an unknown scope', { provide: value, useFactory: () => 1, scope: 'request' }],
    ['with a typing mistake', { provide: value, useFactory: () => 1, deps: [] }],
    ['with an asynchronous factory that is no singleton', { provide: value, useFactory: async () => 1, scope: 'call' }],
    ['that is undefined', undefined],
    ['that is null', null],
  ])('%s', (_case, provider) => {
    const providers: Provider[] = []
    Reflect.apply(Array.prototype.push, providers, [provider])
    const tools = [publicTool('ping', {}, () => 'pong')]
    expect(assemblyFaults({ servers: [], tools, providers })).toMatchObject([{ code: 'ERR_CONFIG_PROVIDER' }])
  })

  it('for what is provided already, or is a server', () => {
    const providers = [
      { provide: value, useValue: 1 },
      { provide: value, useValue: 2 },
      { provide: Store, useClass: MemoryStore },
      { provide: Server, useValue: {} },
    ]
    expect(
      assemblyFaults({ servers: [Server], providers }).map(({ code, message }) => [code, message.split(' (')[0]]),
    ).toEqual([
      ['ERR_CONFIG_PROVIDER', 'token "value" is provided twice'],
      ['ERR_CONFIG_PROVIDER', 'Server is a server; it cannot be provided as well'],
    ])
  })

  it('whose dependency nobody provides', () => {
    const tools = [publicTool('ping', {}, () => 'pong')]
    const providers = [{ provide: value, useFactory: () => 1, inject: [other] }]
    expect(assemblyFaults({ servers: [], tools, providers })).toMatchObject([
      { code: 'ERR_CONFIG_PARAMETER', message: expect.stringContaining('token "other", which no provider provides') },
    ])
  })

  it('that hands out a promise where it is no singleton, at the latest when it is asked', async () => {
    const tool = publicTool('show', { params: [value] }, () => 'shown')
    const providers: readonly Provider[] = [
      { provide: value, useFactory: () => Promise.resolve(1), scope: 'transient' },
    ]
    const app = await createTestApp({ tools: [tool], providers })
    expect(await app.anonymous().call('show')).toMatchObject({ isError: true })
    expect(app.failures).toMatchObject([{ code: 'ERR_CONFIG_PROVIDER' }])
    await app.close()
  })

  it('whose class returns something else from its constructor', async () => {
    @Injectable()
    class Substituted {
      constructor() {
        return {}
      }
    }
    const tools = [publicTool('ping', {}, () => 'pong')]
    await expect(createTestApp({ tools, providers: [Substituted] })).rejects.toMatchObject({
      code: 'ERR_CONFIG_PROVIDER',
    })
  })
})
