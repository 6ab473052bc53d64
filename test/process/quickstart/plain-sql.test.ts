import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { Client as Postgres } from 'pg'
import { CliSite } from '../../support/cli-site.js'
import { until } from '../../support/until.js'

/** What README tells people to type. */
const [revocation = '', bundle = '', refusals = ''] = readmeStatements()

function readmeStatements(): readonly string[] {
  const block = /```sql\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))?.[1] ?? ''
  return block.split(';').map((statement) => statement.replace(/^--.*$/gm, '').trim())
}

/** A real client of a real server, which waits for changes. */
interface Watcher {
  readonly client: Client
  changes: number
}

describe('plain SQL on a tenant of the quickstart, as README has it', () => {
  let site: CliSite
  let database: Postgres

  beforeAll(async () => {
    site = await CliSite.start()
    database = new Postgres({
      host: join(site.home.path, 'run'),
      user: 'authsec',
      database: 'tenant_acme_corp',
      password: readFileSync(join(site.home.path, 'pg', 'authsec.password'), 'utf8').trim(),
    })
    await database.connect()
  }, 60_000)
  afterAll(async () => {
    await database?.end()
    await site?.close()
  })

  async function watch(user: string): Promise<Watcher> {
    const { stdout } = await site.run('token', '--user', user)
    const client = new Client({ name: 'test', version: '1' })
    const watcher = { client, changes: 0 }
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      watcher.changes += 1
    })
    const requestInit = { headers: { authorization: `Bearer ${stdout.trim()}` } }
    // The client would ask once more for what was answered with an error, also after it was closed.
    const never = {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    }
    const options = { requestInit, reconnectionOptions: never }
    await client.connect(new StreamableHTTPClientTransport(new URL(site.server.url), options))
    await names(watcher)
    return watcher
  }

  async function names({ client }: Watcher): Promise<readonly string[]> {
    const { tools } = await client.listTools()
    return tools.map(({ name }) => name)
  }

  it('takes a role away: the client is told, the tool is gone, and nobody else hears of it', async () => {
    const [john, ana] = [await watch('john@company.com'), await watch('ana@company.com')]
    expect(await names(john)).toContain('admin_panel')
    await database.query(revocation)
    await until(() => john.changes === 1)
    expect(await names(john)).not.toContain('admin_panel')
    await expect(john.client.callTool({ name: 'admin_panel' })).rejects.toMatchObject({ code: -32602 })
    expect(ana.changes).toBe(0)
    await Promise.all([john.client.close(), ana.client.close()])
  })

  it('lets a role bring a scope along, for tokens that were issued since', async () => {
    const before = await watch('ana@company.com')
    await database.query(bundle)
    const after = await watch('ana@company.com')
    // Within a second.
    await until(async () => (await names(after)).includes('create_resource'))
    expect(await names(before)).not.toContain('create_resource')
    await Promise.all([before.client.close(), after.client.close()])
  })

  it('shows what was refused, and why', async () => {
    const admin = { operation: 'admin_panel', detail: expect.objectContaining({ missing: ['roles:admin'] }) }
    let rows: readonly unknown[] = []
    await until(async () => (rows = (await database.query(refusals)).rows).length > 0)
    expect(rows).toContainEqual(expect.objectContaining(admin))
  })
})
