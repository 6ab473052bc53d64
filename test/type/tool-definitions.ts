// Compiled, never run: what the function form infers for its handler.
import { type } from 'arktype'
import { IsString } from 'class-validator'
import * as v from 'valibot'
import { z } from 'zod'
import { UserContext } from '../../src/core/identity/user-context.js'
import { CallContext } from '../../src/core/operation/call-context.js'
import { createToken } from '../../src/framework/decorator/token.js'
import { protectedByAuthSec, publicTool } from '../../src/framework/decorator/tool-definition.js'

type Equal<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false

function sure<Claim extends true>(): Claim | undefined {
  return undefined
}

class CreateResource {
  @IsString() name!: string
}

class Repository {
  find(): string {
    return ''
  }
}

const Zodden = z.object({ count: z.number().default(1) })
const limit = createToken<number>('limit')

export const accepted = [
  protectedByAuthSec('nothing', {}, (input, call) => {
    sure<Equal<typeof input, Readonly<Record<string, never>>>>()
    sure<Equal<typeof call, CallContext>>()
  }),
  protectedByAuthSec('dto', { roles: ['admin'], input: CreateResource }, (input, call) => {
    sure<Equal<typeof input, CreateResource>>()
    return call.progress(1)
  }),
  protectedByAuthSec('zod', { input: Zodden }, (input) => {
    sure<Equal<typeof input, { count: number }>>()
  }),
  protectedByAuthSec('valibot', { input: v.object({ on: v.boolean() }) }, (input) => {
    sure<Equal<typeof input, { on: boolean }>>()
  }),
  protectedByAuthSec('arktype', { input: type({ name: 'string' }) }, (input) => {
    sure<Equal<typeof input, { name: string }>>()
  }),
  protectedByAuthSec(
    'injected',
    { scopes: ['read'], params: [Zodden, UserContext, Repository, limit, CreateResource] },
    (input, user, repository, most, dto) => {
      sure<Equal<typeof input, { count: number }>>()
      sure<Equal<typeof user, UserContext>>()
      sure<Equal<typeof repository, Repository>>()
      sure<Equal<typeof most, number>>()
      sure<Equal<typeof dto, CreateResource>>()
    },
  ),
  protectedByAuthSec('both', { roles: ['admin'], scopes: ['write'], requireAll: false }, () => 'both'),
  protectedByAuthSec('elevatable', { scopes: ['write'], elevatable: true }, () => 'raised'),
  publicTool('ping', { description: 'Is the server alive?' }, () => 'pong'),
  publicTool('echo', { input: Zodden }, ({ count }) => count),
  publicTool('call', { params: [CallContext] }, (call) => call.requestId),
]

export const refused = [
  // @ts-expect-error a typing mistake
  protectedByAuthSec('typo', { role: ['admin'] }, () => ''),
  // @ts-expect-error several categories without requireAll
  protectedByAuthSec('ambiguous', { roles: ['admin'], scopes: ['write'] }, () => ''),
  // @ts-expect-error a public tool demands nothing
  publicTool('open', { roles: ['admin'] }, () => ''),
  // @ts-expect-error the name twice
  protectedByAuthSec('one', { name: 'two' }, () => ''),
  // @ts-expect-error the handler wants another input
  protectedByAuthSec('other', { input: Zodden }, (input: { count: string }) => input),
  // @ts-expect-error the handler wants another order
  protectedByAuthSec('order', { params: [UserContext, Repository] }, (one: Repository, two: UserContext) => [one, two]),
  // @ts-expect-error no handler
  protectedByAuthSec('no_handler', {}),
]
