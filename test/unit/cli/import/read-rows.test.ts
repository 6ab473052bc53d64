import { describe, expect, it } from '@jest/globals'
import { noGrants } from '../../../../src/core/permission/grants.js'
import { accountShape, grantShape, nameShape, type ImportShape } from '../../../../src/cli/import/import-shape.js'
import { parseCsv } from '../../../../src/cli/import/parse-csv.js'
import { parseJson } from '../../../../src/cli/import/parse-json.js'
import { readRows } from '../../../../src/cli/import/read-rows.js'

const csv = (text: string, shape: ImportShape) => readRows(parseCsv(text), shape, 'csv')
const json = (value: unknown, shape: ImportShape) => readRows(parseJson(JSON.stringify(value)), shape, 'json')

describe('the lines of an import', () => {
  it('say the same in CSV and in JSON', () => {
    const table = csv('roles,email,status\nadmin;support agent,a@x,disabled\n,b@x,\n', accountShape)
    const list = json(
      [
        { email: 'a@x', roles: ['admin', 'support agent'], status: 'disabled' },
        { email: 'b@x', roles: [] },
      ],
      accountShape,
    )
    const wishes = (rows: typeof table.rows) => rows.map((row) => accountShape.wish(row))
    expect(table.faults).toEqual([])
    expect(wishes(table.rows)).toEqual(wishes(list.rows))
    expect(wishes(table.rows)[0]).toEqual({
      ...{ kind: 'account', email: 'a@x', presence: 'present', name: undefined, status: 'disabled' },
      give: { ...noGrants, roles: ['admin', 'support agent'] },
    })
  })

  it('say an issuer and a subject, or neither of them', () => {
    const { faults, rows } = csv('email,issuer,subject\na@x,i,s\nb@x,,\nc@x,i,\nd@x,,s\n', accountShape)
    expect(faults).toEqual([4, 5].map((line) => ({ line, problem: 'issuer and subject go together' })))
    expect(rows.map((row) => accountShape.wish(row))).toMatchObject([
      { identify: [{ issuer: 'i', subject: 's' }] },
      ...[1, 2, 3].map(() => ({ identify: undefined })),
    ])
  })

  it('have no column that nobody knows, in whatever case, and not the wrong separator', () => {
    expect(csv('Email,roles\n', grantShape).faults).toEqual([
      { line: 1, problem: 'there is no column Email here, but email, roles, groups, scopes, resources, permissions' },
      { line: 1, problem: 'there is no column email' },
    ])
    expect(csv('email;roles\na@x;b\n', grantShape).faults[0]?.problem).toContain('separated by commas')
    expect(csv('name,scopes\n', nameShape('groups')).faults[0]?.problem).toContain('no column scopes')
    expect(json([{ name: 'a' }, { name: 'b', tenant: 'x' }], nameShape('scopes')).faults).toEqual([
      { line: 1, problem: 'there is no member tenant here, but name' },
    ])
  })

  it('are about something each, and about no thing twice', () => {
    expect(csv('email\na@x\n""\nb@x\nA@X\n', accountShape).faults).toEqual([
      { line: 3, problem: 'there is no email' },
      { line: 5, problem: 'A@X is on line 2 already' },
    ])
    expect(csv('name\na\nb\na\n', nameShape('roles')).faults).toEqual([{ line: 4, problem: 'a is on line 2 already' }])
  })

  it('keep what is between semicolons byte for byte, and name nothing twice', () => {
    const { faults, rows } = csv('name,scopes\na,read; write;\nb,x;y;x\n', nameShape('roles'))
    expect(rows[0]?.lists.scopes).toEqual(['read', ' write', ''])
    expect(faults).toEqual([{ line: 3, problem: 'scopes has x twice' }])
  })

  it('are of the types that they have to be', () => {
    const rows = [
      { email: 1 },
      { email: 'b@x', roles: 'admin' },
      { email: 'c@x', roles: ['a', 1], name: null },
      { email: 'd@x', roles: null, status: 'gone' },
    ]
    expect(json(rows, accountShape).faults.map(({ problem }) => problem)).toEqual([
      'email is no text',
      'there is no email',
      'roles is no list of names',
      'name is no text',
      'roles is no list of names',
      'the status gone is neither active nor disabled',
      'roles is no list of names',
    ])
  })

  it('are of bounded number, and so is what they grant', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `n${at}` }))
    expect(json(many(10_000), nameShape('scopes'))).toMatchObject({ faults: [], rows: { length: 10_000 } })
    expect(json(many(10_001), nameShape('scopes'))).toMatchObject({ rows: [], faults: [{ line: 1 }] })
    const large = [{ name: 'a', scopes: many(50_001).map(({ name }) => name) }]
    expect(json(large, nameShape('roles')).faults[0]?.problem).toContain('more than 50000 names')
  })
})
