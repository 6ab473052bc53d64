import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openPostgres, type Postgres } from '../../../src/adapter/postgres/open-postgres.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { OwnCluster } from '../../support/own-cluster.js'
import { ownIssuer } from '../../support/postgres.js'

const by = 'cli:tester'

const owner = { user: 'owner', password: 'of-the-owner' }

let cluster: OwnCluster
let postgres: Postgres
beforeAll(async () => {
  cluster = await OwnCluster.start()
  await sql(`create role ${owner.user} login createdb createrole password '${owner.password}'`)
  const connection = { ...cluster.connection, ...owner }
  const log = { write: () => undefined }
  postgres = await openPostgres({ connection, masterKey: MasterKey.generate(), ownIssuer, log })
}, 60_000)
afterAll(async () => {
  await postgres?.close()
  await cluster?.close()
})

function sql(query: string) {
  return cluster.sql('postgres', query)
}

describe('a role with CREATEDB and CREATEROLE, and nothing more', () => {
  it('creates, migrates, exports, restores and deletes tenants, and reads and verifies their trails', async () => {
    const { tenantDirectory, migrations, accounts } = postgres
    const tenant = await tenantDirectory.create({ slug: 'plain', name: 'Plain' }, by)
    await accounts.create(tenant, { email: 'ada@plain.test', grants: noGrants })
    expect(await migrations.migrate()).toMatchObject([{ tenant: 'plain', failure: undefined }])
    const lines: string[] = []
    await tenantDirectory.export(tenant, async (line) => void lines.push(line))
    async function* all() {
      yield* lines
    }
    const copy = await tenantDirectory.create({ slug: 'copy', name: 'Copy' }, by, all())
    expect(await accounts.list(copy)).toMatchObject([{ email: 'ada@plain.test' }])
    for (const place of [tenant, undefined]) {
      await postgres.audit.record({ type: 'token.refused', tenant: place, requestId: 'r' })
      const types: string[] = []
      for await (const { type } of postgres.auditReader.read(place, {}, 'oldest first')) types.push(type)
      expect(types).toContain('token.refused')
    }
    const places = await postgres.auditMaintenance.places()
    const { reports } = await postgres.auditMaintenance.verify({ places, checkpoints: [], onProgress: () => undefined })
    expect(reports.map(({ faults, notes, tenant: slug }) => [slug, faults, notes])).toEqual([
      ...[undefined, 'copy', 'plain'].map((slug) => [slug, [], []]),
    ])
    for (const gone of [tenant, copy]) await tenantDirectory.delete(gone, by)
    expect(await tenantDirectory.list()).toEqual([])
    expect(await sql(`select rolname from pg_roles where rolname like 'tenant_%'`)).toEqual([])
  })

  it('is told what it lacks where it may not create roles', async () => {
    await sql(`alter role ${owner.user} nocreaterole`)
    const creation = postgres.tenantDirectory.create({ slug: 'second', name: 'Second' }, by)
    await expect(creation).rejects.toMatchObject({
      code: 'ERR_CONFIG_DATABASE',
      message: expect.stringContaining('CREATEROLE'),
    })
    expect(await postgres.tenantDirectory.list()).toEqual([])
    expect(await sql(`select datname from pg_database where datname like 'tenant_second%'`)).toEqual([])
    await sql(`alter role ${owner.user} createrole`)
  })
})
