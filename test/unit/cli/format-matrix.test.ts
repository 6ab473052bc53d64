import { describe, expect, it } from '@jest/globals'
import { formatMatrix, matrixRecords } from '../../../src/cli/permission/format-matrix.js'
import { renderMatrixPage } from '../../../src/cli/permission/matrix-page.js'
import type { AccessMatrix } from '../../../src/core/permission/graph/access-matrix.js'
import { role } from '../../../src/core/permission/requirement/builders.js'
import { item } from '../core/permission/samples.js'

const matrix: AccessMatrix = {
  operations: [{ name: 'hello', protection: { access: 'public' } }, item(role('<i>'), 'pay_invoice')],
  rows: [
    { caller: 'anonymous', verdicts: ['deny', 'deny'] },
    { caller: 'role admin', verdicts: ['allow', 'unknown'] },
    { caller: 'role <b>', verdicts: ['allow', 'deny'] },
  ],
}
const legend = '✓ may use it   · may not   ? a policy decides on each call'

describe('the access matrix', () => {
  it('is one table where there is room', () => {
    expect(formatMatrix(matrix, Infinity)).toBe(
      `OPERATION    anonymous  role admin  role <b>
hello        ·          ✓           ✓
pay_invoice  ·          ?           ·

${legend}`,
    )
  })

  it('is several tables where there is not, none wider than the terminal', () => {
    const text = formatMatrix(matrix, 34)
    expect(text).toBe(
      `OPERATION    anonymous  role admin
hello        ·          ✓
pay_invoice  ·          ?

OPERATION    role <b>
hello        ✓
pay_invoice  ·

${legend}`,
    )
    expect(formatMatrix(matrix, 33).match(/OPERATION/g)).toHaveLength(2)
    expect(formatMatrix(matrix, 1).match(/OPERATION/g)).toHaveLength(3)
  })

  it('tells names apart that differ in what does not show', () => {
    const names = ['role a', 'role a ', 'role a\u200b', String.raw`"role a\u200b"`, 'role a\u3164', 'role a\u00a0']
    const rows = names.map((caller) => ({ caller, verdicts: ['allow', 'deny'] as const }))
    const text = formatMatrix({ ...matrix, rows }, Infinity)
    const heads = text.split('\n')[0]?.trimEnd().split(/ {2,}/).slice(1)
    expect(new Set(heads).size).toBe(names.length)
    expect(heads?.slice(0, 3)).toEqual(['role a', '"role a "', String.raw`"role a\u200b"`])
  })

  it('says the same in words for other programs', () => {
    expect(matrixRecords(matrix)).toEqual([
      ['operation', 'anonymous', 'role admin', 'role <b>'],
      ['hello', 'deny', 'allow', 'allow'],
      ['pay_invoice', 'deny', 'depends', 'deny'],
    ])
  })

  it('is a page that loads and runs nothing, whatever names are like', () => {
    const page = renderMatrixPage(matrix, 'Billing </title><script>')
    expect(page).toContain("default-src 'none'; style-src 'sha256-".replaceAll("'", '&#39;'))
    expect(page).not.toMatch(/<script|<b>|<i>|https?:|<link|<img|url\(/)
    expect(page).toContain('<bdi>role &lt;b&gt;</bdi>')
    expect(page).toContain('<bdi>role &quot;&lt;i&gt;&quot;</bdi>')
    expect(page.match(/aria-label="may use it"/g)).toHaveLength(2)
    expect(page.match(/aria-label="a policy decides on each call"/g)).toHaveLength(1)
  })
})
