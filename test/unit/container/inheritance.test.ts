import { describe, expect, it } from '@jest/globals'
import type { Operation } from '../../../src/core/operation/operation.js'
import { partsOf } from '../../../src/core/permission/requirement/requirement.js'
import { assemble } from '../../../src/framework/container/assemble.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import type { Class } from '../../../src/framework/decorator/reflect.js'
import { Tool } from '../../../src/framework/decorator/tool.js'
import { createTestApp } from '../../../src/testing/create-test-app.js'
import { lineOf, startFaults } from '../../support/start-faults.js'

const server = McpServer({ name: 'Matrix', version: '1.0.0' })

/** `public`, or the names that each demand lists. */
function demands({ protection }: Operation): unknown {
  if (protection.access !== 'protected') return protection.access
  const { requirement } = protection
  return (requirement.kind === 'allOf' ? requirement.of : [requirement]).map((demand) =>
    partsOf(demand)
      .flatMap((part) => (part.kind === 'grant' ? [part.name] : []))
      .join(),
  )
}

function operations(...servers: readonly Class[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(assemble({ servers }).operations.map((operation) => [operation.name, demands(operation)]))
}

class Base {
  @ProtectedByAuthSec({ roles: ['base'] })
  report(): string {
    return 'base'
  }

  @Public()
  ping(): string {
    return 'pong'
  }

  undecorated(): string {
    return 'no operation'
  }
}

describe('what a class inherits', () => {
  it('1: a subclass has the operations of its base, and only decorated methods are operations', () => {
    @server
    class Plain extends Base {}
    expect(operations(Plain)).toEqual({ report: ['base'], ping: 'public' })
  })

  it('2: an override without a decorator keeps the demands, and is what runs', async () => {
    @server
    class Silent extends Base {
      override report(): string {
        return 'sub'
      }
    }
    expect(operations(Silent)).toEqual({ report: ['base'], ping: 'public' })
    const app = await createTestApp({ servers: [Silent] })
    expect(await app.as({ roles: ['base'] }).call('report')).toMatchObject({ text: 'sub' })
    expect(await app.as({ roles: ['other'] }).call('report')).toMatchObject({ outcome: 'unknown' })
  })

  it('3: an override with a decorator demands its own and all that it inherits', async () => {
    @server
    class Stricter extends Base {
      @ProtectedByAuthSec({ roles: ['sub'] })
      override report(): string {
        return 'sub'
      }
    }
    expect(operations(Stricter)).toEqual({ report: ['sub', 'base'], ping: 'public' })
    const app = await createTestApp({ servers: [Stricter] })
    expect(app.as({ roles: ['base'] }).list()).toEqual(['ping'])
    expect(app.as({ roles: ['sub'] }).list()).toEqual(['ping'])
    expect(app.as({ roles: ['sub', 'base'] }).list()).toEqual(['report', 'ping'])
  })

  it('4: an override that demands nothing more demands what it inherits', () => {
    @server
    class Same extends Base {
      @ProtectedByAuthSec()
      override report(): string {
        return 'sub'
      }
    }
    expect(operations(Same)).toMatchObject({ report: ['base'] })
  })

  it('5: an override with @Tool alone keeps the demands', () => {
    @server
    class Told extends Base {
      @Tool({ title: 'Told' })
      override report(): string {
        return 'sub'
      }
    }
    expect(operations(Told)).toMatchObject({ report: ['base'] })
    expect(assemble({ servers: [Told] }).operations[0]).toMatchObject({ name: 'report', title: 'Told' })
  })

  it('6: a @Public override of a protected method stops the start', () => {
    @server
    class Opened extends Base {
      @Public() // opened
      override report(): string {
        return 'sub'
      }
    }
    const [fault, ...more] = startFaults(Opened)
    expect(fault).toMatchObject({ code: 'ERR_CONFIG_OVERRIDE', declaredAt: `${lineOf(import.meta.url, 'opened')}:7` })
    expect(more).toEqual([])
  })

  it('7: a @Public override stops the start however far away the demand is', () => {
    class Between extends Base {
      override report(): string {
        return 'between'
      }
    }
    @server
    class Far extends Between {
      @Public()
      override report(): string {
        return 'far'
      }
    }
    @server
    class Restored extends Far {
      @ProtectedByAuthSec()
      override report(): string {
        return 'restored'
      }
    }
    expect(startFaults(Far)).toMatchObject([{ code: 'ERR_CONFIG_OVERRIDE' }])
    expect(startFaults(Restored)).toMatchObject([{ code: 'ERR_CONFIG_OVERRIDE' }])
  })

  it('8: a protected override of a @Public method is protected', () => {
    @server
    class Closed extends Base {
      @ProtectedByAuthSec({ scopes: ['read'] })
      override ping(): string {
        return 'closed'
      }
    }
    expect(operations(Closed)).toEqual({ report: ['base'], ping: ['read'] })
  })

  it('9: demands add up over several levels, abstract bases and mixins', () => {
    abstract class Root {
      @ProtectedByAuthSec({ roles: ['root'] })
      abstractly(): string {
        return this.text()
      }

      abstract text(): string
    }
    function withAudit<Constructor extends new (...args: never[]) => Root>(Parent: Constructor) {
      abstract class Audited extends (Parent as new () => Root) {
        @ProtectedByAuthSec({ groups: ['audit'] })
        override abstractly(): string {
          return super.abstractly()
        }
      }
      return Audited
    }
    class Text extends Root {
      text(): string {
        return 'text'
      }
    }
    @server
    class Deep extends withAudit(Text) {
      override text(): string {
        return 'deep'
      }

      @ProtectedByAuthSec({ scopes: ['deep'] })
      override abstractly(): string {
        return super.abstractly()
      }
    }
    expect(operations(Deep)).toEqual({ abstractly: ['deep', 'audit', 'root'] })
  })

  it('10: an arrow field over a protected method stops the start', async () => {
    class Covered {
      @ProtectedByAuthSec({ roles: ['admin'] }) // covered
      report(): string {
        return 'method'
      }
    }
    @server
    class Arrow extends Covered {
      override report = (): string => 'field'
    }
    const assembly = assemble({ servers: [Arrow] })
    await expect(assembly.start()).rejects.toMatchObject({
      code: 'ERR_CONFIG_OVERRIDE',
      declaredAt: `${lineOf(import.meta.url, 'covered')}:7`,
    })
    await assembly.close()
  })

  it('11: something that is no method over a protected method stops the start', () => {
    @server
    class Accessor extends Base {}
    Object.defineProperty(Accessor.prototype, 'report', { get: () => () => 'getter' })
    expect(startFaults(Accessor)).toMatchObject([{ code: 'ERR_CONFIG_OVERRIDE' }])
  })

  it('12: a prototype alias is no operation, and a function put in place later is never called', async () => {
    @server
    class Aliased extends Base {}
    Object.defineProperty(Aliased.prototype, 'alias', { value: Base.prototype.report })
    const app = await createTestApp({ servers: [Aliased] })
    expect(app.as({ roles: ['base'] }).list()).toEqual(['report', 'ping'])
    Object.defineProperty(Aliased.prototype, 'report', { value: () => 'replaced' })
    expect(await app.as({ roles: ['base'] }).call('report')).toMatchObject({ text: 'base' })
    await app.close()
  })

  it('13: a subclass has all that its base says of a method, and may say more', () => {
    class Described {
      @ProtectedByAuthSec('reported', { description: 'Reports', annotations: { readOnlyHint: true }, elicits: true })
      report(): string {
        return 'base'
      }
    }
    @server
    class Redescribed extends Described {
      @ProtectedByAuthSec({ description: 'Reports more' })
      override report(): string {
        return 'sub'
      }
    }
    expect(assemble({ servers: [Redescribed] }).operations[0]).toMatchObject({
      name: 'reported',
      description: 'Reports more',
      annotations: { readOnlyHint: true },
      elicits: true,
    })
  })
})

describe('the protection of a whole class', () => {
  it('is demanded together with that of each method', async () => {
    @server
    @ProtectedByAuthSec({ groups: ['staff'] })
    class Staff {
      @ProtectedByAuthSec()
      plain(): string {
        return 'plain'
      }

      @ProtectedByAuthSec({ roles: ['admin'] })
      admin(): string {
        return 'admin'
      }
    }
    expect(operations(Staff)).toEqual({ plain: ['staff'], admin: ['staff', 'admin'] })
    const app = await createTestApp({ servers: [Staff] })
    expect(app.as({ roles: ['admin'] }).list()).toEqual([])
    expect(app.as({ groups: ['staff'] }).list()).toEqual(['plain'])
    expect(app.as({ groups: ['staff'], roles: ['admin'] }).list()).toEqual(['plain', 'admin'])
    expect(app.anonymous().list()).toEqual([])
  })

  it('is inherited by subclasses, for what they inherit and for what they add', () => {
    @ProtectedByAuthSec({ groups: ['staff'] })
    class Parent {
      @ProtectedByAuthSec({ roles: ['a'] })
      inherited(): void {}
    }
    @server
    @ProtectedByAuthSec({ scopes: ['sub'] })
    class Child extends Parent {
      @ProtectedByAuthSec({ roles: ['b'] })
      added(): void {}
    }
    expect(operations(Child)).toEqual({ inherited: ['sub', 'staff', 'a'], added: ['sub', 'staff', 'b'] })
  })

  it('stays where another class decorator puts a constructor of its own over the prototype', async () => {
    /** Returns a function that takes the prototype over, as some decorators do that wrap a class. */
    function wrapped<Wrapped extends Class>(target: Wrapped): Wrapped {
      const wrapper = function (this: unknown): unknown {
        return Reflect.construct(target, [], new.target)
      }
      Object.defineProperty(wrapper, 'prototype', { value: target.prototype })
      Object.defineProperty(target.prototype, 'constructor', { value: wrapper })
      return Object.setPrototypeOf(wrapper, Function.prototype)
    }
    @server
    @wrapped
    @ProtectedByAuthSec({ groups: ['staff'] })
    class Below {
      @ProtectedByAuthSec()
      secret(): string {
        return 'secret'
      }
    }
    @server
    @ProtectedByAuthSec({ groups: ['staff'] })
    @wrapped
    class Above {
      @ProtectedByAuthSec()
      secret(): string {
        return 'secret'
      }
    }
    @server
    class Child extends Below {}
    for (const target of [Below, Above, Child]) {
      expect(operations(target)).toEqual({ secret: ['staff'] })
      const app = await createTestApp({ servers: [target] })
      expect(app.as({}).list()).toEqual([])
      expect(await app.as({ groups: ['staff'] }).call('secret')).toMatchObject({ text: 'secret' })
      await app.close()
    }
  })

  it('makes nothing an operation by itself', () => {
    @server // nothing inside
    @ProtectedByAuthSec()
    class Nothing {
      method(): void {}
    }
    expect(startFaults(Nothing)).toMatchObject([
      { code: 'ERR_CONFIG_SERVER', declaredAt: expect.stringMatching(lineOf(import.meta.url, 'nothing inside')) },
    ])
  })

  it('refuses @Public inside, written there or inherited', () => {
    @server
    @ProtectedByAuthSec()
    class Inside {
      @Public() // inside
      method(): void {}
    }
    @server
    @ProtectedByAuthSec({ groups: ['staff'] })
    class Inherits extends Base {}
    expect(startFaults(Inside)).toMatchObject([
      { code: 'ERR_CONFIG_PROTECTION', declaredAt: `${lineOf(import.meta.url, 'inside')}:7` },
    ])
    expect(startFaults(Inherits)).toMatchObject([{ code: 'ERR_CONFIG_PROTECTION' }])
  })
})

describe('bearerOnly', () => {
  /** Whether each operation is for bearers only. */
  const bearersOnly = (...servers: readonly Class[]): Readonly<Record<string, boolean>> =>
    Object.fromEntries(
      assemble({ servers }).operations.map(({ name, protection }) => [
        name,
        protection.access === 'protected' && protection.bearerOnly === true,
      ]),
    )

  @server
  class Ledger {
    @ProtectedByAuthSec({ roles: ['clerk'], bearerOnly: true })
    book(): void {}

    @ProtectedByAuthSec()
    look(): void {}
  }

  it('of a class is demanded of each operation, also where the method says false', () => {
    @server
    @ProtectedByAuthSec({ bearerOnly: true })
    class Vault {
      @ProtectedByAuthSec({ bearerOnly: false })
      open(): void {}

      @ProtectedByAuthSec({ roles: ['admin'] })
      empty(): void {}
    }
    @server
    class Annex extends Vault {}
    expect(bearersOnly(Vault)).toEqual({ open: true, empty: true })
    expect(bearersOnly(Annex)).toEqual({ open: true, empty: true })
    expect(operations(Vault)).toEqual({ open: [], empty: ['admin'] })
  })

  it('of a method stays when the class says false', () => {
    @server
    @ProtectedByAuthSec({ bearerOnly: false })
    class Desk {
      @ProtectedByAuthSec({ bearerOnly: true })
      sign(): void {}

      @ProtectedByAuthSec()
      read(): void {}
    }
    expect(bearersOnly(Desk)).toEqual({ sign: true, read: false })
  })

  it('is inherited by an override that says nothing, or false', () => {
    @server
    class Silent extends Ledger {
      override book(): void {}
    }
    @server
    class Loosening extends Ledger {
      @ProtectedByAuthSec({ bearerOnly: false })
      override book(): void {}
    }
    expect(bearersOnly(Ledger)).toEqual({ book: true, look: false })
    expect(bearersOnly(Silent)).toEqual({ book: true, look: false })
    expect(bearersOnly(Loosening)).toEqual({ book: true, look: false })
    expect(operations(Loosening)).toEqual({ book: ['clerk'], look: [] })
  })

  it('may be added by an override, or by the class of a subclass', () => {
    @server
    class Stricter extends Ledger {
      @ProtectedByAuthSec({ bearerOnly: true })
      override look(): void {}
    }
    @server
    @ProtectedByAuthSec({ bearerOnly: true })
    class Whole extends Ledger {}
    expect(bearersOnly(Stricter)).toEqual({ book: true, look: true })
    expect(bearersOnly(Whole)).toEqual({ book: true, look: true })
  })

  it('lets callers with a bearer in', async () => {
    const app = await createTestApp({ servers: [Ledger] })
    expect(app.as({ roles: ['clerk'] }).list()).toEqual(['book', 'look'])
    expect(app.as({}).list()).toEqual(['look'])
  })
})

describe('elevatable', () => {
  /** The operations that callers can step up to. */
  const elevatable = (...servers: readonly Class[]): readonly string[] =>
    assemble({ servers }).operations.flatMap(({ name, protection }) =>
      protection.access === 'protected' && protection.elevatable === true ? [name] : [],
    )

  @server
  class Ledger {
    @ProtectedByAuthSec({ scopes: ['book'], elevatable: true })
    book(): void {}

    @ProtectedByAuthSec({ scopes: ['book'] })
    look(): void {}
  }

  it('is inherited by an override that says nothing', () => {
    @server
    class Silent extends Ledger {
      override book(): void {}
    }
    expect(elevatable(Silent)).toEqual(['book'])
  })

  it('is said by the nearest decorator, which may take it back or add it', () => {
    @server
    class Other extends Ledger {
      @ProtectedByAuthSec({ roles: ['clerk'] })
      override book(): void {}

      @ProtectedByAuthSec({ elevatable: true })
      override look(): void {}
    }
    expect(elevatable(Ledger)).toEqual(['book'])
    expect(elevatable(Other)).toEqual(['look'])
  })

  it('goes by the scope that the class demands, too', () => {
    @server
    @ProtectedByAuthSec({ scopes: ['vault'] })
    class Vault {
      @ProtectedByAuthSec({ elevatable: true })
      open(): void {}
    }
    expect(elevatable(Vault)).toEqual(['open'])
  })
})

describe('one method with several decorators', () => {
  it('reads @Tool beside a protection in any order', () => {
    @server
    class Orders {
      @Tool({ title: 'Above', description: 'One' })
      @ProtectedByAuthSec({ roles: ['admin'] })
      above(): void {}

      @ProtectedByAuthSec({ roles: ['admin'], description: 'Two' })
      @Tool({ title: 'Below' })
      below(): void {}
    }
    expect(assemble({ servers: [Orders] }).operations).toMatchObject([
      { name: 'above', title: 'Above', description: 'One' },
      { name: 'below', title: 'Below', description: 'Two' },
    ])
  })

  it('stops the start where two protections, two @Tool or two answers to one question stand there', () => {
    @server
    class Twice {
      @ProtectedByAuthSec({ roles: ['admin'] })
      @Public()
      both(): void {}

      @ProtectedByAuthSec({ roles: ['admin'] })
      @ProtectedByAuthSec({ roles: ['other'] })
      same(): void {}

      @ProtectedByAuthSec()
      @Tool({ title: 'one' })
      @Tool({ title: 'two' })
      tools(): void {}

      @ProtectedByAuthSec({ title: 'one' })
      @Tool({ title: 'two' })
      titles(): void {}
    }
    expect(startFaults(Twice).map(({ code, message }) => [code, message.split(' ')[0]])).toEqual([
      ['ERR_CONFIG_PROTECTION', 'Twice.both'],
      ['ERR_CONFIG_PROTECTION', 'Twice.same'],
      ['ERR_CONFIG_OPTION', 'Twice.tools'],
      ['ERR_CONFIG_OPTION', 'Twice.titles:'],
    ])
  })

  it('stops the start where @Tool or @Arg stands without a protection', () => {
    @server
    class Forgotten {
      @ProtectedByAuthSec()
      fine(): void {}

      @Tool({ title: 'Forgotten' }) // forgotten
      forgotten(): void {}
    }
    expect(startFaults(Forgotten)).toMatchObject([
      { code: 'ERR_CONFIG_PROTECTION', declaredAt: `${lineOf(import.meta.url, 'forgotten')}:7` },
    ])
  })
})
