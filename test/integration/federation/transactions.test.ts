import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Federation, StoredFederation } from '../../../src/core/federation/federation-store.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres

beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

const text = () => randomBytes(16).toString('hex')
const store = () => test.postgres.federation.transactions

function begun(changes: Partial<StoredFederation['keys']> = {}): StoredFederation {
  const secrets = { state: `state-${text()}`, nonce: `nonce-${text()}`, codeVerifier: `verifier-${text()}` }
  const common = {
    interaction: `uid-${text()}`,
    provider: randomUUID(),
    tenant: randomUUID(),
    requestId: 'r',
    clientId: 'app',
  }
  return {
    keys: { state: text(), signIn: text(), browser: text(), ...changes },
    federation: { ...common, phase: 'begun', secrets },
  }
}

function identified({
  federation: { interaction, provider, tenant, requestId, clientId },
}: StoredFederation): Federation {
  const identity = { issuer: 'https://idp.test', subject: 'ana at idp' }
  return { interaction, provider, tenant, requestId, clientId, phase: 'identified', accountId: 'ana', ...identity }
}

describe('a sign-in with a provider that is under way', () => {
  it('is found by its state, as it was, by every process', async () => {
    const stored = begun()
    expect(await store().create(stored, 600)).toBe(0)
    const other = (await test.reopen()).federation.transactions
    expect(await other.findByState(stored.keys.state)).toEqual(stored)
    expect(await other.findByState(text())).toBeUndefined()
  })

  it('takes each step once, whoever tries', async () => {
    const stored = begun()
    await store().create(stored, 600)
    const taken = await Promise.all(Array.from({ length: 10 }, () => store().advance(stored, identified(stored))))
    expect(taken.filter(Boolean)).toHaveLength(1)
    expect(await store().advance(stored, identified(stored))).toBe(false)
  })

  it('is found by its sign-in and browser once it has come back, and by no other', async () => {
    const stored = begun()
    await store().create(stored, 600)
    const { browser, signIn } = stored.keys
    expect(await store().findIdentified({ browser, signIn })).toBeUndefined()
    await store().advance(stored, identified(stored))
    expect(await store().findIdentified({ browser: text(), signIn })).toBeUndefined()
    expect(await store().findIdentified({ browser, signIn: text() })).toBeUndefined()
    expect((await store().findIdentified({ browser, signIn }))?.federation).toEqual(identified(stored))
  })

  it('says how often the same sign-in was begun before', async () => {
    const { signIn } = begun().keys
    expect(await store().create(begun({ signIn }), 600)).toBe(0)
    expect(await store().create(begun({ signIn }), 600)).toBe(1)
    expect(await store().create(begun(), 600)).toBe(0)
  })

  it('is not there any more after its time by the clock of the database, and then swept', async () => {
    const stored = begun()
    await store().create(stored, 600)
    await test.sql(`update federation_transaction set expires_at = clock_timestamp() where state_key = $1`, [
      stored.keys.state,
    ])
    expect(await store().findByState(stored.keys.state)).toBeUndefined()
    expect(await store().advance(stored, identified(stored))).toBe(false)
    await test.postgres.sweep()
    expect(await test.sql(`select from federation_transaction where state_key = $1`, [stored.keys.state])).toEqual([])
  })

  it.each([
    ['another browser', `browser_key = 'mine'`],
    ['another sign-in', `sign_in_key = 'mine'`],
    ['another phase', `phase = 'identified'`],
    ['another content', `sealed = sealed || '\\x00'`],
  ])('is none once its row was changed to %s', async (_what, change) => {
    const stored = begun()
    await store().create(stored, 600)
    await test.sql(`update federation_transaction set ${change} where state_key = $1`, [stored.keys.state])
    expect(await store().findByState(stored.keys.state)).toBeUndefined()
  })

  it('shows none of its secrets to whoever has the database', async () => {
    const stored = begun()
    await store().create(stored, 600)
    const [row] = await test.sql(`select t::text as text from federation_transaction t where state_key = $1`, [
      stored.keys.state,
    ])
    const { federation } = stored
    if (federation.phase !== 'begun') throw new TypeError('not begun')
    for (const secret of [...Object.values(federation.secrets), federation.interaction]) {
      expect(String(row?.['text'])).not.toContain(secret)
      expect(String(row?.['text'])).not.toContain(Buffer.from(secret).toString('hex'))
    }
  })
})
