import { describe, expect, it } from '@jest/globals'
import { AuditCounter } from '../../../src/adapter/postgres/audit/log/audit-counter.js'
import type { AuditEvent } from '../../../src/core/audit/audit-event.js'

const event: AuditEvent = { type: 'token.refused', tenant: undefined, requestId: '1', reason: 'ERR_TOKEN_EXPIRED' }

describe('AuditCounter', () => {
  const list: AuditEvent = { type: 'list.served', tenant: undefined, requestId: 'list' }

  it('makes one row of events that differ in their request only', () => {
    const counter = new AuditCounter()
    for (const requestId of ['1', '2', '3']) counter.add({ ...list, requestId, traceId: requestId, milliseconds: 1 })
    expect(counter.take()).toEqual([{ event: { ...list, requestId: '1' }, count: 3 }])
  })

  it('does not tell denials apart by what a caller can make up for each: arguments, traces and the name of a browser', () => {
    const counter = new AuditCounter()
    const denial: AuditEvent = { type: 'operation.denied', tenant: undefined, requestId: '-', operation: 'deploy' }
    const missing = ['roles:admin']
    for (let index = 0; index < 100; index += 1) {
      const detail = { missing, arguments: `digest ${index}` }
      const personal = { address: '192.0.2.1', userAgent: `browser ${index}` }
      counter.add({ ...denial, detail, personal, traceId: `${index}` })
    }
    const rows = counter.take()
    expect(rows[0]?.event.detail).toEqual({ missing, arguments: 'digest 0' })
    const shared = { ...denial, detail: { missing }, personal: { address: '192.0.2.1' } }
    expect(rows.slice(20)).toEqual([{ event: shared, count: 80 }])
  })

  it('keeps events apart that differ in anything else', () => {
    const counter = new AuditCounter()
    counter.add(list)
    counter.add({ ...list, subject: 'ann' })
    counter.add({ ...list, detail: { missing: ['roles:admin'] } })
    counter.add({ ...list, personal: { address: '192.0.2.1' } })
    counter.add({ ...list, tenant: { id: 'a', slug: 'a', name: 'A' } })
    expect(counter.take()).toHaveLength(5)
  })

  it('keeps the sign-ins apart that two of one kind belong to', () => {
    const counter = new AuditCounter()
    for (const requestId of ['one', 'two', 'one']) counter.add({ type: 'signin.started', tenant: undefined, requestId })
    expect(counter.take().map(({ event, count }) => [event.requestId, count])).toEqual([
      ['one', 2],
      ['two', 1],
    ])
  })

  it('gives each of the first denials of an actor a row with its reference, and counts those after them', () => {
    const counter = new AuditCounter()
    for (let index = 0; index < 1000; index += 1) counter.add({ ...event, requestId: `${index}`, milliseconds: index })
    const rows = counter.take()
    expect(rows.slice(0, 20).map(({ count, event: { requestId } }) => [requestId, count])).toEqual(
      Array.from({ length: 20 }, (_, index) => [`${index}`, 1]),
    )
    expect(rows.slice(20)).toEqual([{ event: { ...event, requestId: '20' }, count: 980 }])
    counter.add({ ...event, requestId: 'anew' })
    expect(counter.take()).toEqual([{ event: { ...event, requestId: 'anew' }, count: 1 }])
  })

  it('tells only the kinds apart of an actor who is refused in too many different ways', () => {
    const counter = new AuditCounter()
    const tenant = { id: 'a', slug: 'a', name: 'A' }
    const denial: AuditEvent = { type: 'operation.denied', tenant, subject: 'mallory', requestId: '-', reason: 'x' }
    for (let index = 0; index < 5000; index += 1) counter.add({ ...denial, operation: `guess ${index}` })
    counter.add({ ...denial, subject: 'ann', operation: 'deploy' })
    const rows = counter.take()
    expect(rows.length).toBeLessThan(80)
    const by = (subject: string) => rows.filter((row) => row.event.subject === subject)
    expect(by('mallory').reduce((sum, row) => sum + row.count, 0)).toBe(5000)
    expect(by('ann')).toEqual([{ event: { ...denial, subject: 'ann', operation: 'deploy' }, count: 1 }])
  })

  it('counts exactly beyond its bound for everybody, and leaves other tenants theirs', () => {
    const counter = new AuditCounter()
    for (let index = 0; index < 25_000; index += 1) counter.add({ ...event, subject: `caller ${index}` })
    const other = { ...event, tenant: { id: 'b', slug: 'b', name: 'B' }, subject: 'bob' }
    counter.add(other)
    const rows = counter.take()
    expect(rows.length).toBeLessThanOrEqual(1503)
    expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(25_001)
    expect(rows.filter((row) => row.event.tenant !== undefined)).toEqual([{ event: other, count: 1 }])
  })

  it('keeps less apart of an actor and of a place the longer a flood lasts, exactly counted, and as much as before once it is over', () => {
    const counter = new AuditCounter()
    const denial: AuditEvent = { ...event, type: 'operation.denied', subject: 'mallory' }
    const sizes = Array.from({ length: 8 }, (_, second) => {
      for (let index = 0; index < 500; index += 1) counter.add({ ...denial, operation: `guess ${second} ${index}` })
      const rows = counter.take()
      expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(500)
      return rows.length
    })
    expect(sizes[0]).toBe(71)
    expect(sizes.at(-1)).toBe(3)
    for (let second = 0; second < 8; second += 1) counter.take()
    for (let index = 0; index < 500; index += 1) counter.add({ ...denial, operation: `guess ${index}` })
    expect(counter.take()).toHaveLength(71)
  })

  it('starts anew after rows are taken', () => {
    const counter = new AuditCounter()
    counter.add(event)
    counter.take()
    expect(counter.empty).toBe(true)
    expect(counter.take()).toEqual([])
  })
})
