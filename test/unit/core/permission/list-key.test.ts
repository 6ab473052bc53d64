import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { nobody, type Asker } from '../../../../src/core/permission/asker.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { categories, eachCategory, grantsOf, noGrants, type Grants } from '../../../../src/core/permission/grants.js'
import type { Protected, Protection } from '../../../../src/core/permission/protection.js'
import { allOf, not, role } from '../../../../src/core/permission/requirement/builders.js'
import { authenticated } from '../../../../src/core/permission/requirement/requirement.js'
import { randomClaims, randomGrants, randomStanding, randomTree } from './random-permissions.js'
import { account, caller, everywhere, holder, item, standing } from './samples.js'

const randomItems: fc.Arbitrary<readonly Protected[]> = fc
  .array(
    fc.oneof(fc.constantFrom<Protection[]>({ access: 'public' }, { access: 'login' }), {
      arbitrary: fc.record({
        access: fc.constant('protected'),
        requirement: randomTree(),
        bearerOnly: fc.boolean(),
        elevatable: fc.boolean(),
      }),
      weight: 4,
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((protections) => protections.map((protection, at) => ({ name: `operation-${at}`, protection })))

const ways = fc.record({
  credential: fc.constantFrom('bearer', 'sign-in'),
  login: fc.constantFrom('offered', 'absent'),
})
const randomAsker: fc.Arbitrary<Asker> = fc.oneof(
  { arbitrary: fc.constantFrom<Asker[]>(nobody, { ...nobody, login: 'offered' }), weight: 1 },
  {
    arbitrary: fc
      .tuple(randomClaims, randomStanding, ways)
      .map(([token, stored, way]) => ({ ...caller(token, stored), ...way })),
    weight: 5,
  },
)
const pair = fc.oneof(
  fc.tuple(randomAsker, randomAsker),
  fc.tuple(randomAsker, ways).map(([asker, way]): [Asker, Asker] => [asker, { ...asker, ...way }]),
)

/** Everything that is asked for, by the token and the database alike, and what nobody asks for. */
const more = (grants: Grants): Grants => eachCategory((category) => [...grants[category], 'nobody asks for it'])

describe('two callers with the same key', () => {
  it('are shown the same', () => {
    const seen = { same: 0, other: 0 }
    fc.assert(
      fc.property(randomItems, pair, (items, [left, right]) => {
        const graph = new PermissionGraph(items)
        const same = graph.keyOf(left) === graph.keyOf(right)
        seen[same ? 'same' : 'other'] += 1
        // So that lists which differ have keys which differ, too.
        if (same) expect(graph.listFor(left)).toEqual(graph.listFor(right))
      }),
      { numRuns: 2_000 },
    )
    expect(Math.min(seen.same, seen.other)).toBeGreaterThan(200)
  })
})

describe('the key', () => {
  const graph = new PermissionGraph([item(role('admin')), item(allOf(role('user'), not(role('guest'))), 'other')])
  const key = (token: Partial<Grants>, stored: Partial<Grants> = token) => graph.keyOf(caller(token, standing(stored)))

  it('is another one where the list is', () => {
    const held: readonly Partial<Grants>[] = [{ roles: [] }, { roles: ['admin'] }, { roles: ['user'] }]
    const shown = held.map((grants) => graph.listFor(holder(grants)).map(({ name }) => name))
    expect(shown).toEqual([[], ['sample'], ['other']])
    expect(new Set(held.map((grants) => key(grants))).size).toBe(3)
    expect(key({ roles: ['user', 'guest'] })).not.toBe(key({ roles: ['user'] }))
    expect(key({ roles: ['user'] }, { roles: ['user', 'guest'] })).not.toBe(key({ roles: ['user'] }))
  })

  it('is not changed by holding more of what nobody asks for', () => {
    fc.assert(
      fc.property(randomItems, randomGrants, randomGrants, (items, token, stored) => {
        const random = new PermissionGraph(items)
        const plain = random.keyOf(caller(token, standing(stored)))
        expect(random.keyOf(caller(more(token), standing(more(stored))))).toBe(plain)
        expect(random.keyOf(caller(more(token), standing(stored)))).toBe(plain)
        expect(random.keyOf(caller(token, standing(more(stored))))).toBe(plain)
      }),
    )
  })

  it('is not changed by what is mentioned only, except under not', () => {
    expect(key({ roles: ['admin'] }, {})).toBe(key({}))
    expect(key({ roles: [] }, { roles: ['admin'] })).toBe(key({}))
    expect(key({ roles: ['guest'] }, {})).not.toBe(key({}))
    expect(key({ roles: [] }, { roles: ['guest'] })).toBe(key({ roles: ['guest'] }, {}))
    for (const category of categories.filter((name) => name !== 'roles')) {
      expect(key({ [category]: ['admin', 'user', 'guest'] })).toBe(key({}))
    }
  })

  it('is the same for everybody who may do nothing, and for nobody else', () => {
    const disabled = caller(everywhere('admin'), standing({}, { account: account(everywhere('admin'), true) }))
    const unknown = caller(everywhere('user'), standing({}, { account: undefined }))
    expect(graph.keyOf(disabled)).toBe(graph.keyOf(nobody))
    expect(graph.keyOf(unknown)).toBe(graph.keyOf(nobody))
    expect(key({})).not.toBe(graph.keyOf(nobody))
  })

  it.each([
    ['how the caller proved who they are', { credential: 'sign-in' }],
    ['whether the session can be signed in', { login: 'offered' }],
  ] as const)('tells %s', (_what, changes) => {
    expect(graph.keyOf({ ...holder({}), ...changes })).not.toBe(graph.keyOf(holder({})))
  })

  it('is of one graph', () => {
    const other = new PermissionGraph([item(role('admin')), item(authenticated, 'other')])
    expect(other.keyOf(nobody)).not.toBe(graph.keyOf(nobody))
    expect(new PermissionGraph([...graph.items]).keyOf(nobody)).toBe(graph.keyOf(nobody))
    expect(graph.keyOf(holder(noGrants))).toBe(graph.keyOf(holder(grantsOf({}))))
  })
})
