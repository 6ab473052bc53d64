import { describe, expect, it } from '@jest/globals'
import { applyWishes } from '../../../src/app/administration/apply-wishes.js'
import type { Change } from '../../../src/core/administration/change.js'
import type { Outcome } from '../../../src/core/administration/tenant-administration.js'
import type { Wish } from '../../../src/core/administration/wish.js'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { MemoryAccountStore } from '../../support/memory-ports.js'

const tenant = { id: '00000000-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme Corp' }
const email = 'ana@acme.test'
const wishes: readonly Wish[] = [{ kind: 'account', email, presence: 'present', status: 'disabled' }]
const change: Change = { action: 'changed', noun: 'account', name: email, before: [], after: ['disabled'] }
const met: Outcome = { changes: [change], faults: [] }
const refused: Outcome = { changes: [], faults: [{ wish: 0, fault: 'nobody would be left' }] }

/** The wishes are applied where the database says so of them at first, and then. */
async function applied(rehearsed: Outcome, outcome: Outcome) {
  const accounts = new MemoryAccountStore()
  await accounts.create(tenant, { email, grants: grantsOf({}) })
  const done: string[] = []
  const answer = await applyWishes(
    {
      by: 'cli:test',
      tenant,
      postgres: {
        accounts,
        tenantAdministration: {
          rehearse: async () => rehearsed,
          apply: async () => {
            done.push('apply')
            return outcome
          },
        },
      },
      sessions: {
        ownersOf: async (_tenant, subject) => [{ tenantId: tenant.id, issuer: undefined, subject }],
        end: async () => {
          done.push('end')
          return []
        },
      },
    },
    wishes,
    [change],
  )
  return { answer, done }
}

describe('wishes that take away what an account signs in with', () => {
  it('end its sessions before they are met, and once more afterwards', async () => {
    const { answer, done } = await applied(met, met)
    expect(done).toEqual(['end', 'apply', 'end'])
    expect(answer).toMatchObject({ changes: [change], faults: [] })
  })

  it('end nothing where they cannot be met any more', async () => {
    const { answer, done } = await applied(refused, met)
    expect({ answer, done }).toEqual({ answer: { ...refused, sessions: undefined }, done: [] })
  })

  it('end nothing more where they turn out not to have been met', async () => {
    const { answer, done } = await applied(met, refused)
    expect(done).toEqual(['end', 'apply'])
    expect(answer.faults).toEqual(refused.faults)
  })
})
