import { describe, expect, it } from '@jest/globals'
import { IsOptional, IsString, ValidateNested } from 'class-validator'
import { Type } from 'class-transformer'
import { z } from 'zod'
import { assemble } from '../../../src/framework/container/assemble.js'
import { McpServer } from '../../../src/framework/decorator/mcp-server.js'
import { ProtectedByAuthSec } from '../../../src/framework/decorator/protected-by-auth-sec.js'
import { Sensitive } from '../../../src/framework/decorator/sensitive.js'
import { protectedByAuthSec, publicTool } from '../../../src/framework/decorator/tool-definition.js'
import { createTestApp } from '../../../src/testing/index.js'

const input = z.object({
  path: z.string(),
  mode: z.enum(['read', 'write']).optional(),
  tags: z.array(z.string()).nullable(),
  login: z.object({ user: z.string(), pin: z.string().meta({ 'x-secret': true }) }),
  password: z.string().meta({ format: 'password' }),
  once: z.string().meta({ writeOnly: true }),
  inner: z.object({ token: z.string() }).meta({ 'x-sensitive': true }),
  keys: z.array(z.string().meta({ 'x-secret': true })),
  anything: z.any(),
  either: z.union([z.string(), z.object({ secret: z.string() })]),
})

function operationsOf(...include: readonly [string, ...string[]]) {
  const tool = protectedByAuthSec('read_file', { input, audit: { include } }, () => 'done')
  return assemble({ servers: [], tools: [tool] }).operations
}

class Owner {
  @IsString()
  name!: string
}

class Wish {
  @IsString()
  path!: string

  @Sensitive()
  @IsOptional()
  @IsString()
  password?: string

  @Sensitive()
  @IsOptional()
  @ValidateNested()
  @Type(() => Owner)
  heir?: Owner

  @ValidateNested()
  @Type(() => Owner)
  owner!: Owner
}

@McpServer({ name: 'files', version: '1.0.0' })
class Files {
  @ProtectedByAuthSec({ audit: { include: ['path', 'owner.name'] } })
  open(wish: Wish): string {
    return wish.path
  }
}

describe('what an operation lets be read on record', () => {
  it('are plain members of its input, by name or path', () => {
    const include = ['path', 'mode', 'tags', 'login.user'] as const
    expect(operationsOf(...include)[0]?.audit).toEqual({ include })
  })

  it.each([
    ['pat', 'is no member of the input: the input has path, mode'],
    ['login.name', '"login" has user, pin'],
    ['path.length', '"path" has no members'],
    ['__proto__', 'is no member'],
    ['login', 'name its members'],
    ['anything', 'name its members'],
    ['either', 'name its members'],
    ['login.pin', 'is marked as secret'],
    ['password', 'is marked as secret'],
    ['once', 'is marked as secret'],
    ['inner', 'is marked as secret'],
    ['inner.token', 'is marked as secret'],
    ['keys', 'name its members'],
  ])('stops the start with %s: %s', (path, fault) => {
    expect(() => operationsOf('path', path)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_OPTION', message: expect.stringContaining(fault) }),
    )
    expect(() => operationsOf(path)).toThrow(/read_file.*audit\.include/)
  })

  it.each<[unknown, string]>([
    [{ include: [] }, 'empty list'],
    [{}, 'must say what to include'],
    [{ include: 'path' }, 'must be a list'],
    [{ include: ['path', 'path'] }, 'twice'],
    [{ exclude: ['path'] }, 'unknown option'],
    [['path'], 'plain object'],
    [undefined, 'plain object'],
  ])('stops the start with %j', (audit, fault) => {
    const options = { audit } as unknown as { readonly audit: { readonly include: readonly ['path'] } }
    expect(() => protectedByAuthSec('x', options, () => 'done')).toThrow(fault)
    expect(() => publicTool('x', options, () => 'done')).toThrow(fault)
  })

  it.each(['password', 'heir', 'heir.name'])(
    'stops the start with %s, which a class or its heirs call @Sensitive',
    (path) => {
      class Heir extends Wish {}
      for (const input of [Wish, Heir]) {
        const tool = protectedByAuthSec('read_file', { input, audit: { include: ['owner.name', path] } }, () => 'done')
        expect(() => assemble({ servers: [], tools: [tool] })).toThrow(
          expect.objectContaining({
            code: 'ERR_CONFIG_OPTION',
            message: expect.stringContaining('is marked as secret'),
          }),
        )
      }
    },
  )

  it('lists a property with @Sensitive as such, and takes it as any other', async () => {
    const tool = protectedByAuthSec('open', { input: Wish }, ({ password }) => password ?? 'none')
    const [operation] = assemble({ servers: [], tools: [tool] }).operations
    expect(operation?.inputSchema).toMatchObject({ properties: { password: { 'x-sensitive': true } } })
    const app = await createTestApp({ tools: [tool] })
    const args = { path: 'a', owner: { name: 'bo' }, password: 'open sesame' }
    expect(await app.as({}).call('open', args)).toMatchObject({ text: 'open sesame' })
    expect(JSON.stringify(app.audit)).not.toContain('sesame')
    await app.close()
  })

  it('is on record of an allowed call, and the rest of its arguments is not', async () => {
    const app = await createTestApp({ servers: [Files] })
    await app.as({ subject: 'ada' }).call('open', { path: 'a/b', owner: { name: 'bo' } })
    expect(app.audit[0]).toMatchObject({
      ...{ type: 'operation.allowed', personal: { arguments: ['path="a/b"', 'owner.name="bo"'] } },
    })
    expect(app.audit[1]?.personal).toBeUndefined()
    await app.close()
  })
})
