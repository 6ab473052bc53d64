import { describe, expect, it } from '@jest/globals'
import type { ConfigurationError } from '../../../src/core/error/configuration-error.js'
import type { Operation } from '../../../src/core/operation/operation.js'
import { allOf, anyOf, not, resource, role, scope } from '../../../src/core/permission/requirement/builders.js'
import { authenticated } from '../../../src/core/permission/requirement/requirement.js'
import { assemble } from '../../../src/framework/container/assemble.js'
import { Arg } from '../../../src/framework/decorator/arg.js'
import { Inject } from '../../../src/framework/decorator/inject.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { createToken } from '../../../src/framework/decorator/token.js'
import { Tool } from '../../../src/framework/decorator/tool.js'
import { protectedByAuthSec, publicTool, ToolDefinition } from '../../../src/framework/decorator/tool-definition.js'
import { faultOf, lineOf, startFaults } from '../../support/start-faults.js'

/** Calls a function with arguments that its type refuses, as plain JavaScript may. */
function untyped(callee: (...args: never[]) => unknown, ...args: readonly unknown[]): unknown {
  return Reflect.apply(callee, undefined, args)
}

/** Puts a decorator made with these arguments on a method. */
function decorateWith(factory: (...args: never[]) => unknown, ...args: readonly unknown[]): ConfigurationError {
  return faultOf(() => {
    const decorator = untyped(factory, ...args)
    class Server {
      method(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Server.prototype, 'method')
    if (typeof decorator === 'function') Reflect.apply(decorator, undefined, [Server.prototype, 'method', descriptor])
  })
}

const wrongDemands: readonly (readonly [string, unknown, string])[] = [
  ['an unknown key', { role: ['admin'] }, 'unknown option "role"'],
  ['an undefined list', { roles: undefined }, '"roles" must be a list'],
  ['null', { roles: null }, '"roles" must be a list'],
  ['an empty list', { roles: [] }, '"roles" is an empty list'],
  ['an empty name', { groups: [''] }, '"groups" holds something that is no name'],
  ['a blank name', { groups: ['  '] }, '"groups" holds something that is no name'],
  ['a name that is no text', { roles: ['admin', 1] }, '"roles" holds something that is no name, at index 1'],
  ['an undefined name', { roles: [undefined] }, '"roles" holds something that is no name'],
  ['a hole', { roles: Array.of<string>().concat(Array<string>(1)) }, '"roles" has a hole at index 0'],
  ['one name without a list', { roles: 'admin' }, '"roles" must be a list'],
  ['a set', { roles: new Set(['admin']) }, '"roles" must be a list'],
  ['a name twice', { permissions: ['a:b', 'a:b'] }, '"permissions" names "a:b" twice'],
  ['a scope with a space', { scopes: ['read write'] }, '"scopes" holds a scope that is "read write"'],
  ['a scope with a tab', { scopes: ['read\twrite'] }, '"scopes" holds'],
  ['a scope with a line break', { scopes: ['read\n'] }, '"scopes" holds'],
  ['a scope that ends a quoted header', { scopes: ['read", error="x'] }, '"scopes" holds'],
  ['a scope with a letter outside ASCII', { scopes: ['réad'] }, '"scopes" holds'],
  ['requireAll that is no boolean', { roles: ['admin'], requireAll: 'yes' }, '"requireAll" must be true or false'],
  ['an undefined requireAll', { roles: ['admin'], requireAll: undefined }, '"requireAll" must be true or false'],
  ['bearerOnly that is no boolean', { bearerOnly: 'yes' }, '"bearerOnly" must be true or false'],
  ['an undefined bearerOnly', { bearerOnly: undefined }, '"bearerOnly" must be true or false'],
  ['elevatable that is no boolean', { scopes: ['a'], elevatable: 1 }, '"elevatable" must be true or false'],
  ['an undefined elevatable', { scopes: ['a'], elevatable: undefined }, '"elevatable" must be true or false'],
  ['an empty description', { description: '' }, '"description" must be a text'],
  ['an empty name of the tool', { name: '' }, '"name" must be a text'],
  ['an undefined input', { input: undefined }, '"input" is undefined'],
  ['an undefined parameter', { params: [undefined] }, '"params" holds nothing that could be injected at index 0'],
  ['parameters that are no list', { params: {} }, '"params" must be a list'],
  ['an unknown annotation', { annotations: { readonly: true } }, '"annotations" is wrong: unknown option "readonly"'],
  ['elicits that is no boolean', { elicits: 1 }, '"elicits" must be true or false'],
  ['a symbol', { [Symbol('roles')]: ['admin'] }, 'unknown option "Symbol(roles)"'],
  ['a hidden unknown key', Object.defineProperty({}, 'role', { value: ['admin'] }), 'unknown option "role"'],
  ['inherited options', Object.create({ roles: ['admin'] }), 'must be a plain object'],
  ['a list instead of options', ['admin'], 'must be a plain object'],
  ['null instead of options', null, 'must be a plain object'],
  ['undefined instead of options', undefined, 'must be a plain object'],
  ['a getter', Object.defineProperty({}, 'roles', { get: () => ['admin'] }), '"roles" is a getter'],
  ['a setter', Object.defineProperty({}, 'roles', { set: () => undefined }), '"roles" is a getter'],
  ['a getter in a list', { roles: Object.defineProperty(['a'], 0, { get: () => 'a' }) }, 'has a getter at index 0'],
  [
    'a getter in annotations',
    {
      annotations: {
        get title() {
          return 'x'
        },
      },
    },
    '"title" is a getter',
  ],
  ['a proxy', new Proxy({ roles: ['admin'] }, { ownKeys: () => [] }), 'must not be a proxy'],
  ['a proxy of a list', { roles: new Proxy(['admin'], {}) }, 'must not be a proxy'],
  ['a function instead of options', () => ({}), 'must be a plain object'],
]

describe('the options of @ProtectedByAuthSec', () => {
  it.each(wrongDemands)('refuse %s where the decorator stands', (_case, options, message) => {
    const fault = decorateWith(ProtectedByAuthSec, options)
    expect(fault.code).toBe('ERR_CONFIG_OPTION')
    expect(fault.message).toContain('@ProtectedByAuthSec on Server.method')
    expect(fault.message).toContain(message)
  })

  it.each(wrongDemands)('refuse %s after a name', (_case, options, message) => {
    const fault = decorateWith(ProtectedByAuthSec, 'named', options)
    expect(fault.code).toBe('ERR_CONFIG_OPTION')
    if (!message.includes('"name"')) expect(fault.message).toContain(message)
  })

  it.each(wrongDemands)('refuse %s in the function form', (_case, options) => {
    const fault = faultOf(() => untyped(protectedByAuthSec, 'named', options, () => ''))
    expect(fault.code).toBe('ERR_CONFIG_OPTION')
  })

  it('refuse a name in two places, an empty name, and options before the name', () => {
    expect(decorateWith(ProtectedByAuthSec, 'one', { name: 'two' }).message).toContain('unknown option "name"')
    expect(decorateWith(ProtectedByAuthSec, '').message).toContain('the name is empty')
    expect(decorateWith(ProtectedByAuthSec, { roles: ['admin'] }, 'named').message).toContain('the name comes first')
  })

  it('name everything that is wrong at once', () => {
    const fault = decorateWith(ProtectedByAuthSec, { role: ['admin'], scopes: [], elicits: 1 })
    expect(fault.faults.map(({ code }) => code)).toEqual(Array(3).fill('ERR_CONFIG_OPTION'))
  })

  it('point at the line of the decorator', () => {
    const fault = faultOf(() => {
      class Mistyped {
        // @ts-expect-error a typing mistake
        @ProtectedByAuthSec({ role: ['admin'] }) // mistyped
        method(): void {}
      }
      return Mistyped
    })
    expect(fault.declaredAt).toBe(`${lineOf(import.meta.url, 'mistyped')}:9`)
    expect(fault.message).toContain(`(${fault.declaredAt})`)
  })

  it('cannot be changed afterwards', () => {
    const roles: [string] = ['admin']
    const options = { roles }
    @McpServer({ name: 'Kept', version: '1.0.0' })
    class Kept {
      @ProtectedByAuthSec(options)
      method(): void {}
    }
    roles[0] = 'anyone'
    Object.assign(options, { roles: ['everyone'] })
    expect(assemble({ servers: [Kept] }).operations[0]?.protection).toEqual({
      access: 'protected',
      requirement: role('admin'),
    })
  })
})

describe('options that change after they were read', () => {
  const admin = { access: 'protected', requirement: role('admin') }

  /** A server whose methods carry a decorator that was made before, as a shared constant is. */
  function protectionsWith(decorator: unknown): readonly unknown[] {
    @McpServer({ name: 'Late', version: '1.0.0' })
    class Late {
      @Tool({ params: [] })
      method(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Late.prototype, 'method')
    if (typeof decorator === 'function') Reflect.apply(decorator, undefined, [Late.prototype, 'method', descriptor])
    return assemble({ servers: [Late] }).operations.map(({ protection }) => protection)
  }

  it.each<readonly [string, (options: { roles?: string[]; requireAll?: boolean }) => unknown]>([
    ['nothing', () => undefined],
    ['a deleted list', (options) => delete options.roles],
    ['an emptied list', (options) => options.roles?.splice(0)],
    ['a longer list', (options) => options.roles?.push('anyone')],
    ['another list', (options) => Object.assign(options, { roles: ['anyone'] })],
    ['another requireAll', (options) => Object.assign(options, { requireAll: true })],
  ])('do not matter to a decorator: %s', (_case, change) => {
    const options = { roles: ['admin'] }
    const decorator = untyped(ProtectedByAuthSec, options)
    expect(protectionsWith(decorator)).toEqual([admin])
    change(options)
    expect(protectionsWith(decorator)).toEqual([admin])
  })

  it('do not matter to a function', () => {
    const options: { roles?: string[] } = { roles: ['admin'] }
    const tool = protectedByAuthSec('secret', { roles: ['admin'] }, () => '')
    const changed = untyped(protectedByAuthSec, 'changed', options, () => '')
    options.roles?.splice(0)
    delete options.roles
    const tools = [tool, changed].filter((made) => made instanceof ToolDefinition)
    expect(assemble({ servers: [], tools }).operations.map(({ protection }) => protection)).toEqual([admin, admin])
  })

  it('do not matter to the place: what was right for a whole class stays right', () => {
    const options = { roles: ['admin'] }
    const decorator = untyped(ProtectedByAuthSec, options)
    Object.assign(options, { title: 'Later' })
    class Whole {
      @ProtectedByAuthSec()
      method(): void {}
    }
    for (const decorate of [decorator, McpServer({ name: 'Whole', version: '1.0.0' })]) {
      if (typeof decorate === 'function') Reflect.apply(decorate, undefined, [Whole])
    }
    expect(assemble({ servers: [Whole] }).operations.map(({ protection }) => protection)).toEqual([admin])
  })

  it('do not matter to the other decorators', () => {
    const server = { name: 'Before', version: '1.0.0' }
    const told = { title: 'Before', annotations: { title: 'Before' } }
    const argument = { description: 'Before' }
    const [named, tells, takes] = [McpServer(server), Tool(told), Arg('x', argument)]
    Object.assign(server, { name: 'After' })
    Object.assign(told.annotations, { title: 'After' })
    Object.assign(told, { title: 'After' })
    Object.assign(argument, { description: 'After' })
    @named
    class Before {
      @ProtectedByAuthSec()
      @tells
      method(@takes x: string): string {
        return x
      }
    }
    const { operations, serverInfo } = assemble({ servers: [Before] })
    expect(serverInfo?.name).toBe('Before')
    expect(operations[0]).toMatchObject({ title: 'Before', annotations: { title: 'Before' } })
    expect(JSON.stringify(operations[0]?.inputSchema)).toContain('"description":"Before"')
  })

  it('are not inherited from what a program put on Object.prototype', () => {
    try {
      Object.defineProperty(Object.prototype, 'roles', { value: ['anyone'], configurable: true, writable: true })
      const [protection] = protectionsWith(ProtectedByAuthSec({ scopes: ['read'] }))
      expect(protection).toEqual({ access: 'protected', requirement: scope('read') })
      const [own] = protectionsWith(ProtectedByAuthSec({ roles: ['admin'] }))
      expect(own).toEqual(admin)
      const [operation] = assemble({
        servers: [],
        tools: [protectedByAuthSec('t', { scopes: ['read'] }, () => '')],
      }).operations
      expect(operation?.protection).toEqual({ access: 'protected', requirement: scope('read') })
    } finally {
      Reflect.deleteProperty(Object.prototype, 'roles')
    }
  })
})

describe('the options of the other decorators', () => {
  it.each([
    [Public, { roles: ['admin'] }, '@Public on Server.method: unknown option "roles"'],
    [Public, { bearerOnly: true }, '@Public on Server.method: unknown option "bearerOnly"'],
    [Public, { bearerOnly: false }, 'unknown option "bearerOnly"'],
    [Tool, { bearerOnly: true }, 'unknown option "bearerOnly"'],
    [Public, { elevatable: true }, '@Public on Server.method: unknown option "elevatable"'],
    [Tool, { elevatable: true }, 'unknown option "elevatable"'],
    [Public, { title: undefined }, 'option "title" must be a text'],
    [Public, undefined, 'must be a plain object'],
    [Tool, { titel: 'x' }, '@Tool on Server.method: unknown option "titel"'],
    [Tool, { roles: ['admin'] }, 'unknown option "roles"'],
    [Tool, undefined, 'must be a plain object'],
    [McpServer, { name: 'A' }, 'needs a version'],
    [McpServer, { name: '', version: '1' }, 'option "name" must be a text'],
    [McpServer, { name: 'A', version: '1', prefix: '' }, 'option "prefix" must be a text'],
    [McpServer, { name: 'A', version: '1', title: 'x' }, 'unknown option "title"'],
    [Injectable, { scope: 'request' }, 'option "scope" must be'],
    [Injectable, { scope: undefined }, 'option "scope" must be'],
    [Injectable, { lifetime: 'call' }, 'unknown option "lifetime"'],
    [Inject, undefined, 'neither a class nor a token'],
    [Arg, '', 'the name must be'],
    [Arg, '__proto__', 'the name must be'],
    [Arg, 'constructor', 'the name must be'],
    [Arg, 'two words', 'the name must be'],
  ])('are checked as well: %p with %p', (factory, options, message) => {
    const fault = decorateWith(factory, options)
    expect(fault.code).toBe('ERR_CONFIG_OPTION')
    expect(fault.message).toContain(message)
  })

  it.each([
    [{ default: undefined }, 'must be a text, a finite number'],
    [{ default: Number.NaN }, 'must be a text, a finite number'],
    [{ default: {} }, 'must be a text, a finite number'],
    [{ required: true, default: 'x' }, 'has no use for a default'],
    [{ optional: true }, 'unknown option "optional"'],
  ])('of @Arg refuse %p', (options, message) => {
    expect(decorateWith(Arg, 'name', options).message).toContain(message)
  })

  it('refuse a handler that is no function', () => {
    expect(faultOf(() => untyped(publicTool, 'named', {}, 'handler')).message).toContain('must be a function')
    expect(faultOf(() => untyped(publicTool, 'named', {})).message).toContain('must be a function')
    expect(faultOf(() => untyped(publicTool, 7, {}, () => '')).message).toContain('the name comes first')
  })

  it('refuse a token without a name', () => {
    expect(() => createToken(' ')).toThrow(TypeError)
  })
})

describe('the place of a decorator', () => {
  it.each([
    ['a getter', { get: () => 1 }],
    ['a setter', { set: () => undefined }],
    ['a field', undefined],
    ['a value', { value: 1 }],
  ])('is not %s', (_case, descriptor) => {
    for (const decorator of [ProtectedByAuthSec(), Public(), Tool({ title: 'x' })]) {
      const fault = faultOf(() => untyped(decorator, {}, 'member', descriptor))
      expect(fault.code).toBe('ERR_CONFIG_OPTION')
      expect(fault.message).toContain('only methods can be operations')
    }
  })

  it('is not a symbol, nor a static method', () => {
    class Server {
      static fixed(): void {}
    }
    const descriptor = { value: () => undefined }
    expect(faultOf(() => untyped(Public(), {}, Symbol('x'), descriptor)).message).toContain('without a name')
    expect(faultOf(() => untyped(Public(), Server, 'fixed', descriptor)).message).toContain('a static member')
    expect(faultOf(() => untyped(Arg('x'), Server, undefined, 0)).message).toContain('on a parameter of a method')
    expect(faultOf(() => untyped(Inject(Server), Server, 'fixed', 0)).message).toContain('a static method')
  })

  it('is a class for @McpServer and @Injectable only, and for @ProtectedByAuthSec without details', () => {
    class Server {}
    expect(faultOf(() => untyped(Public(), Server)).message).toContain('stands on a class')
    expect(faultOf(() => untyped(Tool({ title: 'x' }), Server)).message).toContain('stands on a class')
    expect(faultOf(() => untyped(ProtectedByAuthSec({ title: 'x' }), Server)).message).toContain('for a whole class')
    expect(faultOf(() => untyped(ProtectedByAuthSec('named'), Server)).message).toContain('for a whole class')
    const method = [Server.prototype, 'x', { value: () => undefined }]
    expect(faultOf(() => untyped(McpServer({ name: 'A', version: '1' }), ...method)).message).toContain('on a class')
    expect(faultOf(() => untyped(Injectable(), ...method)).message).toContain('belongs on a class')
  })

  it.each<readonly [string, (...args: never[]) => unknown, string]>([
    ['@ProtectedByAuthSec', ProtectedByAuthSec, 'Server.x'],
    ['@Public', Public, 'Server.x'],
    ['@Tool', Tool, 'Server.x'],
    ['@McpServer', McpServer, 'Server'],
    ['@Injectable', Injectable, 'Server'],
    ['@Arg', Arg, 'Server'],
  ])('is behind brackets: %s without them throws on its own', (written, factory, label) => {
    class Server {}
    const method = { value: () => undefined }
    for (const use of [
      [Server.prototype, 'x', method],
      [Server.prototype, 'x', undefined],
      [Server.prototype, 'x'],
    ]) {
      const fault = faultOf(() => untyped(factory, ...use))
      expect(fault.code).toBe('ERR_CONFIG_OPTION')
      expect(fault.message).toContain(`${written} on ${label}: write ${written}() with brackets`)
    }
    expect(faultOf(() => untyped(factory, Server)).message).toContain(`${written} on Server: write ${written}() with`)
  })

  it.each([ProtectedByAuthSec, Public, Tool])(
    'is behind brackets with the arguments of newer compilers: %p',
    (factory) => {
      const method = (): void => undefined
      expect(faultOf(() => untyped(factory, method, { kind: 'method', name: 'x' })).message).toContain('with brackets')
    },
  )

  it('is behind brackets: the fault points at the line without them', () => {
    const onMethod = faultOf(() => {
      class Bare {
        // @ts-expect-error no brackets
        @ProtectedByAuthSec // bare method
        secret(): void {}
      }
      return Bare
    })
    const onClass = faultOf(() => {
      // @ts-expect-error no brackets
      @ProtectedByAuthSec // bare class
      class BareClass {}
      return BareClass
    })
    expect(onMethod.declaredAt).toBe(`${lineOf(import.meta.url, 'bare method')}:9`)
    expect(onClass.declaredAt).toBe(`${lineOf(import.meta.url, 'bare class')}:7`)
  })

  it('is taken once by @Arg and @Inject', () => {
    const { prototype } = class Server {}
    untyped(Arg('one'), prototype, 'x', 0)
    expect(faultOf(() => untyped(Arg('two'), prototype, 'x', 0)).message).toContain('twice on one parameter')
    untyped(Inject(createToken('one')), prototype, 'x', 1)
    expect(faultOf(() => untyped(Inject(createToken('two')), prototype, 'x', 1)).message).toContain('token "one"')
  })
})

describe('requireAll', () => {
  it('has to be said where several categories are listed', () => {
    @McpServer({ name: 'Ambiguous', version: '1.0.0' })
    class Ambiguous {
      // @ts-expect-error several categories without requireAll
      @ProtectedByAuthSec({ roles: ['admin'], scopes: ['write'] }) // ambiguous
      method(): void {}
    }
    const [fault] = startFaults(Ambiguous)
    expect(fault?.code).toBe('ERR_CONFIG_REQUIRE_ALL')
    expect(fault?.message).toContain('lists roles and scopes without requireAll')
    expect(fault?.declaredAt).toMatch(lineOf(import.meta.url, 'ambiguous'))
  })

  it('has nothing to say where no category is listed', () => {
    @McpServer({ name: 'Pointless', version: '1.0.0' })
    class Pointless {
      @ProtectedByAuthSec({ requireAll: true }) // pointless
      method(): void {}
    }
    const [fault] = startFaults(Pointless)
    expect(fault?.code).toBe('ERR_CONFIG_REQUIRE_ALL')
    expect(fault?.declaredAt).toMatch(lineOf(import.meta.url, 'pointless'))
  })

  it('is kept as it was said', () => {
    @McpServer({ name: 'Clear', version: '1.0.0' })
    class Clear {
      @ProtectedByAuthSec({ roles: ['admin'], scopes: ['write'], requireAll: true })
      all(): void {}

      @ProtectedByAuthSec({ roles: ['admin'], scopes: ['write'], requireAll: false })
      any(): void {}

      @ProtectedByAuthSec({ resources: ['a', 'b'], requireAll: true })
      one(): void {}
    }
    const demand = ({ protection }: Operation) =>
      protection.access === 'protected' ? protection.requirement : undefined
    expect(assemble({ servers: [Clear] }).operations.map(demand)).toEqual([
      allOf(role('admin'), scope('write')),
      anyOf(role('admin'), scope('write')),
      allOf(resource('a'), resource('b')),
    ])
  })
})

describe('bearerOnly', () => {
  const open = { access: 'protected', requirement: authenticated }

  it('is demanded where it is true, of methods and of functions, and nowhere else', () => {
    @McpServer({ name: 'Bearers', version: '1.0.0' })
    class Bearers {
      @ProtectedByAuthSec({ bearerOnly: true })
      bearers(): void {}

      @ProtectedByAuthSec({ bearerOnly: false })
      all(): void {}

      @ProtectedByAuthSec()
      unsaid(): void {}
    }
    const tools = [
      protectedByAuthSec('wire_money', { bearerOnly: true }, () => ''),
      protectedByAuthSec('count_money', { bearerOnly: false }, () => ''),
    ]
    const { operations } = assemble({ servers: [Bearers], tools })
    expect(operations.map(({ protection }) => protection)).toEqual([
      { ...open, bearerOnly: true },
      open,
      open,
      { ...open, bearerOnly: true },
      open,
    ])
  })

  it('is no category: it neither needs requireAll nor gives it a meaning', () => {
    @McpServer({ name: 'Beside', version: '1.0.0' })
    class Beside {
      @ProtectedByAuthSec({ roles: ['admin'], bearerOnly: true })
      one(): void {}

      @ProtectedByAuthSec({ requireAll: true, bearerOnly: true }) // beside nothing
      none(): void {}
    }
    const faults = startFaults(Beside)
    expect(faults.map(({ code, declaredAt }) => [code, declaredAt])).toEqual([
      ['ERR_CONFIG_REQUIRE_ALL', `${lineOf(import.meta.url, 'beside nothing')}:7`],
    ])
  })

  it('is refused in a public tool, whatever it says', () => {
    for (const bearerOnly of [true, false]) {
      const fault = faultOf(() => untyped(publicTool, 'ping', { bearerOnly }, () => 'pong'))
      expect(fault).toMatchObject({ code: 'ERR_CONFIG_OPTION' })
      expect(fault.message).toContain('unknown option "bearerOnly"')
    }
  })
})

describe('elevatable', () => {
  const writers = { access: 'protected', requirement: scope('write') }

  it('is said where it is true, of methods and of functions, and nowhere else', () => {
    @McpServer({ name: 'Writers', version: '1.0.0' })
    class Writers {
      @ProtectedByAuthSec({ scopes: ['write'], elevatable: true })
      raised(): void {}

      @ProtectedByAuthSec({ scopes: ['write'], elevatable: false })
      hidden(): void {}

      @ProtectedByAuthSec({ scopes: ['write'] })
      unsaid(): void {}
    }
    const tools = [protectedByAuthSec('write_off', { scopes: ['write'], elevatable: true }, () => '')]
    const { operations } = assemble({ servers: [Writers], tools })
    expect(operations.map(({ protection }) => protection)).toEqual([
      { ...writers, elevatable: true },
      writers,
      writers,
      { ...writers, elevatable: true },
    ])
  })

  it('stops the start where no scope is demanded, or where only the lack of one helps', () => {
    @McpServer({ name: 'Scopeless', version: '1.0.0' })
    class Scopeless {
      @ProtectedByAuthSec({ roles: ['admin'], elevatable: true }) // by role
      byRole(): void {}

      @ProtectedByAuthSec({ elevatable: true }) // by nothing
      byNothing(): void {}

      @ProtectedByAuthSec({ require: not(scope('guest')), elevatable: true }) // by absence
      byAbsence(): void {}
    }
    const faults = startFaults(Scopeless)
    expect(faults.map(({ code, declaredAt }) => [code, declaredAt])).toEqual(
      ['by role', 'by nothing', 'by absence'].map((mark) => [
        'ERR_CONFIG_PROTECTION',
        `${lineOf(import.meta.url, mark)}:7`,
      ]),
    )
    expect(faults[0]?.message).toContain('demands no scope that a caller could ask for')
    const tool = protectedByAuthSec('by_role', { roles: ['admin'], elevatable: true }, () => '')
    expect(faultOf(() => assemble({ servers: [], tools: [tool] }))).toMatchObject({ code: 'ERR_CONFIG_PROTECTION' })
  })

  it('is refused in a public tool and on a class', () => {
    const fault = faultOf(() => untyped(publicTool, 'ping', { elevatable: true }, () => 'pong'))
    expect(fault).toMatchObject({ code: 'ERR_CONFIG_OPTION' })
    const onClass = faultOf(() => {
      const decorator = untyped(ProtectedByAuthSec, { scopes: ['a'], elevatable: true })
      if (typeof decorator === 'function') Reflect.apply(decorator, undefined, [class Whole {}])
    })
    expect(onClass.message).toContain('for a whole class, unknown option "elevatable"')
  })
})
