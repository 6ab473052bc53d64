import { describe, expect, it } from '@jest/globals'
import { PermissionGraph } from '../../../src/core/permission/graph/permission-graph.js'
import { categories, nounOf } from '../../../src/core/permission/grants.js'
import { allOf, anyOf, group, not, role, scope } from '../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../src/core/permission/requirement/policy.js'
import { authenticated, requirementOf, type Requirement } from '../../../src/core/permission/requirement/requirement.js'
import { pictureOf, type Picture, type PicturedItem } from '../../../src/service/permission-graph/picture.js'
import { company, guarded, hostile, open, OwnInvoices, quickstart } from './graph-samples.js'

/** The edges in words: `role a -> any of`, `role b -not-> all of`. */
function edgesOf({ grants, requirements, operations, edges }: Picture): readonly string[] {
  const names = new Map([
    ...grants.map(({ id, noun, label }) => [id, `${noun} ${label}`] as const),
    ...[...requirements, ...operations].map(({ id, label }) => [id, label] as const),
  ])
  return edges.map(({ from, to, negated }) => `${names.get(from)} -${negated ? 'not-' : ''}> ${names.get(to)}`)
}

const drawn = (...items: readonly PicturedItem[]): Picture => pictureOf({ items }, 'Sample')
const edgesFor = (requirement: Requirement): readonly string[] => edgesOf(drawn(guarded('run', requirement)))

describe('the picture of a permission graph', () => {
  it('has every name of the graph, once', () => {
    const graph = new PermissionGraph(company)
    const { grants, operations } = pictureOf(graph, 'Company')
    const names = categories.flatMap((category) => graph.names[category].map((name) => `${nounOf(category)} ${name}`))
    const shown = grants.filter(({ kind }) => kind !== 'policies').map(({ noun, label }) => `${noun} ${label}`)
    expect(shown.toSorted()).toEqual(names.toSorted())
    expect(operations.map(({ label }) => label)).toEqual(company.map(({ name }) => name))
    expect(grants.filter(({ kind }) => kind === 'policies').map(({ label }) => label)).toEqual([
      'OwnInvoices',
      'WorkingHours',
    ])
  })

  it('orders grants by category and name', () => {
    const { grants } = drawn(guarded('run', anyOf(scope('b'), role('z'), scope('a'), policy(OwnInvoices), group('g'))))
    expect(grants.map(({ label }) => label)).toEqual(['z', 'g', 'a', 'b', 'OwnInvoices'])
  })

  it('shows that one grant is enough', () => {
    expect(edgesFor(role('admin'))).toEqual(['role admin -> is enough', 'is enough -> run'])
  })

  it('shows that a policy decides', () => {
    expect(edgesFor(policy(OwnInvoices))).toEqual(['policy OwnInvoices -> decides', 'decides -> run'])
  })

  it('shows a list as one node', () => {
    expect(edgesFor(anyOf(role('a'), group('b')))).toEqual(['role a -> any of', 'group b -> any of', 'any of -> run'])
  })

  it('shows the parts of a tree as nodes of their own', () => {
    expect(edgesFor(allOf(anyOf(role('a'), role('b')), scope('c')))).toEqual([
      ...['role a -> any of', 'role b -> any of', 'any of -> all of', 'scope c -> all of', 'all of -> run'],
    ])
  })

  it('marks what must be absent', () => {
    expect(edgesFor(not(role('a')))).toEqual(['role a -not-> must be absent', 'must be absent -> run'])
    expect(edgesFor(allOf(role('b'), not(role('a'))))).toEqual([
      ...['role b -> all of', 'role a -not-> all of', 'all of -> run'],
    ])
    expect(edgesFor(allOf(role('c'), not(anyOf(role('a'), role('b')))))).toEqual([
      ...['role a -> any of', 'role b -> any of', 'role c -> all of', 'any of -not-> all of', 'all of -> run'],
    ])
    expect(edgesFor(not(not(role('a'))))).toEqual([
      ...['role a -not-> must be absent', 'must be absent -not-> must be absent', 'must be absent -> run'],
    ])
  })

  it('says who may without any grant, and where nobody may', () => {
    expect(edgesFor(authenticated)).toEqual(['every authenticated user -> run'])
    expect(edgesFor(requirementOf({ requireAll: false, listed: { roles: [] } }))).toEqual(['nobody -> run'])
    expect(edgesOf(drawn(open('status', 'public')))).toEqual(['everybody (public) -> status'])
    expect(edgesOf(drawn(open('oauth_start', 'login')))).toEqual(['sessions that can be signed in -> oauth_start'])
  })

  it('draws the same requirement once, however it is written', () => {
    const { requirements, edges } = drawn(
      guarded('one', anyOf(role('a'), role('b'))),
      guarded('two', anyOf(role('b'), role('a'), role('b'))),
      guarded('three', allOf(anyOf(role('a'), role('b')), scope('c'))),
      guarded('four', anyOf(role('a'))),
      guarded('five', role('a')),
    )
    expect(requirements.map(({ label }) => label)).toEqual(['any of', 'all of', 'is enough'])
    expect(edges.filter(({ from }) => from === 'r1').map(({ to }) => to)).toEqual(['r2', 'o1', 'o2'])
  })

  it('tells apart what only looks the same', () => {
    const Other = { OwnInvoices: class extends OwnInvoices {} }.OwnInvoices
    const { grants } = drawn(
      guarded('one', anyOf(role('x'), group('x'), scope('x'), role('x\u0000'), role('x\u0001'))),
      guarded('two', anyOf(policy(OwnInvoices), policy(Other))),
    )
    expect(grants).toHaveLength(7)
  })

  it('says in words who may', () => {
    const words = (name: string): string | undefined =>
      pictureOf({ items: [...quickstart, ...company] }, 'Both').operations.find(({ label }) => label === name)?.words
    expect(words('hello')).toBe('every authenticated user')
    expect(words('status')).toBe('everybody')
    expect(words('deploy_production')).toBe('(role admin or role deployer) and scope write and resource production')
    expect(words('payroll_run')).toBe(
      'group finance and scope payroll and policy WorkingHours and not (role suspended or group contractors)',
    )
  })

  it('marks what destroys, what only takes bearer tokens and what can be stepped up to', () => {
    const { operations } = drawn(
      guarded('delete', authenticated, { annotations: { destructiveHint: true, title: 'Delete' } }),
      { name: 'token', protection: { access: 'protected', requirement: authenticated, bearerOnly: true } },
      { name: 'raise', protection: { access: 'protected', requirement: scope('a'), elevatable: true } },
      guarded('read', authenticated, { annotations: { destructiveHint: false }, title: 'read' }),
    )
    expect(operations.map(({ marks, title }) => [title, ...marks])).toEqual([
      ['Delete', 'destructive'],
      [undefined, 'bearer only'],
      [undefined, 'elevatable'],
      [undefined],
    ])
  })

  it('holds nothing that XML forbids or that turns text around', () => {
    const { title, operations, grants } = pictureOf({ items: hostile }, 'a\u0000b\n\u202ec')
    expect(title).toBe('a\u{fffd}b \u{fffd}c')
    const texts = [...operations.flatMap((node) => [node.label, node.title, node.description, node.words])]
    for (const text of [...texts, ...grants.map(({ label }) => label)]) {
      expect(text).not.toMatch(/[\p{Cc}\p{Cs}\p{Bidi_Control}\ufffe\uffff]/u)
    }
  })
})
