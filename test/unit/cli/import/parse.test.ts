import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseCsv } from '../../../../src/cli/import/parse-csv.js'
import { parseJson } from '../../../../src/cli/import/parse-json.js'
import type { Parsed } from '../../../../src/cli/import/record.js'

const plain = ({ faults, records }: Parsed) => ({
  faults,
  records: records.map(({ line, members }) => [line, Object.fromEntries(members)]),
})

describe('an import in CSV', () => {
  it('has each record on the line where it begins, whatever ends lines', () => {
    for (const end of ['\n', '\r\n']) {
      const text = ['name,scopes', 'a,read', '', '"b', 'b",""', 'c,"x ""y"""'].join(end)
      expect(plain(parseCsv(text))).toEqual({
        faults: [],
        records: [
          [2, { name: 'a', scopes: 'read' }],
          [4, { name: 'b\nb', scopes: '' }],
          [6, { name: 'c', scopes: 'x "y"' }],
        ],
      })
    }
  })

  it('trims nothing', () => {
    expect(plain(parseCsv('name\n a \n')).records).toEqual([[2, { name: ' a ' }]])
  })

  it('is told every line that has too few or too many cells', () => {
    expect(parseCsv('a,b\n1\n1,2\n1,2,3\n').faults).toEqual([
      { line: 2, problem: 'there are 1 cells for 2 columns' },
      { line: 4, problem: 'there are 3 cells for 2 columns' },
    ])
  })

  it.each([
    ['a quote that nothing closes', 'a\n1\n"2\n3\n4', 3, /does not end with one/],
    ['a quote that is closed within a cell', 'a\n"1\n1"\n\n"2"x\n3', 5, /written twice/],
    ['a quote that begins within a cell', 'a\n1\n2"\n3', 3, /within a cell/],
    ['a column that is there twice', 'a,b,a\n', 1, /column a is there twice/],
    ['nothing', '', 1, /empty/],
    ['nothing but line ends', '\n\n', 1, /empty/],
  ])('is refused for %s, with the line', (_what, text, line, problem) => {
    expect(parseCsv(text)).toEqual({ records: [], faults: [{ line, problem: expect.stringMatching(problem) }] })
  })

  it('comes back as it was written, cell by cell and line by line', () => {
    const cell = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\r', ''))
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(rows, fc.constantFrom('\n', '\r\n'), (cells, end) => {
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`
        const lines = [['a', 'b'], ...cells].map((row) => row.map(quote).join(','))
        const { faults, records } = parseCsv(lines.join(end))
        expect(faults).toEqual([])
        expect(records.map(({ members }) => [members.get('a'), members.get('b')])).toEqual(cells)
        const begin = lines.map((_, at) => lines.slice(0, at).join('\n').split('\n').length + (at === 0 ? 0 : 1))
        expect(records.map(({ line }) => line)).toEqual(begin.slice(1))
      }),
    )
  })
})

describe('an import in JSON', () => {
  it('has each object on the line where it begins', () => {
    const text = '[ {"name": "a", "scopes": ["x,]}", "\\""]},\n\n  {\n    "name": "b" }\n, {"name":"c"}]\n'
    expect(plain(parseJson(text))).toEqual({
      faults: [],
      records: [
        [1, { name: 'a', scopes: ['x,]}', '"'] }],
        [3, { name: 'b' }],
        [5, { name: 'c' }],
      ],
    })
  })

  it('is told every element that is no object or says something twice', () => {
    expect(parseJson('[{"a":1,\n"\\u0061":2},\n1, null,\n["a"],\n{"b":{"a":1,"a":2}}]').faults).toEqual([
      { line: 1, problem: 'the member a is there twice' },
      { line: 3, problem: 'this is no object' },
      { line: 3, problem: 'this is no object' },
      { line: 4, problem: 'this is no object' },
    ])
  })

  it.each([
    ['an object', '{}', 1, /no list/],
    ['a comma too many', '[\n{},\n]', 3, /no JSON/],
    ['an end that is missing', '[\n{"a":\n', 2, /no JSON/],
    ['nothing', '', 1, /no JSON/],
  ])('is refused for %s, with the line', (_what, text, line, problem) => {
    expect(parseJson(text)).toEqual({ records: [], faults: [{ line, problem: expect.stringMatching(problem) }] })
  })

  it('takes an empty list for one', () => {
    expect(parseJson(' [ ] ')).toEqual({ records: [], faults: [] })
  })

  it('comes back as it was written, element by element and line by line', () => {
    const values = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 6 })
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2), (objects, indent) => {
        const parts = objects.map((object) => JSON.stringify(object, undefined, indent))
        const { faults, records } = parseJson(`[\n${parts.join(',\n')}\n]`)
        expect(faults).toEqual([])
        expect(records.map(({ members }) => [...members])).toEqual(
          objects.map((object) => Object.entries(JSON.parse(JSON.stringify(object)) as object)),
        )
        const begin = parts.map(
          (_, at) => 2 + parts.slice(0, at).reduce((sum, part) => sum + part.split('\n').length, 0),
        )
        expect(records.map(({ line }) => line)).toEqual(begin)
      }),
    )
  })
})
