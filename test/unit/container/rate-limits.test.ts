import { describe, expect, it } from '@jest/globals'
import { assemble } from '../../../src/framework/container/assemble.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { RateLimit } from '../../../src/framework/decorator/rate-limit.js'
import type { Class } from '../../../src/framework/decorator/reflect.js'
import { protectedByAuthSec, publicTool } from '../../../src/framework/decorator/tool-definition.js'
import { lineOf, startFaults } from '../../support/start-faults.js'

const server = McpServer({ name: 'Limits', version: '1.0.0' })

/** `10 in 60 s per user` of each operation. */
function limits(...servers: readonly Class[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    assemble({ servers }).operations.map((operation) => [
      operation.name,
      operation.limits?.map(({ limit, per, seconds }) => `${limit} in ${seconds} s per ${per}`),
    ]),
  )
}

@RateLimit({ limit: 10, seconds: 60 })
class Base {
  @ProtectedByAuthSec()
  plain(): void {}

  @ProtectedByAuthSec()
  @RateLimit({ limit: 100, seconds: 60 })
  cheap(): void {}

  @Public()
  @RateLimit([
    { limit: 5, seconds: 1 },
    { limit: 1000, seconds: 3600, per: 'tenant' },
  ])
  both(): void {}
}

describe('the limits of a class', () => {
  it('are those of each operation that has none of its own', () => {
    @server
    class Same extends Base {}
    expect(limits(Same)).toEqual({
      plain: ['10 in 60 s per user'],
      cheap: ['100 in 60 s per user'],
      both: ['5 in 1 s per user', '1000 in 3600 s per tenant'],
    })
  })

  it('are none where nothing is said', () => {
    @server
    class Free {
      @Public()
      ping(): void {}
    }
    expect(limits(Free)).toEqual({ ping: [] })
  })

  it('stand on those of the base class, and loosen none', () => {
    @server
    @RateLimit([
      { limit: 50, seconds: 60 },
      { limit: 500, seconds: 60, per: 'everybody' },
    ])
    class Wider extends Base {
      @ProtectedByAuthSec()
      added(): void {}
    }
    expect(limits(Wider)).toMatchObject({
      plain: ['10 in 60 s per user', '500 in 60 s per everybody'],
      cheap: ['50 in 60 s per user', '500 in 60 s per everybody'],
      added: ['10 in 60 s per user', '500 in 60 s per everybody'],
    })
  })
})

describe('an override', () => {
  it('keeps the limits that it inherits, with a decorator or without', () => {
    @server
    class Overriding extends Base {
      override plain(): void {}

      @ProtectedByAuthSec({ roles: ['admin'] })
      override cheap(): void {}
    }
    expect(limits(Overriding)).toMatchObject({ plain: ['10 in 60 s per user'], cheap: ['100 in 60 s per user'] })
  })

  it('makes a limit lower, and never higher', () => {
    @server
    class Changing extends Base {
      @RateLimit({ limit: 1000, seconds: 60 })
      override plain(): void {}

      @RateLimit({ limit: 20, seconds: 60 })
      override cheap(): void {}
    }
    expect(limits(Changing)).toMatchObject({ plain: ['10 in 60 s per user'], cheap: ['20 in 60 s per user'] })
  })

  it('keeps the limit of a class whose prototype another one took over', () => {
    @RateLimit({ limit: 3, seconds: 60 })
    class Limited {}
    class Other {
      @ProtectedByAuthSec()
      tool(): void {}
    }
    Object.setPrototypeOf(Other, Limited)
    server(Other)
    expect(limits(Other)).toEqual({ tool: ['3 in 60 s per user'] })
  })
})

describe('a tool made of a function', () => {
  it('has the limits of its option', () => {
    const perTenant = { limit: 1, seconds: 2, per: 'tenant' } as const
    const tools = [
      protectedByAuthSec('one', { roles: ['admin'], rateLimit: { limit: 5, seconds: 60 } }, () => ''),
      publicTool('two', { rateLimit: [{ limit: 5, seconds: 60 }, perTenant] }, () => ''),
      publicTool('none', {}, () => ''),
    ]
    const perUser = { limit: 5, seconds: 60, per: 'user' }
    const { operations } = assemble({ servers: [], tools })
    expect(operations.map((operation) => operation.limits)).toEqual([[perUser], [perUser, perTenant], []])
  })
})

describe('limits where nothing would enforce them', () => {
  it('stop the start: on a method that is no operation', () => {
    @server
    class Unprotected {
      @Public()
      ping(): void {}

      @RateLimit({ limit: 5, seconds: 60 }) // unprotected
      method(): void {}
    }
    const [fault, ...others] = startFaults(Unprotected)
    expect(others).toEqual([])
    expect(fault).toMatchObject({
      code: 'ERR_CONFIG_PROTECTION',
      declaredAt: `${lineOf(import.meta.url, 'unprotected')}:7`,
    })
    expect(fault?.message).toContain('Unprotected.method is decorated, but says not who may use it')
  })

  it('stop the start: on a class without operations', () => {
    @server
    @RateLimit({ limit: 5, seconds: 60 })
    class Empty {}
    expect(startFaults(Empty)).toMatchObject([{ code: 'ERR_CONFIG_SERVER' }])
  })

  it('stop the start: on a class that is only injected, or on its methods', () => {
    @RateLimit({ limit: 5, seconds: 60 }) // injected class
    @Injectable()
    class Repository {}
    @Injectable()
    class Other {
      @RateLimit({ limit: 5, seconds: 60 }) // injected method
      find(): void {}
    }
    @server
    class Using {
      readonly parts: readonly unknown[]

      constructor(repository: Repository, other: Other) {
        this.parts = [repository, other]
      }

      @Public()
      ping(): void {}
    }
    expect(startFaults(Using)).toMatchObject([
      { code: 'ERR_CONFIG_PROTECTION', declaredAt: `${lineOf(import.meta.url, 'injected class')}:5` },
      { code: 'ERR_CONFIG_PROTECTION', declaredAt: `${lineOf(import.meta.url, 'injected method')}:7` },
    ])
  })
})
