import { describe, expect, it } from '@jest/globals'
import { UserContext } from '../../../src/core/identity/user-context.js'
import { CallContext } from '../../../src/core/operation/call-context.js'
import { assemble } from '../../../src/framework/container/assemble.js'
import type { Provider } from '../../../src/framework/container/provider.js'
import { Inject } from '../../../src/framework/decorator/inject.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import type { Class } from '../../../src/framework/decorator/reflect.js'
import { createToken } from '../../../src/framework/decorator/token.js'
import { createTestApp } from '../../../src/testing/create-test-app.js'
import { assemblyFaults, lineOf } from '../../support/start-faults.js'

interface Clock {
  now(): number
}

const clockToken = createToken<Clock>('clock')

/** What stops the start of a server whose constructor asks for `dependency`. */
function faultsWith(dependency: Class, providers: readonly Provider[] = []) {
  @McpServer({ name: 'Graph', version: '1.0.0' })
  class Server {
    constructor(@Inject(dependency) readonly dependency: unknown) {}

    @Public()
    ping(): void {}
  }
  return assemblyFaults({ servers: [Server], providers })
}

describe('what a constructor asks for', () => {
  it('may be any depth of injectable classes and tokens, each a single instance', async () => {
    @Injectable()
    class Leaf {
      readonly #secret = 'leaf'

      reveal(): string {
        return this.#secret
      }
    }
    @Injectable()
    class Left {
      constructor(readonly leaf: Leaf) {}
    }
    @Injectable()
    class Right {
      constructor(
        readonly leaf: Leaf,
        @Inject(clockToken) readonly clock: Clock,
      ) {}
    }
    @McpServer({ name: 'Diamond', version: '1.0.0' })
    class Diamond {
      constructor(
        private readonly left: Left,
        private readonly right: Right,
      ) {}

      @Public()
      same(): string {
        return `${this.left.leaf === this.right.leaf} ${this.left.leaf.reveal()} ${this.right.clock.now()}`
      }
    }
    const app = await createTestApp({
      servers: [Diamond],
      providers: [{ provide: clockToken, useValue: { now: () => 7 } }],
    })
    expect(await app.anonymous().call('same')).toMatchObject({ text: 'true leaf 7' })
    await app.close()
  })

  it('stops the start where its type left no trace, naming who needs it', () => {
    @Injectable() // deep
    class Deep {
      constructor(readonly clock: Clock) {}
    }
    @Injectable()
    class Middle {
      constructor(readonly deep: Deep) {}
    }
    const [fault, ...more] = faultsWith(Middle)
    expect(more).toEqual([])
    expect(fault).toMatchObject({
      code: 'ERR_CONFIG_PARAMETER',
      declaredAt: `${lineOf(import.meta.url, 'deep')}:5`,
      path: ['Server', 'Middle', 'Deep'],
    })
    expect(fault?.message).toMatch(
      /^parameter 1 \(clock\) of Deep .* needed by Middle \(.*\), needed by Server \(.*\)$/,
    )
  })

  it('stops the start where @Injectable is missing, and does not take that of a base', () => {
    class Plain {}
    @Injectable()
    class Base {}
    class Sub extends Base {}
    @Injectable()
    class AsksPlain {
      constructor(readonly plain: Plain) {}
    }
    @Injectable()
    class AsksSub {
      constructor(readonly sub: Sub) {}
    }
    expect(faultsWith(AsksPlain)).toMatchObject([
      { code: 'ERR_CONFIG_PARAMETER', message: expect.stringContaining('add @Injectable() to the class') },
    ])
    expect(faultsWith(AsksSub)).toMatchObject([
      { code: 'ERR_CONFIG_PARAMETER', message: expect.stringContaining('that of Base is not inherited') },
    ])
  })

  it('is what the base asks for where a class has no constructor of its own', async () => {
    @Injectable()
    class Leaf {
      readonly name: string = 'leaf'
    }
    @Injectable()
    class Base {
      constructor(readonly leaf: Leaf) {}
    }
    @Injectable()
    class Sub extends Base {}
    @Injectable()
    class Own extends Base {
      constructor() {
        super({ name: 'own' })
      }
    }
    @McpServer({ name: 'Inherited', version: '1.0.0' })
    class Server {
      constructor(
        private readonly sub: Sub,
        private readonly own: Own,
      ) {}

      @Public()
      names(): string {
        return `${this.sub.leaf.name} ${this.own.leaf.name}`
      }
    }
    const app = await createTestApp({ servers: [Server] })
    expect(await app.anonymous().call('names')).toMatchObject({ text: 'leaf own' })
    await app.close()
  })

  it('stops the start where a base without a decorator has constructor parameters', () => {
    class Base {
      constructor(readonly clock: Clock) {}
    }
    @Injectable()
    class Sub extends Base {}
    expect(faultsWith(Sub)).toMatchObject([
      {
        code: 'ERR_CONFIG_METADATA',
        declaredAt: expect.any(String),
        message: expect.stringContaining('Base has no decorator'),
      },
    ])
  })
})

describe('@Inject', () => {
  it('stops the start where it contradicts the type of a parameter, above all that of the caller', () => {
    @Injectable()
    class Impostor {}
    @Injectable({ scope: 'call' }) // impostor
    class Deceived {
      constructor(@Inject(Impostor) readonly user: UserContext) {}
    }
    @McpServer({ name: 'Deceived', version: '1.0.0' })
    class Server {
      @ProtectedByAuthSec()
      method(_deceived: Deceived): void {}
    }
    expect(assemblyFaults({ servers: [Server] })).toMatchObject([
      {
        code: 'ERR_CONFIG_PARAMETER',
        declaredAt: `${lineOf(import.meta.url, 'impostor')}:5`,
        message: expect.stringContaining('is to be given Impostor, but its type is UserContext'),
      },
    ])
  })
})

describe('a class that is only injected', () => {
  it('stops the start where it has decorators of operations, which nothing would enforce', () => {
    @Injectable()
    class Unenforced {
      @ProtectedByAuthSec({ roles: ['admin'] }) // unenforced
      wipe(): void {}
    }
    expect(faultsWith(Unenforced)).toMatchObject([
      { code: 'ERR_CONFIG_PROTECTION', declaredAt: `${lineOf(import.meta.url, 'unenforced')}:7` },
    ])
  })
})

describe('a circle', () => {
  it('stops the start quickly, in one short message with the way around', () => {
    const second = createToken<object>('second')
    @Injectable() // circle
    class First {
      constructor(@Inject(second) readonly second: object) {}
    }
    @Injectable()
    class Second {
      constructor(readonly first: First) {}
    }
    const started = performance.now()
    const [fault, ...more] = faultsWith(First, [{ provide: second, useClass: Second }])
    expect(performance.now() - started).toBeLessThan(500)
    expect(more).toEqual([])
    expect(fault).toMatchObject({ code: 'ERR_CONFIG_CYCLE', path: ['token "second"', 'First', 'token "second"'] })
    expect(fault?.message).toContain('token "second" -> First -> token "second"')
    expect(fault?.message.length).toBeLessThan(400)
  })

  it('of a class with itself, and a long one, are found', () => {
    const self = createToken<object>('self')
    const tokens = Array.from({ length: 300 }, (_, index) => createToken<object>(`t${index}`))
    const chain = tokens.map((provide, index) => ({
      provide,
      useFactory: () => ({}),
      inject: [tokens[(index + 1) % tokens.length] ?? self],
    }))
    const tool = { servers: [], tools: [] }
    expect(
      assemblyFaults({ ...tool, providers: [{ provide: self, useFactory: () => ({}), inject: [self] }] }).map(
        ({ code }) => code,
      ),
    ).toContain('ERR_CONFIG_CYCLE')
    expect(
      assemblyFaults({ ...tool, providers: chain }).filter(({ code }) => code === 'ERR_CONFIG_CYCLE'),
    ).toHaveLength(1)
  })
})

describe('what belongs to one call', () => {
  @Injectable({ scope: 'call' })
  class CallLog {
    constructor(readonly call: CallContext) {}
  }

  it.each([
    ['UserContext', UserContext],
    ['CallContext', CallContext],
    ['CallLog', CallLog],
  ])('%s stops the start in the constructor of a singleton', (name, key) => {
    const token = createToken<unknown>('held')
    @Injectable() // captive
    class Captive {
      constructor(@Inject(token) readonly held: unknown) {}
    }
    const held = { provide: token, useFactory: (value: unknown) => value, inject: [key], scope: 'transient' } as const
    const [fault, ...more] = faultsWith(Captive, [held])
    expect(more).toEqual([])
    expect(fault).toMatchObject({
      code: 'ERR_CONFIG_SCOPE',
      declaredAt: `${lineOf(import.meta.url, 'captive')}:5`,
      path: ['Captive', 'token "held"', name],
    })
  })

  it('stops the start in the constructor of a server, in an asked-for class and in a factory', () => {
    @McpServer({ name: 'Keeps', version: '1.0.0' }) // keeps
    class Keeps {
      constructor(readonly user: UserContext) {}

      @ProtectedByAuthSec()
      who(): string {
        return this.user.subject
      }
    }
    @Injectable()
    class Holds {
      constructor(readonly log: CallLog) {}
    }
    const factory = { provide: clockToken, useFactory: () => ({}), inject: [UserContext] }
    expect(assemblyFaults({ servers: [Keeps] })).toMatchObject([
      {
        code: 'ERR_CONFIG_SCOPE',
        path: ['Keeps', 'UserContext'],
        declaredAt: `${lineOf(import.meta.url, 'keeps')}:5`,
        message: expect.stringContaining('take it as a parameter of the operation'),
      },
    ])
    expect(faultsWith(Holds)).toMatchObject([{ code: 'ERR_CONFIG_SCOPE', path: ['Holds', 'CallLog'] }])
    expect(faultsWith(CallLog)).toMatchObject([{ code: 'ERR_CONFIG_SCOPE', path: ['Server', 'CallLog'] }])
    expect(assemblyFaults({ servers: [], providers: [factory] })).toContainEqual(
      expect.objectContaining({ code: 'ERR_CONFIG_SCOPE', path: ['token "clock"', 'UserContext'] }),
    )
  })

  it('that needs a user stops the start of a @Public operation that asks for it', () => {
    @Injectable({ scope: 'call' })
    class Mine {
      constructor(readonly user: UserContext) {}
    }
    @Injectable({ scope: 'transient' })
    class Through {
      constructor(readonly mine: Mine) {}
    }
    @McpServer({ name: 'Open', version: '1.0.0' })
    class Open {
      @Public() // open
      open(_through: Through): void {}

      @Public()
      fine(_log: CallLog): void {}
    }
    expect(assemblyFaults({ servers: [Open] })).toMatchObject([
      { code: 'ERR_CONFIG_PARAMETER', declaredAt: `${lineOf(import.meta.url, 'open')}:7` },
    ])
  })

  it('cannot be provided by anybody else', () => {
    class MyUser extends UserContext {}
    for (const provide of [UserContext, CallContext]) {
      const provider = { provide, useValue: { subject: 'forged' } }
      expect(assemblyFaults({ servers: [], providers: [provider] })).toContainEqual(
        expect.objectContaining({ code: 'ERR_CONFIG_PROVIDER', message: expect.stringContaining('from nowhere else') }),
      )
    }
    expect(assemblyFaults({ servers: [], providers: [UserContext, MyUser] }).map(({ code }) => code)).toEqual([
      'ERR_CONFIG_SERVER',
      'ERR_CONFIG_PROVIDER',
      'ERR_CONFIG_PROVIDER',
    ])
  })

  it('does not stop a graph in which only calls ask for it', () => {
    @McpServer({ name: 'Right', version: '1.0.0' })
    class Right {
      @ProtectedByAuthSec()
      who(_log: CallLog, _user: UserContext): void {}
    }
    expect(() => assemble({ servers: [Right] })).not.toThrow()
  })
})
