import { describe, expect, it } from '@jest/globals'
import { assemble } from '../../../src/framework/container/assemble.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { publicTool } from '../../../src/framework/decorator/tool-definition.js'
import { createTestApp } from '../../../src/testing/create-test-app.js'
import { assemblyFaults, lineOf, startFaults } from '../../support/start-faults.js'

class Shared {
  @ProtectedByAuthSec()
  status(): string {
    return `status of ${this.constructor.name}`
  }
}

@McpServer({ name: 'Billing', version: '1.2.3', prefix: 'billing', instructions: 'Ask first.' })
class Billing extends Shared {}

@McpServer({ name: 'Shipping', version: '2.0.0', prefix: 'shipping' })
class Shipping extends Shared {}

@McpServer({ name: 'Unprefixed', version: '1.0.0' })
class One extends Shared {}

@McpServer({ name: 'Unprefixed', version: '1.0.0' })
class Two extends Shared {}

@McpServer({ name: 'Subclassed', version: '1.0.0' })
class WithConstructor {
  constructor(readonly billing: Billing) {}

  @Public()
  ping(): string {
    return this.billing.status()
  }
}

class Undecorated extends WithConstructor {}

describe('several servers', () => {
  it('keep the operations of a common base apart by their prefixes', async () => {
    const app = await createTestApp({ servers: [Billing, Shipping] })
    expect(app.as({}).list()).toEqual(['billing_status', 'shipping_status'])
    expect(await app.as({}).call('billing_status')).toMatchObject({ text: 'status of Billing' })
    expect(await app.as({}).call('shipping_status')).toMatchObject({ text: 'status of Shipping' })
    await app.close()
  })

  it('stop the start without prefixes, and say what to do', () => {
    const [fault, ...more] = startFaults(One, Two)
    expect(fault?.code).toBe('ERR_CONFIG_DUPLICATE_NAME')
    expect(fault?.message).toContain('prefix')
    expect(more).toEqual([])
  })

  it('present themselves as the first one', () => {
    expect(assemble({ servers: [Billing, Shipping] }).serverInfo).toEqual({
      name: 'Billing',
      version: '1.2.3',
      instructions: 'Ask first.',
    })
    expect(assemble({ servers: [Shipping, Billing] }).serverInfo).toEqual({ name: 'Shipping', version: '2.0.0' })
  })

  it('may ask for each other', async () => {
    const app = await createTestApp({ servers: [WithConstructor, Billing] })
    expect(await app.anonymous().call('ping')).toMatchObject({ text: 'status of Billing' })
    await app.close()
  })
})

describe('the start is stopped by', () => {
  it('nothing to serve', () => {
    expect(assemblyFaults({ servers: [] })).toMatchObject([{ code: 'ERR_CONFIG_SERVER' }])
    expect(assemblyFaults({ servers: [], tools: [] })).toMatchObject([{ code: 'ERR_CONFIG_SERVER' }])
  })

  it('a class twice', () => {
    expect(startFaults(Billing, Billing)).toMatchObject([
      { code: 'ERR_CONFIG_SERVER', message: expect.stringContaining('twice') },
    ])
  })

  it('something that is no class', () => {
    const servers: (typeof Billing)[] = []
    Reflect.apply(Array.prototype.push, servers, [() => undefined, undefined, {}])
    const faults = startFaults(...servers)
    expect(faults).toMatchObject([{ code: 'ERR_CONFIG_SERVER', message: expect.stringContaining('no class') }])
  })

  it('a class without @McpServer of its own, also where its base has one with a constructor', () => {
    expect(startFaults(Shared)).toMatchObject([{ code: 'ERR_CONFIG_SERVER' }])
    expect(startFaults(Undecorated)).toMatchObject([
      { code: 'ERR_CONFIG_SERVER', message: expect.stringContaining('that of WithConstructor is not inherited') },
    ])
  })

  it('@McpServer twice, @Injectable beside it, and two protections of the class', () => {
    @McpServer({ name: 'A', version: '1' })
    @McpServer({ name: 'B', version: '1' })
    class Twice extends Shared {}

    @McpServer({ name: 'A', version: '1' })
    @Injectable({ scope: 'call' })
    class Scoped extends Shared {}

    @McpServer({ name: 'A', version: '1' })
    @ProtectedByAuthSec({ roles: ['a'] })
    @ProtectedByAuthSec({ roles: ['b'] })
    class Demanding extends Shared {}

    expect(startFaults(Twice)).toMatchObject([{ code: 'ERR_CONFIG_SERVER' }])
    expect(startFaults(Scoped)).toMatchObject([{ code: 'ERR_CONFIG_SERVER' }])
    expect(startFaults(Demanding)).toMatchObject([{ code: 'ERR_CONFIG_PROTECTION' }])
  })

  it('names that no client accepts, or that are kept for signing in, with the prefix counted', () => {
    @McpServer({ name: 'Names', version: '1' })
    class Names {
      @Public('oauth_start') // reserved
      start(): void {}

      @Public('two words') // two words
      words(): void {}

      @Public() // no letters
      größe(): void {}

      @Public('x'.repeat(65)) // too long
      long(): void {}
    }
    @McpServer({ name: 'Names', version: '1', prefix: 'OAuth' })
    class Prefixed {
      @Public() // prefixed
      start(): void {}
    }
    const found = startFaults(Names, Prefixed).map(({ code, declaredAt }) => [code, declaredAt])
    const marks = ['reserved', 'two words', 'no letters', 'too long', 'prefixed']
    expect(found).toEqual(marks.map((mark) => ['ERR_CONFIG_NAME', `${lineOf(import.meta.url, mark)}:7`]))
  })

  it('one name for two operations, named at both lines', () => {
    @McpServer({ name: 'Doubled', version: '1' })
    class Doubled {
      @Public() // the first
      ping(): void {}

      @Public('ping') // the second
      pong(): void {}
    }
    const tools = [publicTool('ping', {}, () => 'third')] // the third
    const faults = assemblyFaults({ servers: [Doubled], tools })
    expect(faults.map(({ code, declaredAt }) => [code, declaredAt])).toEqual([
      ['ERR_CONFIG_DUPLICATE_NAME', `${lineOf(import.meta.url, 'the second')}:7`],
      ['ERR_CONFIG_DUPLICATE_NAME', `${lineOf(import.meta.url, 'the third')}:20`],
    ])
    expect(faults[0]?.message).toContain(lineOf(import.meta.url, 'the first'))
  })

  it('every fault at once, numbered', () => {
    const faults = assemblyFaults({ servers: [Shared, One, One], tools: [publicTool('oauth_x', {}, () => '')] })
    expect(faults.map(({ code }) => code)).toEqual(['ERR_CONFIG_SERVER', 'ERR_CONFIG_SERVER', 'ERR_CONFIG_NAME'])
  })
})

describe('a class without @McpServer', () => {
  it('is refused at a line of its own', () => {
    class Forgotten {
      @ProtectedByAuthSec() // forgotten server
      hello(): string {
        return 'hello'
      }
    }
    const [fault] = startFaults(Forgotten)
    expect(fault).toMatchObject({
      code: 'ERR_CONFIG_SERVER',
      declaredAt: expect.stringMatching(lineOf(import.meta.url, 'forgotten server')),
    })
  })
})
