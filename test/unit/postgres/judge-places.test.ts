import { describe, expect, it } from '@jest/globals'
import { AuditSeal } from '../../../src/adapter/postgres/audit/audit-seal.js'
import { Findings } from '../../../src/adapter/postgres/audit/verify/findings.js'
import { judgePlaces } from '../../../src/adapter/postgres/audit/verify/judge-places.js'
import type { ReadChain } from '../../../src/adapter/postgres/audit/verify/read-chains.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'

const own = 'acme'
const seal = new AuditSeal(MasterKey.generate())
const mac = Buffer.alloc(32, 7)

function chain(place: string, key: string): ReadChain {
  const end = { sequence: 3, mac, settled: 3, anchor: 0, anchor_mac: null, anchor_seal: null, first: 1, last: 3 }
  return { name: 'server-1', kind: 'server', place, key, ...end }
}

/** What is found of a chain that the own trail says a restore has brought, with that key. */
function judged(found: ReadChain, brought: { readonly place: string; readonly key: string }): Findings {
  const findings = new Findings()
  findings.restored.set(own, [{ ...brought, name: found.name, sequence: 3, mac: mac.toString('hex') }])
  judgePlaces([found], { findings, own, seal })
  return findings
}

describe('the key that a chain says seals it', () => {
  it('may be another installation’s where a restore has brought the chain from another place', () => {
    const { faults, notes } = judged(chain('elsewhere', 'theirs'), { place: 'elsewhere', key: 'theirs' })
    expect(faults).toEqual([])
    expect([...notes]).toEqual([expect.stringContaining('the key theirs')])
  })

  it('is foreign where it is not the one that was brought', () => {
    const { faults } = judged(chain('elsewhere', 'another'), { place: 'elsewhere', key: 'theirs' })
    expect(faults.map(({ kind }) => kind)).toEqual(['chain_foreign', 'key_foreign'])
  })

  it('is foreign in the own place, also where a record says that a restore has brought it', () => {
    const { faults, notes } = judged(chain(own, 'theirs'), { place: own, key: 'theirs' })
    expect(faults).toMatchObject([{ kind: 'key_foreign', chain: 'server-1' }])
    expect(notes.size).toBe(0)
    expect(judged(chain(own, seal.key), { place: own, key: seal.key }).faults).toEqual([])
  })
})
