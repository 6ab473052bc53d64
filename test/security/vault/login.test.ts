import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { AppRoleLogin } from '../../../src/adapter/vault/token/vault-login.js'
import { Secret } from '../../../src/core/credential/secret.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { roleName, VaultSite } from '../../support/vault/vault-site.js'

let site: VaultSite
let folder: string

beforeEach(async () => {
  site = await VaultSite.open()
  folder = await mkdtemp(join(tmpdir(), 'authsec-vault-'))
})

afterEach(async () => {
  await site.close()
  await rm(folder, { recursive: true })
})

async function fileWith(text: string): Promise<string> {
  const file = join(folder, 'secret-id')
  await writeFile(file, text, { mode: 0o600 })
  return file
}

async function loginWith(secretId: AppRoleLogin['secretId'], wrappedFor?: string): Promise<AppRoleLogin> {
  return { ...(await site.login()), secretId, ...(wrappedFor === undefined ? {} : { wrappedFor }) }
}

describe('a token that may do everything (V6)', () => {
  it('is refused at the start', async () => {
    const token = new Secret(site.vault.rootToken)
    await expect(site.enter({ login: { method: 'token', token } })).rejects.toMatchObject({
      code: 'ERR_CONFIG_VAULT',
      message: expect.stringContaining('root token') as unknown,
    })
  })

  it('is refused at the start where a login gives it, and revoked', async () => {
    const rules = { token_policies: ['root'], token_ttl: '1h' }
    const roleId = await site.administrator.writeRole('approle', 'broad', rules)
    const secretId = await site.administrator.newSecretId('approle', 'broad')
    const before = site.vault.space('').tokens.alive
    const opening = site.enter({ login: { method: 'approle', roleId, secretId } })
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CONFIG_VAULT' })
    expect(site.vault.space('').tokens.alive).toBe(before)
  })

  it('is refused when a login gives it later, and nothing is read with it', async () => {
    site.vault.sealed = true
    const { credentials } = await site.enter({ login: { method: 'token', token: new Secret(site.vault.rootToken) } })
    site.vault.sealed = false
    await expect(credentials.read(newPlace())).rejects.toMatchObject({ kind: 'root-token' })
    expect(site.vault.count(/secret\//)).toBe(0)
  })

  it('is none where it has the least policy: that is enough', async () => {
    const token = await site.administrator.newToken({ policies: ['authsec'], ttl: '1h' })
    const { credentials } = await site.enter({ login: { method: 'token', token } })
    expect(await credentials.write(newPlace(), { token: 'x' }, 0)).toBe(1)
  })
})

describe('a secret id in a file (V7)', () => {
  it('is read once, and the file is gone', async () => {
    const secretId = await site.administrator.newSecretId('approle', roleName)
    const file = await fileWith(`${secretId.reveal()}\n`)
    const { credentials } = await site.enter({ login: await loginWith({ file }) })
    expect(existsSync(file)).toBe(false)
    site.timers.advance(90_000)
    expect(await credentials.newest(newPlace())).toBe(0)
    expect(site.logins).toBe(2)
  })

  it('stays where that is wished', async () => {
    const secretId = await site.administrator.newSecretId('approle', roleName)
    const file = await fileWith(secretId.reveal())
    await site.enter({ login: await loginWith({ file, afterwards: 'keep' }) })
    expect(await readFile(file, 'utf8')).toBe(secretId.reveal())
  })

  it('that cannot be deleted is said in the log, without what is in it', async () => {
    const secretId = await site.administrator.newSecretId('approle', roleName)
    const file = await fileWith(secretId.reveal())
    await chmod(folder, 0o500)
    await site.enter({ login: await loginWith({ file }) })
    await chmod(folder, 0o700)
    // Who may do everything on this computer deletes it nevertheless.
    const kept = existsSync(file)
    expect(site.log.lines.some(({ level, message }) => level === 'warn' && message.includes('deleted'))).toBe(kept)
    expect(JSON.stringify(site.log.lines)).not.toContain(secretId.reveal())
  })

  it('that is not there is said, and waited for', async () => {
    const file = join(folder, 'secret-id')
    const { credentials } = await site.enter({ login: await loginWith({ file }) })
    await expect(credentials.newest(newPlace())).rejects.toMatchObject({ code: 'ERR_SECRETS_UNAVAILABLE' })
    expect(site.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringContaining(file) as unknown }),
    )
    const secretId = await site.administrator.newSecretId('approle', roleName)
    await fileWith(secretId.reveal())
    site.timers.advance(30)
    expect(await credentials.newest(newPlace())).toBe(0)
  })
})

describe('a wrapped secret id (V7)', () => {
  it('is unwrapped once, however often this server logs in', async () => {
    const wrapping = await site.administrator.newWrappedSecretId('approle', roleName)
    const { credentials } = await site.enter({ login: await loginWith(wrapping, roleName) })
    site.timers.advance(90_000)
    expect(await credentials.newest(newPlace())).toBe(0)
    expect(site.logins).toBe(2)
    expect(site.vault.count(/sys\/wrapping\/unwrap/)).toBe(1)
  })

  it('is read from a file that is gone then', async () => {
    const wrapping = await site.administrator.newWrappedSecretId('approle', roleName)
    const file = await fileWith(wrapping.reveal())
    const { credentials } = await site.enter({ login: await loginWith({ file }, roleName) })
    expect(await credentials.newest(newPlace())).toBe(0)
    expect(existsSync(file)).toBe(false)
  })

  it('is not lost by a Vault that is sealed at the start', async () => {
    const wrapping = await site.administrator.newWrappedSecretId('approle', roleName)
    const file = await fileWith(wrapping.reveal())
    const login = await loginWith({ file }, roleName)
    site.vault.sealed = true
    const { credentials } = await site.enter({ login })
    site.vault.sealed = false
    expect(await credentials.newest(newPlace())).toBe(0)
  })

  it('is refused where another token was put in its place', async () => {
    const body = { secret_id: 'of somebody else' }
    const { wrap_info: wrapped } = await site.administrator.ask('POST', 'sys/wrapping/wrap', body, 60)
    await expectStolen(new Secret(String(wrapped?.['token'])), 'not made at auth/approle/role/authsec/secret-id')
  })

  it('is refused where it is of another role', async () => {
    await site.administrator.writeRole('approle', 'other', { token_policies: ['authsec'] })
    await expectStolen(await site.administrator.newWrappedSecretId('approle', 'other'), 'not made at')
  })

  it('is refused where somebody has unwrapped it before', async () => {
    const wrapping = await site.administrator.newWrappedSecretId('approle', roleName)
    await site.administrator.ask('POST', 'sys/wrapping/unwrap', { token: wrapping.reveal() })
    await expectStolen(wrapping, 'somebody has unwrapped it already')
  })

  it('is refused where it has expired', async () => {
    const wrapping = await site.administrator.newWrappedSecretId('approle', roleName, 60)
    site.timers.advance(61)
    await expectStolen(wrapping, 'it has expired')
  })

  async function expectStolen(wrapping: Secret, reason: string): Promise<void> {
    const opening = site.enter({ login: await loginWith(wrapping, roleName) })
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_CONFIG_VAULT',
      message: expect.stringContaining(reason) as unknown,
    })
    expect(site.logins).toBe(0)
    expect(site.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringContaining('take it for stolen') as unknown }),
    )
  }
})

describe('the service account of a pod', () => {
  it('logs in with the token that is in its file at that moment', async () => {
    const tokens = ['first-service-account-token', 'second-service-account-token']
    await site.administrator.enableLogin('kubernetes', 'kubernetes')
    const rules = { token_policies: ['authsec'], token_ttl: '60s', token_max_ttl: '60s', accepted_tokens: tokens }
    await site.administrator.ask('POST', 'auth/kubernetes/role/authsec', rules)
    const tokenFile = await fileWith(tokens[0] ?? '')
    const { credentials } = await site.enter({ login: { method: 'kubernetes', role: 'authsec', tokenFile } })
    await writeFile(tokenFile, `${tokens[1]}\n`)
    site.timers.advance(61)
    expect(await credentials.newest(newPlace())).toBe(0)
    const sent = site.vault.journal.filter(({ path }) => path.endsWith('login')).map(({ body }) => body)
    expect(sent).toEqual(tokens.map((jwt) => JSON.stringify({ role: 'authsec', jwt })))
  })

  it('that is bound to no role is refused, and so is one without a token', async () => {
    await site.administrator.enableLogin('kubernetes', 'kubernetes')
    await site.administrator.ask('POST', 'auth/kubernetes/role/authsec', { accepted_tokens: ['another'] })
    const tokenFile = await fileWith('service-account-token')
    const login = { method: 'kubernetes', role: 'authsec', tokenFile } as const
    const bound = await site.enter({ login })
    await expect(bound.credentials.newest(newPlace())).rejects.toMatchObject({ kind: 'forbidden' })
    const none = await site.enter({ login: { ...login, tokenFile: join(folder, 'none') } })
    await expect(none.credentials.newest(newPlace())).rejects.toMatchObject({ kind: 'invalid' })
    expect(JSON.stringify(site.log.lines)).not.toContain('service-account-token')
  })
})
