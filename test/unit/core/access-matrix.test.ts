import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { nobody } from '../../../src/core/permission/asker.js'
import { accessMatrix, type AccessMatrix } from '../../../src/core/permission/graph/access-matrix.js'
import type { Verdict } from '../../../src/core/permission/graph/compiled-requirement.js'
import { PermissionGraph } from '../../../src/core/permission/graph/permission-graph.js'
import { describeDifferences } from '../../../src/core/permission/matrix/difference-words.js'
import { compareMatrices } from '../../../src/core/permission/matrix/matrix-difference.js'
import { formatAccessMatrix, parseAccessMatrix } from '../../../src/core/permission/matrix/matrix-file.js'
import type { Protection } from '../../../src/core/permission/protection.js'
import { allOf, anyOf, group, not, permission, role, scope } from '../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../src/core/permission/requirement/policy.js'
import { authenticated, type Requirement } from '../../../src/core/permission/requirement/requirement.js'
import { pigeons } from './permission-lint/samples.js'
import { randomTree } from './permission/random-permissions.js'
import { holder, item } from './permission/samples.js'

class OwnInvoices {
  decide() {
    return 'allow' as const
  }
}

class Anybody extends OwnInvoices {}

type Table = Readonly<Record<string, Readonly<Record<string, Verdict>>>>

/** A matrix by caller, then operation. */
function matrixOf(
  table: Table,
  operations: readonly string[] = Object.keys(Object.values(table)[0] ?? {}),
): AccessMatrix {
  const rows = Object.entries(table).map(([caller, row]) => ({
    caller,
    verdicts: operations.map((operation) => row[operation] ?? 'deny'),
  }))
  return { operations: operations.map((name) => item(role('admin'), name)), rows }
}

const sample = matrixOf({
  'role viewer': { publish: 'unknown', delete_all: 'deny' },
  'caller Support agent': { publish: 'allow', delete_all: 'deny' },
})

const sampleFile = `{
  "version": 1,
  "callers": [
    "caller Support agent",
    "role viewer"
  ],
  "operations": [
    {"name":"delete_all","access":"protected","requirement":{"role":"admin"}},
    {"name":"publish","access":"protected","requirement":{"role":"admin"}}
  ],
  "access": [
    ["delete_all", "caller Support agent", "deny"],
    ["delete_all", "role viewer", "deny"],
    ["publish", "caller Support agent", "allow"],
    ["publish", "role viewer", "depends"]
  ]
}
`

const differences = (expected: AccessMatrix, actual: AccessMatrix) => compareMatrices(expected, actual)
const lines = (expected: AccessMatrix, actual: AccessMatrix) => describeDifferences(differences(expected, actual))

const names = fc.uniqueArray(fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('__proto__', '1', '0', '\u202e"')), {
  maxLength: 4,
})
const randomProtection = fc.oneof(
  fc.constantFrom<Protection>({ access: 'public' }, { access: 'login' }),
  fc
    .tuple(
      randomTree(fc.constant(policy(OwnInvoices))),
      fc.constantFrom({}, { bearerOnly: true }, { elevatable: true }, { bearerOnly: true, elevatable: true }),
    )
    .map(([requirement, marks]): Protection => ({ access: 'protected', requirement, ...marks })),
)
const randomMatrix: fc.Arbitrary<AccessMatrix> = fc.tuple(names, names).chain(([operations, callers]) => {
  const verdict = fc.constantFrom<Verdict[]>('allow', 'deny', 'unknown')
  const row = fc.array(verdict, { minLength: operations.length, maxLength: operations.length })
  const protections = fc.array(randomProtection, { minLength: operations.length, maxLength: operations.length })
  return fc
    .tuple(fc.array(row, { minLength: callers.length, maxLength: callers.length }), protections)
    .map(([rows, demands]) => ({
      operations: operations.map((name, at) => ({ name, protection: demands[at] ?? { access: 'public' } })),
      rows: callers.map((caller, at) => ({ caller, verdicts: rows[at] ?? [] })),
    }))
})

/** The file of the matrix without what operations demand. */
function verdictsIn(matrix: AccessMatrix): string {
  const open = matrix.operations.map(({ name }) => ({ name, protection: { access: 'public' } as const }))
  return formatAccessMatrix({ ...matrix, operations: open })
}

describe('the file of a matrix', () => {
  it('has a line of its own for each operation and caller, sorted', () => {
    expect(formatAccessMatrix(sample)).toBe(sampleFile)
  })

  it('is the same in whatever order things are declared', () => {
    const turned = matrixOf(
      {
        'caller Support agent': { publish: 'allow', delete_all: 'deny' },
        'role viewer': { delete_all: 'deny', publish: 'unknown' },
      },
      ['delete_all', 'publish'],
    )
    expect(formatAccessMatrix(turned)).toBe(sampleFile)
  })

  it('says what the graph decides', () => {
    const graph = new PermissionGraph([
      item(role('admin'), 'wipe'),
      item(policy(OwnInvoices), 'pay'),
      { name: 'ping', protection: { access: 'public' } },
    ])
    const matrix = accessMatrix(graph, [
      { label: 'role admin', asker: holder({ roles: ['admin'] }) },
      { label: 'nobody', asker: nobody },
    ])
    expect(formatAccessMatrix(matrix).split('\n').slice(12, -3)).toEqual([
      '    ["pay", "nobody", "deny"],',
      '    ["pay", "role admin", "depends"],',
      '    ["ping", "nobody", "allow"],',
      '    ["ping", "role admin", "allow"],',
      '    ["wipe", "nobody", "deny"],',
      '    ["wipe", "role admin", "allow"]',
    ])
  })

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(randomMatrix, (matrix) => {
        const text = formatAccessMatrix(matrix)
        const { matrix: read = sample, problem } = parseAccessMatrix(text)
        expect(problem).toBeUndefined()
        expect(formatAccessMatrix(read)).toBe(text)
        expect(differences(matrix, read)).toEqual([])
      }),
    )
  })

  it('hides nothing that would not show', () => {
    expect(formatAccessMatrix(matrixOf({ 'role \u202ea': { x: 'allow' } }))).toContain(String.raw`"role \u202ea"`)
  })

  it('is not made of a matrix with a name twice, or with gaps', () => {
    const row = { caller: 'role a', verdicts: ['allow'] } as const
    const [x, y] = [item(role('a'), 'x'), item(role('a'), 'y')]
    expect(() => formatAccessMatrix({ operations: [x], rows: [row, row] })).toThrow(TypeError)
    expect(() => formatAccessMatrix({ operations: [x, x], rows: [] })).toThrow(TypeError)
    expect(() => formatAccessMatrix({ operations: [x, y], rows: [row] })).toThrow(TypeError)
    expect(() => formatAccessMatrix({ operations: [x], rows: [{ ...row, verdicts: ['allow', 'deny'] }] })).toThrow(
      TypeError,
    )
    expect(formatAccessMatrix({ operations: [x], rows: [row] })).toContain('["x", "role a", "allow"]')
  })
})

describe('a file of a matrix', () => {
  const demand = (requirement: object, changes: object = {}) => ({
    name: 'x',
    access: 'protected',
    requirement,
    ...changes,
  })
  const json = () => ({
    version: 1,
    callers: ['role a', 'role b'],
    operations: [demand({ role: 'a' })],
    access: [
      ['x', 'role a', 'allow'],
      ['x', 'role b', 'deny'],
    ],
  })

  const operating = (changes: object) => JSON.stringify({ ...json(), operations: [demand({ role: 'a' }, changes)] })
  const nested = (levels: number) =>
    sampleFile.replace('"access": [', `"access": [${'['.repeat(levels)}${']'.repeat(levels)},`)

  it.each([
    ['written anew by a formatter', sampleFile.replaceAll(/\s+(?=["[{}\]])/g, ' ')],
    ['with other line ends', sampleFile.replaceAll('\n', '\r\n')],
    ['in another order', JSON.stringify({ ...json(), access: json().access.toReversed() })],
    ['with nobody in it', JSON.stringify({ ...json(), callers: [], access: [] })],
    ['with nothing in it', JSON.stringify({ version: 1, callers: [], operations: [], access: [] })],
    ['with its members in another order', JSON.stringify(Object.fromEntries(Object.entries(json()).toReversed()))],
  ])('is read %s', (_what, text) => {
    expect(parseAccessMatrix(text)).toMatchObject({ problem: undefined })
  })

  it.each([
    ['no JSON', 'x', 'no JSON object'],
    ['nothing', '', 'no JSON object'],
    ['a list', '[]', 'no JSON object'],
    ['null', 'null', 'no JSON object'],
    ['a byte order mark', `\ufeff${sampleFile}`, 'no JSON object'],
    ['no version', JSON.stringify({ ...json(), version: undefined }), '"version"'],
    ['another version', JSON.stringify({ ...json(), version: 2 }), '"version"'],
    ['a version in quotes', JSON.stringify({ ...json(), version: '2' }), '"version"'],
    ['an unknown member', JSON.stringify({ ...json(), allow: [] }), 'unknown member "allow"'],
    ['a member by a special name', sampleFile.replace('{', '{"__proto__": {},'), 'unknown member "__proto__"'],
    ['a member twice', sampleFile.replace('{', '{"callers": [],'), 'twice'],
    ['a letter as an escape', sampleFile.replace('"publish"', String.raw`"\u0070ublish"`), 'escapes'],
    ['no callers', JSON.stringify({ ...json(), callers: undefined }), '"callers"'],
    ['a caller twice', JSON.stringify({ ...json(), callers: ['role a', 'role b', 'role a'] }), '"callers"'],
    ['a caller without a name', JSON.stringify({ ...json(), callers: ['role a', ''] }), '"callers"'],
    ['callers that are no text', JSON.stringify({ ...json(), callers: [1] }), '"callers"'],
    ['operations by name', JSON.stringify({ ...json(), operations: { x: 1 } }), '"operations"'],
    ['an operation twice', JSON.stringify({ ...json(), operations: [...json().operations, demand({})] }), 'line 2'],
    ['an operation that demands nothing', JSON.stringify({ ...json(), operations: ['x'] }), 'line 1'],
    ['an operation without access', operating({ access: undefined }), 'has no "access"'],
    ['an operation for whoever it is not', operating({ access: 'private' }), 'has no "access"'],
    ['a demand of what is public', operating({ access: 'public' }), 'although it is public'],
    ['a bearer token that is demanded by halves', operating({ bearerOnly: false }), '"bearerOnly"'],
    ['something that is elevatable by halves', operating({ elevatable: false }), '"elevatable"'],
    ['a demand by another word', operating({ roles: ['a'] }), 'unknown member "roles"'],
    ['no requirement', operating({ requirement: undefined }), '"requirement"'],
    ['a requirement that is none', operating({ requirement: { roles: [] } }), 'no list of 1 to'],
    ['a requirement of a kind that nobody knows', operating({ requirement: { allOf: [{ oneOf: [] }] } }), '"oneOf"'],
    ['lists within each other without end', nested(100_000), 'nested too deep'],
    ['lists that never end', '['.repeat(100_000), 'no JSON object'],
    ['no access', JSON.stringify({ ...json(), access: undefined }), '"access"'],
    ['a caller that is not listed', JSON.stringify({ ...json(), callers: ['role a'] }), 'line 2'],
    [
      'an operation that is not listed',
      JSON.stringify({ ...json(), operations: [demand({}, { name: 'y' })] }),
      'line 1',
    ],
    ['a word for access that is none', JSON.stringify({ ...json(), access: [['x', 'role a', 'unknown']] }), 'line 1'],
    ['a word from elsewhere', JSON.stringify({ ...json(), access: [['x', 'role a', 'toString']] }), 'line 1'],
    ['a line with more to say', JSON.stringify({ ...json(), access: [['x', 'role a', 'deny', 'allow']] }), 'line 1'],
    ['a line that is no list', JSON.stringify({ ...json(), access: ['x'] }), 'line 1'],
    ['a line twice', JSON.stringify({ ...json(), access: [...json().access, ['x', 'role a', 'deny']] }), 'again'],
    ['a line too few', JSON.stringify({ ...json(), access: [['x', 'role a', 'allow']] }), '"role b"'],
  ])('is refused with %s', (_what, text, problem) => {
    const read = parseAccessMatrix(text)
    expect(read.matrix).toBeUndefined()
    expect(read.problem).toContain(problem)
  })
})

describe('the difference between two matrices', () => {
  it.each([
    ['deny', 'allow', 'opened', '+ role a may now call x'],
    ['deny', 'unknown', 'opened', '+ role a may now call x where a policy allows it'],
    ['unknown', 'allow', 'opened', '+ role a may now call x whatever policies say'],
    ['allow', 'deny', 'closed', '- role a may no longer call x'],
    ['unknown', 'deny', 'closed', '- role a may no longer call x'],
    ['allow', 'unknown', 'changed', '~ role a: x depends on a policy now'],
  ] as const)('from %s to %s is %s', (from, to, effect, line) => {
    const [before, after] = [matrixOf({ 'role a': { x: from } }), matrixOf({ 'role a': { x: to } })]
    expect(differences(before, after)).toEqual([{ effect, kind: 'access', caller: 'role a', operation: 'x', from, to }])
    expect(lines(before, after)).toBe(line)
  })

  it.each(['allow', 'deny', 'unknown'] as const)('is none where %s stays', (verdict) => {
    const matrix = matrixOf({ 'role a': { x: verdict } })
    expect(differences(matrix, matrix)).toEqual([])
    expect(lines(matrix, matrix)).toBe('')
  })

  it('does not lie in the order of things', () => {
    const one = matrixOf({ a: { x: 'allow', y: 'deny' }, b: { x: 'deny', y: 'unknown' } })
    const other = matrixOf({ b: { y: 'unknown', x: 'deny' }, a: { y: 'deny', x: 'allow' } })
    expect(differences(one, other)).toEqual([])
  })

  it('is an opening where a new operation may be called, listed here or not', () => {
    const before = matrixOf({ 'role a': { x: 'allow' }, 'role b': { x: 'allow' } })
    const after = matrixOf({
      'role a': { x: 'allow', y: 'allow', z: 'deny' },
      'role b': { x: 'allow', y: 'unknown', z: 'deny' },
    })
    expect(differences(before, after)).toMatchObject([
      {
        effect: 'opened',
        kind: 'operation',
        name: 'y',
        presence: 'came',
        access: [
          { caller: 'role a', operation: 'y', verdict: 'allow' },
          { caller: 'role b', operation: 'y', verdict: 'unknown' },
        ],
      },
      { effect: 'opened', kind: 'operation', name: 'z', presence: 'came', access: [], demand: 'role admin' },
    ])
    expect(lines(before, after)).toBe(
      '+ operation y is new, for role admin; may call it: role a, role b (depends on a policy)\n' +
        '+ operation z is new, for role admin; may call it: nobody listed here',
    )
    expect(lines(after, before)).toBe(
      '- operation y is gone, for role admin; could call it: role a, role b (depends on a policy)\n' +
        '- operation z is gone, for role admin; could call it: nobody listed here',
    )
  })

  it('is an opening where a new caller may call something, and not where they may not', () => {
    const before = matrixOf({ 'role a': { x: 'allow', y: 'deny' } })
    const after = matrixOf({
      'role a': { x: 'allow', y: 'deny' },
      'role b': { x: 'deny', y: 'deny' },
      'role c': { x: 'allow', y: 'unknown' },
    })
    expect(lines(before, after)).toBe(
      '+ role c is new; may call: x, y (depends on a policy)\n~ role b is new; may call: nothing',
    )
    expect(lines(after, before)).toBe(
      '- role c is gone; could call: x, y (depends on a policy)\n~ role b is gone; could call: nothing',
    )
  })

  it('names a new caller and a new operation with each other', () => {
    const [before, after] = [
      matrixOf({ a: { x: 'deny' } }),
      matrixOf({ a: { x: 'deny', y: 'deny' }, b: { x: 'deny', y: 'allow' } }),
    ]
    expect(lines(before, after)).toBe('+ operation y is new, for role admin; may call it: b\n+ b is new; may call: y')
  })

  it('says first what opened, then what closed', () => {
    const before = matrixOf({ 'role viewer': { refund: 'allow', publish: 'allow', delete_all: 'deny' } })
    const after = matrixOf({ 'role viewer': { refund: 'deny', publish: 'unknown', delete_all: 'allow' } })
    expect(lines(before, after)).toBe(
      '+ role viewer may now call delete_all\n- role viewer may no longer call refund\n~ role viewer: publish depends on a policy now',
    )
  })

  it('is one line for each, whatever a name holds', () => {
    const [before, after] = [
      matrixOf({ 'role a\nb': { 'x y': 'deny' } }),
      matrixOf({ 'role a\nb': { 'x y': 'allow' } }),
    ]
    expect(lines(before, after)).toBe(String.raw`+ role a\u000ab may now call "x y"`)
  })

  it('is none only between matrices that say the same, and turns round with them', () => {
    const turned = { opened: 'closed', closed: 'opened', changed: 'changed' } as const
    fc.assert(
      fc.property(randomMatrix, randomMatrix, (one, other) => {
        const there = differences(one, other)
        if (formatAccessMatrix(one) === formatAccessMatrix(other)) expect(there).toEqual([])
        if (there.length === 0) expect(verdictsIn(one)).toEqual(verdictsIn(other))
        const presences = (found: typeof there) => found.filter(({ kind }) => kind !== 'access')
        expect(
          presences(differences(other, one))
            .map(({ effect }) => effect)
            .toSorted(),
        ).toEqual(
          presences(there)
            .map(({ effect }) => turned[effect])
            .toSorted(),
        )
      }),
    )
  })
})

describe('what an operation demands', () => {
  const may = (requirement: Requirement, bearerOnly?: true): Protection => ({
    access: 'protected',
    requirement,
    ...(bearerOnly && { bearerOnly }),
  })
  const only = (protection: Protection): AccessMatrix => ({ operations: [{ name: 'pay', protection }], rows: [] })
  /** As CI does: the one is a file, the other the app of today. */
  const since = (from: Protection, to: Protection) => {
    const { matrix } = parseAccessMatrix(formatAccessMatrix(only(from)))
    return matrix === undefined ? [] : compareMatrices(matrix, only(to))
  }
  const [a, b] = [role('a'), role('b')]
  const own = policy(OwnInvoices)
  class Renamed extends OwnInvoices {}
  Object.defineProperty(Renamed, 'name', { value: 'OwnInvoices' })
  const many = (count: number): readonly Requirement[] =>
    Array.from({ length: count }, (_, at) => anyOf(role(`r${at}`), role(`s${at}`)))

  it.each([
    ['another alternative', group('board'), anyOf(group('everyone'), group('board'))],
    ['one of two that were needed', allOf(a, b), a],
    ['either of two that were needed', allOf(a, b), anyOf(a, b)],
    ['no policy any more', allOf(a, own), a],
    ['nothing that keeps anybody out', a, authenticated],
    ['fewer who are shut out', not(anyOf(a, b)), not(a)],
  ])('is less with %s', (_what, from, to) => {
    expect(since(may(from), may(to))).toMatchObject([{ effect: 'opened', kind: 'demand', operation: 'pay' }])
    expect(since(may(to), may(from))).toMatchObject([{ effect: 'closed', kind: 'demand', operation: 'pay' }])
  })

  it.each([
    ['another permission', permission('invoice:delete'), permission('invoice:read')],
    ['another scope', scope('admin'), scope('read')],
    ['another policy', own, policy(Anybody)],
    ['a role in place of a group of that name', role('a'), group('a')],
    ['more of one and less of another', allOf(a, own), allOf(b, own)],
    ['the opposite', a, not(a)],
  ])('is something else with %s', (_what, from, to) => {
    expect(since(may(from), may(to))).toMatchObject([{ effect: 'changed', kind: 'demand', operation: 'pay' }])
  })

  it.each([
    ['the same', a, role('a')],
    ['another order', allOf(a, anyOf(b, own)), allOf(anyOf(own, b), a)],
    ['brackets', allOf(a, allOf(b, own)), allOf(allOf(a, b), own)],
    ['what was factored out', anyOf(allOf(a, b), allOf(a, own)), allOf(a, anyOf(b, own))],
    ['what was said twice', allOf(a, anyOf(a, b)), a],
    ['a policy of another class by the same name', allOf(a, own), allOf(policy(Renamed), a)],
    ['everybody', authenticated, authenticated],
    [
      'much, in another order',
      { kind: 'allOf', of: [a, ...many(300)] } satisfies Requirement,
      { kind: 'allOf', of: [...many(300).toReversed(), a] } satisfies Requirement,
    ],
    [
      'many alternatives, in another order',
      { kind: 'anyOf', of: many(300).map((part) => allOf(part, a)) } satisfies Requirement,
      {
        kind: 'anyOf',
        of: many(300)
          .map((part) => allOf(a, part))
          .toReversed(),
      } satisfies Requirement,
    ],
  ])('is the same with %s', (_what, from, to) => {
    expect(since(may(from), may(to))).toEqual([])
  })

  it.each([
    ['no bearer token any more', may(a, true), may(a)],
    ['no caller any more', may(authenticated), { access: 'public' }],
    ['no client that can sign in any more', { access: 'login' }, { access: 'public' }],
    ['no bearer token and another alternative', may(a, true), may(anyOf(a, b))],
  ] satisfies [string, Protection, Protection][])('is less with %s', (_what, from, to) => {
    expect(since(from, to)).toMatchObject([{ effect: 'opened' }])
    expect(since(to, from)).toMatchObject([{ effect: 'closed' }])
  })

  it.each([
    ['a bearer token in place of a role', may(a), may(authenticated, true)],
    ['sign-in clients in place of users', may(authenticated), { access: 'login' }],
  ] satisfies [string, Protection, Protection][])('is something else with %s', (_what, from, to) => {
    expect(since(from, to)).toMatchObject([{ effect: 'changed' }])
  })

  it('is something else where nobody can tell', () => {
    const clashing = pigeons(9)
    expect(since(may(clashing), may(allOf(clashing, a)))).toMatchObject([{ effect: 'changed' }])
    expect(since(may(clashing), may(clashing))).toEqual([])
  })

  it('is read back, whatever classes and methods demand together', () => {
    const large = allOf(a, ...many(900))
    expect(since(may(large), may(large))).toEqual([])
    expect(parseAccessMatrix(formatAccessMatrix(only(may(large)))).problem).toBeUndefined()
  })

  it('is said in words, before and after', () => {
    expect(describeDifferences(since(may(group('board')), may(anyOf(group('every one'), group('board')))))).toBe(
      '+ operation pay demands less now: it was for group board, it is for group "every one" or group board',
    )
    expect(describeDifferences(since(may(a), may(a, true)))).toBe(
      '- operation pay demands more now: it was for role a, it is for role a, with a bearer token',
    )
    expect(describeDifferences(since({ access: 'login' }, may(own)))).toBe(
      '~ operation pay demands something else now: it was for every client that can sign in, it is for policy OwnInvoices',
    )
  })
})
