import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { IssuerHarness, relyingPartySecret } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock, storageClock: clock })
})
afterAll(() => harness.close())

const names = new Map([
  ['/token', 'token-caller'],
  ['/introspect', 'introspection-caller'],
  ['/revoke', 'revocation-caller'],
])

/** As after so many requests from this computer. */
async function asked(path: string, times: number): Promise<void> {
  const limit = { name: names.get(path) ?? '', limit: times, seconds: 60 }
  for (let time = 0; time < times; time += 1) await harness.limiter.take([{ limit, key: '127.0.0.1' }])
}

function ask(path: string, secret?: string): Promise<Response> {
  const basic = `Basic ${Buffer.from(`app:${secret ?? ''}`).toString('base64')}`
  const headers: Record<string, string> = secret === undefined ? {} : { authorization: basic }
  const client: Record<string, string> = secret === undefined ? { client_id: 'none' } : {}
  const body = new URLSearchParams({ grant_type: 'authorization_code', code: 'x', token: 'x', ...client })
  return fetch(harness.issuer + path, { method: 'POST', headers, body })
}

describe.each([...names.keys()])('%s', (path) => {
  it('answers 1200 requests a minute from one address, and then says when to come back, in JSON', async () => {
    await asked(path, 1199)
    expect((await ask(path)).status).toBe(401)
    const refused = await ask(path)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({ error: 'slow_down', error_description: expect.any(String) })
    for (const other of names.keys()) if (other !== path) expect((await ask(other)).status).toBe(401)
    clock.advance(61)
    expect((await ask(path)).status).toBe(401)
    clock.advance(61)
  })

  it('still answers this server itself then, and nobody who only calls itself so', async () => {
    await asked(path, 1200)
    expect((await ask(path, relyingPartySecret)).status).not.toBe(429)
    expect((await ask(path, relyingPartySecret.toUpperCase())).status).toBe(429)
    expect((await ask(path, '')).status).toBe(429)
    clock.advance(61)
  })

  it('answers nobody while nobody can be counted', async () => {
    harness.limiter.available = false
    const refused = await ask(path)
    harness.limiter.available = true
    expect(refused.status).toBe(503)
    expect(await refused.json()).toEqual({ error: 'temporarily_unavailable' })
  })
})
