import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { allowInProcessManager, McpServer, ProtectedByAuthSec, type AuthSecAppOptions } from '../../src/index.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { listenInProcess, type TestServer } from '../support/listening-app.js'
import { postMcp } from '../support/mcp-post.js'
import { mintTokens } from '../support/mint-tokens.js'
import { openTestPostgres, type TestPostgres } from '../support/postgres.js'
import { until } from '../support/until.js'

/** Nobody hints at plain SQL: it counts within a second, as `permission/revocation` shows. */
const soon = (condition: () => Promise<boolean>): Promise<void> => until(condition)

let ran = 0

@McpServer({ name: 'ledger', version: '1.0.0' })
class LedgerServer {
  @ProtectedByAuthSec()
  hello(): string {
    return 'hello'
  }

  @ProtectedByAuthSec({ roles: ['admin'] })
  closeBooks(): string {
    ran += 1
    return 'closed'
  }

  @ProtectedByAuthSec({ scopes: ['write'] })
  bookEntry(): string {
    ran += 1
    return 'booked'
  }
}

const john = 'john@company.com'
const grantAdmin = `insert into account_role (account_id, role_id)
  select account.id, role.id from account, role where role.name = 'admin'`
const options: AuthSecAppOptions = {
  servers: [LedgerServer],
  clientId: 'ledger',
  sessions: 'stateless',
  tenants: ['acme-corp'],
  [allowInProcessManager]: true,
}

describe('a server on a database of its own', () => {
  let database: TestPostgres
  let acme: Tenant
  let env: Record<string, string>
  let server: TestServer

  beforeAll(async () => {
    database = await openTestPostgres()
    const { provisioner, accounts, applications } = database.postgres
    acme = await provisioner.createTenant({ slug: 'acme-corp', name: 'Acme Corp' })
    const globex = await provisioner.createTenant({ slug: 'globex', name: 'Globex' })
    const grants = grantsOf({ roles: ['admin'], scopes: ['read', 'write'] })
    await accounts.create(acme, { email: john, grants })
    await accounts.create(globex, { email: 'eve@globex.test', grants })
    await applications.register({ clientId: 'ledger', name: 'Ledger', tenant: acme, admits: ['acme-corp'] })
    const { host, port, user, password } = database.connection
    const authority = `${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}`
    env = {
      AUTHSEC_DATABASE_URL: `postgres://${authority}/${database.masterDatabase}?sslmode=disable`,
      AUTHSEC_MASTER_KEY: database.masterKey.reveal(),
      AUTHSEC_TRUSTED_PROXIES: '127.0.0.0/8',
    }
    server = await listenInProcess(options, env)
  }, 120_000)
  afterAll(async () => {
    await server?.close()
    await database?.close()
  })

  const tokenOf = async (email: string, tenant: string, methods = ['pwd']): Promise<string | undefined> =>
    (
      await mintTokens(
        { postgres: database.postgres, keyring: database.postgres.keys },
        { audience: server.url, tenant, emails: [email], methods },
      )
    ).get(email)
  const names = async (token: string | undefined): Promise<readonly string[] | undefined> =>
    (await postMcp(server.url, token, 'tools/list')).body.result?.tools?.map(({ name }) => name)
  const call = async (token: string | undefined, name: string): Promise<string | undefined> => {
    const { body } = await postMcp(server.url, token, 'tools/call', { name, arguments: {} })
    return body.result?.content?.[0]?.text ?? body.error?.message
  }

  it('serves the same way as on the embedded one', async () => {
    const token = await tokenOf(john, 'acme-corp')
    expect(await names(token)).toEqual(['hello', 'close_books', 'book_entry'])
    expect(await call(token, 'close_books')).toBe('closed')
  })

  it('refuses a token that was minted for development', async () => {
    const minted = await tokenOf(john, 'acme-corp', ['dev'])
    expect((await postMcp(server.url, minted, 'tools/list')).status).toBe(401)
    const signedIn = await tokenOf(john, 'acme-corp', ['pwd'])
    expect((await postMcp(server.url, signedIn, 'tools/list')).status).toBe(200)
  })

  it('takes a role away, and with the role the tool and its handler', async () => {
    const token = await tokenOf(john, 'acme-corp')
    const before = ran
    await database.tenantSql(acme, `delete from account_role`)
    await soon(async () => (await names(token))?.length === 2)
    expect(await names(token)).toEqual(['hello', 'book_entry'])
    expect(await call(token, 'close_books')).toBe('Unknown tool: close_books')
    expect(ran).toBe(before)
    await database.tenantSql(acme, grantAdmin)
    await soon(async () => (await call(token, 'close_books')) === 'closed')
  })

  it('does not let a grant of the database go beyond the token', async () => {
    await database.tenantSql(acme, 'delete from account_role')
    const token = await tokenOf(john, 'acme-corp')
    await database.tenantSql(acme, grantAdmin)
    const full = await tokenOf(john, 'acme-corp')
    await soon(async () => (await names(full))?.length === 3)
    expect(await names(full)).toEqual(['hello', 'close_books', 'book_entry'])
    expect(await names(token)).toEqual(['hello', 'book_entry'])
  })

  it('refuses a disabled account and takes it back when it is enabled', async () => {
    const token = await tokenOf(john, 'acme-corp')
    const status = async () => (await postMcp(server.url, token, 'tools/list')).status
    await database.tenantSql(acme, `update account set disabled_at = now() where email = $1`, [john])
    await soon(async () => (await status()) === 401)
    await database.tenantSql(acme, `update account set disabled_at = null where email = $1`, [john])
    await soon(async () => (await status()) === 200)
  })

  it('refuses a token whose grant has ended', async () => {
    const token = await tokenOf(john, 'acme-corp')
    await database.sql(`delete from issuer_record where model = 'Grant'`)
    expect((await postMcp(server.url, token, 'tools/list')).status).toBe(401)
  })

  it('refuses users of a tenant that the application does not admit, whoever they are', async () => {
    const answer = await postMcp(server.url, await tokenOf('eve@globex.test', 'globex'), 'tools/list')
    expect(answer.status).toBe(403)
  })

  it('refuses users of a suspended tenant', async () => {
    const token = await tokenOf(john, 'acme-corp')
    await database.sql(`update tenant set suspended_at = now() where slug = 'acme-corp'`)
    expect((await postMcp(server.url, token, 'tools/list')).status).toBe(403)
    await database.sql(`update tenant set suspended_at = null where slug = 'acme-corp'`)
    expect((await postMcp(server.url, token, 'tools/list')).status).toBe(200)
  })

  it('refuses users of a tenant from the moment that the application no longer admits it', async () => {
    const token = await tokenOf(john, 'acme-corp')
    const admit = (slugs: readonly string[]) =>
      database.sql(`update application set admits = $1 where client_id = 'ledger'`, [JSON.stringify(slugs)])
    await admit(['globex'])
    expect((await postMcp(server.url, token, 'tools/list')).status).toBe(403)
    expect((await postMcp(server.url, await tokenOf('eve@globex.test', 'globex'), 'tools/list')).status).toBe(200)
    await admit(['acme-corp'])
    expect((await postMcp(server.url, token, 'tools/list')).status).toBe(200)
  })

  it('refuses everybody while the tenant that owns the application is suspended, and when the application is deleted', async () => {
    const token = await tokenOf('eve@globex.test', 'globex')
    const { applications } = database.postgres
    const status = async () => (await postMcp(server.url, token, 'tools/list')).status
    await applications.register({ clientId: 'ledger', name: 'Ledger', tenant: acme, admits: ['globex'] })
    expect(await status()).toBe(200)
    await database.sql(`update tenant set suspended_at = now() where slug = 'acme-corp'`)
    expect(await status()).toBe(403)
    await database.sql(`update tenant set suspended_at = null where slug = 'acme-corp'`)
    expect(await status()).toBe(200)
    await database.sql(`delete from application where client_id = 'ledger'`)
    expect(await status()).toBe(403)
    await applications.register({ clientId: 'ledger', name: 'Ledger', tenant: acme, admits: ['acme-corp'] })
    expect(await status()).toBe(403)
  })

  it('writes one row per decision and outcome', async () => {
    const token = await tokenOf(john, 'acme-corp')
    const [last] = await database.tenantSql(acme, 'select coalesce(max(id), 0) as id from audit_event')
    await call(token, 'book_entry')
    await call(token, 'no_such_tool')
    const decided = () =>
      database.tenantSql(
        acme,
        `select type, operation, reason from audit_event where type like 'operation.%' and id > $1 order by id`,
        [last?.['id']],
      )
    await until(async () => (await decided()).length === 3)
    expect(await decided()).toEqual([
      { type: 'operation.allowed', operation: 'book_entry', reason: null },
      { type: 'operation.outcome', operation: 'book_entry', reason: 'succeeded' },
      { type: 'operation.denied', operation: 'no_such_tool', reason: 'ERR_OPERATION_UNKNOWN' },
    ])
  })

  it('says in each row where the call came from, how long it took, and of its arguments a digest alone', async () => {
    const token = await tokenOf(john, 'acme-corp')
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const origin = { address: '203.0.113.9', userAgent: 'probe/1' }
    const params = { name: 'book_entry', arguments: { note: 'MARKER' } }
    await fetch(server.url, {
      method: 'POST',
      headers: {
        ...{ accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        ...{ authorization: `Bearer ${token}`, traceparent: `00-${traceId}-b7ad6b7169203331-01` },
        ...{ 'user-agent': origin.userAgent, 'x-forwarded-for': `198.51.100.1, ${origin.address}` },
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    })
    const rows = await database.tenantSql(
      acme,
      `select type, personal, milliseconds, detail, intent_id, request_id from audit_event where trace_id = $1 order by id`,
      [traceId],
    )
    expect(rows.map(({ type }) => type)).toEqual(['operation.allowed', 'operation.outcome'])
    for (const row of rows) {
      expect(row).toMatchObject({ personal: origin, intent_id: rows[0]?.['request_id'] })
      expect(Number(row['milliseconds'])).toBeGreaterThanOrEqual(0)
    }
    expect(rows[0]?.['detail']).toMatchObject({ arguments: expect.stringMatching(/^[\w-]{43}$/) })
    expect(JSON.stringify(rows)).not.toMatch(/MARKER|198\.51/)
  })

  it('runs nothing that cannot be put on record, and recovers by itself', async () => {
    const token = await tokenOf(john, 'acme-corp')
    const before = ran
    await database.tenantSql(acme, 'alter table audit_event rename to audit_event_away')
    const refused = await postMcp(server.url, token, 'tools/call', { name: 'book_entry', arguments: {} })
    expect(refused).toMatchObject({
      status: 503,
      body: { error: { data: { code: 'TENANT_UNAVAILABLE', retryable: true } } },
    })
    expect(ran).toBe(before)
    await database.tenantSql(acme, 'alter table audit_event_away rename to audit_event')
    expect(await call(token, 'book_entry')).toBe('booked')
  })

  const { [allowInProcessManager]: _allowed, ...withoutPermission } = options
  it.each<[string, AuthSecAppOptions, Readonly<Record<string, string>>, string]>([
    ['without permission to be its own authorization server', withoutPermission, {}, 'ERR_CONFIG_AUTHENTICATOR'],
    ['as an application that nobody registered', { ...options, clientId: 'nobody' }, {}, 'ERR_CONFIG_APPLICATION'],
    ['with other tenants than those registered', { ...options, tenants: 'any' }, {}, 'ERR_CONFIG_APPLICATION'],
    ['without a master key', options, { AUTHSEC_MASTER_KEY: '' }, 'ERR_CONFIG_ENVIRONMENT'],
    [
      'on the embedded database',
      options,
      { AUTHSEC_DATABASE_URL: '', AUTHSEC_ENV: 'production' },
      'ERR_CONFIG_DATABASE',
    ],
    ['with a URL that is none', options, { AUTHSEC_DATABASE_URL: 'mysql://x' }, 'ERR_CONFIG_DATABASE'],
  ])('does not start %s', async (_name, changed, environment, code) => {
    await expect(listenInProcess(changed, { ...env, ...environment })).rejects.toMatchObject({ code })
  })

  it('says on record as what it began and that it ended, and shows no secret by that', async () => {
    const rows = () =>
      database.sql(`select type, client_id, detail from audit_event where type like 'server.%' order by id`)
    const [began, ...others] = await rows()
    expect(began).toMatchObject({
      ...{ type: 'server.started', client_id: 'ledger' },
      detail: {
        ...{ version: expect.stringMatching(/^\d+\.\d+\.\d+/), publicUrl: new URL(server.url).origin, login: 'oauth' },
        ...{
          mode: 'production',
          transport: 'http',
          sessions: 'stateless',
          ownIssuer: 'served',
          trustedProxies: ['127.0.0.0/8'],
        },
      },
    })
    expect(others).toEqual([])
    await server.close()
    expect((await rows()).map(({ type }) => type)).toEqual(['server.started', 'server.stopped'])
    for (const secret of [database.masterKey.reveal(), database.connection.password])
      expect(JSON.stringify(await rows())).not.toContain(secret)
  })
})
