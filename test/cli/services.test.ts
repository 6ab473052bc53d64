import type { IncomingMessage } from 'node:http'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { localVaultKeyFile, localVaultKeys } from '../../src/app/credentials/local-vault-keys.js'
import type { CredentialPlace } from '../../src/core/credential/credential-store.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
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
import { listenHttp, type TestListener } from '../support/test-listener.js'

const secret = 'ghp-a-token-that-is-not-to-be-seen'
const shownBody = 'a-body-that-is-not-to-be-seen'

let home: TemporaryHome
let audit: AuditRows
let data: HomePostgres
let tenant: Tenant
let api: TestListener
let requests: IncomingMessage[] = []
const texts: string[] = []

beforeAll(async () => {
  api = await listenHttp((request, response) => {
    requests.push(request)
    if (request.url?.startsWith('/.well-known/openid') === true)
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata()))
    if (request.url === '/revoke') return void response.end()
    if (request.url === '/v1/nothing-here') return void response.writeHead(404).end()
    const isKnown = request.headers.authorization === `Bearer ${secret}`
    response.writeHead(isKnown ? 200 : 401, { 'x-shown': shownBody }).end(shownBody)
  }, '127.0.0.1')
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
const inTenant = (args: readonly string[]) => [...args, '--tenant', tenant.slug]
const cli = async (...args: readonly string[]) => noted(await runCli(home.path, 'service', ...inTenant(args)))
const typed = async (input: string, ...args: readonly string[]) =>
  noted(await runCliWithInput(home.path, input, 'service', ...inTenant(args)))
const json = async (...args: readonly string[]) => JSON.parse((await cli(...args, '--json')).stdout)
const store = () => data.postgres.localVault.open(localVaultKeys({ home: home.path, localVaultKey: undefined }))
const place = async (name: string, account?: string): Promise<CredentialPlace> => {
  const service = await data.postgres.services.find(tenant, name)
  return { tenant, service: service?.id ?? '', account }
}
const origin = () => `http://127.0.0.1:${api.port}`
const metadata = () => ({
  ...{ issuer: origin(), authorization_endpoint: `${origin()}/authorize`, token_endpoint: `${origin()}/token` },
  ...{ revocation_endpoint: `${origin()}/revoke`, code_challenge_methods_supported: ['S256'] },
})
const bearer = () => ['--url', `${origin()}/v1/`, '--private-network', '--auth', 'bearer_token']

describe('authsec service', () => {
  it('puts a service there, gives it a credential that nobody sees again, and asks it with that', async () => {
    const added = await cli(
      'add',
      'GitHub',
      ...bearer(),
      '--role',
      'nobody-has-this',
      '--tag',
      'code',
      '--description',
      'Code',
    )
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('1 added') })
    expect(added.stderr).toContain(`${tenant.slug} has no role nobody-has-this yet`)
    expect(added.stderr).toContain('it has no credential yet: authsec service set-credential "GitHub"')
    expect(await cli('test', 'GitHub')).toMatchObject({ code: 5, stderr: expect.stringContaining('no credential yet') })

    const set = await typed(`${secret}\n`, 'set-credential', 'GitHub', '--json')
    expect(set).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(set.stdout)).toMatchObject({ changes: [{ before: [], after: ['credentialVersion:1'] }] })
    expect((await stat(localVaultKeyFile(home.path))).mode & 0o777).toBe(0o600)
    expect(await store().read(await place('GitHub'), 1)).toMatchObject({ members: { access_token: secret } })

    expect(await json('show', 'GitHub')).toEqual({
      ...{ tenant: tenant.slug, name: 'GitHub', url: `${origin()}/v1`, auth: { type: 'bearer_token' }, tags: ['code'] },
      ...{
        source: { from: 'store' },
        requirement: { role: 'nobody-has-this' },
        network: 'private',
        description: 'Code',
      },
      credential: { version: 1, since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) },
    })
    expect((await cli('show', 'GitHub')).stdout).toMatch(/requirement +role nobody-has-this/)
    expect((await cli('list')).stdout).toMatch(
      /TENANT +NAME +URL +AUTH +REQUIREMENT +CREDENTIAL.*\n\S+ +GitHub +http\S+ +bearer_token +role nobody-has-this +version 1/,
    )
    requests = []
    const tested = await cli('test', 'GitHub', '--path', '/issues?state=open')
    expect(tested).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('answered 200\n✓ it takes the credential'),
    })
    expect(requests.map(({ method, url }) => [method, url])).toEqual([['GET', '/v1/issues?state=open']])
    expect(await cli('test', 'GitHub', '--path', '/../v2')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('dot segment'),
    })
    expect(requests).toHaveLength(1)

    const replaced = await typed('another-secret-of-theirs', 'set-credential', 'GitHub')
    expect(replaced).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/credentialVersion:1 +credentialVersion:2/),
    })
    expect(await cli('test', 'GitHub')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('✗ it does not take the credential'),
    })
    const rows = await audit.all()
    expect(rows.filter(({ type }) => type === 'credential.read')).toMatchObject([
      { subject: expect.stringMatching(/^cli:/), detail: { service: 'GitHub', version: 1 } },
      { detail: { service: 'GitHub', version: 2 } },
    ])
    for (const text of [...texts, JSON.stringify(rows)]) {
      for (const hidden of [secret, shownBody, 'another-secret-of-theirs']) expect(text).not.toContain(hidden)
    }
    expect(await cli('test', 'GitHub', '--path', '/nothing-here')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('says nothing about the credential'),
    })
  }, 120_000)

  it('takes no credential from the command line, and none that cannot be one', async () => {
    await cli('add', 'Basic', '--url', 'https://api.example.com', '--auth', 'basic_auth', '--everybody')
    for (const args of [['--password', secret], [`--token=${secret}`], ['--api-key'], [secret]]) {
      const refused = await typed('x', 'set-credential', 'Basic', ...args)
      expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining('write the new one to standard input') })
      expect(refused.stderr).not.toContain(secret)
    }
    const nothing = await typed('', 'set-credential', 'Basic', '--username', 'bo')
    expect(nothing).toMatchObject({ code: 5, stderr: expect.stringContaining('nothing on standard input') })
    expect(await typed('pass-word', 'set-credential', 'Basic')).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining('--username is missing') },
    })
    expect(await store().newest(await place('Basic'))).toBe(0)
    const file = join(home.path, 'secret.txt')
    await writeFile(file, 'short\r\n')
    const set = await cli('set-credential', 'Basic', '--username', 'bo', '--from-file', file)
    expect(set).toMatchObject({ code: 0, stderr: expect.stringContaining('warning: it has fewer than 8 characters') })
    expect(await store().read(await place('Basic'))).toMatchObject({ members: { username: 'bo', password: 'short' } })
  }, 120_000)

  it('keeps the credential that works where setting another one was cut off, and goes on from there', async () => {
    await cli('add', 'Cut', ...bearer(), '--everybody')
    await typed(secret, 'set-credential', 'Cut')
    await store().write(await place('Cut'), { access_token: 'written, and then nothing' }, 1)
    expect(await cli('test', 'Cut')).toMatchObject({ code: 0 })
    expect(await typed(secret, 'set-credential', 'Cut')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('credentialVersion:3'),
    })
    expect(await cli('test', 'Cut')).toMatchObject({ code: 0 })
  }, 60_000)

  it('says all that is wrong with a service at once, and gives up a credential only with consent', async () => {
    const wrong = await cli(
      'add',
      'Wrong',
      '--url',
      'http://api.example.com/../x',
      '--auth',
      'api_key',
      '--header',
      'Host',
    )
    expect(wrong).toMatchObject({ code: 3 })
    for (const word of ['url does not use https', 'auth.name is the header host', 'requirement is missing'])
      expect(wrong.stderr).toContain(word)
    await cli('add', 'Moved', ...bearer(), '--everybody')
    await typed(secret, 'set-credential', 'Moved')
    const again = await cli('add', 'Moved', ...bearer(), '--everybody')
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining('there is a service Moved already') })
    const elsewhere = [
      'add',
      'Moved',
      '--replace',
      '--url',
      'https://evil.example',
      '--auth',
      'bearer_token',
      '--everybody',
    ]
    const unsure = await cli(...elsewhere)
    expect(unsure).toMatchObject({ code: 5, stderr: expect.stringContaining('its credential would be destroyed') })
    expect(await json('show', 'Moved')).toMatchObject({ credential: { version: 1 } })
    const before = await place('Moved')
    expect(await cli(...elsewhere, '--yes')).toMatchObject({ code: 0 })
    expect(await json('show', 'Moved')).toMatchObject({ url: 'https://evil.example', credential: 'none' })
    expect(await store().newest(before)).toBe(0)
  }, 120_000)

  it('removes a service and its credentials, those of its users too, and can be asked again for what was left', async () => {
    await cli('add', 'Gone', ...bearer(), '--everybody')
    await typed(secret, 'set-credential', 'Gone')
    const [shared, user] = [await place('Gone'), await place('Gone', '3f2504e0-4f89-41d3-9a0c-0305e82c3301')]
    await store().write(user, { access_token: 'of a user' }, 0)
    expect(await cli('delete', 'Gone')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('its credential would be destroyed'),
    })
    expect(await store().newest(shared)).toBe(1)
    expect(await cli('delete', 'Gone', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 removed'),
    })
    for (const gone of [shared, user]) expect(await store().newest(gone)).toBe(0)
    expect(await cli('delete', 'Gone', '--yes')).toMatchObject({ code: 5 })

    await store().write(user, { access_token: 'of a user' }, 0)
    const kept = await place('Cut')
    const left = await cli('delete', '--leftovers', '--yes')
    expect(left).toMatchObject({ code: 0, stdout: expect.stringContaining('1 credentials destroyed') })
    expect(await store().newest(user)).toBe(0)
    expect(await store().newest(kept)).toBe(3)
  }, 120_000)

  it('says what it could not destroy, and destroys it when it is asked again', async () => {
    await cli('add', 'Left', ...bearer(), '--everybody')
    await typed(secret, 'set-credential', 'Left')
    const moved = await place('Left')
    const nowhere = { AUTHSEC_VAULT_ADDR: 'https://127.0.0.1:1', AUTHSEC_VAULT_TOKEN: 'a-token-of-vault' }
    const env = { AUTHSEC_HOME: home.path, ...nowhere }
    const away = async (...args: readonly string[]) =>
      noted(await runProgram(['dist/cli/main.js', 'service', ...inTenant(args)], env))
    const elsewhere = ['--url', 'https://elsewhere.example', '--auth', 'bearer_token', '--everybody']
    expect(await away('add', 'Left', '--replace', ...elsewhere, '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('service delete --leftovers'),
    })
    expect(await typed(secret, 'set-credential', 'Left')).toMatchObject({ code: 0 })
    const left = await place('Left')
    const deleted = await away('delete', 'Left', '--yes')
    expect(deleted).toMatchObject({ code: 1, stdout: expect.stringContaining('1 removed') })
    expect(deleted.stderr).toMatch(/could be destroyed: .+ Try again: authsec service delete --leftovers/)
    expect(deleted.stderr).not.toContain('a-token-of-vault')
    expect(await data.postgres.services.find(tenant, 'Left')).toBeUndefined()
    for (const kept of [moved, left]) expect(await store().newest(kept)).toBe(1)
    expect(await cli('delete', '--leftovers')).toMatchObject({ code: 5 })
    expect(await cli('delete', '--leftovers', '--yes')).toMatchObject({ code: 0 })
    for (const kept of [moved, left]) expect(await store().newest(kept)).toBe(0)
  }, 120_000)

  it('is one where users sign in, each ended by an administrator, who sees nothing of the tokens', async () => {
    const { postgres, tenantSql } = data
    const place = ['--url', `${origin()}/v1`, '--private-network', '--everybody', '--auth', 'oauth2']
    const grant = ['--grant', 'authorization_code', '--oauth-scope', 'repo']
    expect(await cli('add', 'Hub', ...place, ...grant, '--issuer', `${origin()}/other`)).toMatchObject({ code: 5 })
    const added = await cli('add', 'Hub', ...place, ...grant, '--issuer', origin())
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('1 added') })
    await typed(secret, 'set-credential', 'Hub', '--client-id', 'authsec')
    const { id: service = '' } = (await postgres.services.find(tenant, 'Hub')) ?? {}
    const redirectUri = expect.stringMatching(new RegExp(`/authsec/connect/callback/${service}$`))
    const auth = {
      authorizationEndpoint: `${origin()}/authorize`,
      revocationEndpoint: `${origin()}/revoke`,
      secretIn: 'header',
    }
    expect(await json('show', 'Hub')).toMatchObject({ auth, redirectUri, users: 0 })
    expect(added.stderr).toContain(`/authsec/connect/callback/${service}`)

    const account = { kind: 'account', presence: 'new', email: 'di@here.test' } as const
    await postgres.tenantAdministration.apply(tenant, [account], 'cli:ada')
    const [row] = await tenantSql(
      tenant,
      `insert into service_connection (service_id, subject, credential_version)
       select $1, id::text, 1 from account where email = 'di@here.test' returning id`,
      [service],
    )
    const tokens = { tenant, service, account: String(row?.['id']) }
    await store().write(tokens, { access_token: 'an-access-token-of-di', refresh_token: 'a-refresh-token-of-di' }, 0)
    expect(await json('show', 'Hub')).toMatchObject({ users: 1 })
    const disconnect = ['disconnect', 'Hub', '--account', 'di@here.test'] as const
    expect(await cli(...disconnect)).toMatchObject({ code: 5 })
    expect(await postgres.services.connections(tenant)).toHaveLength(1)
    requests = []
    const ended = await cli(...disconnect, '--yes')
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('user:di@here.test') })
    expect(ended.stderr).toBe('di@here.test would have to sign in at Hub again\n')
    expect(requests.map(({ method, url }) => [method, url])).toEqual([['POST', '/revoke']])
    expect([await postgres.services.connections(tenant), await store().newest(tokens)]).toEqual([[], 0])
    const again = await cli(...disconnect, '--yes')
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining('not signed in') })
    expect(again.stderr).not.toContain('would')
    for (const text of texts) expect(text).not.toMatch(/token-of-di/)
    expect(await cli('delete', 'Hub', '--yes')).toMatchObject({ code: 0 })
  }, 120_000)

  it('has no tokens of an account that is gone, and keeps those of others', async () => {
    const { postgres, tenantSql } = data
    await postgres.tenantAdministration.apply(
      tenant,
      ['bo@gone.test', 'cy@here.test'].map((email) => ({ kind: 'account', presence: 'new', email }) as const),
      'cli:ada',
    )
    const { id: service } = (await postgres.services.find(tenant, 'Cut')) ?? {}
    await tenantSql(
      tenant,
      `insert into service_connection (service_id, subject, credential_version)
       select $1, id::text, 1 from account where email in ('bo@gone.test', 'cy@here.test')`,
      [service],
    )
    const users = await tenantSql(
      tenant,
      'select c.id, email from service_connection c join account a on a.id::text = subject order by email',
    )
    const [bo, cy] = await Promise.all(users.map(({ id }) => place('Cut', String(id))))
    for (const user of [bo, cy]) if (user !== undefined) await store().write(user, { access_token: 'a token' }, 0)
    const removed = await runCli(home.path, 'account', 'remove', 'bo@gone.test', '--tenant', tenant.slug, '--yes')
    expect(removed).toMatchObject({ code: 0, stderr: expect.not.stringContaining('still there') })
    expect(await postgres.services.connections(tenant)).toEqual([{ service, account: cy?.account }])
    expect(await store().list(tenant)).toContainEqual(cy)
    expect(await store().list(tenant)).not.toContainEqual(bo)
  }, 60_000)

  it('has credentials under another local key when that is rotated, also where it was cut off', async () => {
    const file = localVaultKeyFile(home.path)
    const before = await readFile(file, 'utf8')
    const rotate = async (env: NodeJS.ProcessEnv = {}) =>
      noted(
        await runProgram(['dist/cli/main.js', 'keys', 'rotate', '--local-vault'], { AUTHSEC_HOME: home.path, ...env }),
      )
    const all = (await store().list(tenant)).length
    expect(all).toBeGreaterThan(1)
    const rotated = await rotate()
    expect(rotated).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^[1-9]\d* credentials of the local store/),
    })
    const after = await readFile(file, 'utf8')
    expect(after).toMatch(/^\S{43}$/)
    expect(after).not.toBe(before)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await cli('test', 'Cut')).toMatchObject({ code: 0 })

    const begun = MasterKey.generate().reveal()
    await writeFile(file, `${begun}\n${after}`)
    expect(await rotate()).toMatchObject({ code: 0 })
    expect(await readFile(file, 'utf8')).toBe(begun)
    expect(await cli('test', 'Cut')).toMatchObject({ code: 0 })

    const one = await rotate({ AUTHSEC_LOCAL_VAULT_KEY: begun })
    expect(one).toMatchObject({ code: 5, stderr: expect.stringContaining('has one key') })
    const own = MasterKey.generate().reveal()
    const named = await rotate({ AUTHSEC_LOCAL_VAULT_KEY: `${own} ${begun}` })
    expect(named).toMatchObject({ code: 0, stdout: expect.stringContaining('take those out') })
    expect(await cli('test', 'Cut')).toMatchObject({ code: 4, stderr: expect.stringContaining('another local key') })
    const failed = (await audit.all()).filter(({ reason, type }) => type === 'credential.read' && reason !== null)
    expect(failed).toMatchObject([{ reason: 'ERR_SECRETS_UNAVAILABLE', detail: { service: 'Cut', version: 3 } }])
    const env = { AUTHSEC_HOME: home.path, AUTHSEC_LOCAL_VAULT_KEY: own }
    const tested = await runProgram(['dist/cli/main.js', 'service', ...inTenant(['test', 'Cut'])], env)
    expect(noted(tested)).toMatchObject({ code: 0 })
    for (const text of texts) for (const key of [before, after, begun, own]) expect(text).not.toContain(key.trim())
  }, 120_000)
})
