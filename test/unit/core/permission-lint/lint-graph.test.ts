import { describe, expect, it } from '@jest/globals'
import type { Operation } from '../../../../src/core/operation/operation.js'
import { nobody } from '../../../../src/core/permission/asker.js'
import { PermissionGraph } from '../../../../src/core/permission/graph/permission-graph.js'
import { lintGraph } from '../../../../src/core/permission/lint/lint-graph.js'
import { allOf, anyOf, not, role, scope } from '../../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../../src/core/permission/requirement/policy.js'
import { authenticated, type Requirement } from '../../../../src/core/permission/requirement/requirement.js'
import { account, caller, holder, standing } from '../permission/samples.js'
import { codes, lint, operation, pigeons, tenant } from './samples.js'

class OwnInvoices {
  decide() {
    return 'allow' as const
  }
}

const [a, b] = [role('a'), role('b')]
const own = policy(OwnInvoices)
const impossible = allOf(a, not(a))

describe('an operation that nobody can ever call', () => {
  it.each([
    ['a role and not that role', impossible, 'role a and not role a'],
    ['no alternative at all', { kind: 'anyOf', of: [] } satisfies Requirement, 'nobody'],
    ['contradictions only', anyOf(impossible, allOf(own, b, not(b))), undefined],
  ] as const)('is found: %s', (_what, requirement, words) => {
    const [finding, ...others] = lint(requirement)
    expect(finding).toMatchObject({ code: 'unreachable', severity: 'error', operation: 'sample' })
    expect(finding).toMatchObject(words === undefined ? {} : { requirement: words })
    expect(others).toEqual([])
  })

  it.each([
    ['a role', a],
    ['a role and not another', allOf(a, not(b))],
    ['a policy', own],
    ['everybody', authenticated],
  ] as const)('is not one that takes %s', (_what, requirement) => {
    expect(lint(requirement)).toEqual([])
  })

  it('is said to contradict itself, and what to do', () => {
    expect(lint(impossible)[0]?.message).toBe(
      'Nobody can ever call sample: what it demands contradicts itself (role a and not role a). Change the requirement, or remove the operation.',
    )
  })

  it('is not said to be out of reach in a tenant as well', () => {
    expect(codes(impossible, [tenant('acme', { roles: ['a'] }, [holder({ roles: ['a'] })])])).toEqual(['unreachable'])
  })
})

describe('an operation that nobody in a tenant may call now', () => {
  const acme = tenant('acme', { roles: ['a', 'b'] }, [holder({ roles: ['b'] }), holder({})])
  const beta = tenant('beta', { roles: ['a', 'b'] }, [holder({ roles: ['a'] })])

  it('is found, unless one may', () => {
    expect(lint(a, [acme, beta])).toMatchObject([
      { code: 'unreachable-in-tenant', severity: 'warning', tenants: ['acme'], requirement: 'role a' },
    ])
    expect(lint(b, [acme])).toEqual([])
    expect(lint(anyOf(a, b), [acme, beta])).toEqual([])
  })

  it('is not said to be out of reach of users of other issuers', () => {
    const [known, open] = [acme, { ...acme, tenant: 'open', others: 'possible' } as const]
    expect(lint(a, [known])[0]?.message).toMatch(/^Nobody in tenant acme may call sample now: it takes role a\. Grant/)
    expect(lint(a, [known, open])).toMatchObject([
      { code: 'unreachable-in-tenant', tenants: ['acme', 'open'], uncounted: ['open'] },
    ])
    expect(lint(a, [open])[0]?.message).toBe(
      'Nobody who signs in to tenant open here may call sample now: it takes role a. ' +
        'Users of other issuers are not counted, whom tenant open may let in. ' +
        'Grant that to somebody, or change the requirement.',
    )
  })

  it('is not one where a policy has the last word', () => {
    expect(lint(own, [acme])).toEqual([])
    expect(codes(allOf(a, own), [acme])).toEqual(['unreachable-in-tenant'])
  })

  it('is one where those who hold it all are disabled', () => {
    const disabled = caller({ roles: ['a'] }, standing({}, { account: account({ roles: ['a'] }, true) }))
    expect(codes(a, [tenant('acme', { roles: ['a'] }, [disabled])])).toEqual(['unreachable-in-tenant'])
    expect(codes(a, [tenant('acme', { roles: ['a'] }, [disabled, holder({ roles: ['a'] })])])).toEqual([])
  })

  it('is not looked for where nobody is known, nor among operations that need no grants', () => {
    expect(lint(a, [tenant('acme', { roles: ['a'] })])).toEqual([])
    expect(lint(a, [tenant('acme', { roles: ['a'] }, [])])).toEqual([])
    const empty = tenant('acme', {}, [nobody])
    expect(lint(operation(a, { protection: { access: 'public' } }), [empty])).toEqual([])
    expect(lint(operation(a, { protection: { access: 'login' } }), [empty])).toEqual([])
    expect(codes(authenticated, [empty])).toEqual(['unreachable-in-tenant'])
  })
})

describe('an operation that is marked as destructive', () => {
  const destructive = { annotations: { destructiveHint: true } }
  const everybody = anyOf(a, not(a))

  it('is an error where it is public', () => {
    const open = { protection: { access: 'public' } } as const
    expect(lint(operation(a, { ...open, ...destructive }))).toMatchObject([
      { code: 'destructive-public', severity: 'error' },
    ])
    expect(lint(operation(a, open))).toEqual([])
    expect(lint(operation(a, { ...open, annotations: { destructiveHint: false } }))).toEqual([])
  })

  it.each([
    ['everybody', authenticated, 'every authenticated user'],
    ['a role or not that role', everybody, 'role a or not role a'],
  ] as const)('is a warning where it takes %s', (_what, requirement, words) => {
    expect(lint(operation(requirement, destructive))).toMatchObject([
      { code: 'destructive-for-everybody', severity: 'warning', requirement: words },
    ])
    expect(lint(requirement)).toEqual([])
  })

  it.each([
    ['a role', a],
    ['not a role', not(a)],
    ['a policy', own],
    ['a policy of everybody', allOf(own, everybody)],
  ] as const)('is sound where it takes %s', (_what, requirement) => {
    expect(lint(operation(requirement, destructive))).toEqual([])
  })

  it('is taken for harmless where it is read-only as well', () => {
    const annotations = { destructiveHint: true, readOnlyHint: true }
    expect(lint(operation(authenticated, { annotations }))).toEqual([])
    expect(lint(operation(a, { annotations, protection: { access: 'public' } }))).toEqual([])
    expect(codes(operation(authenticated, { annotations: { ...annotations, readOnlyHint: false } }))).toEqual([
      'destructive-for-everybody',
    ])
  })

  it('may be one of the sign-in tools', () => {
    expect(lint(operation(a, { ...destructive, protection: { access: 'login' } }))).toEqual([])
  })
})

describe('the findings', () => {
  it('come by operation in the order of declaration, each with its line', () => {
    const items = [
      operation(impossible, { name: 'first', declaredAt: 'app.ts:3:1' }),
      operation(a, { name: 'second' }),
      operation(allOf(role('typo'), role('typo')), { name: 'third' }),
    ]
    const found = lintGraph(new PermissionGraph(items), { tenants: [tenant('acme', { roles: ['a'] })] })
    expect(found.map(({ operation: name, code, declaredAt }) => [name, code, declaredAt])).toEqual([
      ['first', 'unreachable', 'app.ts:3:1'],
      ['third', 'unknown-name', undefined],
      ['third', 'redundant-demand', undefined],
    ])
  })

  it('are none for no operations', () => {
    expect(lintGraph(new PermissionGraph([]))).toEqual([])
  })

  it('are made of operations as they are', () => {
    const operations: readonly Operation[] = []
    expect(lintGraph(new PermissionGraph(operations))).toEqual([])
  })

  it('name an operation so that it cannot be misread', () => {
    expect(lint(operation(allOf(a, not(a)), { name: 'two words' }))[0]?.message).toContain('call "two words":')
  })

  it('say of what would take too long that it could not be checked, and come soon', () => {
    const [first, ...others] = lint(pigeons(9))
    expect(first).toMatchObject({ code: 'too-complex', severity: 'warning' })
    expect(first?.message).toMatch(/^sample could not be checked: /)
    expect(others).toEqual([])
    expect(codes(pigeons(3))).toEqual(['unreachable'])
    expect(codes(allOf(a, a, pigeons(9)))).toEqual(['redundant-demand', 'too-complex'])
  })

  it('are about large requirements too, where their parts have little to do with each other', () => {
    const pairs = Array.from({ length: 300 }, (_, at) => allOf(role(`r${at}`), scope(`s${at % 7}`)))
    expect(lint(anyOf(a, ...pairs))).toEqual([])
    expect(codes(anyOf(a, ...pairs, allOf(a, b)))).toEqual(['redundant-alternative'])
    const apart = Array.from({ length: 40 }, (_, at) =>
      anyOf(allOf(role(`r${at}`), scope(`s${at}`)), not(role(`r${at}`))),
    )
    expect(lint(allOf(a, ...apart))).toEqual([])
    expect(codes(allOf(a, ...apart, pigeons(3)))).toEqual(['unreachable'])
  })
})
