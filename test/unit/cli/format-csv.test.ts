import { describe, expect, it } from '@jest/globals'
import { formatCsv } from '../../../src/cli/format-csv.js'

describe('CSV', () => {
  it('quotes what would end a cell, and ends records as RFC 4180 has it', () => {
    expect(formatCsv([['a', 'b,c', 'd"e'], ['']])).toBe('a,"b,c","d""e"\r\n\r\n')
  })

  it.each(['=1+1', '+1', '-wipe', '@SUM(A1)', ' =1', '\t=1', '＝1', '＋1', '－1', '＠1'])(
    'lets no spreadsheet compute %j',
    (cell) => {
      expect(formatCsv([[cell]])).toMatch(/^"?'/)
    },
  )

  it.each(['wipe', 'a=1', 'e-mail', "'quoted'"])('leaves %j as it is', (cell) => {
    expect(formatCsv([[cell]])).toBe(`${cell}\r\n`)
  })

  it('keeps a record on its line, and shows what would steer a terminal', () => {
    expect(formatCsv([['a\r\nb\u001b[2J\u202e']])).toBe('a??b?[2J?\r\n')
  })
})
