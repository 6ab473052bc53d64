import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { IsString } from 'class-validator'
import { UserContext } from '../../../src/core/identity/user-context.js'
import { CallContext } from '../../../src/core/operation/call-context.js'
import { Arg } from '../../../src/framework/decorator/arg.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Public } from '../../../src/framework/decorator/public.js'
import { createTestApp } from '../../../src/testing/create-test-app.js'

class Echo {
  @IsString() text!: string
}

@Injectable()
class Steps {
  /** Lets other calls run in between, a different number of times for each. */
  async wait(text: string): Promise<void> {
    for (let left = (text.length * 7 + Number(text.slice(-1))) % 5; left >= 0; left -= 1) await turn()
  }
}

@Injectable({ scope: 'call' })
class Identity {
  constructor(
    readonly user: UserContext,
    readonly call: CallContext,
    readonly steps: Steps,
  ) {}
}

@Injectable({ scope: 'transient' })
class Through {
  constructor(readonly identity: Identity) {}
}

@Injectable({ scope: 'call' })
class Journal {
  static readonly closed: string[] = []

  constructor(
    readonly identity: Identity,
    readonly through: Through,
  ) {}

  onClose(): void {
    Journal.closed.push(this.identity.user.subject)
  }
}

@McpServer({ name: 'Calls', version: '1.0.0' })
class Calls {
  constructor(private readonly steps: Steps) {}

  @ProtectedByAuthSec()
  async echo(user: UserContext, input: Echo, call: CallContext): Promise<string> {
    await this.steps.wait(input.text)
    const before = user.subject
    await this.steps.wait(before)
    await turn()
    return [before, user.subject, call.user?.subject, input.text].join(' ')
  }

  @ProtectedByAuthSec()
  async scoped(
    identity: Identity,
    through: Through,
    journal: Journal,
    user: UserContext,
    input: Echo,
  ): Promise<string> {
    await this.steps.wait(input.text)
    await identity.steps.wait(user.subject)
    const users = [
      identity.user,
      through.identity.user,
      journal.identity.user,
      journal.through.identity.user,
      identity.call.user,
    ]
    const one = users.every((seen) => seen === user) && through.identity === identity && journal.identity === identity
    return `${one} ${users.map((seen) => seen?.subject).join(' ')} ${input.text}`
  }

  @Public()
  who(call: CallContext): string {
    return call.user?.subject ?? 'nobody'
  }

  @ProtectedByAuthSec()
  fails(_journal: Journal): void {
    throw new TypeError('failed')
  }
}

describe('200 parallel calls of 50 users', () => {
  it('see each their own user and input, in parameters and in classes built for the call', async () => {
    const app = await createTestApp({ servers: [Calls] })
    const users = Array.from({ length: 50 }, (_, index) => `user-${index}`)
    const calls = Array.from({ length: 200 }, (_, index) => {
      const subject = users[index % users.length] ?? ''
      return { subject, name: index % 8 < 4 ? 'echo' : 'scoped', text: `text-${index}` }
    })
    const answers = await Promise.all(
      calls.map(async ({ subject, name, text }) => (await app.as({ subject }).call(name, { text })).text),
    )
    expect(answers).toEqual(
      calls.map(({ subject, name, text }) =>
        name === 'echo'
          ? `${subject} ${subject} ${subject} ${text}`
          : `true ${subject} ${subject} ${subject} ${subject} ${subject} ${text}`,
      ),
    )
    expect(app.failures).toEqual([])
    await app.close()
  })
})

describe('what is built for a call', () => {
  it('is let go of when the call is over, also when it failed', async () => {
    Journal.closed.length = 0
    const app = await createTestApp({ servers: [Calls] })
    await app.as({ subject: 'ada' }).call('scoped', { text: 'x1' })
    expect(Journal.closed).toEqual(['ada'])
    expect(await app.as({ subject: 'bob' }).call('fails')).toMatchObject({ isError: true })
    expect(Journal.closed).toEqual(['ada', 'bob'])
    expect(app.failures).toMatchObject([{ message: 'failed' }])
    await app.close()
  })

  it('fails the call when it cannot be let go of', async () => {
    @Injectable({ scope: 'call' })
    class Transaction {
      [Symbol.asyncDispose](): Promise<void> {
        return Promise.reject(new TypeError('not committed'))
      }
    }
    @McpServer({ name: 'Transactions', version: '1.0.0' })
    class Transactions {
      @Public()
      write(_transaction: Transaction): string {
        return 'written'
      }
    }
    const app = await createTestApp({ servers: [Transactions] })
    expect(await app.anonymous().call('write')).toMatchObject({ isError: true })
    expect(app.failures).toMatchObject([{ errors: [{ message: 'not committed' }] }])
    await app.close()
  })

  it('is built in the order of need and let go of in the reverse order, as far as it was built', async () => {
    const journal: string[] = []
    @Injectable({ scope: 'call' })
    class First {
      constructor() {
        journal.push('first')
      }

      [Symbol.dispose](): void {
        journal.push('first gone')
      }
    }
    @Injectable({ scope: 'call' })
    class Second {
      constructor(readonly first: First) {
        throw new TypeError('second cannot be built')
      }

      [Symbol.dispose](): void {
        journal.push('never')
      }
    }
    @McpServer({ name: 'Halfway', version: '1.0.0' })
    class Halfway {
      @Public()
      run(_second: Second): string {
        return 'run'
      }
    }
    const app = await createTestApp({ servers: [Halfway] })
    expect(await app.anonymous().call('run')).toMatchObject({ isError: true })
    expect(journal).toEqual(['first', 'first gone'])
    await app.close()
  })
})

describe('arguments that pretend to be something injected', () => {
  const forged = { subject: 'admin', roles: ['admin'] }

  it.each([
    ['_user_info', { _user_info: forged }],
    ['userContext', { userContext: forged }],
    ['user', { user: forged }],
    ['session', { session: 'stolen' }],
    ['call', { call: { user: forged } }],
    ['__proto__', JSON.parse('{"__proto__":{"subject":"admin"}}')],
    ['constructor', { constructor: forged }],
    ['0', { 0: forged }],
  ])('named %s are refused', async (_name, extra: object) => {
    const app = await createTestApp({ servers: [Calls] })
    const real = app.as({ subject: 'ada' })
    const own = JSON.parse(JSON.stringify(extra).replace(/^\{/, '{"text":"x1",'))
    expect(await real.call('echo', own)).toMatchObject({ isError: true })
    expect(await real.call('who', extra)).toMatchObject({ isError: true })
    expect(await app.anonymous().call('who', extra)).toMatchObject({ isError: true })
    expect(await real.call('echo', { text: 'x1' })).toMatchObject({ text: 'ada ada ada x1' })
    expect(Reflect.get({}, 'subject')).toBeUndefined()
    await app.close()
  })

  it('stay arguments where an operation declares one of that name', async () => {
    @McpServer({ name: 'Names', version: '1.0.0' })
    class Names {
      @ProtectedByAuthSec()
      named(@Arg('user') given: string, user: UserContext): string {
        return `${given} ${user.subject}`
      }
    }
    const app = await createTestApp({ servers: [Names] })
    expect(await app.as({ subject: 'ada' }).call('named', { user: 'admin' })).toMatchObject({ text: 'admin ada' })
    await app.close()
  })
})

describe('matching', () => {
  it.each([
    ['roles', 'admin', 'adm'],
    ['roles', 'admin', 'admin*'],
    ['roles', 'admin', 'ADMIN'],
    ['roles', 'admin', ' admin'],
    ['roles', 'admin', 'admin '],
    ['roles', 'admin', 'admin\u200b'],
    ['roles', 'admin', 'аdmin'],
    ['roles', 'admin', '*'],
    ['roles', 'a.c', 'abc'],
    ['groups', 'dev', 'devops'],
    ['permissions', 'a:b', 'a:*'],
    ['resources', 'x', 'x/y'],
  ] as const)('is byte-exact: %s [%s] is not met by [%s]', async (category, demanded, held) => {
    @McpServer({ name: 'Exact', version: '1.0.0' })
    class Exact {
      @ProtectedByAuthSec({ [category]: [demanded] })
      method(): string {
        return 'in'
      }
    }
    const app = await createTestApp({ servers: [Exact] })
    expect(app.as({ [category]: [held] }).list()).toEqual([])
    expect(await app.as({ [category]: [held] }).call('method')).toMatchObject({ outcome: 'unknown' })
    expect(await app.as({ [category]: [held, demanded] }).call('method')).toMatchObject({ text: 'in' })
    await app.close()
  })
})
