import { describe, expect, it } from '@jest/globals'
import { bearerOf, nobody, type Asker } from '../../../../src/core/permission/asker.js'
import { accessMatrix } from '../../../../src/core/permission/graph/access-matrix.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { grantsOf } from '../../../../src/core/permission/grants.js'
import { holdingOfAll } from '../../../../src/core/permission/holding.js'
import type { Protected, Protection } from '../../../../src/core/permission/protection.js'
import { allOf, anyOf, not, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import { authenticated } from '../../../../src/core/permission/requirement/requirement.js'
import { holder, item } from './samples.js'

class OwnInvoices {
  decide(): 'allow' {
    return 'allow'
  }
}

const protections: Readonly<Record<string, Protection>> = {
  public: { access: 'public' },
  login: { access: 'login' },
  'for users': { access: 'protected', requirement: authenticated },
  'for admins': { access: 'protected', requirement: role('admin') },
  'for bearers': { access: 'protected', requirement: role('admin'), bearerOnly: true },
  asked: { access: 'protected', requirement: policy(OwnInvoices) },
}
const items = Object.entries(protections).map(([name, protection]): Protected => ({ name, protection }))
const graph = new PermissionGraph(items)
const namesFor = (asker: Asker) => graph.listFor(asker).map(({ name }) => name)
const admin = holder({ roles: ['admin'] })

describe('the list', () => {
  it.each([
    ['nobody', nobody, ['public']],
    ['nobody who may sign in', { ...nobody, login: 'offered' }, ['public', 'login']],
    ['a bearer', holder({}), ['public', 'for users', 'asked']],
    ['an admin', admin, ['public', 'for users', 'for admins', 'for bearers', 'asked']],
    ['an admin who signed in', { ...admin, credential: 'sign-in' }, ['public', 'for users', 'for admins', 'asked']],
    ['an admin by no credential', { ...admin, credential: 'none' }, ['public', 'for users', 'for admins', 'asked']],
  ] as const)('of %s', (_whose, asker, names) => {
    expect(namesFor(asker)).toEqual(names)
  })
})

describe('the matrix', () => {
  it('has a row for each caller and a verdict for each operation', () => {
    const callers = [
      { label: 'nobody', asker: nobody },
      { label: 'role admin', asker: bearerOf(holdingOfAll(grantsOf({ roles: ['admin'] }))) },
    ]
    expect(accessMatrix(graph, callers)).toEqual({
      operations: Object.entries(protections).map(([name, protection]) => ({ name, protection })),
      rows: [
        { caller: 'nobody', verdicts: ['allow', 'deny', 'deny', 'deny', 'deny', 'deny'] },
        { caller: 'role admin', verdicts: ['allow', 'deny', 'allow', 'allow', 'allow', 'unknown'] },
      ],
    })
  })
})

describe('a graph', () => {
  it('finds its operations by name', () => {
    expect(graph.find('for admins')).toBe(items[3])
    expect(graph.find('constructor')).toBeUndefined()
  })

  it('lets nobody use what it does not know', () => {
    const stranger = item(authenticated, 'for users')
    expect(graph.decide(stranger, admin)).toBe('deny')
    expect(graph.nextPolicy(item(policy(OwnInvoices), 'asked'), admin, new Map())).toBeUndefined()
    expect(graph.decide(graph.find('for users') ?? stranger, admin)).toBe('allow')
  })

  it('names what its requirements ask for, once', () => {
    const asked = new PermissionGraph([item(allOf(role('b'), not(role('a')))), item(anyOf(role('b'), scope('a')))])
    expect(asked.names).toEqual(grantsOf({ roles: ['b', 'a'], scopes: ['a'] }))
  })

  it('holds to what was demanded when it was made', () => {
    const of = [role('admin')]
    const one = item({ kind: 'anyOf', of })
    const made = new PermissionGraph([one])
    of.push(role('everybody'))
    expect(made.decide(one, holder({ roles: ['everybody'] }))).toBe('deny')
    expect(made.decide(one, admin)).toBe('allow')
  })

  it('has a version of its own as soon as anything is demanded otherwise', () => {
    const one: Protection = { access: 'protected', requirement: role('admin') }
    const graphs: readonly (readonly Protected[])[] = [
      [],
      [{ name: 'one', protection: one }],
      [{ name: 'two', protection: one }],
      [{ name: 'one', protection: { ...one, bearerOnly: true } }],
      [{ name: 'one', protection: { access: 'public' } }],
      [{ name: 'one', protection: { access: 'login' } }],
      [item(scope('admin'), 'one')],
      [item(not(role('admin')), 'one')],
      [item(allOf(role('admin'), role('b')), 'one')],
      [item(anyOf(role('admin'), role('b')), 'one')],
      [item(authenticated, 'one')],
      [item(role('admin'), 'one'), item(role('admin'), 'two')],
      [item(role('admin'), 'two'), item(role('admin'), 'one')],
    ]
    const versions = graphs.map((list) => new PermissionGraph(list).version)
    expect(new Set(versions).size).toBe(graphs.length)
    expect(graphs.map((list) => new PermissionGraph([...list]).version)).toEqual(versions)
  })
})
