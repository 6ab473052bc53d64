import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import type { AuditRow } from '../../../src/adapter/postgres/audit/audit-row.js'
import { AuditWriter } from '../../../src/adapter/postgres/audit/log/audit-writer.js'

const row: AuditRow = { event: { type: 'operation.allowed', tenant: undefined, requestId: '1' }, count: 1 }

/** A database whose commits happen when the test says so. */
function heldCommits() {
  const batches: { readonly rows: readonly AuditRow[]; commit(): void; fail(error: Error): void }[] = []
  const insert = (rows: readonly AuditRow[]): Promise<void> =>
    new Promise((resolve, reject) => batches.push({ rows, commit: () => resolve(), fail: reject }))
  return { batches, insert }
}

describe('AuditWriter', () => {
  it('commits the first row at once and what arrives meanwhile together', async () => {
    const { batches, insert } = heldCommits()
    const writer = new AuditWriter(insert)
    const first = writer.write(row)
    const others = [writer.write(row), writer.write(row), writer.write(row)]
    expect(batches.map((batch) => batch.rows.length)).toEqual([1])
    batches[0]?.commit()
    await first
    expect(batches.map((batch) => batch.rows.length)).toEqual([1, 3])
    batches[1]?.commit()
    await Promise.all(others)
    await writer.settle()
    expect(writer.idle).toBe(true)
  })

  it('refuses the rows of a failed commit and goes on with the next', async () => {
    const { batches, insert } = heldCommits()
    const writer = new AuditWriter(insert)
    const first = writer.write(row)
    const second = writer.write(row)
    batches[0]?.fail(new TypeError('lost'))
    await expect(first).rejects.toThrow('lost')
    batches[1]?.commit()
    await expect(second).resolves.toBeUndefined()
  })

  it('refuses with a failed commit those who have waited long already, and nobody who has just come', async () => {
    const { batches, insert } = heldCommits()
    const writer = new AuditWriter(insert)
    const first = writer.write(row)
    const long = writer.write(row)
    await pause(600)
    const late = writer.write(row)
    batches[0]?.fail(new TypeError('lost'))
    await expect(first).rejects.toThrow('lost')
    await expect(long).rejects.toThrow('lost')
    expect(batches.map((batch) => batch.rows.length)).toEqual([1, 1])
    batches[1]?.commit()
    await expect(late).resolves.toBeUndefined()
  })

  it('refuses rows beyond its queue instead of keeping them in memory', async () => {
    const { batches, insert } = heldCommits()
    const writer = new AuditWriter(insert)
    const writes = Array.from({ length: 5001 }, () => writer.write(row))
    await expect(writer.write(row)).rejects.toMatchObject({ code: 'ERR_OVERLOADED', retryable: true })
    for (let index = 0; index < 11; index += 1) {
      batches[index]?.commit()
      await new Promise(setImmediate)
    }
    await Promise.all(writes)
    expect(batches.map((batch) => batch.rows.length)).toEqual([1, ...Array<number>(10).fill(500)])
  })
})
