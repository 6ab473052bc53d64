import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { SecretsEngine } from '../../../src/core/credential/secrets-engine.js'
import type { ExternalService } from '../../../src/core/external-service/external-service.js'
import type { AllowedRole } from '../../../src/core/external-service/engine-roles.js'
import type { ServiceAccess } from '../../../src/core/external-service/service-access.js'
import { acme, globex, sampleCaller } from '../../support/core-samples.js'
import { ServiceBench } from '../../support/service-bench.js'
import { passMilliseconds, stopPassing } from '../../support/pass-milliseconds.js'
import { listenHttp, type TestListener } from '../../support/test-listener.js'
import { until } from '../../support/until.js'
import { newPlace } from '../../support/vault/vault-place.js'
import { VaultSite } from '../../support/vault/vault-site.js'

/** What a service does not take may be taken away after that, and not before. */
const leastAge = 10_000

afterEach(stopPassing)

const status = async (services: ServiceAccess): Promise<number> => (await services.fetch('GitHub', '/user')).status

describe('a service that gives tokens for a client id and secret (RFC 6749 §4.4)', () => {
  const secret = 'clientSecret8Lq2xZ'
  const members = { client_id: 'us', client_secret: secret }
  let bench: ServiceBench
  let endpoint: TestListener
  let asked: { readonly authorization: string | undefined; readonly form: URLSearchParams }[]
  let answer: (response: ServerResponse, count: number) => void

  beforeEach(async () => {
    bench = new ServiceBench()
    asked = []
    answer = (response, count) =>
      give(response, { access_token: `token-number-${count}`, token_type: 'Bearer', expires_in: 3600 })
    endpoint = await listenHttp((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const form = new URLSearchParams(Buffer.concat(chunks).toString())
        answer(response, asked.push({ authorization: request.headers.authorization, form }))
      })
    }, '127.0.0.1')
    await bench.open()
  })
  afterEach(async () => {
    await bench.close()
    await endpoint.close()
  })

  const give = (response: ServerResponse, body: object, code = 200): void =>
    void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const auth = (secretIn: 'body' | 'header' = 'body'): ExternalService['auth'] => ({
    ...{ type: 'oauth2', grant: 'client_credentials', scopes: ['read', 'list'], secretIn },
    tokenEndpoint: `http://127.0.0.1:${endpoint.port}/token`,
  })

  it('is asked for one by fifty calls at once, and by later ones not at all', async () => {
    await bench.provide({ auth: auth() }, members)
    const answers = await Promise.all(Array.from({ length: 50 }, () => bench.call(status)))
    expect(answers.filter(({ text }) => text !== '200')).toEqual([])
    await bench.call(status)
    expect(asked).toHaveLength(1)
    expect(Object.fromEntries(asked[0]?.form ?? [])).toEqual({
      ...members,
      grant_type: 'client_credentials',
      scope: 'read list',
    })
    expect(new Set(bench.seen.map(({ headers }) => headers['authorization']))).toEqual(
      new Set(['Bearer token-number-1']),
    )
  })

  it('is given the secret in the header where it wants that', async () => {
    await bench.provide({ auth: auth('header') }, members)
    await bench.call(status)
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from(`us:${secret}`).toString('base64')}`)
    expect(asked[0]?.form.has('client_secret')).toBe(false)
  })

  it('is asked again when the token has ended, was not taken, or the secret is another one', async () => {
    answer = (response, count) =>
      give(response, { access_token: `token-number-${count}`, token_type: 'Bearer', expires_in: 30 })
    const service = await bench.provide({ auth: auth() }, members)
    await bench.call(status)
    await bench.call(status)
    expect(asked).toHaveLength(2)
    answer = (response, count) => give(response, { access_token: `token-number-${count}`, token_type: 'Bearer' })
    await bench.call(status)
    await bench.call(status)
    expect(asked).toHaveLength(3)
    bench.answer = (_request, response) => void response.writeHead(401).end()
    passMilliseconds(leastAge)
    await bench.call(status)
    await bench.call(status)
    expect(asked).toHaveLength(4)
    await bench.provide({ ...service, credentialVersion: 2 }, { ...members, client_secret: 'another-secret-3' })
    await bench.call(status)
    expect(asked.at(-1)?.form.get('client_secret')).toBe('another-secret-3')
  })

  it('is asked for one more by fifty calls that the service did not take, and for none soon after that', async () => {
    await bench.provide({ auth: auth() }, members)
    bench.answer = (_request, response) => void response.writeHead(401).end()
    const calls = async () => Promise.all(Array.from({ length: 50 }, () => bench.call(status)))
    for (let times = 0; times < 3; times += 1) await calls()
    expect(asked).toHaveLength(1)
    passMilliseconds(leastAge)
    for (let times = 0; times < 3; times += 1) await calls()
    expect(asked).toHaveLength(2)
  })

  it('is not asked by everybody while it is silent, which holds up no other client', async () => {
    const id = '5e7f1c00-0000-4000-8000-000000000009'
    await bench.provide({ auth: auth() }, members)
    await bench.provide({ id, name: 'Other', auth: auth() }, { ...members, client_id: 'them' })
    const good = answer
    answer = (response) => void response.destroy()
    for (let times = 0; times < 6; times += 1) expect((await bench.call(status)).isError).toBe(true)
    expect(asked).toHaveLength(3)
    answer = good
    const other = async (services: ServiceAccess) => (await services.fetch('Other', '/')).status
    expect(await bench.call(other, { services: ['Other'] })).toEqual({ text: '200', isError: false })
  })

  const [setUp, later] = [
    /^GitHub cannot be used as it is set up: tell its administrator/,
    /^GitHub gave no answer, try again later/,
  ]

  it.each<[string, (response: ServerResponse) => void, RegExp?]>([
    [
      'says no and quotes what it was sent',
      (response) => give(response, { error: 'invalid_client', error_description: secret }, 401),
    ],
    ['says no with 200', (response) => give(response, { error: 'invalid_client', error_description: secret })],
    ['gives no token', (response) => give(response, { token_type: 'Bearer' })],
    ['gives a token of another kind', (response) => give(response, { access_token: 'x', token_type: 'mac' })],
    ['redirects', (response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()],
    ['fails', (response) => void response.writeHead(500).end(secret), later],
    ['is busy', (response) => void response.writeHead(429).end(secret), later],
    ['is no token endpoint', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
  ])(
    'is not used where its token endpoint %s, and nothing is told of that; the next call asks again',
    async (_name, bad, told = setUp) => {
      await bench.provide({ auth: auth() }, members)
      const good = answer
      answer = bad
      const { isError, text } = await bench.call(status)
      expect([isError, text]).toEqual([true, expect.stringMatching(told)])
      expect(bench.lines.join()).toMatch(/GitHub gave no token/)
      expect(bench.lines.join()).not.toContain(secret)
      expect(bench.seen).toEqual([])
      answer = good
      expect(await bench.call(status)).toEqual({ text: '200', isError: false })
    },
  )

  it('has its token kept out of answers, and its secret out of operations', async () => {
    await bench.provide({ auth: auth() }, members)
    const { text } = await bench.call(async (services) => (await services.getServiceToken('GitHub')).reveal())
    expect(text).toMatch(/^The result was withheld/)
    const names = await bench.call(async (services) =>
      Object.keys(await services.getServiceCredentials('GitHub')).join(),
    )
    expect(names.text).toBe('client_id,access_token')
  })
})

describe('a credential that HashiCorp Vault makes', () => {
  const auth = { type: 'basic_auth' } as const
  let site: VaultSite
  let bench: ServiceBench

  const open = async (engine?: SecretsEngine, allowed?: readonly AllowedRole[], grace?: number): Promise<void> => {
    bench = new ServiceBench(engine, allowed, grace)
    await bench.open()
  }

  beforeEach(async () => {
    site = await VaultSite.open()
    await site.administrator.ask('POST', 'database/roles/reports', { default_ttl: '60s', max_ttl: '1h' })
    await site.administrator.ask('POST', 'database/static-roles/reports', {
      username: 'reports',
      rotation_period: '24h',
    })
  })
  afterEach(async () => {
    await bench.close()
    await site.close()
  })

  it('is one for all calls of this process, with a lease, and another one once the service did not take it', async () => {
    const { engine } = await site.enter()
    await open(engine)
    await bench.provide({ auth, source: { from: 'dynamic', path: 'database/creds/reports' }, credentialVersion: 0 }, {})
    await Promise.all(Array.from({ length: 20 }, () => bench.call(status)))
    const rows = bench.audit.rows.filter(({ type }) => type === 'credential.outcome')
    const path = 'database/creds/reports'
    const lease = expect.stringMatching(/^[\w-]{16}$/)
    expect(rows).toHaveLength(20)
    expect(rows[0]).toMatchObject({ detail: { service: 'GitHub', role: path, lease } })
    expect(new Set(rows.map(({ detail }) => detail?.['lease'])).size).toBe(1)
    const users = () => new Set(bench.seen.map(({ headers }) => headers['authorization'])).size
    expect(users()).toBe(1)
    bench.answer = (_request, response) => void response.writeHead(401).end()
    for (let times = 0; times < 3; times += 1) await bench.call(status)
    expect(users()).toBe(1)
    passMilliseconds(leastAge)
    for (let times = 0; times < 3; times += 1) await bench.call(status)
    expect(users()).toBe(2)
    passMilliseconds(leastAge)
    await bench.call(status)
    bench.answer = (_request, response) => void response.end()
    expect(await bench.call(status)).toEqual({ text: '200', isError: false })
    expect(users()).toBe(3)
    expect(site.vault.count(/GET database\/creds/)).toBe(3)
  })

  it('is another one once this server has logged in to Vault anew, with whose token the one before ends', async () => {
    const { credentials, engine } = await site.enter()
    await open(engine)
    await bench.provide({ auth, source: { from: 'dynamic', path: 'database/creds/reports' }, credentialVersion: 0 }, {})
    await bench.call(status)
    const [{ token } = {}] = site.vault.journal.filter(({ path }) => path.startsWith('database/creds'))
    site.vault.space('').tokens.revoke(token ?? '')
    await credentials.newest(newPlace())
    await bench.call(status)
    const users = bench.seen.map(({ headers }) => Buffer.from(String(headers['authorization']).slice(6), 'base64'))
    const [before, after] = users.map((user) => user.toString().split(':')[0] ?? '')
    expect([before, after].map((user) => site.vault.space('').leases.knows(user ?? ''))).toEqual([false, true])
  })

  it('is another one once the service leads elsewhere, and the one before is revoked', async () => {
    const { engine } = await site.enter()
    await open(engine)
    const source = { from: 'dynamic', path: 'database/creds/reports' } as const
    await bench.provide({ auth, source, credentialVersion: 0 }, {})
    await bench.call(status)
    await bench.provide({ auth, source, credentialVersion: 0, revision: '2' }, {})
    await bench.call(status)
    const [first, second] = bench.seen.map(({ headers }) => headers['authorization'])
    expect(first).not.toBe(second)
    const username = Buffer.from(String(first).slice(6), 'base64').toString().split(':')[0] ?? ''
    await until(async () => !site.vault.space('').leases.knows(username))
  })

  it('goes on where Vault is sealed when the service has changed, as long as it is of the same role (F14)', async () => {
    const { engine } = await site.enter()
    await open(engine)
    const source = { from: 'dynamic', path: 'database/creds/reports' } as const
    await bench.provide({ auth, source, credentialVersion: 0 }, {})
    await bench.call(status)
    site.vault.sealed = true
    await bench.provide({ auth, source, credentialVersion: 0, revision: '2' }, {})
    for (let times = 0; times < 3; times += 1) expect(await bench.call(status)).toEqual({ text: '200', isError: false })
    const users = () => bench.seen.map(({ headers }) => headers['authorization'])
    expect(new Set(users()).size).toBe(1)
    expect(site.vault.count(/^POST sys\/leases\/revoke/)).toBe(0)
    await bench.provide({ auth, source: { from: 'static', path: 'database/static-creds/reports' }, revision: '3' }, {})
    expect((await bench.call(status)).isError).toBe(true)
    await bench.provide({ auth, source, credentialVersion: 0, revision: '4' }, {})
    expect((await bench.call(status)).isError).toBe(true)
    site.vault.sealed = false
    await until(async () => !(await bench.call(status)).isError)
    expect(new Set(users()).size).toBe(2)
  })

  it('that one call was refused with is not taken from others that are under way with it', async () => {
    const { engine } = await site.enter()
    await open(engine, undefined, 3_600_000)
    await bench.provide({ auth, source: { from: 'dynamic', path: 'database/creds/reports' }, credentialVersion: 0 }, {})
    await bench.call(status)
    bench.answer = (_request, response) => void response.writeHead(401).end()
    passMilliseconds(leastAge)
    for (let times = 0; times < 2; times += 1) await bench.call(status)
    const users = bench.seen.map(({ headers }) => Buffer.from(String(headers['authorization']).slice(6), 'base64'))
    const names = new Set(users.map((user) => user.toString().split(':')[0] ?? ''))
    expect([...names].map((name) => site.vault.space('').leases.knows(name))).toEqual([true, true])
    expect(site.vault.count(/^POST sys\/leases\/revoke/)).toBe(0)
  })

  it('of a static role is what the role has', async () => {
    const { engine } = await site.enter()
    await open(engine)
    await bench.provide(
      { auth, source: { from: 'static', path: 'database/static-creds/reports' }, credentialVersion: 0 },
      {},
    )
    expect(await bench.call(status)).toEqual({ text: '200', isError: false })
    const [, encoded = ''] = String(bench.seen[0]?.headers['authorization']).split(' ')
    expect(Buffer.from(encoded, 'base64').toString()).toMatch(/^reports:./)
  })

  it.each([
    ['dynamic', 'database/creds/reports'],
    ['static', 'database/static-creds/reports'],
  ] as const)(
    'of a %s role is for the tenant that the operator has given it to, whoever else names it',
    async (from, path) => {
      const { engine } = await site.enter()
      await open(engine, [
        { tenant: acme.slug, path },
        { tenant: globex.id, path: `${path}-of-others` },
      ])
      const made = { auth, source: { from, path }, credentialVersion: 0 }
      for (const tenant of [acme, globex]) await bench.provide(made, {}, tenant)
      expect(await bench.call(status)).toEqual({ text: '200', isError: false })
      const asked = site.vault.journal.length
      const { text } = await bench.call(status, { caller: { ...sampleCaller(), tenant: globex } })
      expect(text).toMatch(/^GitHub cannot be used as it is set up: tell its administrator/)
      expect(bench.lines.join()).toContain(`the tenant globex may not use the role ${path} of the secrets engine`)
      expect([bench.seen.length, site.vault.journal.length]).toEqual([1, asked])
    },
  )

  it('is not made where that cannot be put on record, and that none was made is on record (F9)', async () => {
    const { engine } = await site.enter()
    await open(engine)
    await bench.provide({ auth, source: { from: 'dynamic', path: 'database/creds/reports' }, credentialVersion: 0 }, {})
    site.vault.fault = { kind: 'status', status: 500 }
    expect((await bench.call(status)).isError).toBe(true)
    expect(bench.audit.rows.filter(({ type }) => type === 'credential.outcome')).toMatchObject([
      { reason: 'ERR_SECRETS_UNAVAILABLE', detail: { service: 'GitHub', role: 'database/creds/reports' } },
    ])
    site.vault.fault = undefined
    bench.audit.refuse('credential.read')
    await expect(bench.call(status)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(bench.seen).toEqual([])
  })

  it('is refused, in words for the administrator, where nothing makes it', async () => {
    await open()
    await bench.provide({ auth, source: { from: 'dynamic', path: 'database/creds/reports' }, credentialVersion: 0 }, {})
    expect((await bench.call(status)).text).toMatch(/^GitHub cannot be used: its administrator/)
  })
})
