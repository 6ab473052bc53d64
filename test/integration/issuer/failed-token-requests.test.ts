import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { StoredIssuerRecord } from '../../../src/core/identity/issuer-storage.js'
import { IssuerHarness, type TokenAnswer } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'
import { MemoryIssuerStorage } from '../../support/memory-ports.js'

/** Knows how often it was asked, and for what. */
class CountingStorage extends MemoryIssuerStorage {
  readonly asked: string[] = []

  override async find(model: string, key: string): Promise<StoredIssuerRecord | undefined> {
    this.asked.push(model)
    return super.find(model, key)
  }
}

const storage = new CountingStorage()
const unknown = 'x'.repeat(43)
let harness: IssuerHarness
let client: string
let stranger: string
/** A client with a secret. */
let known: { readonly id: string; readonly secret: string }

beforeAll(async () => {
  harness = await IssuerHarness.start({ ports: { storage } })
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  client = await harness.registeredClient()
  stranger = await harness.registeredClient()
  const { body } = await harness.register({ token_endpoint_auth_method: 'client_secret_post' })
  known = { id: String(body['client_id']), secret: String(body['client_secret']) }
})
afterAll(() => harness.close())

type Fields = Readonly<Record<string, string>>

const redirect_uri = 'https://client.example/callback'
const codeFields = (client_id: string, code: string, code_verifier = unknown): Fields => ({
  ...{ grant_type: 'authorization_code', client_id, code, code_verifier, redirect_uri },
})
const refreshFields = (client_id: string, refresh_token: string): Fields => ({
  ...{ grant_type: 'refresh_token', client_id, refresh_token },
})

/** What a stranger causes with one request: records that are read, and rows of audit. */
async function causedBy(path: string, fields: Fields): Promise<{ answer: TokenAnswer; reads: number; rows: number }> {
  const rowsOf = () => harness.audit.events.length
  const [reads, rows] = [storage.asked.length, rowsOf()]
  const answer = await harness.token(fields, path)
  return { answer, reads: storage.asked.length - reads, rows: rowsOf() - rows }
}

describe('a request of the token endpoints that fails', () => {
  let code: { readonly code: string; readonly verifier: string }
  let refreshToken: string

  beforeEach(async () => {
    code = await harness.obtainCode('ana@acme.test', { client_id: client, scope: 'read' })
    refreshToken = String((await harness.obtainTokens('ana@acme.test', 'read', client)).body['refresh_token'])
  })

  it.each<readonly [string, string, () => Fields, number]>([
    ['an unknown client', '/token', () => refreshFields('nobody', unknown), 401],
    ['a wrong secret', '/token', () => ({ ...refreshFields(known.id, unknown), client_secret: 'wrong' }), 401],
    ['an unknown code', '/token', () => codeFields(client, unknown), 400],
    ["another client's code", '/token', () => codeFields(stranger, code.code, code.verifier), 400],
    ['a wrong verifier', '/token', () => codeFields(client, code.code), 400],
    ['an unknown refresh token', '/token', () => refreshFields(client, unknown), 400],
    ["another client's refresh token", '/token', () => refreshFields(stranger, refreshToken), 400],
    ['an unknown client', '/introspect', () => ({ client_id: 'nobody', token: unknown }), 401],
    ['an unknown token', '/introspect', () => ({ client_id: client, token: unknown }), 200],
    ["another client's token", '/introspect', () => ({ client_id: stranger, token: refreshToken }), 200],
    ['an unknown client', '/revoke', () => ({ client_id: 'nobody', token: unknown }), 401],
    ['an unknown token', '/revoke', () => ({ client_id: client, token: unknown }), 200],
    ["another client's token", '/revoke', () => ({ client_id: stranger, token: refreshToken }), 200],
  ])(
    'for %s at %s costs a few look-ups, leaves nothing behind and shuts nobody out',
    async (_what, path, fields, status) => {
      const stored = storage.rows.size
      for (let request = 0; request < 5; request += 1) {
        const { answer, reads, rows } = await causedBy(path, fields())
        expect({ status: answer.status, rows }).toEqual({ status, rows: 0 })
        expect(reads).toBeLessThanOrEqual(4)
      }
      expect(storage.rows.size).toBe(stored)
      expect(await harness.refresh(client, refreshToken)).toMatchObject({ status: 200 })
      expect(await harness.token(codeFields(client, code.code, code.verifier))).toMatchObject({ status: 200 })
    },
  )

  it('is one refresh of a sign-in too many in a minute: it is refused for now, and uses nothing up', async () => {
    const clock = new ShiftableClock()
    const timed = await IssuerHarness.start({ clock, storageClock: clock })
    await timed.addAccount(timed.acme, 'ana@acme.test', ['read'])
    const busy = await timed.obtainTokens('ana@acme.test', 'read')
    let token = busy.body['refresh_token']
    for (let refresh = 0; refresh < 60; refresh += 1) {
      const { body } = await timed.refresh(busy.clientId, token)
      token = body['refresh_token']
    }
    const stored = timed.storage.rows.size
    const refused = { status: 503, body: { error: 'temporarily_unavailable' } }
    expect(await timed.refresh(busy.clientId, token)).toMatchObject(refused)
    expect(timed.storage.rows.size).toBe(stored)
    expect(timed.audit.events.at(-1)).toMatchObject({ type: 'signin.failed', reason: 'refresh_limited' })
    const other = await timed.obtainTokens('ana@acme.test', 'read', busy.clientId)
    expect(await timed.refresh(busy.clientId, other.body['refresh_token'])).toMatchObject({ status: 200 })
    clock.advance(61)
    expect(await timed.refresh(busy.clientId, token)).toMatchObject({ status: 200 })
    await timed.close()
  })

  it('leaves nothing behind where a refresh token is used again in its grace: its client may be racing with itself', async () => {
    await harness.refresh(client, refreshToken)
    for (let request = 0; request < 5; request += 1) {
      const { answer, rows } = await causedBy('/token', refreshFields(client, refreshToken))
      expect({ ...answer.body, rows }).toMatchObject({ error: 'invalid_grant', rows: 0 })
    }
  })

  it('is on record once where a code is used again and again: its grant has ended then', async () => {
    const fields = codeFields(client, code.code, code.verifier)
    await harness.token(fields)
    const before = harness.audit.events.length
    for (let request = 0; request < 5; request += 1) {
      expect((await harness.token(fields)).body).toMatchObject({ error: 'invalid_grant' })
    }
    expect(harness.audit.events.slice(before)).toMatchObject([{ type: 'signin.failed', reason: 'code_reused' }])
  })
})
