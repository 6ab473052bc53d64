import { describe, expect, it } from '@jest/globals'
import { formatErased } from '../../../src/cli/audit/format/format-erased.js'

const nothing = { reference: 'r1', rows: 0, rowsInMaster: 0, rowsElsewhere: 0, left: 0, searchedIn: [], unreached: [] }

describe('what an erasure has done', () => {
  it('is one line where it took everything', () => {
    const words = 'erased from 2 rows of acme and 1 row of master, which do not say any more whom they are about (r1)'
    expect(formatErased('acme', { ...nothing, rows: 2, rowsInMaster: 1 })).toBe(words)
  })

  it.each([
    [1, '1 row of this person stays, which is not as it was written: verify the trail'],
    [2, '2 rows of this person stay, which are not as they were written: verify the trail'],
  ])('names the rows that it could not take: %i', (left, words) => {
    expect(formatErased('acme', { ...nothing, left }).split('\n')[1]).toBe(words)
  })

  it('says what it took elsewhere, and where more is', () => {
    const [, elsewhere, searched] = formatErased('acme', {
      ...nothing,
      ...{ rowsElsewhere: 1, searchedIn: ['globex', 'initech'] },
    }).split('\n')
    expect(elsewhere).toBe('1 row of other tenants does not say any more that an administrator looked for this person')
    expect(searched).toContain('still on record in: globex, initech; by a name')
  })
})
