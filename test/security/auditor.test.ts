import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import type { AuditRecord } from '../../src/core/audit/audit-record.js'
import type { AuditPlace } from '../../src/core/audit/audit-reader.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { openTestPostgres, type TestPostgres } from '../support/postgres.js'

const siem = { user: `tenant_siem_${process.pid}`, password: 'of-the-siem' }

let test: TestPostgres
let audited: Tenant
let deleted: Tenant
/** Called so that its login and the auditor of audited would have one name. */
let twin: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  const create = (slug: string) => test.postgres.provisioner.createTenant({ slug, name: slug })
  audited = await create('audited')
  deleted = await create('deleted')
  twin = await create('audited-auditor')
  for (const tenant of [audited, deleted, twin, undefined]) {
    await test.postgres.audit.record({ type: 'token.refused', tenant, requestId: `of ${tenant?.slug ?? 'master'}` })
  }
  await test.databaseSql('postgres', `create role ${siem.user} login password '${siem.password}'`)
})
afterAll(async () => {
  await test?.databaseSql('postgres', `drop role if exists ${siem.user}`)
  await test?.close()
})

async function requestsOf(place: AuditPlace, reader = test.postgres.auditReader): Promise<readonly string[]> {
  const records: AuditRecord[] = []
  for await (const record of reader.read(place, { types: ['token.refused'] }, 'oldest first')) records.push(record)
  return records.map(({ requestId, tenant }) => `${requestId}, ${tenant ?? 'master'}`)
}

async function databaseOf(tenant: Tenant): Promise<string> {
  const [row] = await test.sql('select database_name from tenant where id = $1', [tenant.id])
  return String(row?.['database_name'])
}

async function auditorOf(tenant: Tenant): Promise<string> {
  await requestsOf(tenant)
  const query = `select rolname from pg_roles where shobj_description(oid, 'pg_authid') = $1`
  const rows = await test.databaseSql('postgres', query, [`authsec auditor of tenant ${tenant.id}`])
  expect(rows).toHaveLength(1)
  return String(rows[0]?.['rolname'])
}

/** As a program of an operator that was given the role of one tenant's auditor. */
async function asSiem(database: string, query: string): Promise<unknown> {
  const { host, port } = test.connection
  const client = new Client({ host, port, ...siem, database })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(query)).rows
  } finally {
    await client.end()
  }
}

describe('whoever reads the audit trail', () => {
  it('reads that of one tenant, or master, and of no other (A6)', async () => {
    expect(await requestsOf(audited)).toEqual(['of audited, audited'])
    expect(await requestsOf(deleted)).toEqual(['of deleted, deleted'])
    expect(await requestsOf(undefined)).toEqual(['of master, master'])
  })

  it('is a role that is made once, also when several processes ask at once', async () => {
    const processes = await Promise.all([1, 2, 3].map(() => test.reopen()))
    const seen = await Promise.all(processes.map(({ auditReader }) => requestsOf(twin, auditReader)))
    expect(seen).toEqual([1, 2, 3].map(() => ['of audited-auditor, audited-auditor']))
    expect(await auditorOf(twin)).toBe(`${await databaseOf(twin)}_auditor`)
  })

  it('is never a role that is somebody else, such as the login of a tenant with such a name', async () => {
    const name = await auditorOf(audited)
    expect(name).toMatch(/^tenant_audited_[0-9a-f]{8}_auditor$/)
    const [login] = await test.sql('select login_role from tenant where id = $1', [twin.id])
    expect(login?.['login_role']).toBe('tenant_audited_auditor')
  })

  it('is made again where somebody has removed it', async () => {
    const auditor = await auditorOf(twin)
    const database = await databaseOf(twin)
    await test.databaseSql(database, `drop owned by ${auditor}`)
    await test.databaseSql('postgres', `drop role ${auditor}`)
    await expect(requestsOf(twin)).rejects.toThrow()
    expect(await requestsOf(twin)).toEqual(['of audited-auditor, audited-auditor'])
  })

  it('may not be the login of the tenant itself', async () => {
    const privileges = await test.tenantSql(
      audited,
      `select has_table_privilege($1, 'audit_event', 'select') as reads, pg_has_role($1, $2, 'member') as auditor`,
      ['tenant_audited', await auditorOf(audited)],
    )
    expect(privileges).toEqual([{ reads: false, auditor: false }])
  })
})

describe('the role that may read a trail', () => {
  let own: string
  beforeAll(async () => {
    await test.databaseSql('postgres', `grant ${await auditorOf(audited)} to ${siem.user}`)
    await auditorOf(deleted)
    own = await databaseOf(audited)
  })

  it('reads events, chains and how far they were sent, once an operator grants it', async () => {
    const query = `select request_id from audit_event where type = 'token.refused'`
    expect(await asSiem(own, query)).toEqual([{ request_id: 'of audited' }])
    expect(await asSiem(own, 'select count(*)::int > 0 as some from audit_chain')).toEqual([{ some: true }])
    expect(await asSiem(own, 'select * from audit_cursor')).toEqual([])
  })

  it('reads nothing of another tenant, nor of master (A6)', async () => {
    for (const database of [await databaseOf(deleted), await databaseOf(twin), test.masterDatabase]) {
      await expect(asSiem(database, 'select * from audit_event')).rejects.toMatchObject({ code: '42501' })
    }
  })

  it('reads no other table', async () => {
    const tables = await test.tenantSql(audited, `select tablename as name from pg_tables where schemaname = 'public'`)
    const others = tables.map(({ name }) => String(name)).filter((name) => !/^audit_(event|chain|cursor)$/.test(name))
    expect(others).toEqual(expect.arrayContaining(['account', 'audit_checkpoint', 'audit_outbox', 'session']))
    for (const table of others) {
      await expect(asSiem(own, `select from ${table}`)).rejects.toMatchObject({ code: '42501' })
    }
  })

  it.each([
    `insert into audit_event (type, request_id) values ('token.refused', 'forged')`,
    `update audit_event set type = 'operation.allowed'`,
    'delete from audit_event',
    'truncate audit_event',
    'update audit_chain set sequence = 0',
    'delete from audit_chain',
    `insert into audit_cursor (destination, chain, sequence) values ('x', 'y', 1)`,
    'delete from audit_cursor',
    `select * from audit_unsettled('x', 0, 1)`,
    'create table own (id int)',
    'create temporary table own (id int)',
    'create role own',
  ])('does not: %s', async (query) => {
    await expect(asSiem(own, query)).rejects.toMatchObject({ code: '42501' })
  })

  it('goes with its tenant', async () => {
    const auditor = await auditorOf(deleted)
    const { tenantDirectory } = test.postgres
    const registered = await tenantDirectory.find('deleted')
    if (registered !== undefined) await tenantDirectory.delete(registered, 'cli:test')
    const query = 'select rolname from pg_roles where rolname = $1'
    expect(await test.databaseSql('postgres', query, [auditor])).toEqual([])
  })
})
