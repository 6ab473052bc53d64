import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openVault } from '../../src/adapter/vault/open-vault.js'
import { Secret } from '../../src/core/credential/secret.js'
import { credentialStoreContract } from '../support/credential-store-contract.js'
import { namedVault, RealVault } from '../support/vault/real-vault.js'
import { contracted } from '../support/vault/vault-contract.js'
import { newPlace } from '../support/vault/vault-place.js'

const named = namedVault()

if (named === undefined) {
  const needed = 'set VAULT_ADDR and VAULT_TOKEN, and VAULT_CACERT or VAULT_NAMESPACE where needed'
  process.stdout.write(`skipped: a real Vault, such as \`vault server -dev\`; ${needed}\n`)
  it.skip('works with a real Vault', () => undefined)
} else {
  credentialStoreContract(async () => {
    const site = await RealVault.setUp(named)
    const { credentials, close } = await site.enter()
    return contracted(credentials, async () => {
      await close()
      await site.administrator.cleanUp()
    })
  })

  describe('a real Vault', () => {
    let site: RealVault
    beforeAll(async () => {
      site = await RealVault.setUp(named)
    })
    afterAll(() => site.administrator.cleanUp())

    it('lets the server do all it needs by the least policy, logged in with a wrapped secret id', async () => {
      const { findings } = await site.check()
      expect(findings.map(({ fault }) => fault)).toEqual(findings.map(() => undefined))
      expect(findings.map(({ check }) => check)).toContain('capabilities')
    })

    it('takes a wrapped secret id once', async () => {
      const options = await site.options()
      await (await openVault(options)).close()
      await expect(openVault(options)).rejects.toMatchObject({ code: 'ERR_CONFIG_VAULT' })
    })

    it('takes the token of a server that was stopped no longer', async () => {
      const vault = await site.enter()
      await vault.credentials.write(newPlace(), { token: 'x' }, 0)
      await vault.close()
      await expect(vault.credentials.newest(newPlace())).rejects.toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE' })
      expect(site.log.lines.filter(({ level }) => level === 'warn')).toEqual([])
    })

    it('does not let it near anything else', async () => {
      const vault = await site.enter()
      await expect(vault.engine.issue('other/creds/reports')).rejects.toMatchObject({ kind: 'forbidden', status: 403 })
      await vault.close()
    })

    it('takes a token that somebody else has made until it is revoked', async () => {
      const token = await site.administrator.newToken({ policies: [site.name], ttl: '10m' })
      const vault = await openVault({ ...(await site.options()), login: { method: 'token', token } })
      expect(await vault.credentials.newest(newPlace())).toBe(0)
      await site.administrator.ask('POST', 'auth/token/revoke', { token: token.reveal() })
      await expect(vault.credentials.newest(newPlace())).rejects.toMatchObject({ kind: 'forbidden' })
      await vault.close()
    })

    it('gives root tokens, which are refused', async () => {
      const token = await site.administrator.newToken({ policies: ['root'], ttl: '10m' })
      const options = { ...(await site.options()), login: { method: 'token', token } } as const
      await expect(openVault(options)).rejects.toMatchObject({ code: 'ERR_CONFIG_VAULT' })
      await site.administrator.ask('POST', 'auth/token/revoke', { token: token.reveal() })
    })

    it('refuses a secret id of nobody', async () => {
      const options = await site.options()
      const login = {
        method: 'approle',
        mount: site.name,
        roleId: 'of-nobody',
        secretId: new Secret('of-nobody'),
      } as const
      const vault = await openVault({ ...options, login })
      await expect(vault.credentials.newest(newPlace())).rejects.toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE' })
      expect(site.log.lines).toContainEqual(expect.objectContaining({ level: 'error' }))
      await vault.close()
    })
  })
}
