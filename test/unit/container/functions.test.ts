import { describe, expect, it } from '@jest/globals'
import { IsString } from 'class-validator'
import { z } from 'zod'
import { UserContext } from '../../../src/core/identity/user-context.js'
import { CallContext } from '../../../src/core/operation/call-context.js'
import { assemble } from '../../../src/framework/container/assemble.js'
import { Injectable } from '../../../src/framework/decorator/injectable.js'
import { createToken } from '../../../src/framework/decorator/token.js'
import { protectedByAuthSec, publicTool } from '../../../src/framework/decorator/tool-definition.js'
import { createTestApp } from '../../../src/testing/create-test-app.js'
import { assemblyFaults, lineOf } from '../../support/start-faults.js'

const Named = z.object({ name: z.string() })
const limit = createToken<number>('limit')

class CreateResource {
  @IsString() name!: string
}

@Injectable()
class Repository {
  readonly count = 3
}

class Forgotten {
  readonly name = 'forgotten'
}

const tools = [
  protectedByAuthSec('plain', { roles: ['admin'] }, (_input, call) => `plain ${call.user?.subject}`),
  protectedByAuthSec('schema', { input: Named }, (input, call) => `${input.name} ${call.user?.subject}`),
  protectedByAuthSec('dto', { input: CreateResource }, (input) => `${input.name} ${input instanceof CreateResource}`),
  protectedByAuthSec(
    'injected',
    { scopes: ['read'], params: [UserContext, Named, Repository, limit], description: 'Injected' },
    (user, input, repository, most) => `${user.subject} ${input.name} ${repository.count} ${most}`,
  ),
  publicTool('ping', {}, (_input, call) => `pong ${call.user?.subject ?? 'nobody'}`),
  publicTool('call', { params: [CallContext] }, (call) => call.operation),
]

describe('tools made of functions', () => {
  const open = () => createTestApp({ tools, providers: [{ provide: limit, useValue: 7 }] })

  it('are guarded like methods', async () => {
    const app = await open()
    expect(app.anonymous().list()).toEqual(['ping', 'call'])
    expect(app.as({}).list()).toEqual(['schema', 'dto', 'ping', 'call'])
    expect(app.as({ roles: ['admin'], scopes: ['read'] }).list()).toEqual([
      'plain',
      'schema',
      'dto',
      'injected',
      'ping',
      'call',
    ])
    expect(await app.as({}).call('plain')).toMatchObject({ outcome: 'unknown' })
    await app.close()
  })

  it.each([
    ['plain', {}, 'plain ada'],
    ['schema', { name: 'x' }, 'x ada'],
    ['dto', { name: 'x' }, 'x true'],
    ['injected', { name: 'x' }, 'ada x 3 7'],
    ['ping', {}, 'pong ada'],
    ['call', {}, 'call'],
  ])('%s given %j answers', async (name, args, text) => {
    const app = await open()
    expect(await app.as({ subject: 'ada', roles: ['admin'], scopes: ['read'] }).call(name, args)).toMatchObject({
      text,
    })
    await app.close()
  })

  it.each([
    ['plain', { any: 1 }],
    ['schema', { name: 7 }],
    ['dto', {}],
  ])('%s refuses %j', async (name, args) => {
    const app = await open()
    expect(await app.as({ roles: ['admin'] }).call(name, args)).toMatchObject({ isError: true })
    await app.close()
  })

  it('stop the start where their name, their demand or a parameter is wrong, each at its line', () => {
    const wrong = [
      protectedByAuthSec('oauth_mine', {}, () => ''), // reserved
      protectedByAuthSec('two words', {}, () => ''), // two words
      // @ts-expect-error several categories without requireAll
      protectedByAuthSec('ambiguous', { roles: ['a'], scopes: ['b'] }, () => ''), // unclear
      publicTool('user', { params: [UserContext] }, () => ''), // the user
      protectedByAuthSec('forgotten', { params: [Forgotten] }, () => ''), // forgotten
      protectedByAuthSec('scalar', { params: [String] }, () => ''), // scalar
    ]
    expect(assemblyFaults({ servers: [], tools: wrong }).map(({ code, declaredAt }) => [code, declaredAt])).toEqual(
      [
        ['ERR_CONFIG_NAME', 'reserved'],
        ['ERR_CONFIG_NAME', 'two words'],
        ['ERR_CONFIG_REQUIRE_ALL', 'unclear'],
        ['ERR_CONFIG_PARAMETER', 'the user'],
        ['ERR_CONFIG_PARAMETER', 'forgotten'],
        ['ERR_CONFIG_PARAMETER', 'scalar'],
      ].map(([code, mark = '']) => [code, `${lineOf(import.meta.url, mark)}:7`]),
    )
  })

  it('stop the start where one was not made by us', () => {
    const forged: unknown = { name: 'forged', handler: () => 'unprotected', protection: { access: 'public' } }
    const options = { servers: [], tools: [] as (typeof tools)[number][] }
    Reflect.apply(Array.prototype.push, options.tools, [forged])
    expect(assemblyFaults(options)).toMatchObject([{ code: 'ERR_CONFIG_PROTECTION' }])
  })

  it('have no server of their own', () => {
    expect(assemble({ servers: [], tools: [...tools].slice(0, 1) }).serverInfo).toBeUndefined()
  })
})
