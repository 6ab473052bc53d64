import { describe, expect, it } from '@jest/globals'
import { AuditCounter } from '../../../src/adapter/postgres/store/audit-counter.js'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'

const event: AuditEvent = { type: 'token.refused', tenant: undefined, requestId: '1', reason: 'ERR_TOKEN_EXPIRED' }

describe('AuditCounter', () => {
  it('makes one row of events that differ in their request only', () => {
    const counter = new AuditCounter()
    for (const requestId of ['1', '2', '3']) counter.add({ ...event, requestId })
    expect(counter.take()).toEqual([{ event, count: 3 }])
  })

  it('keeps events apart that differ in anything else', () => {
    const counter = new AuditCounter()
    counter.add(event)
    counter.add({ ...event, subject: 'ann' })
    counter.add({ ...event, detail: { missing: ['roles:admin'] } })
    counter.add({ ...event, tenant: { id: 'a', slug: 'a', name: 'A' } })
    expect(counter.take()).toHaveLength(4)
  })

  it('keeps the sign-ins apart that two of one kind belong to', () => {
    const counter = new AuditCounter()
    for (const requestId of ['one', 'two', 'one']) {
      counter.add({ type: 'signin.failed', tenant: undefined, requestId, reason: 'ERR_LOGIN_BROWSER' })
    }
    expect(counter.take().map(({ event, count }) => [event.requestId, count])).toEqual([
      ['one', 2],
      ['two', 1],
    ])
  })

  it('starts anew after rows are taken', () => {
    const counter = new AuditCounter()
    counter.add(event)
    counter.take()
    expect(counter.take()).toEqual([])
  })

  it('counts exactly beyond its bound, told apart by tenant, type and reason', () => {
    const counter = new AuditCounter()
    for (let index = 0; index < 25_000; index += 1) counter.add({ ...event, subject: `caller ${index}` })
    const rows = counter.take()
    expect(rows.length).toBeLessThanOrEqual(10_001)
    expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(25_000)
    expect(rows.at(-1)).toEqual({ event: { ...event, requestId: expect.any(String) }, count: 15_000 })
  })
})
