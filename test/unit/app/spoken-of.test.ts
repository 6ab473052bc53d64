import { describe, expect, it } from '@jest/globals'
import { isOnRecord, searchedElsewhere } from '../../../src/app/audit/spoken-of.js'
import type { AuditRecord } from '../../../src/core/audit/audit-record.js'
import { usualRecord } from '../core/audit/random-audit-record.js'

const ann = {
  names: ['account-1', 'ann@example.com'],
  identities: [{ issuer: 'https://idp.example', subject: 'Ann-7' }],
}
const acme = { id: 'acme', slug: 'acme', name: 'Acme' }
const globex = { id: 'globex', slug: 'globex', name: 'Globex' }

/** A trail with this one record. */
function trailOf(facts: Partial<AuditRecord>) {
  const record: AuditRecord = { ...usualRecord, subject: undefined, personal: undefined, detail: undefined, ...facts }
  async function* read(): AsyncGenerator<AuditRecord> {
    yield record
  }
  return { auditReader: { read } as unknown as Parameters<typeof isOnRecord>[0]['auditReader'] }
}

describe('whether the trail speaks of a person', () => {
  it.each<[string, Partial<AuditRecord>]>([
    ['who acts', { subject: 'account-1' }],
    ['who acts for a user', { personal: { actor: ['subject:bot', 'subject:Ann-7', 'issuer:https://idp.example'] } }],
    ['whom a change names', { personal: { after: ['of account:ANN@example.com'] } }],
    ['whom an administrator looked for', { personal: { actor: 'ann@example.com' } }],
  ])('is so of %s', async (_of, facts) => {
    expect(await isOnRecord(trailOf(facts), ann, [acme])).toBe(true)
  })

  it.each<[string, Partial<AuditRecord>]>([
    ['another subject', { subject: 'account-10' }],
    ['another agent', { personal: { actor: ['subject:Ann-77'] } }],
    ['a client of that name', { personal: { actor: ['client:Ann-7'] } }],
    ['a text with the name in it', { personal: { after: ['mail to ann@example.com'] } }],
  ])('is not so of %s', async (_of, facts) => {
    expect(await isOnRecord(trailOf(facts), ann, [acme])).toBe(false)
  })
})

describe('where else somebody looked for a person', () => {
  it('are the tenants whose trail names the person so, and no others', async () => {
    const { auditReader: found } = trailOf({ type: 'audit.read', personal: { actor: 'ann@example.com' } })
    const { auditReader: none } = trailOf({ type: 'audit.read', personal: { actor: 'joann@example.com' } })
    const read = (place: typeof acme) => (place === acme ? found : none).read(place, {}, 'newest first')
    const searched = await searchedElsewhere({ auditReader: { ...found, read } as typeof found }, ann, [acme, globex])
    expect(searched).toEqual({ searchedIn: ['acme'], unreached: [] })
  })
})
