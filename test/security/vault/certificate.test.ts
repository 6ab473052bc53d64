import { afterEach, describe, expect, it } from '@jest/globals'
import { openVault } from '../../../src/adapter/vault/open-vault.js'
import type { VaultOptions } from '../../../src/adapter/vault/vault-options.js'
import { Secret } from '../../../src/core/credential/secret.js'
import { CertificateAuthority } from '../../support/certificates.js'
import { MemoryLog } from '../../support/memory-ports.js'
import { FakeVault } from '../../support/vault/fake-vault.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { VaultSite } from '../../support/vault/vault-site.js'

const authority = new CertificateAuthority()
const names = ['localhost']
let site: VaultSite | undefined

afterEach(async () => {
  await site?.close()
  site = undefined
})

describe('the certificate of Vault (V8)', () => {
  it('is accepted where it is of the authority that is named', async () => {
    site = await VaultSite.open({ certificate: authority.issue({ names }), ca: authority.pem })
    const { credentials } = await site.enter()
    const place = newPlace()
    expect(await credentials.write(place, { token: 'x' }, 0)).toBe(1)
    expect(await credentials.read(place)).toMatchObject({ members: { token: 'x' } })
  })

  const expired = authority.issue({ names, expiresAt: new Date(Date.now() - 60_000) })
  it.each([
    ['of another name', authority.issue({ names: ['vault.example'] }), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', expired, 'CERT_HAS_EXPIRED'],
    ['that vouches for itself', CertificateAuthority.selfSigned({ names }), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['of another authority', new CertificateAuthority().issue({ names }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('is refused where it is one %s, and nothing is sent', async (_what, served, code) => {
    site = await VaultSite.open()
    const vault = await FakeVault.start({ certificate: served })
    const { credentials } = await site.enter({ address: vault.origin, ca: [authority.pem] })
    await expect(credentials.read(newPlace())).rejects.toMatchObject({
      kind: 'untrusted',
      transient: false,
      message: expect.stringContaining(code) as unknown,
    })
    await vault.close()
    expect(vault.journal).toEqual([])
  })

  it('is refused where only other authorities are trusted than the one that is named', async () => {
    site = await VaultSite.open()
    const vault = await FakeVault.start({ certificate: authority.issue({ names }) })
    const { credentials } = await site.enter({ address: vault.origin })
    await expect(credentials.read(newPlace())).rejects.toMatchObject({ kind: 'untrusted' })
    await vault.close()
  })
})

describe('the address of Vault', () => {
  it.each<[string, Partial<VaultOptions>]>([
    ['http to another computer', { address: 'http://vault.example.com:8200', plainHttp: 'loopback' }],
    ['http to this computer outside of development', { address: 'http://127.0.0.1:8200', plainHttp: 'nowhere' }],
    ['http to a name that only sounds like this computer', { address: 'http://localhost.example.com:8200' }],
    ['another scheme', { address: 'ftp://127.0.0.1' }],
    ['a path', { address: 'https://vault.example.com/v1' }],
    ['a user', { address: 'https://user:pass@vault.example.com' }],
    ['a query', { address: 'https://vault.example.com/?x=1' }],
    ['nothing', { address: '' }],
  ])('is refused with %s', async (_what, changes) => {
    const login = { method: 'token', token: new Secret('hvs.x') } as const
    const options: VaultOptions = { address: '', plainHttp: 'loopback', login, log: new MemoryLog(), ...changes }
    await expect(openVault(options)).rejects.toMatchObject({ code: 'ERR_CONFIG_URL' })
  })

  it.each<[string, Partial<VaultOptions>]>([
    ['a mount that climbs', { mount: '../sys' }],
    ['a namespace of two lines', { namespace: 'team\r\nX-Vault-Token: x' }],
    ['a CA that is none', { ca: ['not a certificate'] }],
    ['a CA of broken bytes', { ca: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'] }],
    ['no CA at all in its list', { ca: [] }],
    ['an empty token', { login: { method: 'token', token: new Secret('') } }],
    ['a token of two lines', { login: { method: 'token', token: new Secret('hvs.x\r\ny') } }],
    ['a login mount that climbs', { login: { method: 'kubernetes', role: 'x', mount: '../x' } }],
  ])('has options that are refused: %s', async (_what, changes) => {
    const login = { method: 'token', token: new Secret('hvs.x') } as const
    const options: VaultOptions = { address: 'https://vault.example.com', login, log: new MemoryLog(), ...changes }
    const error: unknown = await openVault(options).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'ERR_CONFIG_OPTION' })
  })
})
