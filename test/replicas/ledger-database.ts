import { readFile } from 'node:fs/promises'
import { PasswordHasher } from '../../src/adapter/issuer/password-hasher.js'
import { issuerOf } from '../../src/app/issuer-of.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { mintTokens } from '../support/mint-tokens.js'
import { openTestPostgres, type TestPostgres } from '../support/postgres.js'
import type { Person } from './sign-in.js'

export interface LedgerDatabase {
  readonly env: Readonly<Record<string, string>>
  /** Clerks, each of whom has a password. */
  readonly people: readonly Person[]
  /** A bearer token of each of them. */
  readonly tokens: ReadonlyMap<string, string>
  /** Takes the role away from one of them, by plain SQL. */
  demote(person: Person): Promise<void>
  /** Calls of `post_entry` that were allowed, by their ids, and whether their outcome is on record. */
  allowedCalls(): Promise<ReadonlyMap<string, 'ended' | 'open'>>
  /** How many connections there are to the databases of this run. */
  connections(): Promise<number>
  close(): Promise<void>
}

const password = 'correct horse battery staple'

/** The database of the replicas at `origin`, with one tenant and so many people. */
export async function openLedgerDatabase(origin: string, count: number): Promise<LedgerDatabase> {
  const database = await openTestPostgres({ ownIssuer: issuerOf(origin) })
  try {
    const acme = await database.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme Corp' })
    const people = await hire(database, acme, count)
    await database.postgres.applications.register({
      ...{ clientId: 'replicas', name: 'Ledger', tenant: acme, admits: ['acme'] },
    })
    const { postgres } = database
    const tokens = await mintTokens(
      { postgres, keyring: postgres.keys },
      {
        ...{ audience: `${origin}/mcp/oauth`, tenant: 'acme', methods: ['pwd'] },
        emails: people.map(({ email }) => email),
      },
    )
    const sql = (query: string, parameters: readonly unknown[] = []) => database.tenantSql(acme, query, parameters)
    return {
      ...{ env: environmentOf(database), people, tokens },
      async demote({ email }) {
        await sql('delete from account_role using account where account.id = account_id and email = $1', [email])
      },
      async allowedCalls() {
        const rows = await sql(`
          select request_id, bool_or(type = 'operation.outcome') as ended from audit_event
          where operation = 'post_entry' and type in ('operation.allowed', 'operation.outcome') group by request_id
          having bool_or(type = 'operation.allowed')
        `)
        return new Map(rows.map((row) => [String(row['request_id']), row['ended'] === true ? 'ended' : 'open']))
      },
      async connections() {
        const query = `select count(*)::int as n from pg_stat_activity where datname ~ $1 or datname like 'tenant%'`
        const [row] = await database.sql(query, [`^${database.masterDatabase}`])
        return Number(row?.['n'])
      },
      close: () => database.close(),
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The handler's own account of what ran: the id of each call, with what it was called with. */
export async function readRuns(file: string): Promise<readonly { readonly id: string; readonly nonce: string }[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const [id = '', nonce = ''] = line.split(' ')
    return { id, nonce }
  })
}

async function hire({ postgres }: TestPostgres, tenant: Tenant, count: number): Promise<readonly Person[]> {
  const passwordHash = await new PasswordHasher({ cost: 14 }).hash(password)
  const people = Array.from({ length: count }, (_, n) => ({ email: `clerk${n}@company.com`, password }))
  for (const { email } of people) {
    await postgres.accounts.create(tenant, { email, passwordHash, grants: grantsOf({ roles: ['clerk'] }) })
  }
  return people
}

function environmentOf({ connection, masterDatabase, masterKey }: TestPostgres): Readonly<Record<string, string>> {
  const { host, port, user, password: secret } = connection
  const authority = `${user}:${encodeURIComponent(secret)}@${encodeURIComponent(host)}:${port}`
  return {
    AUTHSEC_DATABASE_URL: `postgres://${authority}/${masterDatabase}?sslmode=disable`,
    AUTHSEC_MASTER_KEY: masterKey.reveal(),
  }
}
