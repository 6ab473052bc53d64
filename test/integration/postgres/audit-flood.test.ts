import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { checkTrail } from '../../support/audit-check.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const refusals = Number(process.env['FLOOD_REFUSALS'] ?? 100_000)
/** Of one actor between two flushes: rows of their own, kinds, and one for the rest. */
const rowsOfActor = 71
/** The same of everybody in one database. */
const rowsOfPlace = 1_510

let test: TestPostgres
let acme: Tenant
let globex: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await test.postgres.provisioner.createTenant({ slug: 'globex', name: 'Globex' })
})
afterAll(() => test?.close())

/** Refuses so often, and lets others do something every now and then; answers with how often the trail was written meanwhile, at most. */
async function flood(refusal: (index: number) => AuditEvent): Promise<number> {
  const startedAt = performance.now()
  for (let index = 0; index < refusals; index += 1) {
    test.postgres.audit.count(refusal(index))
    if (index % 500 === 499) await new Promise((resolve) => setImmediate(resolve))
  }
  await test.postgres.audit.flush()
  return Math.ceil((performance.now() - startedAt) / 1_000) + 1
}

/** Calls of somebody of this tenant, one after the other, until told to stop; answers with their number. */
function keepCalling(tenant: Tenant, subject: string): () => Promise<number> {
  let going = true
  const calling = (async () => {
    let calls = 0
    for (; going; calls += 1) {
      const event = { tenant, subject, requestId: `${subject} ${calls}`, intentId: 'one', operation: 'deploy' } as const
      await test.postgres.audit.record({ ...event, type: 'operation.allowed' })
      await test.postgres.audit.record({ ...event, type: 'operation.outcome', reason: 'succeeded' })
    }
    return calls
  })()
  return () => {
    going = false
    return calling
  }
}

describe(`${refusals} refusals`, () => {
  it('of one user, each in another way, are counted exactly in a bounded number of rows, and hold up nobody else', async () => {
    const stop = [keepCalling(globex, 'eve'), keepCalling(acme, 'bob')]
    const flushes = await flood((index) => ({
      ...{ type: 'operation.denied', tenant: acme, issuer: 'https://issuer.example', subject: 'mallory' },
      ...{ requestId: `${index}`, operation: `guess ${index}`, reason: 'ERR_OPERATION_UNKNOWN' },
      detail: { missing: [`operation ${index % 1_000}`] },
      personal: { address: `192.0.2.${index % 256}` },
    }))
    const [ofGlobex = 0, ofAcme = 0] = await Promise.all(stop.map((one) => one()))
    expect(Math.min(ofGlobex, ofAcme)).toBeGreaterThan(0)
    const sums = `select sum(count)::int as sum, count(*)::int as rows from audit_event where subject = $1 and type = $2`
    const [denied] = await test.tenantSql(acme, sums, ['mallory', 'operation.denied'])
    expect(denied?.['sum']).toBe(refusals)
    expect(denied?.['rows']).toBeLessThanOrEqual(flushes * rowsOfActor)
    expect(await test.tenantSql(globex, sums, ['eve', 'operation.outcome'])).toEqual([
      { sum: ofGlobex, rows: ofGlobex },
    ])
    expect(await test.tenantSql(acme, sums, ['bob', 'operation.outcome'])).toEqual([{ sum: ofAcme, rows: ofAcme }])
    for (const tenant of [acme, globex]) expect((await checkTrail(test, tenant)).faults).toEqual([])
  })

  it('of nobody known, by tokens of any claims, are counted exactly in a bounded number of rows of no tenant', async () => {
    const stop = keepCalling(globex, 'eve again')
    const flushes = await flood((index) => ({
      ...{ type: 'token.refused', tenant: undefined, issuer: `https://${index}.example`, subject: `nobody ${index}` },
      ...{ clientId: `client ${index}`, requestId: `${index}`, reason: 'ERR_TOKEN_SIGNATURE' },
    }))
    expect(await stop()).toBeGreaterThan(0)
    const [refused] = await test.sql(
      `select sum(count)::int as sum, count(*)::int as rows from audit_event where type = 'token.refused'`,
    )
    expect(refused?.['sum']).toBe(refusals)
    expect(refused?.['rows']).toBeLessThanOrEqual(flushes * rowsOfPlace)
    expect(await test.tenantSql(globex, `select from audit_event where type = 'token.refused'`)).toEqual([])
  })
})
