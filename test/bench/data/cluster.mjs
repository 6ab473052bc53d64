import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { decodeJwt, importJWK, SignJWT } from 'jose'
import { Client } from 'pg'
import { mintDevelopmentToken } from '../../../dist/adapter/issuer/mint-development-token.js'
import { attachEmbeddedPostgres } from '../../../dist/adapter/postgres/embedded/embedded-postgres.js'
import { openPostgres } from '../../../dist/adapter/postgres/open-postgres.js'
import { createDatabase, openDatabase } from '../../../dist/adapter/postgres/provision/create-database.js'
import { maintenanceOf } from '../../../dist/adapter/postgres/provision/maintenance.js'
import { withDatabase } from '../../../dist/adapter/postgres/pool/with-database.js'
import { migrate } from '../../../dist/adapter/postgres/schema/migrate.js'
import { tenantMigrations } from '../../../dist/adapter/postgres/schema/tenant-migrations.js'
import { MasterKey } from '../../../dist/core/credential/master-key.js'
import { grantsOf } from '../../../dist/core/permission/grants.js'

const silent = { write() {} }
const masterDatabase = 'bench_master'
const oldDatabase = 'bench_old_tenant'

/** A PostgreSQL of its own below `folder`, removed with `close`. */
export async function openCluster(folder) {
  const home = await mkdtemp(join(folder, 'authsec-bench-'))
  const embedded = await attachEmbeddedPostgres({ home, log: silent })
  const { connection } = embedded
  const masterKey = MasterKey.generate()
  return {
    home,
    connection,
    masterKey,
    open: (ownIssuer) => openPostgres({ connection, masterDatabase, masterKey, ownIssuer, log: silent }),
    env: {
      AUTHSEC_DATABASE_URL: urlOf(connection),
      AUTHSEC_MASTER_KEY: masterKey.reveal(),
    },
    async sql(query, parameters = [], database = masterDatabase) {
      const client = new Client({ ...connection, database })
      await client.connect()
      try {
        return (await client.query(query, parameters)).rows
      } finally {
        await client.end()
      }
    },
    async close() {
      await embedded.close()
      // It stops once nobody uses it, and writes until then.
      for (let tries = 0; existsSync(join(home, 'pg', 'postmaster.pid')) && tries < 300; tries += 1) await pause(100)
      await rm(home, { recursive: true, force: true, maxRetries: 20 })
    },
  }
}

/** Puts an empty database without the last step in place of each tenant's, as it was before an upgrade. */
export async function ageTenants({ connection, sql }) {
  const names = (await sql('select database_name from tenant')).map((row) => row.database_name)
  await withDatabase(maintenanceOf(connection), async (db) => {
    await createDatabase(db, { name: oldDatabase })
    await openDatabase(db, oldDatabase)
    const target = { settings: connection, database: oldDatabase, outage: 'AUTH_UNAVAILABLE' }
    await withDatabase(target, (old) => migrate(old, tenantMigrations.slice(0, -1)))
    for (const name of names) {
      await sql(`drop database "${name}" with (force)`, [], 'postgres')
      await createDatabase(db, { name, template: oldDatabase })
      await openDatabase(db, name)
    }
  })
}

/** How many of the tenants' databases have every step. */
export async function countMigrated({ sql }) {
  const [last] = tenantMigrations.slice(-1)
  let migrated = 0
  for (const { database_name: name } of await sql('select database_name from tenant')) {
    const rows = await sql('select from schema_migration where name = $1', [last.name], name)
    migrated += rows.length
  }
  return migrated
}

/** A bearer token of one account in each tenant, as a sign-in at `issuer` would have made it. */
export async function tokensOf(postgres, { tenants, issuer, audience }) {
  const tokens = []
  for (const tenant of tenants) {
    const account = await postgres.accounts.create(tenant, { email: 'john@company.com', grants: grantsOf({}) })
    const { issuerStorage: storage, signingKeys: keys, keys: keyring, audit } = postgres
    const shared = { issuer, storage, keys, keyring, audit, clock: { now: () => Date.now() } }
    const minted = await mintDevelopmentToken({ ...shared, tenant, account, audience, lifetimeSeconds: 3_600 })
    tokens.push(await signedIn(minted, keys))
  }
  return tokens
}

async function signedIn(token, keys) {
  const [key] = await keys.list()
  return new SignJWT({ ...decodeJwt(token), amr: ['pwd'] })
    .setProtectedHeader({ alg: key.algorithm, typ: 'at+jwt', kid: key.kid })
    .sign(await importJWK(key.privateJwk, key.algorithm))
}

function urlOf({ host, port, user, password }) {
  return `postgres://${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}/${masterDatabase}?sslmode=disable`
}
