import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { localVaultKeys } from '../../src/app/credentials/local-vault-keys.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { AuditRows } from '../support/audit-rows.js'
import { runCliWithInput } from '../support/cli-with-input.js'
import { openHomePostgres, type HomePostgres } from '../support/home-postgres.js'
import {
  runCli,
  runProgram,
  startServerProcess,
  temporaryHome,
  type Finished,
  type TemporaryHome,
} from '../support/server-process.js'
import { TokenService } from '../support/token-service.js'
import { mount, roleName, VaultSite } from '../support/vault/vault-site.js'

let home: TemporaryHome
let data: HomePostgres
let audit: AuditRows
let tenant: Tenant
let api: TokenService
const texts: string[] = []

beforeAll(async () => {
  api = await TokenService.open()
  home = await temporaryHome()
  await (await startServerProcess({ home: home.path })).stop()
  audit = await AuditRows.of(home.path)
  data = await openHomePostgres(home.path)
  const [first] = await data.postgres.tenants.list()
  if (first === undefined) throw new Error('there is no tenant')
  tenant = first
}, 60_000)
afterAll(async () => {
  await data?.close()
  await audit?.close()
  await home?.remove()
  await api?.close()
})

const noted = (finished: Finished): Finished => {
  texts.push(finished.stdout, finished.stderr)
  return finished
}
const inTenant = (args: readonly string[]) => ['service', ...args, '--tenant', tenant.slug]
const cli = async (...args: readonly string[]) => noted(await runCli(home.path, ...inTenant(args)))
const typed = async (input: string, ...args: readonly string[]) =>
  noted(await runCliWithInput(home.path, `${input}\n`, ...inTenant(args)))
const shown = async () => JSON.parse((await cli('show', 'Tokens', '--json')).stdout)
const sql = (query: string) => data.tenantSql(tenant, query)

describe('authsec service rotate', () => {
  it('puts what is brought to use once the service takes it; what it does not take leaves the old one in use', async () => {
    const plan = ['--rotate-every', '30d', '--check-path', '/user']
    const where = ['--url', api.url, '--private-network', '--auth', 'bearer_token', '--everybody']
    const added = await cli('add', 'Tokens', ...where, ...plan)
    expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining('has a rotator for it') })
    const [old, next] = [api.issue(), api.issue()]
    await typed(old, 'set-credential', 'Tokens')
    const wrong = await typed('a-token-of-nobody', 'rotate', 'Tokens', '--from', '-')
    expect(wrong).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('the one that is used goes on'),
    })
    expect(wrong.stderr).toContain('it does not take it (401)')
    expect(await shown()).toMatchObject({
      ...{ credential: { version: 1 } },
      rotation: {
        last: {
          outcome: 'failed',
          reason: expect.stringContaining('does not take it'),
          by: expect.stringMatching(/^cli:/),
        },
      },
    })

    const rotated = await typed(next, 'rotate', 'Tokens', '--from', '-')
    expect(rotated).toMatchObject({ code: 0, stderr: '' })
    expect(rotated.stdout).toMatch(/^✓ Tokens of \S+: version 3 is used from the next call on/)
    await cli('add', 'Untried', ...where)
    await typed(api.issue(), 'set-credential', 'Untried')
    const untried = await typed(api.issue(), 'rotate', 'Untried', '--from', '-')
    expect(untried).toMatchObject({ code: 0, stderr: expect.stringContaining('nobody has tried') })
    const service = await data.postgres.services.find(tenant, 'Tokens')
    expect(service).toMatchObject({ credentialVersion: 3, rotation: { every: '30d', check: '/user' } })
    const rows = (await audit.all()).filter(({ type }) => type === 'credential.rotated')
    expect(rows.map(({ reason }) => reason)).toEqual(['failed', 'succeeded', 'succeeded'])
    for (const text of [...texts, JSON.stringify(await audit.all())])
      for (const token of [old, next, 'a-token-of-nobody']) expect(text).not.toContain(token)
  }, 120_000)

  it('goes on where it was cut off, waits for whoever is at it, and asks a server for what only the application can make', async () => {
    const place = {
      tenant,
      service: (await data.postgres.services.find(tenant, 'Tokens'))?.id ?? '',
      account: undefined,
    }
    const store = data.postgres.localVault.open(localVaultKeys({ home: home.path, localVaultKey: undefined }))
    const answer = await data.postgres.rotations.claim(tenant, 'Tokens')
    if (answer.outcome !== 'claimed') throw new Error(answer.outcome)
    const after = await store.newest(place)
    await data.postgres.rotations.begin(answer.claim, { after, origin: 'given' })
    await store.write(place, { access_token: api.issue() }, after)
    const busy = { code: 5, stdout: '', stderr: expect.stringMatching(/rotat(ing|ed).+ in \d+ seconds/) }
    expect(await typed(api.issue(), 'rotate', 'Tokens', '--from', '-')).toMatchObject(busy)
    expect(await typed(api.issue(), 'set-credential', 'Tokens')).toMatchObject(busy)
    await sql('update service_rotation set claimed_until = now()')
    const resumed = await cli('rotate', 'Tokens')
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('an earlier rotation had written') })
    expect(await data.postgres.services.find(tenant, 'Tokens')).toMatchObject({ credentialVersion: after + 1 })
    expect(await cli('rotate', 'Tokens')).toMatchObject({ code: 0, stdout: expect.stringContaining('asked for') })
    expect(await sql('select from service_rotation where asked_at is not null')).toHaveLength(1)
  }, 120_000)
})

describe('authsec vault doctor', () => {
  let site: VaultSite
  beforeAll(async () => {
    site = await VaultSite.open()
  })
  afterAll(() => site?.close())

  const doctor = async (env: NodeJS.ProcessEnv, ...args: readonly string[]) =>
    noted(await runProgram(['dist/cli/main.js', 'vault', 'doctor', ...args], { AUTHSEC_HOME: home.path, ...env }))

  it('says that all is well and what is the least policy, and leaves no token behind', async () => {
    const secretId = (await site.administrator.newSecretId('approle', roleName)).reveal()
    const env = { AUTHSEC_VAULT_ADDR: site.vault.origin, AUTHSEC_VAULT_ROLE_ID: site.roleId }
    const { alive } = site.vault.space('').tokens
    const well = await doctor({ ...env, AUTHSEC_VAULT_SECRET_ID: secretId })
    expect(well).toMatchObject({ code: 0, stderr: expect.stringContaining('one login with the secret id') })
    expect(well.stdout).toContain('✓ the mount keeps more than one version')
    expect(well.stdout).toContain(`path "${mount}/data/tenants/*"`)
    expect(well.stdout).not.toContain('✗')
    expect(site.vault.space('').tokens.alive).toBe(alive)

    await site.administrator.ask('POST', `${mount}/config`, { max_versions: 1 })
    const ill = await doctor({ ...env, AUTHSEC_VAULT_SECRET_ID: secretId }, '--json')
    expect(ill).toMatchObject({ code: 1, stderr: expect.stringContaining('1 of 8 checks failed') })
    const { findings } = JSON.parse(ill.stdout)
    expect(findings).toContainEqual({ check: 'versions', fault: expect.stringContaining('max_versions=10') })
    for (const text of texts) expect(text).not.toContain(secretId)
  }, 60_000)

  it('never takes a wrapped secret id from a server, and says how to look then', async () => {
    const wrapped = (await site.administrator.newWrappedSecretId('approle', roleName)).reveal()
    const before = site.vault.journal.length
    const refused = await doctor({
      ...{ AUTHSEC_VAULT_ADDR: site.vault.origin, AUTHSEC_VAULT_ROLE_ID: site.roleId, AUTHSEC_VAULT_ROLE: roleName },
      AUTHSEC_VAULT_WRAPPED_SECRET_ID: wrapped,
    })
    expect(refused).toMatchObject({ code: 5, stdout: '' })
    expect(refused.stderr).toContain(`vault write -f auth/approle/role/${roleName}/secret-id`)
    expect(refused.stderr).not.toContain(wrapped)
    expect(site.vault.journal).toHaveLength(before)
    const { data: unwrapped } = await site.administrator.ask('POST', 'sys/wrapping/unwrap', { token: wrapped })
    expect(unwrapped).toHaveProperty('secret_id')
  }, 60_000)

  it('refuses a root token, and a Vault that nobody has set up', async () => {
    const env = { AUTHSEC_VAULT_ADDR: site.vault.origin, AUTHSEC_VAULT_TOKEN: site.vault.rootToken }
    const root = await doctor(env)
    expect(root).toMatchObject({ code: 1, stdout: expect.stringMatching(/✗ policies: .*root token/) })
    for (const text of [root.stdout, root.stderr]) expect(text).not.toContain(site.vault.rootToken)
    expect(await doctor({})).toMatchObject({ code: 5, stderr: expect.stringContaining('set AUTHSEC_VAULT_ADDR') })
  }, 60_000)
})
