import { describe, expect, it } from '@jest/globals'
import { AuditKeeper, type AuditKeeperOptions } from '../../../src/adapter/postgres/audit/keep/audit-keeper.js'
import type { HeldRows } from '../../../src/adapter/postgres/audit/keep/prune/retention.js'

/** What the log says of one retention. */
async function logged(held: readonly HeldRows[]): Promise<readonly unknown[]> {
  const lines: unknown[] = []
  const maintenance: AuditKeeperOptions['maintenance'] = {
    places: () => Promise.resolve([{ tenant: undefined, database: 'master' }]),
    checkpoint: () => Promise.reject<never>(new Error('not asked for')),
    sealBoundary: () => Promise.resolve(undefined),
    timeBefore: () => Promise.resolve(1),
    prune: () => Promise.resolve([]),
    held: () => Promise.resolve(held),
  }
  const keeper = new AuditKeeper({
    maintenance,
    turns: { take: ([one]) => Promise.resolve({ admitted: one?.limit.name === 'audit retention' } as never) },
    retentionDays: 7,
    log: { write: (level, message, facts) => void lines.push([level, message, facts]) },
  })
  await keeper.keep()
  await keeper.stop()
  return lines
}

describe('the retention', () => {
  it('says whom it waits for where rows stay whose term is over', async () => {
    const destinations = ['syslog tls://gone.example:6514']
    const held = ['server-1', 'server-2'].map((chain) => ({ chain, rows: 2, why: 'unsent', destinations }) as const)
    expect(await logged(held)).toEqual([
      ['warn', expect.stringContaining('receivers do not have them'), { tenant: undefined, rows: 4, destinations }],
    ])
  })

  it('says nothing of calls that run', async () => {
    expect(await logged([{ chain: 'server-1', rows: 1, why: 'open', destinations: [] }])).toEqual([])
  })
})
