import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { mintDevelopmentToken } from '../../../src/adapter/issuer/mint-development-token.js'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import type { Account } from '../../../src/core/identity/account-store.js'
import { systemClock } from '../../../src/core/runtime/clock.js'
import { IssuerHarness } from '../../support/issuer-harness.js'

let harness: IssuerHarness
let ana: Account

beforeAll(async () => {
  harness = await IssuerHarness.start()
  ana = await harness.addAccount(harness.acme, 'ana@acme.test', ['read', 'write'])
})

afterAll(() => harness.close())

type Change = Partial<Parameters<typeof mintDevelopmentToken>[0]>

function mint(change: Change = {}): Promise<string> {
  const { storage, keys, keyring, audit, issuer, acme: tenant, resource: audience } = harness
  return mintDevelopmentToken({
    ...{ storage, keys, keyring, audit, issuer, tenant, audience, clock: systemClock, account: ana },
    lifetimeSeconds: 3600,
    ...change,
  })
}

describe('a development token', () => {
  it('is signed and worded like any other, says dev, and is on record', async () => {
    harness.audit.events.length = 0
    const token = await mint()
    const jwks = (await (await fetch(`${harness.issuer}/jwks`)).json()) as Parameters<typeof createLocalJWKSet>[0]
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), { typ: 'at+jwt', algorithms: ['ES256'] })
    expect(payload).toEqual({
      iss: harness.issuer,
      sub: ana.id,
      aud: harness.resource,
      iat: expect.any(Number),
      exp: Number(payload.iat) + 3600,
      jti: expect.any(String),
      client_id: 'authsec-cli',
      scope: 'mcp read write',
      tenant_id: 'acme',
      email: 'ana@acme.test',
      roles: ['clerk'],
      groups: ['finance'],
      resources: ['ledger'],
      amr: ['dev'],
      gid: expect.any(String),
    })
    expect(harness.audit.events).toMatchObject([
      { type: 'signin.completed', subject: ana.id, detail: { methods: ['dev'] } },
    ])
  })

  it.each([
    [['read'], 'mcp read'],
    [['read', 'admin'], 'mcp read'],
    [[], 'mcp'],
    [['admin'], 'mcp'],
  ])('asked for %j has %j', async (scopes, expected) => {
    expect(decodeJwt(await mint({ scopes }))['scope']).toBe(expected)
  })

  it('has a grant of its own that ends it', async () => {
    const { registry } = harness.running
    const [first, second] = [await mint(), await mint()].map((token) => String(decodeJwt(token)['gid']))
    expect(await registry.isActive(first ?? '')).toBe(true)
    await harness.storage.revokeGrant(first ?? '')
    expect(await registry.isActive(first ?? '')).toBe(false)
    expect(await registry.isActive(second ?? '')).toBe(true)
  })

  it('leaves no claim readable in the storage', async () => {
    const token = await mint()
    const dump = harness.storage.dump()
    for (const secret of [token, ana.id, ana.email, harness.acme.id]) expect(dump).not.toContain(secret)
    expect(dump).toContain(String(decodeJwt(token)['gid']))
  })

  it('is not made for a disabled account', async () => {
    await expect(mint({ account: { ...ana, disabled: true } })).rejects.toMatchObject({ code: 'ERR_ACCOUNT_DISABLED' })
  })

  it.each([0, -1, 3601, 1.5, Number.NaN])('does not live %d seconds', async (lifetimeSeconds) => {
    await expect(mint({ lifetimeSeconds })).rejects.toThrow(TypeError)
  })

  it('is not made, and leaves no grant, when it cannot be recorded', async () => {
    const before = harness.storage.rows.size
    harness.audit.available = false
    await expect(mint()).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    harness.audit.available = true
    expect(harness.storage.rows.size).toBe(before)
  })

  it('shares the grant digest with what a sign-in leaves', () => {
    const records = new SealedRecords(harness.storage, harness.keyring)
    expect(records.grantDigest('x')).toBe(records.keyOf('Grant', 'x'))
  })
})
