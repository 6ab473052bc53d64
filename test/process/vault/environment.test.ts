import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CertificateAuthority } from '../../support/certificates.js'
import { listenForHits, type TestListener } from '../../support/test-listener.js'
import { FakeVault } from '../../support/vault/fake-vault.js'
import { VaultSite } from '../../support/vault/vault-site.js'

// A program of its own: tests have only a copy of the environment that TLS goes by.
const program = `
  import { openVault } from './dist/adapter/vault/open-vault.js'
  import { Secret } from './dist/core/credential/secret.js'
  const { address, ca, roleId, secretId } = JSON.parse(process.env.ASKED)
  const log = { write: () => undefined }
  const login = { method: 'approle', roleId, secretId: new Secret(secretId) }
  const vault = await openVault({ address, ca: [ca], login, log })
  const tenant = { id: '0d9c3f9e-4f0a-4e3e-9d3c-0a8a5a0e6f11', slug: 'acme', name: 'Acme' }
  const place = { tenant, service: '7f0a4e3e-9d3c-4a8a-8a0e-6f110d9c3f9e', account: undefined }
  const outcomes = []
  for (const after of [0, 7, 7, 7]) {
    const members = { token: 'the-secret-that-was-written' }
    outcomes.push(await vault.credentials.write(place, members, after).catch((error) => error.kind ?? error.name))
  }
  await vault.close()
  process.stdout.write(JSON.stringify(outcomes))
`

const authority = new CertificateAuthority()
const names = ['localhost']
let site: VaultSite
let proxy: TestListener
let wrong: FakeVault

beforeEach(async () => {
  site = await VaultSite.open({ certificate: authority.issue({ names }), ca: authority.pem })
  proxy = await listenForHits()
  wrong = await FakeVault.start({ certificate: CertificateAuthority.selfSigned({ names }) })
})

afterEach(async () => {
  await site.close()
  await proxy.close()
  await wrong.close()
})

/** What such a program writes to its standard output, in an environment that wants everything else. */
async function run(address: string): Promise<string> {
  const secretId = (await site.administrator.newSecretId('approle', 'authsec')).reveal()
  const env = {
    ...process.env,
    ASKED: JSON.stringify({ address, ca: authority.pem, roleId: site.roleId, secretId }),
    ...{ NODE_TLS_REJECT_UNAUTHORIZED: '0', HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '' },
    ...{ https_proxy: `http://127.0.0.1:${proxy.port}`, no_proxy: '' },
  }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env })
  return stdout
}

describe('a program that keeps credentials in Vault', () => {
  it('goes by certificates and by no proxy, whatever its environment says, and prints nothing (V3, V8)', async () => {
    expect(await run(site.vault.origin)).toBe(
      JSON.stringify([1, ...Array.from({ length: 3 }, () => 'CredentialConflict')]),
    )
    expect(await run(wrong.origin)).toBe(JSON.stringify(Array.from({ length: 4 }, () => 'untrusted')))
    expect(wrong.journal).toEqual([])
    expect(proxy.hits()).toBe(0)
  })
})
