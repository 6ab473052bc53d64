import { describe, expect, it } from '@jest/globals'
import { IsString } from 'class-validator'
import { z } from 'zod'
import { UserContext } from '../../../src/core/identity/user-context.js'
import { CallContext } from '../../../src/core/operation/call-context.js'
import { assemble } from '../../../src/framework/container/assemble.js'
import { Arg } from '../../../src/framework/decorator/arg.js'
import { Inject } from '../../../src/framework/decorator/inject.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { createToken } from '../../../src/framework/decorator/token.js'
import { createTestApp } from '../../../src/testing/create-test-app.js'
import { lineOf, startFaults } from '../../support/start-faults.js'
import type { Erased } from '../../support/erased-classes.js'

const server = McpServer({ name: 'Parameters', version: '1.0.0' })
const limit = createToken<number>('limit')
const Named = z.object({ name: z.string() })

interface Clock {
  now(): number
}

type AliasOfUser = UserContext | undefined

class CreateResource {
  @IsString() name!: string
}

class OtherInput {
  @IsString() other!: string
}

class MyUser extends UserContext {}

class Forgotten {
  readonly secret = 'forgotten'
}

@Injectable()
class Repository {
  readonly #names = ['a', 'b']

  count(): number {
    return this.#names.length
  }
}

@Injectable()
class BothInputAndInjectable {
  @IsString() name!: string
}

@server
class Injected {
  readonly #greeting = 'Hello'

  constructor(private readonly repository: Repository) {}

  @ProtectedByAuthSec()
  everything(call: CallContext, input: CreateResource, user: UserContext, repository: Repository): string {
    const same = repository === this.repository
    return [this.#greeting, input.name, input instanceof CreateResource, user.subject, call.operation, same].join(' ')
  }

  @ProtectedByAuthSec()
  optional(user?: UserContext, repository: Repository = new Repository()): string {
    return `${user?.subject} ${repository === this.repository}`
  }

  @ProtectedByAuthSec({ input: Named })
  schema(user: UserContext, input: z.infer<typeof Named>): string {
    return `${user.subject} ${input.name}`
  }

  @ProtectedByAuthSec({ params: [UserContext, Named] })
  listed(user: UserContext, input: z.infer<typeof Named>): string {
    return `${user.subject} ${input.name}`
  }

  @ProtectedByAuthSec()
  scalars(
    @Arg('name', { description: 'Whom' }) name: string,
    user: UserContext,
    @Arg('times', { default: 2 }) times: number,
    @Arg('loud', { required: false }) loud?: boolean,
  ): string {
    return `${name} ${times} ${String(loud)} ${user.subject}`
  }

  @ProtectedByAuthSec()
  token(@Inject(limit) most: number): string {
    return String(most)
  }

  @Public()
  anonymous(call: CallContext): string {
    return call.user?.subject ?? 'nobody'
  }
}

describe('parameters', () => {
  const open = () => createTestApp({ servers: [Injected], providers: [{ provide: limit, useValue: 7 }] })

  it.each([
    ['everything', { name: 'x' }, 'Hello x true ada everything true'],
    ['optional', {}, 'ada true'],
    ['schema', { name: 'x' }, 'ada x'],
    ['listed', { name: 'x' }, 'ada x'],
    ['scalars', { name: 'x' }, 'x 2 undefined ada'],
    ['scalars', { name: 'x', times: 3, loud: true }, 'x 3 true ada'],
    ['token', {}, '7'],
    ['anonymous', {}, 'ada'],
  ])('of %s given %j are filled by type', async (name, args, text) => {
    const app = await open()
    expect(await app.as({ subject: 'ada' }).call(name, args)).toMatchObject({ text, isError: false })
    await app.close()
  })

  it('of a @Public operation have no user where nobody is signed in', async () => {
    const app = await open()
    expect(await app.anonymous().call('anonymous')).toMatchObject({ text: 'nobody' })
    await app.close()
  })

  it.each([
    ['everything', {}],
    ['everything', { name: 'x', other: 'y' }],
    ['scalars', { name: 7 }],
    ['scalars', {}],
    ['optional', { user: {} }],
    ['token', { most: 9 }],
  ])('of %s refuse %j', async (name, args) => {
    const app = await open()
    expect(await app.as({}).call(name, args)).toMatchObject({ isError: true })
    expect(app.failures).toEqual([])
    await app.close()
  })
})

describe('a parameter that cannot be injected', () => {
  it('stops the start, pointing at its method and naming the usual causes', () => {
    @server
    class Wrong {
      @ProtectedByAuthSec() // an interface
      anInterface(_clock: Clock): void {}

      @ProtectedByAuthSec() // a union
      aUnion(_user: AliasOfUser): void {}

      @ProtectedByAuthSec() // a type import
      aTypeImport(_erased: Erased): void {}

      @ProtectedByAuthSec() // a list
      aList(_names: readonly string[]): void {}

      @ProtectedByAuthSec() // a forgotten class
      aForgottenClass(_forgotten: Forgotten): void {}

      @ProtectedByAuthSec() // a scalar
      aScalar(_name: string): void {}

      @ProtectedByAuthSec() // a token
      aToken(@Inject(limit) _most: number): void {}

      @ProtectedByAuthSec() // a subclass of the user
      aSubclass(_user: MyUser): void {}
    }
    const faults = startFaults(Wrong)
    const marks = [
      'an interface',
      'a union',
      'a type import',
      'a list',
      'a forgotten class',
      'a scalar',
      'a token',
      'a subclass of the user',
    ]
    expect(faults.map(({ code, declaredAt }) => [code, declaredAt])).toEqual(
      marks.map((mark) => ['ERR_CONFIG_PARAMETER', `${lineOf(import.meta.url, mark)}:7`]),
    )
    for (const { message } of faults.slice(0, 4)) {
      for (const cause of ['`import type`', 'an interface', 'a type alias', 'union', 'import circle'])
        expect(message).toContain(cause)
    }
    expect(faults[0]?.message).toContain('Wrong.anInterface: parameter 1 (_clock)')
    expect(faults[4]?.message).toContain('Forgotten')
    expect(faults[4]?.message).toContain('@Injectable()')
    expect(faults[5]?.message).toContain("@Arg('name')")
    expect(faults[6]?.message).toContain('token "limit"')
  })

  it('stops the start where it is both injectable and an input', () => {
    @server
    class Both {
      @ProtectedByAuthSec()
      method(_both: BothInputAndInjectable): void {}
    }
    expect(startFaults(Both)).toMatchObject([
      { code: 'ERR_CONFIG_PARAMETER', message: expect.stringContaining('both') },
    ])
  })

  it('stops the start where a @Public operation asks for UserContext', () => {
    @server
    class Nobody {
      @Public() // nobody
      method(_user: UserContext): void {}
    }
    expect(startFaults(Nobody)).toMatchObject([
      {
        code: 'ERR_CONFIG_PARAMETER',
        message: expect.stringContaining('CallContext'),
        declaredAt: `${lineOf(import.meta.url, 'nobody')}:7`,
      },
    ])
  })
})

describe('an input', () => {
  it('is taken once, in one way, and is what the options say', () => {
    @server
    class Inputs {
      @ProtectedByAuthSec()
      twice(_one: CreateResource, _two: OtherInput): void {}

      @ProtectedByAuthSec()
      mixed(_one: CreateResource, @Arg('name') _name: string): void {}

      // @ts-expect-error the parameter has another type
      @ProtectedByAuthSec({ input: OtherInput })
      other(_one: CreateResource): void {}

      // @ts-expect-error no parameter takes the input
      @ProtectedByAuthSec({ input: Named })
      untaken(_user: UserContext): void {}

      @ProtectedByAuthSec()
      sameName(@Arg('name') _one: string, @Arg('name') _two: string): void {}

      @ProtectedByAuthSec()
      wrongDefault(@Arg('name', { default: 7 }) _one: string): void {}

      @ProtectedByAuthSec()
      wrongType(@Arg('name') _one: readonly string[]): void {}
    }
    expect(startFaults(Inputs).map(({ code, message }) => [code, message.split(' (test')[0]])).toEqual([
      ['ERR_CONFIG_PARAMETER', 'Inputs.twice: takes its input twice: an operation has one input'],
      ['ERR_CONFIG_PARAMETER', expect.stringContaining('Inputs.mixed: mixes @Arg with an input class')],
      ['ERR_CONFIG_PARAMETER', 'Inputs.other: declares another input than its parameter has'],
      ['ERR_CONFIG_PARAMETER', 'Inputs.untaken: declares an input that none of its parameters takes'],
      ['ERR_CONFIG_PARAMETER', 'Inputs.sameName: two arguments are called "name"'],
      ['ERR_CONFIG_PARAMETER', 'Inputs.wrongDefault: the default of argument "name" is no string'],
      ['ERR_CONFIG_PARAMETER', expect.stringContaining('has @Arg, so it must be declared string, number or boolean')],
    ])
  })

  it('never goes to a parameter that was meant for something else', () => {
    const Anything = z.looseObject({})
    @server
    class Meant {
      // @ts-expect-error the parameter has another type
      @ProtectedByAuthSec({ input: Anything })
      forgotten(_forgotten: Forgotten): void {}

      @ProtectedByAuthSec({ input: Anything })
      twoErased(_input: object, _user: AliasOfUser): void {}
    }
    expect(startFaults(Meant).map(({ code }) => code)).toEqual(Array(3).fill('ERR_CONFIG_PARAMETER'))
  })

  it('that cannot be listed stops the start at the operation that takes it', () => {
    @server
    class Unlisted {
      @ProtectedByAuthSec({ input: z.object({ when: z.date() }) }) // unlisted
      method(_input: { when: Date }): void {}
    }
    expect(startFaults(Unlisted)).toMatchObject([
      { code: 'ERR_CONFIG_SCHEMA', declaredAt: `${lineOf(import.meta.url, 'unlisted')}:7` },
    ])
  })
})

describe('params', () => {
  it('have to agree with the recorded types', () => {
    @server
    class Disagreeing {
      @ProtectedByAuthSec({ params: [Repository, UserContext] })
      order(_user: UserContext, _repository: Repository): void {}

      @ProtectedByAuthSec({ params: [UserContext] })
      count(_user: UserContext, _repository: Repository): void {}

      @ProtectedByAuthSec({ params: [limit] })
      tokenForUser(_user: UserContext): void {}

      @ProtectedByAuthSec({ params: [Named] })
      schemaForUser(_user: UserContext): void {}

      @ProtectedByAuthSec({ params: [Repository] })
      scalar(_name: string): void {}

      @ProtectedByAuthSec({ params: [UserContext] })
      unrelated(_forgotten: Forgotten): void {}

      @ProtectedByAuthSec()
      injected(@Inject(limit) _user: UserContext): void {}

      @ProtectedByAuthSec({ params: [limit] })
      both(@Inject(limit) _user: UserContext): void {}

      @ProtectedByAuthSec({ params: [limit] })
      twoTokens(@Inject(Repository) _most: object): void {}
    }
    const faults = startFaults(Disagreeing)
    expect(faults.map(({ message }) => message.split(' ')[0])).toEqual(
      [
        'order',
        'order',
        'count',
        'tokenForUser',
        'schemaForUser',
        'scalar',
        'unrelated',
        'injected',
        'both',
        'twoTokens',
      ].map((name) => `Disagreeing.${name}:`),
    )
    expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(['ERR_CONFIG_PARAMETER']))
  })

  it('stand in where no types are recorded', async () => {
    class Plain {
      method(...values: readonly unknown[]): string {
        const [input, user] = values
        return `${(input as CreateResource).name} ${(user as UserContext).subject}`
      }
    }
    const decorate = (decorator: ReturnType<typeof ProtectedByAuthSec>) => {
      class Unrecorded extends Plain {}
      const descriptor = Object.getOwnPropertyDescriptor(Plain.prototype, 'method') ?? {}
      Object.defineProperty(Unrecorded.prototype, 'method', descriptor)
      decorator(Unrecorded.prototype, 'method', descriptor)
      server(Unrecorded)
      return Unrecorded
    }
    const listed = decorate(
      ProtectedByAuthSec({ params: [CreateResource, UserContext] }) as ReturnType<typeof ProtectedByAuthSec>,
    )
    const app = await createTestApp({ servers: [listed] })
    expect(await app.as({ subject: 'ada' }).call('method', { name: 'x' })).toMatchObject({ text: 'x ada' })
    await app.close()
    const [fault] = startFaults(decorate(ProtectedByAuthSec()))
    expect(fault?.code).toBe('ERR_CONFIG_METADATA')
    for (const hint of ['emitDecoratorMetadata', 'tsx', 'esbuild', 'vitest', 'params: '])
      expect(fault?.message).toContain(hint)
  })
})

describe('what an operation says of itself', () => {
  it('is complete before the start', () => {
    const [everything, , schema] = assemble({
      servers: [Injected],
      providers: [{ provide: limit, useValue: 1 }],
    }).operations
    expect(everything).toMatchObject({
      name: 'everything',
      inputSchema: {
        type: 'object',
        properties: { name: { type: 'string' } },
        required: ['name'],
        additionalProperties: false,
      },
      outputSchema: undefined,
      elicits: false,
    })
    expect(schema?.inputSchema['properties']).toEqual({ name: { type: 'string' } })
  })

  it('has its structured answer checked', async () => {
    @server
    class Answers {
      @ProtectedByAuthSec({ output: Named })
      right(): object {
        return { name: 'x' }
      }

      @ProtectedByAuthSec({ output: Named })
      wrong(): object {
        return { name: 7 }
      }
    }
    const app = await createTestApp({ servers: [Answers] })
    expect(await app.as({}).call('right')).toMatchObject({ structured: { name: 'x' } })
    expect(await app.as({}).call('wrong')).toMatchObject({ isError: true, structured: undefined })
    await app.close()
  })

  it('cannot be invoked before the start, after the close, or without the user it protects', async () => {
    const assembly = assemble({ servers: [Injected], providers: [{ provide: limit, useValue: 1 }] })
    const operation = assembly.operations.find(({ name }) => name === 'token')
    const channel = { signal: new AbortController().signal }
    const user = new UserContext({
      subject: 'ada',
      email: undefined,
      name: undefined,
      tenantId: 't',
      grants: { roles: [], groups: [], scopes: [], resources: [], permissions: [] },
    })
    const call = new CallContext({
      requestId: '1',
      operation: 'token',
      user,
      clientId: undefined,
      elicits: false,
      channel,
    })
    const nobody = new CallContext({
      requestId: '2',
      operation: 'token',
      user: undefined,
      clientId: undefined,
      elicits: false,
      channel,
    })
    expect(() => operation?.invoke({}, call)).toThrow(TypeError)
    await assembly.start()
    expect(operation?.invoke({}, call)).toBe('1')
    expect(() => operation?.invoke({}, nobody)).toThrow(TypeError)
    await assembly.close()
    expect(() => operation?.invoke({}, call)).toThrow(TypeError)
  })
})
