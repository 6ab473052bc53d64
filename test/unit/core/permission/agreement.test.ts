import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { nobody, type Asker } from '../../../../src/core/permission/asker.js'
import { accessMatrix } from '../../../../src/core/permission/graph/access-matrix.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { grantsOf, type AssertedGrants, type Grants } from '../../../../src/core/permission/grants.js'
import { allOf, anyOf, not, resource, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import {
  authenticated,
  type Demand,
  type Requirement,
} from '../../../../src/core/permission/requirement/requirement.js'
import type { RoleBundle, StoredStanding } from '../../../../src/core/permission/standing.js'
import { oracle } from './oracle.js'
import { randomClaims, randomStanding, randomTree } from './random-permissions.js'
import { account, all, any, caller, holder, item, standing, treeOf } from './samples.js'

const admin = role('admin')
const write = scope('write')
const production = resource('production')
const customers = resource('customers')

/** Four bits' worth of requirements. */
const asked: readonly (Demand | Requirement)[] = [
  authenticated,
  any({ roles: ['admin', 'owner'] }),
  any({ roles: ['admin'], scopes: ['write'], resources: ['production'] }),
  all({ roles: ['admin', 'owner'], resources: ['production', 'customers'] }),
  all({ roles: ['admin'], scopes: ['write', 'read'], resources: ['production'] }),
  all({ resources: [], roles: ['admin'] }),
  write,
  not(admin),
  not(production),
  not(anyOf(admin, production)),
  not(allOf(production, customers)),
  allOf(admin, not(write)),
  anyOf(allOf(admin, write), customers),
  allOf(anyOf(admin, write), anyOf(production, customers)),
  anyOf(not(customers), allOf(admin, write)),
  allOf(not(anyOf(allOf(admin, production), write)), anyOf(customers, not(admin))),
]
const items = asked.map((one, at) => item(treeOf(one), `operation-${at}`))

/** The names of four bits: one role, two resources, and a scope. */
function grantsIn(bits: number): Grants {
  const has = (at: number, name: string): string[] => ((bits & (1 << at)) === 0 ? [] : [name])
  return grantsOf({
    roles: has(0, 'admin'),
    resources: [...has(1, 'production'), ...has(2, 'customers')],
    scopes: has(3, 'write'),
  })
}

/** The last bit says that the account is disabled instead. */
const disableable = (bits: number): StoredStanding =>
  standing({}, { account: account({ ...grantsIn(bits & 7), scopes: ['write'] }, bits > 7) })

function catalogued(bits: number): StoredStanding {
  const names = grantsIn(bits)
  const { resources, scopes } = names
  const bundle: RoleBundle = { resources, scopes, permissions: [] }
  const catalogue = { names, roles: new Map(names.roles.map((name) => [name, bundle])), groups: new Map() }
  return standing({}, { source: 'catalogue', catalogue })
}

const signedUp = (bits: number): StoredStanding => ({
  ...catalogued(bits),
  account: undefined,
  source: 'assigned',
  signUp: { admits: 'everybody', roles: grantsIn(bits).roles },
})

const undeclared = (bits: number): AssertedGrants => ({ scopes: grantsIn(bits).scopes, roles: grantsIn(bits).roles })

const worlds: readonly (readonly [string, (bits: number) => AssertedGrants, (bits: number) => StoredStanding])[] = [
  ['what an account is assigned', grantsIn, (bits) => standing(grantsIn(bits))],
  ['an account that may be disabled', grantsIn, disableable],
  ['an account, and a token that declares no resources', undeclared, (bits) => standing(grantsIn(bits))],
  ['a catalogue', grantsIn, catalogued],
  ['a catalogue, and a token that declares no resources', undeclared, catalogued],
  ['a catalogue, and an account', grantsIn, (bits) => ({ ...catalogued(15), account: account(grantsIn(bits)) })],
  ['a sign-up rule', grantsIn, signedUp],
  ['no account at all', grantsIn, (bits) => standing({}, { ...catalogued(bits), account: undefined })],
]

describe('the decision and the oracle', () => {
  it.each(worlds)('agree on all 4,096 combinations with %s', (_world, tokenOf, databaseOf) => {
    const graph = new PermissionGraph(items)
    const seen = { allow: 0, deny: 0 }
    const differing: string[] = []
    for (let bits = 0; bits < 2 ** 8; bits += 1) {
      const [token, database] = [tokenOf(bits & 15), databaseOf(bits >> 4)]
      const asker = caller(token, database)
      for (const [at, one] of items.entries()) {
        const expected = oracle(asked[at] ?? authenticated, token, database)
        if (graph.decide(one, asker) !== expected) differing.push(`${bits} ${one.name}: not ${expected}`)
        seen[expected] += 1
      }
      differing.push(...disagreements(graph, asker))
    }
    expect(differing).toEqual([])
    expect(seen.allow + seen.deny).toBe(2 ** 12)
  })

  it('agree on 10,000 random requirements, tokens and databases', () => {
    const seen = { allow: 0, deny: 0 }
    fc.assert(
      fc.property(randomTree(), randomClaims, randomStanding, (requirement, token, database) => {
        const only = item(requirement)
        const graph = new PermissionGraph([only])
        const asker = caller(token, database)
        const expected = oracle(requirement, token, database)
        seen[expected] += 1
        expect(graph.decide(only, asker)).toBe(expected)
        expect(disagreements(graph, asker)).toEqual([])
      }),
      { numRuns: 10_000 },
    )
    expect(Math.min(seen.allow, seen.deny)).toBeGreaterThan(1_000)
  }, 120_000)

  it('agree on every flat demand over three categories, two names each', () => {
    const pick = (bits: number, from: number) => ['a', 'b'].filter((_, at) => (bits & (1 << (from + at))) !== 0)
    const listed = (bits: number): Demand['listed'] => ({
      ...(bits % 4 > 0 && { roles: pick(bits, 0) }),
      ...((bits >> 2) % 4 > 0 && { scopes: pick(bits, 2) }),
      ...(bits >> 4 > 0 && { resources: pick(bits, 4) }),
    })
    const sixBits = Array.from({ length: 2 ** 6 }, (_, bits) => bits)
    const demands = sixBits.flatMap((bits) => [any(listed(bits)), all(listed(bits))])
    const flat = demands.map((demand, at) => item(treeOf(demand), `${at}`))
    const graph = new PermissionGraph(flat)
    for (const bits of sixBits) {
      const held = grantsOf({ roles: pick(bits, 0), scopes: pick(bits, 2), resources: pick(bits, 4) })
      const verdicts = flat.map((one) => graph.decide(one, holder(held)))
      expect(verdicts).toEqual(demands.map((demand) => oracle(demand, held, standing(held))))
    }
  })
})

it('every other answer says that nobody may do what nobody may', () => {
  const graph = new PermissionGraph(items)
  expect(graph.listFor(nobody)).toEqual([])
  expect(disagreements(graph, nobody)).toEqual([])
})

/** Answers of the graph that are not what `decide` says. */
function disagreements(graph: PermissionGraph, asker: Asker): readonly string[] {
  const verdicts = graph.items.map((one) => graph.decide(one, asker))
  const having = (...wanted: readonly string[]) => graph.items.filter((_, at) => wanted.includes(verdicts[at] ?? ''))
  const { allowed, undecided } = graph.reachable(asker)
  const whoCan = graph.items.map((one) => graph.whoCan(one, [{ asker }])[0]?.verdict ?? 'deny')
  const [row] = accessMatrix(graph, [{ label: 'caller', asker }]).rows
  const explained = graph.items.map((one) => graph.explain(one, asker))
  const roots = explained.map(({ barriers, requirement }) => (barriers.length > 0 ? 'deny' : requirement?.verdict))
  const answers = {
    listFor: same(graph.listFor(asker), having('allow', 'unknown')),
    reachable: same(allowed, having('allow')) && same(undecided, having('unknown')),
    whoCan: same(whoCan, verdicts),
    accessMatrix: same(row?.verdicts ?? [], verdicts),
    explain: same(
      explained.map(({ verdict }) => verdict),
      verdicts,
    ),
    'the explained requirement': same(roots, verdicts),
  }
  return Object.entries(answers).flatMap(([name, right]) => (right ? [] : [`${name} differs`]))
}

function same(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((one, at) => one === right[at])
}
