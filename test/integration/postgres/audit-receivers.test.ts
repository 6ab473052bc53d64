import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditPlace } from '../../../src/adapter/postgres/audit/keep/audit-maintenance.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { KeptTrail, recordCalls } from '../../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'
/** From a time on that never comes. */
const everything = { cutoff: 9e15, unsent: 'kept', by } as const
const gone = 'syslog tls://gone.example:6514'

let test: TestPostgres
let acme: RegisteredTenant
let place: AuditPlace
let server: string
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.tenantDirectory.create({ slug: 'acme', name: 'Acme' }, by)
  place = { tenant: acme, database: acme.database }
  await recordCalls(test.postgres.audit, acme, ['one', 'two'], 'all done')
  await recordCalls(test.postgres.audit, acme, ['open'], 'none done')
  const rows = await new KeptTrail(test, acme).rows()
  server = rows.find(({ chain }) => chain.startsWith('server'))?.chain ?? ''
  await sendTo(gone, 2)
  await sendTo('otlp https://here.example', 5)
})
afterAll(() => test?.close())

async function sendTo(destination: string, sequence: number): Promise<void> {
  const values = `('${destination}', '${server}', ${sequence})`
  await test.tenantSql(acme, `insert into audit_cursor (destination, chain, sequence) values ${values}`)
}

const heldThere = async (unsent: 'kept' | 'removed' = 'kept') =>
  (await test.postgres.auditMaintenance.held(place, { ...everything, unsent })).filter(({ chain }) => chain === server)

describe('a receiver of the trail', () => {
  it('that is gone keeps rows from going, which says so, until it is forgotten, on record', async () => {
    const { auditMaintenance } = test.postgres
    await auditMaintenance.prune(place, everything)
    expect(await heldThere()).toEqual([{ chain: server, rows: 5, why: 'unsent', destinations: [gone] }])
    expect(await auditMaintenance.receivers(place)).toMatchObject([
      { destination: 'otlp https://here.example', sentAt: expect.any(Date) },
      { destination: gone, behind: expect.any(Number) },
    ])
    expect(await auditMaintenance.forget(place, { destination: 'syslog tls://gone.example', by })).toBe(false)
    expect(await auditMaintenance.forget(place, { destination: gone, by })).toBe(true)
    expect(await auditMaintenance.receivers(place)).toMatchObject([{ destination: 'otlp https://here.example' }])
    const forgotten = `select subject, detail from audit_event where reason = 'receiver_forgotten'`
    expect(await test.tenantSql(acme, forgotten)).toEqual([{ subject: by, detail: { destination: gone } }])
    expect((await new KeptTrail(test, acme).verify()).faults).toEqual([])
  })

  it('that is still there goes on to', async () => {
    const { auditMaintenance } = test.postgres
    expect(await auditMaintenance.prune(place, everything)).toMatchObject([{ chain: server, from: 1, to: 4 }])
    expect(await heldThere('removed')).toEqual([{ chain: server, rows: 1, why: 'open', destinations: [] }])
  })
})

describe('what stays although its term is over', () => {
  it('is not what is younger', async () => {
    expect(await test.postgres.auditMaintenance.held(place, { ...everything, cutoff: 1 })).toEqual([])
  })

  it('is what is in no chain', async () => {
    await test.tenantSql(acme, `insert into audit_event (type, request_id) values ('operation.denied', 'loose')`)
    const held = await test.postgres.auditMaintenance.held(place, everything)
    expect(held.at(-1)).toEqual({ chain: undefined, rows: 1, why: 'unchained', destinations: [] })
  })
})
