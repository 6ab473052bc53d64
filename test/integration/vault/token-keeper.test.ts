import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { until } from '../../support/until.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { VaultAdministrator } from '../../support/vault/vault-administrator.js'
import { mount, roleName, VaultSite } from '../../support/vault/vault-site.js'

const hour = 3_600
let site: VaultSite

beforeEach(async () => {
  site = await VaultSite.open()
})

afterEach(async () => {
  await site.close()
})

const renewals = (): number => site.vault.count(/renew-self/)
const lookUps = (): number => site.vault.count(/lookup-self/)

describe('the token for Vault', () => {
  it('is renewed at two thirds of its time, and no login is needed until the longest that it may live', async () => {
    const { credentials } = await site.enter()
    for (let passed = 0; passed < 20; passed += 1) {
      expect(site.timers.next).toBe((hour * 2) / 3)
      site.timers.advance((hour * 2) / 3)
      await until(() => renewals() === passed + 1 && site.timers.next === (hour * 2) / 3)
    }
    expect(await credentials.newest(newPlace())).toBe(0)
    expect(site.logins).toBe(1)
    expect(lookUps()).toBe(0)
  })

  it('gives way to a new one where a renewal gives little time, while calls go on with the old one', async () => {
    await site.close()
    site = await VaultSite.open({ role: { token_ttl: '3s', token_max_ttl: '9s' } })
    const { credentials } = await site.enter()
    const asked = site.vault.journal.length
    for (let seconds = 0; seconds < 60; seconds += 1) {
      const handled = renewals() + site.logins
      const due = site.timers.next === 1
      site.timers.advance(1)
      if (due) await until(() => renewals() + site.logins > handled && (site.timers.next ?? 0) >= 1)
      expect(await credentials.newest(newPlace())).toBe(0)
    }
    expect(site.logins).toBeLessThanOrEqual(9)
    // Nobody was ever refused on the way.
    expect(lookUps()).toBe(0)
    expect(site.vault.journal.length).toBeGreaterThan(asked)
  })

  it('is asked for once by 50 calls that find it expired (F11)', async () => {
    const { credentials } = await site.enter()
    const place = newPlace()
    await credentials.write(place, { token: 'x' }, 0)
    site.timers.advance(25 * hour)
    const found = await Promise.all(Array.from({ length: 50 }, () => credentials.read(place)))
    expect(found.every((credential) => credential?.members['token'] === 'x')).toBe(true)
    expect(site.logins).toBe(2)
  })

  it('is asked for once by 50 calls that Vault refuses, because it was revoked there (F11)', async () => {
    const { credentials } = await site.enter()
    const place = newPlace()
    await credentials.write(place, { token: 'x' }, 0)
    await revokeAll()
    const found = await Promise.all(Array.from({ length: 50 }, () => credentials.read(place)))
    expect(found.every((credential) => credential?.version === 1)).toBe(true)
    expect(site.logins).toBe(2)
    expect(lookUps()).toBe(1)
  })

  it('is not replaced because a policy says no: that is neither retried nor a login (F11)', async () => {
    const { credentials, engine } = await site.enter()
    await site.administrator.ask('POST', 'database/roles/secret-role', { default_ttl: '1h', max_ttl: '2h' })
    for (let times = 0; times < 5; times += 1) {
      await expect(engine.issue('database/creds/secret-role')).rejects.toMatchObject({
        code: 'ERR_SECRETS_UNAVAILABLE',
        kind: 'forbidden',
        status: 403,
        transient: false,
      })
    }
    expect(site.vault.count(/secret-role/, site.vault.journal.length - 10)).toBe(5)
    expect(site.logins).toBe(1)
    expect(await credentials.newest(newPlace())).toBe(0)
  })

  it('is replaced once for a call, so that a token that is never good is no loop', async () => {
    const { credentials } = await site.enter()
    site.vault.fault = { kind: 'status', status: 403 }
    site.vault.faultPath = /^(secret|auth\/token)/
    await expect(credentials.newest(newPlace())).rejects.toMatchObject({ kind: 'forbidden' })
    expect(site.logins).toBe(2)
    expect(site.vault.count(/GET secret/)).toBe(2)
  })

  it('is kept while Vault does not say whether it is good', async () => {
    const { credentials } = await site.enter()
    site.timers.advance((hour * 2) / 3 - 1)
    site.vault.sealed = true
    site.timers.advance(1)
    await until(() => renewals() === 1 && (site.timers.next ?? 0) > 1)
    site.vault.sealed = false
    expect(await credentials.newest(newPlace())).toBe(0)
    site.timers.advance(site.timers.next ?? 0)
    await until(() => renewals() === 2)
    expect(site.logins).toBe(1)
  })
})

describe('a login that Vault refuses', () => {
  it.each([
    ['is used up', { secret_id_num_uses: 1 }],
    ['has expired', { secret_id_ttl: '1h' }],
  ])('is an alarm where the secret id %s, tried again only after a while (F14)', async (_what, rules) => {
    await site.close()
    site = await VaultSite.open({ role: { token_ttl: '1h', token_max_ttl: '1h', ...rules } })
    const { credentials } = await site.enter()
    expect(await credentials.newest(newPlace())).toBe(0)
    site.timers.advance(hour)
    await until(() => site.logins === 2)
    for (let times = 0; times < 20; times += 1) {
      await expect(credentials.newest(newPlace())).rejects.toMatchObject({
        code: 'ERR_SECRETS_UNAVAILABLE',
        message: expect.stringContaining('generate a new one') as unknown,
      })
    }
    expect(site.logins).toBe(2)
    expect(alarms()).toEqual([1])
    for (const seconds of [1, 2, 4, 8, 16]) {
      site.timers.advance(seconds)
      await Promise.allSettled(Array.from({ length: 20 }, () => credentials.newest(newPlace())))
    }
    expect(site.logins).toBe(7)
    expect(alarms()).toEqual([1, 2, 4, 8, 16, 30])
  })

  it('works again by itself once Vault accepts it (F14)', async () => {
    site.vault.fault = { kind: 'status', status: 400, text: '{"errors":["invalid role or secret ID"]}' }
    site.vault.faultPath = /login/
    const { credentials } = await site.enter()
    await expect(credentials.newest(newPlace())).rejects.toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE' })
    site.vault.fault = undefined
    site.timers.advance(2)
    expect(await credentials.newest(newPlace())).toBe(0)
    expect(site.log.lines.at(-1)).toMatchObject({ level: 'info', message: expect.stringContaining('again') as unknown })
  })

  it('leaves a token that is good in use (F14)', async () => {
    await site.close()
    site = await VaultSite.open({ role: { token_ttl: '1h', token_max_ttl: '90m', secret_id_num_uses: 1 } })
    const { credentials } = await site.enter()
    site.timers.advance((hour * 2) / 3)
    await until(() => renewals() === 1 && site.timers.next !== undefined)
    site.timers.advance((hour * 2) / 3)
    await until(() => alarms().length > 0)
    expect(await credentials.newest(newPlace())).toBe(0)
  })
})

describe('a token that somebody else has made', () => {
  it('is renewed, and neither replaced nor revoked', async () => {
    const token = await site.administrator.newToken({ policies: ['authsec'], ttl: '1h', explicit_max_ttl: '24h' })
    const vault = await site.enter({ login: { method: 'token', token } })
    site.timers.advance((hour * 2) / 3)
    await until(() => renewals() === 1)
    await vault.close()
    expect(site.vault.count(/revoke-self/)).toBe(0)
    expect(site.vault.space('').tokens.find(token.reveal())).toBeDefined()
  })

  it('that has expired is an alarm, and not asked about with every call', async () => {
    const token = await site.administrator.newToken({ policies: ['authsec'], ttl: '1h', renewable: false })
    const { credentials } = await site.enter({ login: { method: 'token', token } })
    site.timers.advance(2 * hour)
    await until(() => alarms().length > 0)
    const before = lookUps()
    for (let times = 0; times < 20; times += 1) {
      await expect(credentials.newest(newPlace())).rejects.toMatchObject({ kind: 'forbidden' })
    }
    expect(lookUps() - before).toBeLessThanOrEqual(1)
    expect(site.logins).toBe(0)
  })
})

describe('a Vault that is closed', () => {
  it('has revoked the token, asks nothing any more and wakes nobody up', async () => {
    const vault = await site.enter()
    const good = site.vault.space('').tokens.alive
    await vault.close()
    expect(site.vault.space('').tokens.alive).toBe(good - 1)
    expect(site.timers.next).toBeUndefined()
    const asked = site.vault.journal.length
    await expect(vault.credentials.newest(newPlace())).rejects.toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE' })
    await vault.close()
    expect(site.vault.journal.length).toBe(asked)
  })

  it('says that the token could not be revoked where Vault is sealed', async () => {
    const vault = await site.enter()
    site.vault.sealed = true
    await vault.close()
    expect(site.log.lines.at(-1)).toMatchObject({ level: 'warn', fields: { reason: 'sealed' } })
  })
})

describe('a namespace', () => {
  it('has credentials, logins and tokens of its own', async () => {
    await site.close()
    site = await VaultSite.open({ namespaces: ['team'] })
    const token = site.vault.space('team').tokens.make({ policies: ['root'], ttl: 0 }).id
    const administrator = new VaultAdministrator({ address: site.vault.origin, token, namespace: 'team' })
    await administrator.mountKv(mount)
    await administrator.writePolicy('authsec', `path "${mount}/*" { capabilities = ["create", "read", "update"] }`)
    await administrator.enableLogin('approle', 'approle')
    const roleId = await administrator.writeRole('approle', roleName, { token_policies: ['authsec'], token_ttl: '1h' })
    const secretId = await administrator.newSecretId('approle', roleName)
    const login = { method: 'approle', roleId, secretId } as const
    const inside = await site.enter({ login, namespace: 'team' })
    const outside = await site.enter()
    const place = newPlace()
    await inside.credentials.write(place, { token: 'of the team' }, 0)
    expect(await outside.credentials.read(place)).toBeUndefined()
    expect(await inside.credentials.read(place)).toMatchObject({ members: { token: 'of the team' } })
    const used = site.vault.journal.filter(({ namespace, path }) => namespace === 'team' && path.includes('data/'))
    expect(used.length).toBe(2)
  })
})

function alarms(): readonly unknown[] {
  const errors = site.log.lines.filter(({ level, fields }) => level === 'error' && 'nextLoginInSeconds' in fields)
  return errors.map(({ fields }) => fields['nextLoginInSeconds'])
}

/** As an administrator revokes what a server has. */
async function revokeAll(): Promise<void> {
  const tokens = new Set(site.vault.journal.map(({ token }) => token))
  for (const token of tokens) {
    if (token !== undefined && token !== site.vault.rootToken)
      await site.administrator.ask('POST', 'auth/token/revoke', { token })
  }
}
