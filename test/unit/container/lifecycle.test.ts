import { describe, expect, it } from '@jest/globals'
import { assemble } from '../../../src/framework/container/assemble.js'
import type { OnClose, OnStart } from '../../../src/framework/container/lifecycle-hooks.js'
import type { Provider } from '../../../src/framework/container/provider.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { createToken } from '../../../src/framework/decorator/token.js'
import { publicTool } from '../../../src/framework/decorator/tool-definition.js'
import { createTestApp } from '../../../src/testing/create-test-app.js'

const tools = [publicTool('ping', {}, () => 'pong')]

/** A chain of singletons, each given the one before, that writes down what happens to it. */
function chain(
  journal: string[],
  faults: Readonly<Record<string, 'build' | 'start' | 'close'>> = {},
): readonly Provider[] {
  const names = ['a', 'b', 'c']
  const tokens = names.map((name) => createToken<object>(name))
  const act = async (name: string, step: 'build' | 'start' | 'close') => {
    journal.push(`${step} ${name}`)
    await Promise.resolve()
    if (faults[name] === step) throw new TypeError(`${step} ${name} failed`)
  }
  const providers = names.map((name, index) => {
    const before = tokens[index - 1]
    const [provide] = tokens.slice(index)
    const useFactory = async () => {
      await act(name, 'build')
      return { onStart: () => act(name, 'start'), onClose: () => act(name, 'close') }
    }
    return { provide: provide ?? createToken('never'), useFactory, inject: before === undefined ? [] : [before] }
  })
  return providers.toReversed()
}

describe('singletons', () => {
  it('are built and started in the order of need before the start is done, and closed in the reverse order', async () => {
    const journal: string[] = []
    const assembly = assemble({ servers: [], tools, providers: chain(journal) })
    expect(journal).toEqual([])
    await assembly.start()
    expect(journal).toEqual(['build a', 'start a', 'build b', 'start b', 'build c', 'start c'])
    await assembly.close()
    expect(journal.slice(6)).toEqual(['close c', 'close b', 'close a'])
  })

  it.each([
    ['build', ['build a', 'start a', 'build b', 'close a']],
    ['start', ['build a', 'start a', 'build b', 'start b', 'close b', 'close a']],
  ] as const)('are closed again when the %s of one fails', async (step, expected) => {
    const journal: string[] = []
    const assembly = assemble({ servers: [], tools, providers: chain(journal, { b: step }) })
    await expect(assembly.start()).rejects.toThrow(`${step} b failed`)
    expect(journal).toEqual(expected)
    await assembly.close()
    expect(journal).toEqual(expected)
  })

  it('are all closed, whatever some of them throw, and all that went wrong is told', async () => {
    const journal: string[] = []
    const assembly = assemble({ servers: [], tools, providers: chain(journal, { a: 'close', c: 'close' }) })
    await assembly.start()
    const error: unknown = await assembly.close().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AggregateError)
    expect(error).toMatchObject({ errors: [{ message: 'close c failed' }, { message: 'close a failed' }] })
    expect(journal.slice(6)).toEqual(['close c', 'close b', 'close a'])
  })

  it('tell both when the start fails and closing fails too', async () => {
    const assembly = assemble({ servers: [], tools, providers: chain([], { a: 'close', c: 'build' }) })
    await expect(assembly.start()).rejects.toMatchObject({
      errors: [{ message: 'build c failed' }, { message: 'close a failed' }],
    })
  })

  it('are started once and closed once, however often it is asked', async () => {
    const journal: string[] = []
    const assembly = assemble({ servers: [], tools, providers: chain(journal) })
    await Promise.all([assembly.start(), assembly.start()])
    await Promise.all([assembly.close(), assembly.close()])
    expect(journal).toHaveLength(9)
    await expect(assembly.start()).rejects.toBeInstanceOf(TypeError)
  })

  it('are closed after a start that is still going on, and not started after a close', async () => {
    const journal: string[] = []
    const assembly = assemble({ servers: [], tools, providers: chain(journal) })
    const started = assembly.start()
    await assembly.close()
    await started
    expect(journal.slice(6)).toEqual(['close c', 'close b', 'close a'])
    const closed = assemble({ servers: [], tools, providers: chain(journal) })
    await closed.close()
    await expect(closed.start()).rejects.toBeInstanceOf(TypeError)
    expect(journal).toHaveLength(9)
  })

  it('may be servers and classes that hold private members', async () => {
    const journal: string[] = []
    @Injectable()
    class Pool implements OnStart, OnClose {
      #open = false

      onStart(): void {
        this.#open = true
      }

      onClose(): void {
        this.#open = false
        journal.push('pool closed')
      }

      get open(): boolean {
        return this.#open
      }
    }
    @McpServer({ name: 'Hooks', version: '1.0.0' })
    class Hooked implements OnStart, OnClose {
      #seen = false
      constructor(readonly pool: Pool) {}

      onStart(): void {
        this.#seen = this.pool.open
      }

      onClose(): void {
        journal.push(`server closed, pool open ${this.pool.open}`)
      }

      @Public()
      seen(): string {
        return String(this.#seen)
      }
    }
    const app = await createTestApp({ servers: [Hooked] })
    expect(await app.anonymous().call('seen')).toMatchObject({ text: 'true' })
    await app.close()
    expect(journal).toEqual(['server closed, pool open true', 'pool closed'])
  })

  it('are let go of by the first of onClose, asyncDispose and dispose that they have', async () => {
    const journal: string[] = []
    const noted = (text: string) => () => {
      journal.push(text)
    }
    const all = { onClose: noted('onClose'), [Symbol.asyncDispose]: noted('wrong'), [Symbol.dispose]: noted('wrong') }
    const two = { [Symbol.asyncDispose]: noted('asyncDispose'), [Symbol.dispose]: noted('wrong') }
    const instances: readonly unknown[] = [
      all,
      two,
      { [Symbol.dispose]: noted('dispose') },
      { dispose: noted('wrong') },
      null,
      7,
    ]
    const providers = instances.map((instance, index) => ({
      provide: createToken(`i${index}`),
      useFactory: () => instance,
    }))
    const assembly = assemble({ servers: [], tools, providers })
    await assembly.start()
    await assembly.close()
    expect(journal).toEqual(['dispose', 'asyncDispose', 'onClose'])
  })

  it('are not closed by us where somebody else made them', async () => {
    const journal: string[] = []
    const useValue = { onStart: () => journal.push('started'), onClose: () => journal.push('closed') }
    const assembly = assemble({ servers: [], tools, providers: [{ provide: createToken('theirs'), useValue }] })
    await assembly.start()
    await assembly.close()
    expect(journal).toEqual([])
  })
})
