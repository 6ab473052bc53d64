import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ListCache } from '../../../src/adapter/mcp/legacy/list-cache.js'
import { ToolListing } from '../../../src/adapter/mcp/legacy/tool-listing.js'
import type { Visitor } from '../../../src/core/operation/access.js'
import { Guard } from '../../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../../src/core/operation/operation-catalogue.js'
import { categories, type Grants } from '../../../src/core/permission/grants.js'
import { allOf, anyOf, not, permission, role, scope } from '../../../src/core/permission/requirement/builders.js'
import { authenticated } from '../../../src/core/permission/requirement/requirement.js'
import type { LoginSession } from '../../../src/core/sign-in/login-session.js'
import { globex, sampleCaller, sampleOperation } from '../../support/core-samples.js'
import { MemoryAuditLog } from '../../support/memory-audit-log.js'

const surface = '/mcp 2025-11-25'
const tree = (name: string, requirement: Parameters<typeof allOf>[0], bearerOnly = false) =>
  sampleOperation({ name, protection: { access: 'protected', requirement, bearerOnly } })

const operations = [
  sampleOperation({ name: 'ping', protection: { access: 'public' } }),
  sampleOperation({ name: 'sign_in', protection: { access: 'login' } }),
  tree('hello', authenticated),
  tree('admin', role('a')),
  tree('either', anyOf(role('a'), scope('b'))),
  tree('both', allOf(permission('a'), permission('b'))),
  tree('trusted', not(role('b'))),
  tree('transfer', role('a'), true),
]

class Bench {
  readonly guard = new Guard({
    catalogue: new OperationCatalogue(operations),
    audit: new MemoryAuditLog(),
    log: { write: () => undefined },
    callers: { renew: async (caller) => caller },
  })
  readonly cache = new ListCache(this.guard, new ToolListing())

  names(visitor: Visitor, by = surface): readonly string[] {
    const { json, operations: listed } = this.cache.get({ surface: by, visitor })
    const { tools }: { tools: { name: string }[] } = JSON.parse(json)
    expect(tools.map(({ name }) => name)).toEqual(listed.map(({ name }) => name))
    return tools.map(({ name }) => name)
  }
}

const login: LoginSession = {
  ...{ key: 'session', signIn: undefined, caller: undefined, bind: async () => true },
  requester: { clientName: 'Test', clientVersion: '1', address: undefined, transport: 'http' },
}

function visitorOf(held: Partial<Grants>, changes: { how?: 'bearer' | 'sign-in'; login?: boolean } = {}): Visitor {
  const caller = sampleCaller(held)
  const signIn = { tenant: caller.tenant, key: 'k' }
  return {
    caller: changes.how === 'sign-in' ? { ...caller, credential: { kind: 'sign-in', signIn } } : caller,
    login: changes.login === true ? login : undefined,
  }
}

describe('a list from the cache', () => {
  it('is what the decision says, for 2,000 random visitors in a row', () => {
    const bench = new Bench()
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
    const grants = fc.record(Object.fromEntries(categories.map((category) => [category, names])))
    const how = fc.constantFrom('bearer' as const, 'sign-in' as const)
    const nobody = fc.boolean().map((offered): Visitor => ({ caller: undefined, login: offered ? login : undefined }))
    const somebody = fc
      .tuple(grants, how, fc.boolean())
      .map(([held, by, offered]) => visitorOf(held, { how: by, login: offered }))
    fc.assert(
      fc.property(fc.oneof({ weight: 1, arbitrary: nobody }, { weight: 9, arbitrary: somebody }), (visitor) => {
        expect(bench.names(visitor)).toEqual(bench.guard.visible(visitor).map(({ name }) => name))
      }),
      { numRuns: 2_000 },
    )
  })

  it('is made once for those who see the same', () => {
    const { cache } = new Bench()
    const first = cache.get({ surface, visitor: visitorOf({ roles: ['a'] }) })
    expect(cache.get({ surface, visitor: visitorOf({ roles: ['a'] }) })).toBe(first)
    expect(cache.get({ surface, visitor: visitorOf({ roles: ['a', 'unasked for'] }) })).toBe(first)
    expect(cache.get({ surface, visitor: visitorOf({ roles: ['a', 'b'] }) })).not.toBe(first)
  })

  it.each<readonly [string, Visitor, Visitor]>([
    ['what is held', visitorOf({ roles: ['a'] }), visitorOf({})],
    ['what is mentioned only', visitorOf({}), visitorOf({ roles: ['b'] })],
    ['how the caller proved it', visitorOf({ roles: ['a'] }), visitorOf({ roles: ['a'] }, { how: 'sign-in' })],
    ['whether the session can sign in', visitorOf({}), visitorOf({}, { login: true })],
    ['whether anybody is there', visitorOf({}), { caller: undefined }],
  ])('depends on %s', (_what, one, other) => {
    const bench = new Bench()
    expect(bench.names(one)).not.toEqual(bench.names(other))
    expect(bench.guard.listKey(one)).not.toBe(bench.guard.listKey(other))
  })

  it('is another one by key for another tenant and another policy version', () => {
    const { guard } = new Bench()
    const caller = sampleCaller({ roles: ['a'] })
    const keys = [caller, { ...caller, tenant: globex }, { ...caller, policyVersion: '2' }].map((one) =>
      guard.listKey({ caller: one }),
    )
    expect(new Set(keys).size).toBe(3)
  })

  it('is never one that an account which was disabled had', () => {
    const bench = new Bench()
    const caller = sampleCaller({ roles: ['a'] })
    expect(bench.names({ caller })).toContain('admin')
    const holding = { ...caller.holding, account: 'disabled' as const }
    expect(bench.names({ caller: { ...caller, holding } })).toEqual(['ping'])
  })

  it('is bounded, however many different ones there are', () => {
    const many = Array.from({ length: 400 }, (_, n) =>
      sampleOperation({
        name: `tool_${n}`,
        description: 'x'.repeat(2_000),
        protection: { access: 'protected', requirement: role(`role-${n}`) },
      }),
    )
    const guard = new Guard({
      catalogue: new OperationCatalogue(many),
      audit: new MemoryAuditLog(),
      log: { write: () => undefined },
      callers: { renew: async (caller) => caller },
    })
    const cache = new ListCache(guard, new ToolListing())
    const roles = many.map((_, n) => `role-${n}`)
    const lists = roles.map((_, n) => {
      const visitor = visitorOf({ roles: roles.filter((_role, index) => index !== n) })
      return { visitor, list: cache.get({ surface, visitor }) }
    })
    const kept = lists.toReversed().filter(({ visitor, list }) => cache.get({ surface, visitor }) === list)
    const bytes = kept.reduce((sum, { list }) => sum + 2 * list.json.length, 0)
    expect(kept.length).toBeGreaterThan(0)
    expect(bytes).toBeLessThanOrEqual(16 * 1_048_576)
  })
})
