import { describe, expect, it } from '@jest/globals'
import { formatCsv } from '../../../../src/core/text/format-csv.js'

describe('CSV', () => {
  it('quotes what would end a cell here or elsewhere, and ends records as RFC 4180 has it', () => {
    expect(formatCsv([['a', 'b,c', 'd"e', 'f;g'], ['']])).toBe('a,"b,c","d""e","f;g"\r\n\r\n')
  })

  it.each(['=1+1', '+1', '-wipe', '@SUM(A1)', ' =1', '＝1', '＋1', '－1', '＠1'])(
    'lets no spreadsheet compute %j',
    (cell) => {
      expect(formatCsv([[cell]])).toMatch(/^"?'/)
    },
  )

  it.each(['x;=1+1', 'x; =1+1', 'x;"=1+1"', 'x;\u200b;+1', 'x\t=1', 'x\t;-1', ';@SUM(A1)'])(
    'lets no spreadsheet compute %j where a semicolon or a tab ends a cell',
    (cell) => {
      for (const part of formatCsv([['op', cell]]).split(/[;\t]/)) expect(part).not.toMatch(/^["\s]*[=+\-@]/)
    },
  )

  it.each(['wipe', 'a=1', 'e-mail', "'quoted'"])('leaves %j as it is', (cell) => {
    expect(formatCsv([[cell]])).toBe(`${cell}\r\n`)
  })

  it('keeps a record on its line, and shows what would steer a terminal', () => {
    expect(formatCsv([['a\r\nb\u001b[2J\u202e']])).toBe(String.raw`"""a\r\nb\u001b[2J\u202e"""` + '\r\n')
  })

  it('tells cells apart that differ in what does not show', () => {
    const cells = ['a', 'a ', 'a\u200b', 'a\u00a0', String.raw`a\u200b`, 'a\u0000', 'a?']
    expect(new Set(cells.map((cell) => formatCsv([[cell]]))).size).toBe(cells.length)
  })
})
