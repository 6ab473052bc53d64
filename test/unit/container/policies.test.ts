import { beforeEach, describe, expect, it } from '@jest/globals'
import { IsInt } from 'class-validator'
import {
  allOf,
  anyOf,
  Injectable,
  McpServer,
  not,
  policy,
  ProtectedByAuthSec,
  protectedByAuthSec,
  role,
  UserContext,
  type OnClose,
  type Policy,
  type PolicyCall,
  type PolicyVerdict,
  type Requirement,
} from '../../../src/index.js'
import { createTestApp, type TestApp, type TestCaller } from '../../../src/testing/index.js'

class Invoice {
  @IsInt()
  id!: number
}

const asked: string[] = []
const handled: string[] = []
const aborted: string[] = []
let answer: () => unknown = () => 'allow'

@Injectable()
class Ledger {
  ownerOf(id: number): string {
    return id === 1 ? 'ada' : 'bob'
  }
}

@Injectable()
class OwnInvoices implements Policy {
  constructor(private readonly ledger: Ledger) {}

  async decide(user: UserContext, { input }: PolicyCall): Promise<PolicyVerdict> {
    asked.push('own')
    return input instanceof Invoice && this.ledger.ownerOf(input.id) === user.subject ? 'allow' : 'deny'
  }
}

@Injectable()
class Whim implements Policy {
  decide(_user: UserContext, { signal }: PolicyCall): PolicyVerdict {
    asked.push('whim')
    signal.addEventListener('abort', () => aborted.push(String(signal.reason)))
    return answer() as PolicyVerdict
  }
}

@Injectable({ scope: 'call' })
class OfThisCall implements Policy, OnClose {
  constructor(private readonly user: UserContext) {}

  decide(user: UserContext): PolicyVerdict {
    asked.push(`call of ${this.user.subject}`)
    return user === this.user ? 'allow' : 'deny'
  }

  onClose(): void {
    asked.push('closed')
  }
}

@McpServer({ name: 'Policies', version: '1.0.0' })
@ProtectedByAuthSec({ require: policy(Whim) })
class Whimsical {
  @ProtectedByAuthSec({ require: allOf(policy(Whim), policy(OwnInvoices)) })
  both(invoice: Invoice): string {
    handled.push(`both ${invoice.id}`)
    return 'done'
  }
}

@McpServer({ name: 'Invoices', version: '1.0.0' })
class Invoices {
  @ProtectedByAuthSec({ require: anyOf(role('auditor'), policy(OwnInvoices)) })
  read(invoice: Invoice): string {
    handled.push(`read ${invoice.id}`)
    return 'read'
  }

  @ProtectedByAuthSec({ require: allOf(role('clerk'), policy(OwnInvoices)) })
  void(invoice: Invoice): string {
    handled.push(`void ${invoice.id}`)
    return 'voided'
  }

  @ProtectedByAuthSec({ require: policy(Whim) })
  maybe(): string {
    handled.push('maybe')
    return 'maybe'
  }

  @ProtectedByAuthSec({ require: policy(Whim, { milliseconds: 50 }) })
  soon(): string {
    handled.push('soon')
    return 'soon'
  }

  @ProtectedByAuthSec({ require: policy(OfThisCall) })
  scoped(): string {
    handled.push('scoped')
    return 'scoped'
  }
}

const ada: TestCaller = { subject: 'ada' }
let app: TestApp

beforeEach(async () => {
  asked.length = 0
  handled.length = 0
  aborted.length = 0
  answer = () => 'allow'
  app = await createTestApp({ servers: [Invoices, Whimsical] })
})

const call = (caller: TestCaller, name: string, args: unknown = {}) => app.as(caller).call(name, args)
const refused = {
  outcome: 'answered',
  isError: true,
  text: expect.stringMatching(/^Not permitted \(ref [0-9a-f-]{36}\)$/),
}
const rows = () => app.audit.map(({ type, reason, detail }) => ({ type, reason, detail }))

const digest = expect.any(String)

describe('an operation that a policy decides', () => {
  it('is listed where only the policy could refuse, without asking it', () => {
    expect(app.as(ada).list()).toEqual(['read', 'maybe', 'soon', 'scoped', 'both'])
    expect(app.as({ ...ada, roles: ['clerk'] }).list()).toContain('void')
    expect(app.anonymous().list()).toEqual([])
    expect(asked).toEqual([])
  })

  it('runs for the arguments that the policy allows, and for no others', async () => {
    expect(await call(ada, 'read', { id: 1 })).toMatchObject({ isError: false, text: 'read' })
    expect(await call(ada, 'read', { id: 2 })).toMatchObject(refused)
    expect(handled).toEqual(['read 1'])
    expect(rows()).toEqual([
      { type: 'operation.allowed', reason: undefined, detail: { via: ['policy:OwnInvoices'], arguments: digest } },
      { type: 'operation.outcome', reason: 'succeeded', detail: undefined },
      {
        type: 'operation.denied',
        reason: 'ERR_PERMISSION_DENIED',
        detail: { missing: ['roles:auditor', 'policy:OwnInvoices'], arguments: digest },
      },
    ])
  })

  it('is unknown to whoever lacks the rest, and the policy is not asked', async () => {
    expect(await call(ada, 'void', { id: 1 })).toMatchObject({ outcome: 'unknown', text: '' })
    expect(asked).toEqual([])
    expect(await call({ ...ada, roles: ['clerk'] }, 'void', { id: 1 })).toMatchObject({ text: 'voided' })
  })

  it('does not ask where a grant is enough', async () => {
    expect(await call({ ...ada, roles: ['auditor'] }, 'read', { id: 2 })).toMatchObject({ text: 'read' })
    expect(asked).toEqual([])
  })

  it('is asked about checked arguments only', async () => {
    expect(await call(ada, 'read', { id: 'one' })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^Invalid arguments/),
    })
    expect(asked).toEqual([])
    expect(handled).toEqual([])
    expect(rows()).toEqual([
      { type: 'operation.denied', reason: 'invalid', detail: { missing: ['input'], arguments: digest } },
    ])
  })
})

describe('a policy', () => {
  it.each([true, 1, 'ALLOW', 'allow ', 'deny', undefined, null, {}, ['allow'], new String('allow')])(
    'that answers %j refuses',
    async (said) => {
      answer = () => said
      expect(await call(ada, 'maybe')).toMatchObject(refused)
      expect(handled).toEqual([])
      const mistaken = [new TypeError(`the policy Whim answered neither 'allow' nor 'deny'`)]
      expect(app.failures).toEqual(said === 'deny' ? [] : mistaken)
    },
  )

  it('that throws or rejects refuses, and tells the operator only', async () => {
    const fault = new TypeError('password=hunter2')
    answer = () => {
      throw fault
    }
    expect(await call(ada, 'maybe')).toMatchObject(refused)
    answer = () => Promise.reject(fault)
    expect(await call(ada, 'maybe')).toMatchObject(refused)
    expect(app.failures).toEqual([fault, fault])
    expect(handled).toEqual([])
  })

  it('that takes longer than it may refuses, and hears that nobody waits any more', async () => {
    answer = () => new Promise(() => undefined)
    expect(await call(ada, 'soon')).toMatchObject(refused)
    expect(aborted).toEqual(['TypeError: the policy Whim did not answer within 50 ms'])
    expect(handled).toEqual([])
    expect(app.failures).toEqual([new TypeError('the policy Whim did not answer within 50 ms')])
    answer = () => Promise.resolve('allow')
    expect(await call(ada, 'maybe')).toMatchObject({ text: 'maybe' })
  })

  it('refuses a call that is called off while it thinks', async () => {
    const cancel = new AbortController()
    answer = () => {
      cancel.abort()
      return new Promise(() => undefined)
    }
    await app.as(ada).call('maybe', {}, { signal: cancel.signal })
    expect(handled).toEqual([])
  })

  it('that throws at once leaves nothing behind that a later cancellation could break', async () => {
    const cancel = new AbortController()
    answer = () => {
      throw new TypeError('at once')
    }
    expect(await app.as(ada).call('maybe', {}, { signal: cancel.signal })).toMatchObject(refused)
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    cancel.abort()
    await new Promise(setImmediate)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('that fails refuses the whole operation, whatever else would allow it', async () => {
    @McpServer({ name: 'Either', version: '1.0.0' })
    class Either {
      @ProtectedByAuthSec({ require: anyOf(policy(Whim), policy(OwnInvoices)) })
      either(invoice: Invoice): string {
        return String(invoice.id)
      }
    }
    app = await createTestApp({ servers: [Either] })
    answer = () => 'deny'
    expect(await call(ada, 'either', { id: 1 })).toMatchObject({ text: '1' })
    answer = () => {
      throw new TypeError('down')
    }
    expect(await call(ada, 'either', { id: 1 })).toMatchObject(refused)
  })

  it('of class and method is asked once per call, and again at the next call', async () => {
    expect(await call(ada, 'both', { id: 1 })).toMatchObject({ text: 'done' })
    expect(asked).toEqual(['whim', 'own'])
    expect(await call(ada, 'both', { id: 2 })).toMatchObject(refused)
    expect(asked).toEqual(['whim', 'own', 'whim', 'own'])
    answer = () => 'deny'
    expect(await call(ada, 'both', { id: 1 })).toMatchObject(refused)
    expect(handled).toEqual(['both 1'])
  })

  it('of one call is built for it and closed after it', async () => {
    expect(await call(ada, 'scoped')).toMatchObject({ text: 'scoped' })
    expect(asked).toEqual(['call of ada', 'closed'])
  })
})

describe('a policy stops the start', () => {
  class Unbuilt implements Policy {
    decide(): PolicyVerdict {
      return 'allow'
    }
  }

  it('where nobody can build it', async () => {
    @McpServer({ name: 'Unbuilt', version: '1.0.0' })
    class Server {
      @ProtectedByAuthSec({ require: policy(Unbuilt) })
      run(): void {}
    }
    await expect(createTestApp({ servers: [Server] })).rejects.toMatchObject({
      code: 'ERR_CONFIG_PROVIDER',
      message: expect.stringMatching(
        /Server\.run asks the policy Unbuilt, which nobody can build.*policies\.test\.ts:\d+/,
      ),
    })
    const provided = await createTestApp({
      servers: [Server],
      providers: [{ provide: Unbuilt, useValue: new Unbuilt() }],
    })
    expect(await provided.as(ada).call('run')).toMatchObject({ outcome: 'answered', isError: false })
  })

  it.each([
    ['under not()', () => not(policy(Whim)), 'has a not() over policy()'],
    ['without decide()', () => policy(Ledger as never), 'has no method decide'],
    ['as no class', () => policy(undefined as never), 'import circle'],
    ['without time', () => policy(Whim, { milliseconds: 0 }), 'no time'],
  ])('%s', (_how, tree, message) => {
    const declare = (): unknown => {
      class Server {
        @ProtectedByAuthSec({ require: tree() })
        run(): void {}
      }
      return Server
    }
    expect(declare).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_OPTION', message: expect.stringContaining(message) }),
    )
  })
})

describe('require', () => {
  it('beside lists, or beside requireAll, stops the start: it could be meant in two ways', async () => {
    @McpServer({ name: 'Beside', version: '1.0.0' })
    class Server {
      // @ts-expect-error a list beside a tree
      @ProtectedByAuthSec({ require: role('admin'), roles: ['user'] })
      one(): void {}

      // @ts-expect-error requireAll beside a tree
      @ProtectedByAuthSec({ require: role('admin'), requireAll: false })
      two(): void {}
    }
    await expect(createTestApp({ servers: [Server] })).rejects.toMatchObject({
      faults: [
        { code: 'ERR_CONFIG_REQUIRE_ALL', message: expect.stringContaining('says require and roles') },
        { code: 'ERR_CONFIG_REQUIRE_ALL', message: expect.stringContaining('says require and requireAll') },
      ],
    })
  })

  it('is as it was when it was written, whatever becomes of the object', async () => {
    const tree = { kind: 'grant', category: 'roles', name: 'admin' } as const
    @McpServer({ name: 'Mutable', version: '1.0.0' })
    class Server {
      @ProtectedByAuthSec({ require: tree })
      run(): void {}
    }
    Object.assign(tree, { name: 'user' })
    app = await createTestApp({ servers: [Server] })
    expect(app.as({ roles: ['admin'] }).list()).toEqual(['run'])
    expect(app.as({ roles: ['user'] }).list()).toEqual([])
  })

  it('is read once: what is checked is what is used', async () => {
    let reads = 0
    const shifty = {
      kind: 'grant',
      category: 'roles',
      get name() {
        reads += 1
        return reads === 1 ? 'admin' : 'guest'
      },
    } as const
    app = await createTestApp({ tools: [protectedByAuthSec('run', { require: shifty }, () => 'ran')] })
    expect(app.as({ roles: ['admin'] }).list()).toEqual(['run'])
    expect(app.as({ roles: ['guest'] }).list()).toEqual([])
  })

  it.each<readonly [string, () => Requirement]>([
    [
      'a getter that throws',
      () => ({
        kind: 'not',
        get of(): Requirement {
          throw new RangeError('no')
        },
      }),
    ],
    ['a proxy that is revoked', () => revoked()],
    ['a list that is less than empty', () => ({ kind: 'allOf', of: new Proxy([], { get: () => -1 }) })],
  ])('that is %s stops the start', (_what, tree) => {
    expect(() => protectedByAuthSec('run', { require: tree() }, () => 'ran')).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_OPTION' }),
    )
  })

  it('of a class is demanded beside that of its methods', async () => {
    @McpServer({ name: 'Joined', version: '1.0.0' })
    @ProtectedByAuthSec({ require: not(role('guest')) })
    class Server {
      @ProtectedByAuthSec({ roles: ['admin'] })
      run(): void {}
    }
    app = await createTestApp({ servers: [Server] })
    expect(app.as({ roles: ['admin'] }).list()).toEqual(['run'])
    expect(app.as({ roles: ['admin', 'guest'] }).list()).toEqual([])
    expect(app.as({}).list()).toEqual([])
  })
})

function revoked(): Requirement {
  const { proxy, revoke } = Proxy.revocable(role('admin'), {})
  revoke()
  return proxy
}
