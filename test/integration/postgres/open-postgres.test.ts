import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
})
afterAll(() => test?.close())

describe('openPostgres', () => {
  it('creates the master database for four processes that start at once', async () => {
    const masterDatabase = `${test.masterDatabase}_fresh`
    const opened = await Promise.all([1, 2, 3, 4].map(() => test.reopen({ masterDatabase })))
    for (const postgres of opened) expect(await postgres.tenants.list()).toEqual([])
    await Promise.all(opened.map((postgres) => postgres.close()))
    await test.databaseSql('postgres', `drop database ${masterDatabase}`)
  })

  it('finishes what a process left that died between creating master and opening it', async () => {
    const masterDatabase = `${test.masterDatabase}_shut`
    await test.databaseSql('postgres', `create database ${masterDatabase} allow_connections false`)
    const postgres = await test.reopen({ masterDatabase })
    expect(await postgres.tenants.list()).toEqual([])
    await postgres.close()
    await test.databaseSql('postgres', `drop database ${masterDatabase}`)
  })

  it('refuses a wrong password as configuration, without quoting it', async () => {
    const refused = test.reopen({ connection: { ...test.connection, password: 'wrong-s3cr3t' } })
    const error: unknown = await refused.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('wrong-s3cr3t')
  })

  it('refuses an empty password as configuration', async () => {
    const refused = test.reopen({ connection: { ...test.connection, password: '' } })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
  })

  it('refuses a certificate that does not hold as configuration', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.once('data', () => {
        socket.write('S')
        const secure = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(selfSigned) })
        secure.on('error', () => undefined)
      })
      socket.on('error', () => undefined)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const refused = test.reopen({ connection: { ...test.connection, host: '127.0.0.1', port, ssl: true } })
    const error: unknown = await refused.catch((reason: unknown) => reason)
    for (const socket of sockets) socket.destroy()
    server.close()
    expect(error).toMatchObject({ code: 'ERR_CONFIG_DATABASE', message: expect.stringContaining('certificate') })
  })

  it('refuses a master database that it does not know as configuration', async () => {
    const masterDatabase = `${test.masterDatabase}_strange`
    await test.databaseSql('postgres', `create database ${masterDatabase}`)
    await test.databaseSql(masterDatabase, 'create table schema_migration (other text)')
    await expect(test.reopen({ masterDatabase })).rejects.toMatchObject({ code: 'ERR_CONFIG_DATABASE' })
    await test.databaseSql('postgres', `drop database ${masterDatabase} with (force)`)
  })

  it('says what to do when TLS is demanded of a server that has none', async () => {
    const proxy = await FaultProxy.open(test.connection)
    const refused = test.reopen({ connection: { ...proxy.before(test.connection), ssl: true } })
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_CONFIG_DATABASE',
      message: expect.stringContaining('sslmode=disable'),
    })
    await proxy.close()
  })

  it('gives up on a server that accepts and says nothing, within its patience', async () => {
    const mute = createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const address = mute.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const started = performance.now()
    const connection = { ...test.connection, host: '127.0.0.1', port }
    await expect(test.reopen({ connection, patience: 500 })).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    expect(performance.now() - started).toBeLessThan(3500)
    mute.close()
  })

  it('waits for a server that comes up', async () => {
    const early = await FaultProxy.open(test.connection)
    await early.set('blackhole')
    setTimeout(() => void early.set('pass'), 300)
    const connection = early.before(test.connection)
    const limits = { times: { connect: 200, wait: 1000, statement: 1000, query: 1500, idle: 1000 } }
    const postgres = await test.reopen({ connection, limits })
    await expect(postgres.ping()).resolves.toBeUndefined()
    await postgres.close()
    await early.close()
  })
})

describe('a tenant whose database is gone', () => {
  it('is an outage of that tenant alone, and back once the database is', async () => {
    const { provisioner, accounts, grants, audit } = test.postgres
    const other = await provisioner.createTenant({ slug: 'other', name: 'Other' })
    const { id } = await accounts.create(acme, { email: 'ann@acme.example', grants: noGrants })
    const [row] = await test.sql('select database_name from tenant where id = $1', [acme.id])
    const name = String(row?.['database_name'])
    await moveDatabase(name, `${name}_moved`)
    await expect(grants.findStanding(acme, ownIssuer, id)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await expect(audit.record({ type: 'list.served', tenant: acme, requestId: '1' })).rejects.toMatchObject({
      code: 'ERR_TENANT_UNAVAILABLE',
    })
    expect(await accounts.list(other)).toEqual([])
    await expect(test.postgres.ping()).resolves.toBeUndefined()
    await test.sql('update tenant set database_name = $1 where id = $2', [`${name}_moved`, acme.id])
    // Whoever looks after its audit trail may have looked up where it was a moment ago: one more finds nothing there then.
    const standing = await grants
      .findStanding(acme, ownIssuer, id)
      .catch(() => grants.findStanding(acme, ownIssuer, id))
    expect(standing.account).toMatchObject({ id })
  })
})

describe('close', () => {
  it('leaves no connection behind and may be called twice', async () => {
    const limits = { times: { connect: 1000, wait: 1000, statement: 1000, query: 1500, idle: 60_000 } }
    const postgres = await test.reopen({ limits })
    await postgres.accounts.list(acme)
    await postgres.close()
    await expect(postgres.close()).resolves.toBeUndefined()
    await expect(postgres.ping()).rejects.toMatchObject({ code: 'ERR_SHUTTING_DOWN' })
  })
})

async function moveDatabase(from: string, to: string): Promise<void> {
  await test.databaseSql('postgres', `alter database ${from} allow_connections false`)
  await test.databaseSql('postgres', `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [
    from,
  ])
  for (;;) {
    const left = await test.databaseSql('postgres', 'select 1 from pg_stat_activity where datname = $1', [from])
    if (left.length === 0) break
  }
  await test.databaseSql('postgres', `alter database ${from} rename to ${to}`)
  await test.databaseSql('postgres', `alter database ${to} allow_connections true`)
}

/** Nobody's but this test's. */
const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZAZQhOdrJGIE62Ys
XGoDIeF0OdjfbP99ETwcI1NFa2ShRANCAARd6p07rjMOMQ+Z1FdLpmBO+SJiNoSs
2WU4JmJ6w+8xfdBeJOYBkXBkN37j561SuW6I0pRgYIjOJIIj62kwx+8J
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBhjCCAS2gAwIBAgIUc0TTAoKdMEYF5XNGEkPvtC30mMgwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNZGF0YWJhc2UudGVzdDAgFw0yNjExMjYwNTAzMzVaGA8yMTI2
MTEwMjA1MDMzNVowGDEWMBQGA1UEAwwNZGF0YWJhc2UudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABF3qnTuuMw4xD5nUV0umYE75ImI2hKzZZTgmYnrD7zF9
0F4k5gGRcGQ3fuPnrVK5bojSlGBgiM4kgiPraTDH7wmjUzBRMB0GA1UdDgQWBBTG
HyKkf7lBFr3qf6k7sjdIBWluHzAfBgNVHSMEGDAWgBTGHyKkf7lBFr3qf6k7sjdI
BWluHzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCICJ/qRC++Ld2
ken28sTbxT3Q/7MZPz7/2RtoDjcFafHsAiAGMNBzXCtQYvk2lDqb+F/iLAthM3cx
hMrJzi5RoCX94Q==
-----END CERTIFICATE-----`,
}
