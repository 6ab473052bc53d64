import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { leastPolicy } from '../../../src/adapter/vault/least-policy.js'
import type { VaultCheckName } from '../../../src/adapter/vault/check-vault.js'
import type { VaultOptions } from '../../../src/adapter/vault/vault-options.js'
import { Secret } from '../../../src/core/credential/secret.js'
import { CertificateAuthority } from '../../support/certificates.js'
import { FakeVault } from '../../support/vault/fake-vault.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { mount, roleName, VaultSite } from '../../support/vault/vault-site.js'

let site: VaultSite

beforeEach(async () => {
  site = await VaultSite.open()
})

afterEach(async () => {
  await site.close()
})

/** What was found, by name: `ok`, or what is wrong. */
async function look(changes: Partial<VaultOptions> = {}): Promise<Readonly<Record<string, string>>> {
  const { findings } = await site.check(changes)
  return Object.fromEntries(findings.map(({ check, fault = 'ok' }) => [check, fault]))
}

const allWell: Readonly<Record<VaultCheckName, string>> = {
  ...{
    address: 'ok',
    seal: 'ok',
    login: 'ok',
    policies: 'ok',
    lifetime: 'ok',
    mount: 'ok',
    versions: 'ok',
    capabilities: 'ok',
  },
}

describe('looking at a Vault', () => {
  it('finds all well where it is, and leaves no token behind', async () => {
    const before = site.vault.space('').tokens.alive
    expect(await look()).toEqual(allWell)
    expect(site.vault.space('').tokens.alive).toBe(before)
  })

  it('finds an address where nothing is', async () => {
    expect(await look({ address: 'http://127.0.0.1:9' })).toEqual({
      address: expect.stringContaining('is this its address') as unknown,
    })
  })

  it('finds a certificate that is not trusted', async () => {
    const vault = await FakeVault.start({ certificate: new CertificateAuthority().issue({ names: ['localhost'] }) })
    const address = expect.stringContaining('give the CA') as unknown
    expect(await look({ address: vault.origin })).toEqual({ address })
    await vault.close()
  })

  it('finds something else at the address', async () => {
    site.vault.fault = { kind: 'html' }
    site.vault.faultPath = /health/
    expect(await look()).toEqual({ address: expect.stringContaining('is not Vault') as unknown })
  })

  it('finds a seal', async () => {
    const options = await site.options()
    site.vault.sealed = true
    expect(await look(options)).toEqual({ address: 'ok', seal: 'Vault is sealed: vault operator unseal' })
  })

  it('finds a login that is refused', async () => {
    const login = expect.stringContaining('generate a new one') as unknown
    expect(await look({ login: await site.login(new Secret('of-nobody')) })).toEqual({
      address: 'ok',
      seal: 'ok',
      login,
    })
  })

  it('finds a root token', async () => {
    const login = { method: 'token', token: new Secret(site.vault.rootToken) } as const
    const policies = expect.stringContaining('root token') as unknown
    expect(await look({ login })).toEqual({ address: 'ok', seal: 'ok', login: 'ok', policies })
  })

  it.each([
    ['never expires', { ttl: 0 }, 'never expires'],
    ['expires too soon', { ttl: '20s' }, 'good for 20 s only'],
    ['cannot be renewed', { ttl: '1h', renewable: false }, 'cannot be renewed'],
  ])('finds a token that %s', async (_what, rules, fault) => {
    const token = await site.administrator.newToken({ policies: ['authsec'], ...rules })
    const lifetime = expect.stringContaining(fault) as unknown
    expect(await look({ login: { method: 'token', token } })).toEqual({ ...allWell, lifetime })
  })

  it('finds a mount of version 1, and one that is not there', async () => {
    await site.administrator.mountKv('old', 1)
    await site.administrator.writePolicy('authsec', leastPolicy('old'))
    const { versions: _versions, ...others } = allWell
    expect(await look({ mount: 'old' })).toEqual({ ...others, mount: expect.stringContaining('version 1') as unknown })
    await site.administrator.writePolicy('authsec', leastPolicy('none'))
    expect(await look({ mount: 'none' })).toEqual({
      ...others,
      mount: expect.stringContaining('no mount none') as unknown,
    })
  })

  it('finds a mount that keeps one version only, with which no rotation could go back', async () => {
    await site.administrator.ask('POST', `${mount}/config`, { max_versions: 1 })
    const versions = expect.stringContaining(`vault write ${mount}/config max_versions=10`) as unknown
    expect(await look()).toEqual({ ...allWell, versions })
    await site.administrator.writePolicy('authsec', leastPolicy(mount).replace(`"${mount}/config"`, '"other/config"'))
    expect((await look())['versions']).toContain('write the policy below')
  })

  it('finds what the policies lack', async () => {
    await site.administrator.writePolicy('authsec', `path "${mount}/data/*" { capabilities = ["read"] }`)
    const found = await look()
    expect(found['capabilities']).toContain(`create, update on ${mount}/data/tenants/*`)
    expect(found['capabilities']).toContain(`update on ${mount}/delete/tenants/*`)
    expect(found['capabilities']).toContain(`delete, list, read on ${mount}/metadata/tenants/*`)
  })

  it('finds that the policies do not let it look', async () => {
    const rules = { token_policies: ['authsec'], token_ttl: '1h', token_no_default_policy: true }
    const roleId = await site.administrator.writeRole('approle', 'narrow', rules)
    await site.administrator.writePolicy('authsec', `path "${mount}/data/*" { capabilities = ["read"] }`)
    const secretId = await site.administrator.newSecretId('approle', 'narrow')
    const found = await look({ login: { method: 'approle', roleId, secretId } })
    expect(found['capabilities']).toContain('sys/capabilities-self')
  })

  it('says which policy is needed, and that one is enough', async () => {
    const { policy } = await site.check({ mount })
    await site.administrator.writePolicy('printed', policy)
    const rules = { token_policies: ['printed'], token_ttl: '1h', token_no_default_policy: true }
    const roleId = await site.administrator.writeRole('approle', roleName, rules)
    const secretId = await site.administrator.newSecretId('approle', roleName)
    const login = { method: 'approle', roleId, secretId } as const
    expect(await look({ login })).toEqual(allWell)
    const vault = await site.enter({ login })
    const place = newPlace()
    for (const after of [0, 1]) await vault.credentials.write(place, { token: 'x' }, after)
    expect(await vault.credentials.list(place.tenant)).toHaveLength(1)
    expect(await vault.credentials.newest(place)).toBe(2)
    await vault.credentials.delete(place, 1)
    await vault.credentials.destroy(place)
    await vault.close()
    expect(site.log.lines.filter(({ level }) => level !== 'info')).toEqual([])
  })

  it('says nothing secret', async () => {
    const login = await site.login()
    const text = JSON.stringify([await site.check({ login }), site.log.lines])
    const tokens = site.vault.journal.flatMap(({ token }) => (token === undefined ? [] : [token]))
    for (const secret of [...tokens, site.roleId]) expect(text).not.toContain(secret)
  })
})
