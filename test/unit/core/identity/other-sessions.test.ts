import { describe, expect, it } from '@jest/globals'
import { IssuerSessions } from '../../../../src/adapter/issuer/record/issuer-sessions.js'
import { SealedRecords } from '../../../../src/adapter/issuer/record/sealed-records.js'
import { formatSubject } from '../../../../src/adapter/issuer/sign-in/issuer-subject.js'
import { MasterKey } from '../../../../src/core/credential/master-key.js'
import { OtherSessions } from '../../../../src/core/identity/other-sessions.js'
import { SessionDirectory } from '../../../../src/core/identity/session-directory.js'
import type { SessionNotice } from '../../../../src/core/runtime/session-feed.js'
import { grantsOf } from '../../../../src/core/permission/grants.js'
import { MemoryOwnedRecords } from '../../../support/memory-owned-records.js'
import { MemoryAccountStore, MemoryAuditLog, MemoryIssuerStorage } from '../../../support/memory-ports.js'

const tenant = { id: '00000000-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme Corp' }

/** Counts the calls of each method of `port`, by name. */
function counted<Port extends object>(port: Port, calls: string[]): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...given: readonly unknown[]): unknown => {
        calls.push(String(name))
        return Reflect.apply(value, target, given)
      }
    },
  })
}

/** So many sessions of one account, all of which end but for one. */
async function ended(count: number) {
  const calls: string[] = []
  const memory = new MemoryIssuerStorage()
  const keyring = MasterKey.generate()
  const accounts = new MemoryAccountStore()
  const ana = await accounts.create(tenant, { email: 'ana@acme.test', grants: grantsOf({}) })
  const records = new SealedRecords(memory, keyring, 'app')
  const owner = { accountId: formatSubject(tenant, ana), clientId: 'client' }
  for (let index = 0; index < count; index += 1) {
    const [grant, session] = [`grant-${index}`, `session-${index}`]
    await records.put({ model: 'Grant', id: grant, payload: { ...owner, jti: grant }, expiresIn: 60 })
    const payload = { accountId: owner.accountId, jti: session, uid: `uid-${index}` }
    await records.put({ model: 'Session', id: session, uid: payload.uid, payload, expiresIn: 60 })
  }
  const told: SessionNotice[] = []
  const none = async () => []
  const signIns = {
    tenants: async () => [tenant],
    ownersOf: none,
    list: none,
    end: none,
    endOne: none,
    endGranted: none,
  }
  const audit = new MemoryAuditLog()
  const directory = new SessionDirectory({
    signIns: counted(signIns, calls),
    transports: counted({ list: none, end: none, endOne: none, endBound: none }, calls),
    grants: new IssuerSessions({
      storage: counted(memory, calls),
      owned: counted(new MemoryOwnedRecords(memory), calls),
      keyring,
    }),
    accounts: counted(accounts, calls),
    ...{ audit, keyring, ownIssuer: 'https://issuer.example' },
    feed: counted({ publishAll: async (notices: readonly SessionNotice[]) => told.push(...notices) > 0 }, calls),
  })
  const spared = { kind: 'browser', key: records.keyOf('Session', 'session-0') } as const
  const owners = [{ tenantId: tenant.id, issuer: undefined, subject: ana.id }]
  const gone = await new OtherSessions(directory, spared).end({ tenant, owners, application: undefined })
  const { sessions: left } = await directory.list({ tenant, owners, application: undefined })
  return { calls, gone, left, spared, told, audit }
}

describe('all sessions but one', () => {
  it('end at once: one row says how many, and that one stands', async () => {
    const { audit, gone, left, spared, told } = await ended(30)
    expect(gone).toHaveLength(59)
    expect(left).toEqual([expect.objectContaining(spared)])
    expect(audit.ofType('admin.changed')).toEqual([
      expect.objectContaining({
        operation: 'session.end',
        detail: expect.objectContaining({ sessions: 59, before: expect.any(Array) }),
      }),
    ])
    expect(audit.ofType('session.ended')).toHaveLength(59)
    expect(told.map(({ about }) => about)).toEqual(Array.from({ length: 30 }, () => 'grant'))
  })

  it('are asked about as often as few of them are', async () => {
    const [few, many] = [await ended(2), await ended(40)]
    expect(many.calls.toSorted()).toEqual(few.calls.toSorted())
    expect(few.calls.length).toBeLessThan(30)
  })

  it('put nothing on record where there are none', async () => {
    const { audit, gone } = await ended(0)
    expect([gone, audit.events]).toEqual([[], []])
  })
})
