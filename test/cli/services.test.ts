import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { localVaultKeyFile } from '../../src/app/credentials/local-vault-keys.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import { ServiceCli } from '../support/service-cli.js'
import { listenHttp, type TestListener } from '../support/test-listener.js'

const secret = 'ghp-a-token-that-is-not-to-be-seen'
const shownBody = 'a-body-that-is-not-to-be-seen'

let cli: ServiceCli
let api: TestListener
let requests: IncomingMessage[] = []
const revoked: string[] = []

beforeAll(async () => {
  api = await listenHttp((request, response) => {
    requests.push(request)
    if (request.url?.startsWith('/.well-known/openid') === true)
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata()))
    if (request.url === '/revoke') {
      request.on('data', (body: Buffer) => revoked.push(new URLSearchParams(body.toString()).get('token') ?? ''))
      return void request.on('end', () => response.end())
    }
    if (request.url === '/v1/nothing-here') return void response.writeHead(404).end()
    const isKnown = request.headers.authorization === `Bearer ${secret}`
    response.writeHead(isKnown ? 200 : 401, { 'x-shown': shownBody }).end(shownBody)
  }, '127.0.0.1')
  cli = await ServiceCli.open()
}, 60_000)
afterAll(async () => {
  await cli?.close()
  await api?.close()
})

const typed = (input: string, ...args: readonly string[]) => cli.typed(input, ...args)
const json = (...args: readonly string[]) => cli.json(...args)
const place = (name: string, account?: string) => cli.place(name, account)
const store = () => cli.store
const origin = () => `http://127.0.0.1:${api.port}`
const metadata = () => ({
  ...{ issuer: origin(), authorization_endpoint: `${origin()}/authorize`, token_endpoint: `${origin()}/token` },
  ...{ revocation_endpoint: `${origin()}/revoke`, code_challenge_methods_supported: ['S256'] },
})
const bearer = () => ['--url', `${origin()}/v1/`, '--private-network', '--auth', 'bearer_token']

describe('authsec service', () => {
  it('puts a service there, gives it a credential that nobody sees again, and asks it with that (V11)', async () => {
    const added = await cli.run(
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
    expect(added.stderr).toContain(`${cli.tenant.slug} has no role nobody-has-this yet`)
    expect(added.stderr).toContain('it has no credential yet: authsec service set-credential "GitHub"')
    expect(await cli.run('test', 'GitHub')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('no credential yet'),
    })

    const set = await typed(`${secret}\n`, 'set-credential', 'GitHub', '--json')
    expect(set).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(set.stdout)).toMatchObject({ changes: [{ before: [], after: ['credentialVersion:1'] }] })
    expect((await stat(localVaultKeyFile(cli.home))).mode & 0o777).toBe(0o600)
    expect(await store().read(await place('GitHub'), 1)).toMatchObject({ members: { access_token: secret } })

    expect(await json('show', 'GitHub')).toEqual({
      ...{
        tenant: cli.tenant.slug,
        name: 'GitHub',
        url: `${origin()}/v1`,
        auth: { type: 'bearer_token' },
        tags: ['code'],
      },
      ...{
        source: { from: 'store' },
        requirement: { role: 'nobody-has-this' },
        network: 'private',
        description: 'Code',
      },
      credential: { version: 1, since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) },
    })
    expect((await cli.run('show', 'GitHub')).stdout).toMatch(/requirement +role nobody-has-this/)
    expect((await cli.run('list')).stdout).toMatch(
      /TENANT +NAME +URL +AUTH +REQUIREMENT +CREDENTIAL.*\n\S+ +GitHub +http\S+ +bearer_token +role nobody-has-this +version 1/,
    )
    requests = []
    const tested = await cli.run('test', 'GitHub', '--path', '/issues?state=open')
    expect(tested).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('answered 200\n✓ it takes the credential'),
    })
    expect(requests.map(({ method, url }) => [method, url])).toEqual([['GET', '/v1/issues?state=open']])
    expect(await cli.run('test', 'GitHub', '--path', '/../v2')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('dot segment'),
    })
    expect(requests).toHaveLength(1)

    const replaced = await typed('another-secret-of-theirs', 'set-credential', 'GitHub')
    expect(replaced).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/credentialVersion:1 +credentialVersion:2/),
    })
    expect(await cli.run('test', 'GitHub')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('✗ it does not take the credential'),
    })
    const rows = await cli.site.audit.all()
    expect(rows.filter(({ type }) => type === 'credential.read')).toMatchObject([
      { subject: expect.stringMatching(/^cli:/), detail: { service: 'GitHub', version: 1 } },
      { detail: { service: 'GitHub', version: 2 } },
    ])
    for (const text of [...cli.texts, JSON.stringify(rows)]) {
      for (const hidden of [secret, shownBody, 'another-secret-of-theirs']) expect(text).not.toContain(hidden)
    }
    expect(await cli.run('test', 'GitHub', '--path', '/nothing-here')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('says nothing about the credential'),
    })
  }, 120_000)

  it('takes no credential from the command line, and none that cannot be one', async () => {
    await cli.run('add', 'Basic', '--url', 'https://api.example.com', '--auth', 'basic_auth', '--everybody')
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
    const file = join(cli.home, 'secret.txt')
    await writeFile(file, 'short\r\n')
    const set = await cli.run('set-credential', 'Basic', '--username', 'bo', '--from-file', file)
    expect(set).toMatchObject({ code: 0, stderr: expect.stringContaining('warning: it has fewer than 8 characters') })
    expect(await store().read(await place('Basic'))).toMatchObject({ members: { username: 'bo', password: 'short' } })
  }, 120_000)

  it('keeps the credential that works where setting another one was cut off, and goes on from there', async () => {
    await cli.run('add', 'Cut', ...bearer(), '--everybody')
    await typed(secret, 'set-credential', 'Cut')
    await store().write(await place('Cut'), { access_token: 'written, and then nothing' }, 1)
    expect(await cli.run('test', 'Cut')).toMatchObject({ code: 0 })
    expect(await typed(secret, 'set-credential', 'Cut')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('credentialVersion:3'),
    })
    expect(await cli.run('test', 'Cut')).toMatchObject({ code: 0 })
  }, 60_000)

  it('says all that is wrong with a service at once, and gives up a credential only with consent', async () => {
    const wrong = await cli.run(
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
    await cli.run('add', 'Moved', ...bearer(), '--everybody')
    await typed(secret, 'set-credential', 'Moved')
    const again = await cli.run('add', 'Moved', ...bearer(), '--everybody')
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
    const unsure = await cli.run(...elsewhere)
    expect(unsure).toMatchObject({ code: 5, stderr: expect.stringContaining('its credential would be destroyed') })
    expect(await json('show', 'Moved')).toMatchObject({ credential: { version: 1 } })
    const before = await place('Moved')
    expect(await cli.run(...elsewhere, '--yes')).toMatchObject({ code: 0 })
    expect(await json('show', 'Moved')).toMatchObject({ url: 'https://evil.example', credential: 'none' })
    expect(await store().newest(before)).toBe(0)
  }, 120_000)

  it('removes a service and its credentials, those of its users too, and can be asked again for what was left', async () => {
    await cli.run('add', 'Gone', ...bearer(), '--everybody')
    await typed(secret, 'set-credential', 'Gone')
    const [shared, user] = [await place('Gone'), await place('Gone', '3f2504e0-4f89-41d3-9a0c-0305e82c3301')]
    await store().write(user, { access_token: 'of a user' }, 0)
    expect(await cli.run('delete', 'Gone')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('its credential would be destroyed'),
    })
    expect(await store().newest(shared)).toBe(1)
    expect(await cli.run('delete', 'Gone', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 removed'),
    })
    for (const gone of [shared, user]) expect(await store().newest(gone)).toBe(0)
    expect(await cli.run('delete', 'Gone', '--yes')).toMatchObject({ code: 5 })

    await store().write(user, { access_token: 'of a user' }, 0)
    const kept = await place('Cut')
    const left = await cli.run('delete', '--leftovers', '--yes')
    expect(left).toMatchObject({ code: 0, stdout: expect.stringContaining('1 credentials destroyed') })
    expect(await store().newest(user)).toBe(0)
    expect(await store().newest(kept)).toBe(3)
  }, 120_000)

  it('is missed by lint where an operation uses it and no tenant that is looked at has it', async () => {
    const lint = (tenant: string) =>
      cli.site.run('lint', '--app', 'samples/github-service/dist/app.js', '--tenant', tenant, '--json')
    const missed = async (tenant: string) => {
      const { findings } = JSON.parse((await lint(tenant)).stdout)
      return findings.filter(({ code }: { readonly code: string }) => code === 'unknown-service')
    }
    const { slug } = cli.tenant
    const about = { severity: 'warning', service: 'GitHub API Integration', tenants: [slug] }
    expect(await missed(slug)).toMatchObject([about, about])
    expect(await cli.run('add', 'GitHub API Integration', ...bearer(), '--everybody')).toMatchObject({ code: 0 })
    expect(await missed(slug)).toEqual([])
    expect(await missed('globex')).toMatchObject([{ tenants: ['globex'] }, { tenants: ['globex'] }])
    expect(await cli.run('delete', 'GitHub API Integration', '--yes')).toMatchObject({ code: 0 })
  }, 120_000)

  it('says what it could not destroy, and destroys it when it is asked again', async () => {
    await cli.run('add', 'Left', ...bearer(), '--everybody')
    await typed(secret, 'set-credential', 'Left')
    const moved = await place('Left')
    const nowhere = { AUTHSEC_VAULT_ADDR: 'https://127.0.0.1:1', AUTHSEC_VAULT_TOKEN: 'a-token-of-vault' }
    const away = (...args: readonly string[]) => cli.elsewhere(nowhere, ...args)
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
    expect(await cli.data.postgres.services.find(cli.tenant, 'Left')).toBeUndefined()
    for (const kept of [moved, left]) expect(await store().newest(kept)).toBe(1)
    expect(await cli.run('delete', '--leftovers')).toMatchObject({ code: 5 })
    expect(await cli.run('delete', '--leftovers', '--yes')).toMatchObject({ code: 0 })
    for (const kept of [moved, left]) expect(await store().newest(kept)).toBe(0)
  }, 120_000)

  it('is one where users sign in, each ended by an administrator, who sees nothing of the tokens', async () => {
    const { tenant } = cli
    const { postgres, tenantSql } = cli.data
    const place = ['--url', `${origin()}/v1`, '--private-network', '--everybody', '--auth', 'oauth2']
    const grant = ['--grant', 'authorization_code', '--oauth-scope', 'repo']
    expect(await cli.run('add', 'Hub', ...place, ...grant, '--issuer', `${origin()}/other`)).toMatchObject({ code: 5 })
    const added = await cli.run('add', 'Hub', ...place, ...grant, '--issuer', origin())
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
    const connect = (email: string) =>
      `insert into service_connection (service_id, subject, credential_version)
       select $1, id::text, 1 from account where email = '${email}' returning id`
    const [row] = await tenantSql(tenant, connect('di@here.test'), [service])
    const tokens = { tenant, service, account: String(row?.['id']) }
    await store().write(tokens, { access_token: 'an-access-token-of-di', refresh_token: 'a-refresh-token-of-di' }, 0)
    // Renewed, and not in use yet.
    await store().write(tokens, { access_token: 'a-new-token-of-di', refresh_token: 'a-later-token-of-di' }, 1)
    expect(await json('show', 'Hub')).toMatchObject({ users: 1 })
    const disconnect = ['disconnect', 'Hub', '--account', 'di@here.test'] as const
    const wrapped = { AUTHSEC_VAULT_WRAPPED_SECRET_ID: 'hvs.wrapped', AUTHSEC_VAULT_ROLE: 'authsec' }
    const server = { AUTHSEC_VAULT_ADDR: 'https://127.0.0.1:1', AUTHSEC_VAULT_ROLE_ID: 'a-role-id', ...wrapped }
    expect(await cli.elsewhere(server, ...disconnect, '--yes')).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining('can be unwrapped once') },
    })
    expect(await cli.run(...disconnect)).toMatchObject({ code: 5 })
    expect(await postgres.services.connections(tenant)).toHaveLength(1)
    requests = []
    const ended = await cli.run(...disconnect, '--yes')
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('user:di@here.test') })
    expect(ended.stderr).toBe('di@here.test would have to sign in at Hub again\n')
    expect(requests.map(({ method, url }) => [method, url])).toEqual([
      ['POST', '/revoke'],
      ['POST', '/revoke'],
    ])
    expect(revoked.toSorted()).toEqual(['a-later-token-of-di', 'a-refresh-token-of-di'])
    expect([await postgres.services.connections(tenant), await store().newest(tokens)]).toEqual([[], 0])
    const twice = await cli.run(...disconnect, '--yes')
    expect(twice).toMatchObject({ code: 5, stderr: expect.stringContaining('not signed in') })
    expect(twice.stderr).not.toContain('would')
    const again = { kind: 'account', presence: 'new', email: 'ed@here.test' } as const
    await postgres.tenantAdministration.apply(tenant, [again], 'cli:ada')
    const [other] = await tenantSql(tenant, connect('ed@here.test'), [service])
    const his = { tenant, service, account: String(other?.['id']) }
    await store().write(his, { access_token: 'an-access-token-of-di' }, 0)
    expect(await cli.site.run('account', 'remove', 'ed@here.test', '--tenant', tenant.slug, '--yes')).toMatchObject({
      code: 0,
    })
    expect([revoked.at(-1), await store().newest(his)]).toEqual(['an-access-token-of-di', 0])

    // What a sign-in has left that was cut off; then those of a service that leads elsewhere, and of one that is removed.
    await store().write({ tenant, service, account: randomUUID() }, { access_token: 'a-cut-off-token-of-di' }, 0)
    const tidied = await cli.run('delete', '--leftovers', '--yes')
    const told = { code: 0, stderr: expect.stringContaining('Hub took the tokens of 1 of 1 user back') }
    expect([tidied, revoked.at(-1)]).toMatchObject([told, 'a-cut-off-token-of-di'])
    for (const [way, ...more] of [['set', '--url', `${origin()}/v2`], ['delete']] as const) {
      const { id = '' } = (await postgres.services.find(tenant, 'Hub')) ?? {}
      const email = `fi-${way}@here.test`
      await postgres.tenantAdministration.apply(tenant, [{ ...account, email }], 'cli:ada')
      const [third] = await tenantSql(tenant, connect(email), [id])
      const hers = { tenant, service: id, account: String(third?.['id']) }
      await store().write(hers, { access_token: `a-${way}-token-of-di` }, 0)
      expect(await cli.run(way, 'Hub', ...more, '--yes')).toMatchObject(told)
      expect([revoked.at(-1), await store().newest(hers)]).toEqual([`a-${way}-token-of-di`, 0])
      if (way === 'set') await typed(secret, 'set-credential', 'Hub', '--client-id', 'authsec')
    }
    for (const text of cli.texts) expect(text).not.toMatch(/token-of-di/)
  }, 120_000)

  it('has no tokens of an account that is gone, and keeps those of others', async () => {
    const { tenant } = cli
    const { postgres, tenantSql } = cli.data
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
    const removed = await cli.site.run('account', 'remove', 'bo@gone.test', '--tenant', tenant.slug, '--yes')
    expect(removed).toMatchObject({ code: 0, stderr: expect.not.stringContaining('still there') })
    expect(await postgres.services.connections(tenant)).toEqual([{ service, account: cy?.account }])
    expect(await store().list(tenant)).toContainEqual(cy)
    expect(await store().list(tenant)).not.toContainEqual(bo)
  }, 60_000)

  it('has credentials under another local key when that is rotated, also where it was cut off', async () => {
    const file = localVaultKeyFile(cli.home)
    const before = await readFile(file, 'utf8')
    const command = ['keys', 'rotate', '--local-vault']
    const rotate = async () => cli.noted(await cli.site.run(...command))
    const all = (await store().list(cli.tenant)).length
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
    expect(await cli.run('test', 'Cut')).toMatchObject({ code: 0 })

    const begun = MasterKey.generate().reveal()
    await writeFile(file, `${begun}\n${after}`)
    expect(await rotate()).toMatchObject({ code: 0 })
    expect(await readFile(file, 'utf8')).toBe(begun)
    expect(await cli.run('test', 'Cut')).toMatchObject({ code: 0 })

    const one = await cli.program({ AUTHSEC_LOCAL_VAULT_KEY: begun }, ...command)
    expect(one).toMatchObject({ code: 5, stderr: expect.stringContaining('has one key') })
    const own = MasterKey.generate().reveal()
    const named = await cli.program({ AUTHSEC_LOCAL_VAULT_KEY: `${own} ${begun}` }, ...command)
    expect(named).toMatchObject({ code: 0, stdout: expect.stringContaining('take those out') })
    expect(await cli.run('test', 'Cut')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('another local key'),
    })
    const failed = (await cli.site.audit.all()).filter(
      ({ reason, type }) => type === 'credential.outcome' && reason !== 'succeeded',
    )
    expect(failed).toMatchObject([{ reason: 'ERR_SECRETS_UNAVAILABLE', detail: { service: 'Cut', version: 3 } }])
    expect(await cli.elsewhere({ AUTHSEC_LOCAL_VAULT_KEY: own }, 'test', 'Cut')).toMatchObject({ code: 0 })
    for (const text of cli.texts) for (const key of [before, after, begun, own]) expect(text).not.toContain(key.trim())
  }, 120_000)
})
