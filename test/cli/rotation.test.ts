import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ServiceCli } from '../support/service-cli.js'
import { TokenService } from '../support/token-service.js'
import { mount, roleName, VaultSite } from '../support/vault/vault-site.js'

let cli: ServiceCli
let api: TokenService

beforeAll(async () => {
  api = await TokenService.open()
  cli = await ServiceCli.open()
}, 60_000)
afterAll(async () => {
  await cli?.close()
  await api?.close()
})

const typed = (input: string, ...args: readonly string[]) => cli.typed(`${input}\n`, ...args)
const shown = () => cli.json('show', 'Tokens')
const sql = (query: string) => cli.data.tenantSql(cli.tenant, query)

describe('authsec service rotate', () => {
  it('puts what is brought to use once the service takes it; what it does not take leaves the old one in use', async () => {
    const plan = ['--rotate-every', '30d', '--check-path', '/user']
    const where = ['--url', api.url, '--private-network', '--auth', 'bearer_token', '--everybody']
    const added = await cli.run('add', 'Tokens', ...where, ...plan)
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
    await cli.run('add', 'Untried', ...where)
    await typed(api.issue(), 'set-credential', 'Untried')
    const untried = await typed(api.issue(), 'rotate', 'Untried', '--from', '-')
    expect(untried).toMatchObject({ code: 0, stderr: expect.stringContaining('nobody has tried') })
    const service = await cli.data.postgres.services.find(cli.tenant, 'Tokens')
    expect(service).toMatchObject({ credentialVersion: 3, rotation: { every: '30d', check: '/user' } })
    const rows = (await cli.site.audit.all()).filter(({ type }) => type === 'credential.rotated')
    expect(rows.map(({ reason }) => reason)).toEqual(['failed', 'succeeded', 'succeeded'])
    for (const text of [...cli.texts, JSON.stringify(await cli.site.audit.all())])
      for (const token of [old, next, 'a-token-of-nobody']) expect(text).not.toContain(token)
  }, 120_000)

  it('goes on where it was cut off, waits for whoever is at it, and asks a server for what only the application can make', async () => {
    const [place, { store }] = [await cli.place('Tokens'), cli]
    const answer = await cli.data.postgres.rotations.claim(cli.tenant, 'Tokens')
    if (answer.outcome !== 'claimed') throw new Error(answer.outcome)
    const after = await store.newest(place)
    await cli.data.postgres.rotations.begin(answer.claim, { after, origin: 'given' })
    await store.write(place, { access_token: api.issue() }, after)
    const busy = { code: 5, stdout: '', stderr: expect.stringMatching(/rotat(ing|ed).+ in \d+ seconds/) }
    expect(await typed(api.issue(), 'rotate', 'Tokens', '--from', '-')).toMatchObject(busy)
    expect(await typed(api.issue(), 'set-credential', 'Tokens')).toMatchObject(busy)
    await sql('update service_rotation set claimed_until = now()')
    const resumed = await cli.run('rotate', 'Tokens')
    expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('an earlier rotation had written') })
    expect(await cli.data.postgres.services.find(cli.tenant, 'Tokens')).toMatchObject({ credentialVersion: after + 1 })
    expect(await cli.run('rotate', 'Tokens')).toMatchObject({ code: 0, stdout: expect.stringContaining('asked for') })
    expect(await sql('select from service_rotation where asked_at is not null')).toHaveLength(1)
    const requested = { at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/), by: expect.stringMatching(/^cli:/) }
    expect(await shown()).toMatchObject({ rotation: { underWay: 'retiring', requested } })
    expect((await cli.run('show', 'Tokens')).stdout).toMatch(/rotation\.requested\.by +cli:/)
  }, 120_000)
})

describe('authsec vault doctor', () => {
  let site: VaultSite
  beforeAll(async () => {
    site = await VaultSite.open()
  })
  afterAll(() => site?.close())

  const doctor = (env: NodeJS.ProcessEnv, ...args: readonly string[]) => cli.program(env, 'vault', 'doctor', ...args)

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
    for (const text of cli.texts) expect(text).not.toContain(secretId)
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
