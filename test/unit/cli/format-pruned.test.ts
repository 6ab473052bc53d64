import { describe, expect, it } from '@jest/globals'
import { formatPruned } from '../../../src/cli/audit/format/format-pruned.js'

const removed = { chain: 'server-1', from: 1, to: 4, rows: 4 }
const stuck = { chain: 'server-2', from: 3, to: 2, rows: 0, fault: 'the row 3 is not as it was written' }

describe('what was removed of a trail', () => {
  it('is said chain by chain, without those of which nothing was', () => {
    const text = formatPruned([{ tenant: undefined, chains: [removed, stuck], held: [] }])
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^TENANT +CHAIN +FROM +TO +ROWS$/),
      expect.stringMatching(/^master +server-1 +1 +4 +4$/),
      'rows of server-2 in master stay, verify the trail: the row 3 is not as it was written',
    ])
  })

  it('is nothing where nothing is that old', () => {
    expect(formatPruned([{ tenant: 'acme', chains: [], held: [] }])).toBe('nothing is that old')
  })

  it('is said to be less than what is that old, and why, once for each reason', () => {
    const unsent = { why: 'unsent', destinations: ['syslog tls://gone.example:6514'] } as const
    const held = [
      { chain: 'server-1', rows: 2, ...unsent },
      { chain: 'server-2', rows: 3, ...unsent },
      { chain: 'server-3', rows: 1, why: 'open', destinations: [] } as const,
      { chain: 'server-4', rows: 1, why: 'call', destinations: [] } as const,
      { chain: undefined, rows: 2, why: 'unchained', destinations: [] } as const,
    ]
    expect(formatPruned([{ tenant: 'acme', chains: [], held }]).split('\n')).toEqual([
      'nothing was removed',
      expect.stringMatching(/^5 old rows in acme stay: not sent yet to syslog tls:\/\/gone.example:6514; .* forget/),
      '1 old row in acme stays: calls among them, or before them, have no outcome yet',
      expect.stringMatching(/^1 old row in acme stays: a call that/),
      expect.stringMatching(/^2 old rows in acme stay: they are in no chain/),
    ])
  })
})
