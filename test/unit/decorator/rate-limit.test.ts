import { describe, expect, it } from '@jest/globals'
import type { ConfigurationError } from '../../../src/core/error/configuration-error.js'
import { assemble } from '../../../src/framework/container/assemble.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { RateLimit } from '../../../src/framework/decorator/rate-limit.js'
import { protectedByAuthSec, publicTool } from '../../../src/framework/decorator/tool-definition.js'
import { faultOf, lineOf } from '../../support/start-faults.js'

/** Calls a function with arguments that its type refuses, as plain JavaScript may. */
function untyped(callee: (...args: never[]) => unknown, ...args: readonly unknown[]): unknown {
  return Reflect.apply(callee, undefined, args)
}

/** Puts `@RateLimit` made with these arguments on a method. */
function limitWith(...args: readonly unknown[]): ConfigurationError {
  return faultOf(() => {
    const decorator = untyped(RateLimit, ...args)
    class Server {
      method(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Server.prototype, 'method')
    if (typeof decorator === 'function') Reflect.apply(decorator, undefined, [Server.prototype, 'method', descriptor])
  })
}

const good = { limit: 5, seconds: 60 }
const wholeCalls = '"limit" must be a whole number from 1 to 1000000'
const wholeSeconds = '"seconds" must be a whole number from 1 to 86400'

const wrong: readonly (readonly [string, unknown, string])[] = [
  ['no call', { ...good, limit: 0 }, wholeCalls],
  ['less than no call', { ...good, limit: -1 }, wholeCalls],
  ['half a call', { ...good, limit: 0.5 }, wholeCalls],
  ['calls that are no number', { ...good, limit: NaN }, wholeCalls],
  ['calls without end', { ...good, limit: Infinity }, wholeCalls],
  ['more calls than anybody counts', { ...good, limit: 1_000_001 }, wholeCalls],
  ['calls in words', { ...good, limit: '5' }, wholeCalls],
  ['an undefined number of calls', { ...good, limit: undefined }, wholeCalls],
  ['no time', { ...good, seconds: 0 }, wholeSeconds],
  ['time that goes back', { ...good, seconds: -60 }, wholeSeconds],
  ['half a second', { ...good, seconds: 0.5 }, wholeSeconds],
  ['time that is no number', { ...good, seconds: NaN }, wholeSeconds],
  ['more than a day', { ...good, seconds: 86_401 }, wholeSeconds],
  ['time that is a big integer', { ...good, seconds: 60n }, wholeSeconds],
  ['somebody who is not known', { ...good, per: 'session' }, "\"per\" must be 'user', 'tenant', 'everybody'"],
  ['undefined callers', { ...good, per: undefined }, '"per" must be'],
  ['an unknown option', { ...good, window: 60 }, 'unknown option "window"; there are limit, seconds, per'],
  ['no number of calls', { seconds: 60 }, 'needs limit'],
  ['no length', { limit: 5 }, 'needs seconds'],
  ['a getter', Object.defineProperty({ seconds: 60 }, 'limit', { get: () => 5, enumerable: true }), 'is a getter'],
  ['a proxy', new Proxy(good, {}), 'must not be a proxy'],
  ['inherited options', Object.create(good), 'must be a plain object'],
  ['a number', 5, 'a limit is a plain object'],
  ['null', null, 'a limit is a plain object'],
  ['undefined', undefined, ''],
  ['an empty list', [], 'the list of limits is empty'],
  ['a list with a hole', Array<unknown>(1), 'has a hole at index 0'],
  ['a list in a list', [[good]], 'the options must be a plain object, at index 0'],
  ['a wrong limit in a list', [good, { ...good, limit: 0 }], `${wholeCalls}, at index 1`],
  [
    'two limits of the same calls',
    [good, { ...good, limit: 9, per: 'user' }],
    'limits the calls of 60 seconds per user twice',
  ],
]

describe('the options of @RateLimit', () => {
  it.each(wrong)('refuse %s where the decorator stands', (_case, options, message) => {
    const fault = limitWith(options)
    expect(fault.code).toBe('ERR_CONFIG_OPTION')
    expect(fault.message).toContain('@RateLimit on Server.method')
    expect(fault.message).toContain(message)
  })

  it.each(wrong)('refuse %s in the function form', (_case, options, message) => {
    for (const form of [protectedByAuthSec, publicTool]) {
      const fault = faultOf(() => untyped(form, 'named', { rateLimit: options }, () => ''))
      expect(fault.code).toBe('ERR_CONFIG_OPTION')
      expect(fault.message).toContain('"rateLimit"')
      expect(fault.message).toContain(message)
    }
  })

  it('name everything that is wrong at once', () => {
    expect(limitWith({ limit: 0, seconds: NaN, extra: 1 }).faults).toHaveLength(3)
    expect(limitWith([{ limit: 0, seconds: 1 }, { limit: 1 }]).faults).toHaveLength(2)
    expect(faultOf(() => untyped(publicTool, 'named', { rateLimit: 1, role: 1 }, () => '')).faults).toHaveLength(2)
  })

  it('take several limits as a list, not as arguments', () => {
    expect(limitWith(good, good).message).toContain('takes one argument')
    expect(() => limitWith([good, { ...good, seconds: 1 }])).toThrow('nothing was refused')
    expect(() => limitWith({ limit: 1, seconds: 86_400, per: 'everybody' })).toThrow('nothing was refused')
  })

  it('are no option of @ProtectedByAuthSec', () => {
    const fault = faultOf(() => {
      class Server {
        // @ts-expect-error for functions only
        @ProtectedByAuthSec({ rateLimit: good })
        method(): void {}
      }
      return Server
    })
    expect(fault.message).toContain('unknown option "rateLimit"')
  })

  it('point at the line of the decorator', () => {
    const fault = faultOf(() => {
      class Endless {
        @RateLimit({ limit: 5, seconds: 1e9 }) // endless
        @ProtectedByAuthSec()
        method(): void {}
      }
      return Endless
    })
    expect(fault.declaredAt).toBe(`${lineOf(import.meta.url, 'endless')}:9`)
  })

  it('cannot be changed afterwards', () => {
    const options = { limit: 5, seconds: 60 }
    const decorator = RateLimit(options)
    const tool = protectedByAuthSec('tool', { rateLimit: options }, () => '')
    options.limit = 1_000
    @McpServer({ name: 'Kept', version: '1.0.0' })
    class Kept {
      @ProtectedByAuthSec()
      @decorator
      method(): void {}
    }
    const { operations } = assemble({ servers: [Kept], tools: [tool] })
    expect(operations.map(({ limits }) => limits)).toEqual(Array(2).fill([{ limit: 5, seconds: 60, per: 'user' }]))
  })
})

describe('@RateLimit', () => {
  it('needs its brackets', () => {
    expect(limitWith({ constructor: Object }, 'method', {}).message).toContain('write @RateLimit() with brackets')
    expect(limitWith(class Server {}).message).toContain('write @RateLimit() with brackets')
  })

  const places: readonly (readonly [string, readonly unknown[], string])[] = [
    ['a getter', [{}, 'name', { get: () => 1 }], 'something that is no method'],
    ['a field', [{}, 'name', undefined], 'something that is no method'],
    ['a static method', [class Server {}, 'name', { value: () => 1 }], 'a static member'],
    ['a symbol', [{}, Symbol('name'), { value: () => 1 }], 'a member without a name'],
  ]
  it.each(places)('refuses %s', (_case, use, reason) => {
    const fault = faultOf(() => Reflect.apply(RateLimit(good), undefined, [...use]))
    expect(fault).toMatchObject({ code: 'ERR_CONFIG_OPTION', message: expect.stringContaining(`stands on ${reason}`) })
  })

  it('stands several times on one method, but not twice for the same calls', () => {
    const fault = faultOf(() => {
      class Contradicting {
        @RateLimit({ limit: 9, seconds: 60 }) // contradicting
        @RateLimit({ limit: 5, seconds: 60, per: 'tenant' })
        @RateLimit({ limit: 5, seconds: 60 })
        method(): void {}
      }
      return Contradicting
    })
    expect(fault.message).toContain('twice: keep one of them')
    expect(fault.declaredAt).toBe(`${lineOf(import.meta.url, 'contradicting')}:9`)
  })
})
