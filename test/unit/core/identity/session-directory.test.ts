import { describe, expect, it } from '@jest/globals'
import { MasterKey } from '../../../../src/core/credential/master-key.js'
import { UpstreamError } from '../../../../src/core/error/upstream-error.js'
import { SessionDirectory } from '../../../../src/core/identity/session-directory.js'
import type { KnownSession } from '../../../../src/core/identity/session-source.js'
import type { SessionNotice } from '../../../../src/core/runtime/session-feed.js'
import { MemoryAccountStore, MemoryAuditLog } from '../../../support/memory-ports.js'

const tenant = { id: '00000000-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme Corp' }
const origin = { provider: '00000000-0000-4000-8000-000000000002', subject: 'ana' }
const down = () => Promise.reject(new UpstreamError('TENANT_UNAVAILABLE', 'down'))
const none = async () => []

function grant(key: string): KnownSession {
  const times = { startedAt: undefined, usedAt: undefined, expiresAt: undefined }
  return {
    ...{ kind: 'grant', key, tenantId: tenant.id, owner: undefined, subject: 'ana', application: 'app' },
    ...{ client: 'A client', ...times },
  }
}

/** A directory whose grants end in these portions, as where requests were under way, and a failure where one is told. */
function opened(portions: readonly (readonly string[] | 'down')[], endGranted: () => Promise<readonly KnownSession[]>) {
  const left = [...portions]
  const asked: (readonly string[])[] = []
  const notices: SessionNotice[] = []
  const told: KnownSession[] = []
  const audit = new MemoryAuditLog()
  const end = async () => {
    const portion = left.shift() ?? []
    return portion === 'down' ? down() : portion.map(grant)
  }
  const directory = new SessionDirectory({
    signIns: {
      ...{ tenants: async () => [tenant], ownersOf: none, list: none, end: none, endOne: none },
      endGranted: (_tenant, grants) => {
        asked.push(grants)
        return endGranted()
      },
    },
    transports: { list: none, end: none, endOne: none, endBound: none },
    grants: { list: none, end, endOne: none, endMadeWith: end },
    ...{
      accounts: new MemoryAccountStore(),
      audit,
      keyring: MasterKey.generate(),
      ownIssuer: 'https://issuer.example',
    },
    feed: { publishAll: async (some) => notices.push(...some) > 0 },
    clients: { tell: async (ended) => void told.push(...ended) },
  })
  return { directory, asked, told: () => ({ audit, notices, told: told.map(({ key }) => key) }) }
}

describe('what an account has signed in with by a provider', () => {
  it('ends until nothing is left, with the sign-ins that rest on any of it', async () => {
    const { asked, directory, told } = opened([['one'], ['two', 'three'], []], none)
    expect(await directory.endMadeWith(tenant, 'ana', origin)).toHaveLength(3)
    expect(asked).toEqual([['one', 'two', 'three']])
    expect(told().told).toEqual(['one', 'two', 'three'])
  })

  it.each([
    ['the sign-ins cannot be reached', [['one', 'two']], down],
    ['what a request has moved meanwhile cannot be reached', [['one', 'two'], 'down'], none],
  ] as const)('is told of to everybody as far as it has ended, where %s', async (_title, portions, endGranted) => {
    const { directory, told } = opened(portions, endGranted)
    await expect(directory.endMadeWith(tenant, 'ana', origin)).rejects.toThrow(UpstreamError)
    const { audit, notices, told: clients } = told()
    expect(clients).toEqual(['one', 'two'])
    expect(notices).toEqual(['one', 'two'].map((key) => ({ about: 'grant', key })))
    expect(audit.ofType('session.ended')).toHaveLength(2)
    expect(audit.ofType('admin.changed')).toEqual([
      expect.objectContaining({ reason: 'sessions_removed', detail: expect.objectContaining({ before: ['2 grant'] }) }),
    ])
  })

  it('is given up, as one that is not over, where new ones come as fast as they end', async () => {
    const { directory } = opened(
      Array.from({ length: 200 }, (_, index) => [`grant-${index}`]),
      none,
    )
    await expect(directory.endMadeWith(tenant, 'ana', origin)).rejects.toMatchObject({ outage: 'OVERLOADED' })
  })
})
