import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { OpenVault } from '../../../src/adapter/vault/open-vault.js'
import { LeaseLost } from '../../../src/core/credential/secrets-engine.js'
import { until } from '../../support/until.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { mount, VaultSite } from '../../support/vault/vault-site.js'

let site: VaultSite
let vault: OpenVault

beforeEach(async () => {
  site = await VaultSite.open()
  await site.administrator.ask('POST', 'database/roles/reports', { default_ttl: '60s', max_ttl: '150s' })
  const role = { username: 'reports', rotation_period: '1h' }
  await site.administrator.ask('POST', 'database/static-roles/reports', role)
  vault = await site.enter()
})

afterEach(async () => {
  await site.close()
})

describe('a credential that Vault makes for a while', () => {
  it('comes with its lease, which the library would drop (V13)', async () => {
    const issued = await vault.engine.issue('database/creds/reports')
    expect(issued).toMatchObject({ seconds: 60, renewable: true })
    expect(issued.lease).toMatch(/^database\/creds\/reports\/.+/)
    expect(Object.keys(issued.members).toSorted()).toEqual(['password', 'username'])
    expect(site.vault.space('').leases.knows(issued.members['username'] ?? '')).toBe(true)
  })

  it('is another one each time', async () => {
    const [first, second] = [
      await vault.engine.issue('database/creds/reports'),
      await vault.engine.issue('database/creds/reports'),
    ]
    expect(first.lease).not.toBe(second.lease)
    expect(first.members['username']).not.toBe(second.members['username'])
  })

  it('is renewed until the longest that it may live, and lost then (F12)', async () => {
    const { lease, members } = await vault.engine.issue('database/creds/reports')
    site.timers.advance(40)
    expect(await vault.engine.renew(lease, 60)).toBe(60)
    site.timers.advance(40)
    expect(await vault.engine.renew(lease, 60)).toBe(60)
    site.timers.advance(40)
    expect(await vault.engine.renew(lease, 60)).toBe(30)
    site.timers.advance(31)
    await expect(vault.engine.renew(lease, 60)).rejects.toBeInstanceOf(LeaseLost)
    expect(site.vault.space('').leases.knows(members['username'] ?? '')).toBe(false)
    // And the next one is good.
    expect(await vault.engine.issue('database/creds/reports')).toMatchObject({ seconds: 60 })
  })

  it('works no longer once it is revoked, and revoking it twice is nothing', async () => {
    const { lease, members } = await vault.engine.issue('database/creds/reports')
    await vault.engine.revoke(lease)
    expect(site.vault.space('').leases.knows(members['username'] ?? '')).toBe(false)
    await vault.engine.revoke(lease)
    await expect(vault.engine.renew(lease, 60)).rejects.toBeInstanceOf(LeaseLost)
  })

  it('ends when this server does, with the token that it was made for (V13)', async () => {
    for (let times = 0; times < 3; times += 1) await vault.engine.issue('database/creds/reports')
    expect(site.vault.space('').leases.alive).toBe(3)
    await vault.close()
    expect(site.vault.space('').leases.alive).toBe(0)
  })

  it('ends when this server does also where the token is that of somebody else (V13)', async () => {
    const token = await site.administrator.newToken({ policies: ['authsec'], ttl: '1h' })
    const other = await site.enter({ login: { method: 'token', token } })
    for (let times = 0; times < 3; times += 1) await other.engine.issue('database/creds/reports')
    const { lease } = await other.engine.issue('database/creds/reports')
    await other.engine.revoke(lease)
    await other.close()
    expect(site.vault.space('').leases.alive).toBe(0)
    expect(site.vault.count(/sys\/leases\/revoke/)).toBe(4)
  })

  it('is good no longer than the token that it was asked for with, and lost with the next login (V13)', async () => {
    await site.close()
    site = await VaultSite.open({ role: { token_ttl: '60m', token_max_ttl: '90m' } })
    await site.administrator.ask('POST', 'database/roles/reports', { default_ttl: '3h', max_ttl: '24h' })
    const { engine } = await site.enter()
    const first = await engine.issue('database/creds/reports')
    expect(first.seconds).toBe(60 * 60)
    site.timers.advance(40 * 60)
    await until(() => (site.timers.next ?? 0) > 30 * 60)
    // The token has its last fifty minutes, and what was cut short with it has them, too.
    expect(await engine.renew(first.lease, 60)).toBe(50 * 60)
    expect((await engine.issue('database/creds/reports')).seconds).toBe(50 * 60)
    expect(engine.holds(first.lease)).toBe(true)
    site.timers.advance(34 * 60)
    await until(() => site.logins === 2 && !engine.holds(first.lease))
    await expect(engine.renew(first.lease, 60)).rejects.toBeInstanceOf(LeaseLost)
    const next = await engine.issue('database/creds/reports')
    expect([next.seconds, engine.holds(next.lease)]).toEqual([60 * 60, true])
    site.timers.advance(17 * 60)
    const { leases } = site.vault.space('')
    expect([first, next].map(({ members }) => leases.knows(members['username'] ?? ''))).toEqual([false, true])
  })

  it('that Vault fails to make is a fault of that role alone: others and what is kept can be had (F13)', async () => {
    const { credentials, engine } = vault
    const place = newPlace()
    await credentials.write(place, { token: 'x' }, 0)
    const { lease } = await engine.issue('database/creds/reports')
    site.vault.fault = { kind: 'status', status: 500 }
    site.vault.faultPath = /^database\/creds\/reports|^sys\/leases/
    for (let times = 0; times < 6; times += 1) {
      await expect(engine.issue('database/creds/reports')).rejects.toMatchObject({ kind: 'failed', status: 500 })
      await expect(engine.renew(lease, 60)).rejects.toMatchObject({ kind: 'failed' })
    }
    expect(site.vault.count(/database\/creds\/reports|sys\/leases/)).toBeLessThan(6)
    expect(await credentials.read(place)).toMatchObject({ members: { token: 'x' } })
    expect(await engine.readStatic('database/static-creds/reports')).toMatchObject({ members: { username: 'reports' } })
    await expect(engine.issue('database/creds/others')).rejects.toMatchObject({ kind: 'forbidden' })
  })

  it('is not to be had of a role that is unknown, or that no policy is about', async () => {
    await expect(vault.engine.issue('database/creds/others')).rejects.toMatchObject({ kind: 'forbidden' })
    site.vault.fault = { kind: 'status', status: 503 }
    await expect(vault.engine.issue('database/creds/reports')).rejects.toMatchObject({ kind: 'sealed' })
  })

  it('is none where the answer has no lease: nothing else is taken for one', async () => {
    await site.administrator.mountKv('lookalike', 1)
    await site.administrator.ask('POST', 'lookalike/creds/x', { token: 'kept for others' })
    await site.administrator.writePolicy('authsec', 'path "lookalike/*" { capabilities = ["read"] }')
    await expect(vault.engine.issue('lookalike/creds/x')).rejects.toMatchObject({ kind: 'malformed' })
  })
})

describe('a role whose password Vault changes by itself', () => {
  it('is read with the time that is left, and changed on demand', async () => {
    const { engine } = vault
    const before = await engine.readStatic('database/static-creds/reports')
    expect(before).toMatchObject({ seconds: 3_600, members: { username: 'reports' } })
    expect(Object.keys(before.members).toSorted()).toEqual(['password', 'username'])
    site.timers.advance(1_000)
    expect(await engine.readStatic('database/static-creds/reports')).toEqual({ ...before, seconds: 2_600 })
    await engine.rotateStatic('database/static-creds/reports')
    const after = await engine.readStatic('database/static-creds/reports')
    expect(after.seconds).toBe(3_600)
    expect(after.members['password']).not.toBe(before.members['password'])
    await engine.rotateStatic('database/rotate-role/reports')
    expect((await engine.readStatic('database/static-creds/reports')).members).not.toEqual(after.members)
  })

  it('is changed by Vault when its time is over', async () => {
    const before = await vault.engine.readStatic('database/static-creds/reports')
    site.timers.advance(3_601)
    const after = await vault.engine.readStatic('database/static-creds/reports')
    expect(after.members['password']).not.toBe(before.members['password'])
  })

  it('is not changed by a path of credentials', async () => {
    await expect(vault.engine.rotateStatic('database/creds/reports')).rejects.toBeInstanceOf(TypeError)
    await expect(vault.engine.readStatic(`${mount}/static-creds/reports`)).rejects.toBeInstanceOf(TypeError)
  })
})
