import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { attachEmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import { postMcp } from '../support/mcp-post.js'
import { mintFromHome } from '../support/mint-tokens.js'
import { startServerProcess, temporaryHome, type TemporaryHome } from '../support/server-process.js'
import { until } from '../support/until.js'

const program = `
import { createAuthSecApp, protectedByAuthSec } from ${JSON.stringify(pathToFileURL('dist/index.js').href)}
const tools = [
  protectedByAuthSec('hello', {}, () => 'hello'),
  protectedByAuthSec('forgets', {}, () => { void Promise.reject(new TypeError('forgotten')); return 'done' }),
  protectedByAuthSec('misreports', {}, (_input, call) => { void call.log('info', { size: 1n }); void call.progress(NaN); return 'done' }),
  protectedByAuthSec('explodes', {}, () => { setTimeout(() => { throw new TypeError('exploded') }); return 'done' }),
]
await createAuthSecApp({ tools, clientId: 'process', sessions: 'stateless' }).listen()
`

describe('a process and the slips of its tools', () => {
  let folder = ''
  let home: TemporaryHome
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'authsec-process-'))
    home = await temporaryHome()
    await writeFile(join(folder, 'main.mjs'), program)
  })
  afterAll(async () => {
    await rm(folder, { recursive: true })
    await home.remove()
  })

  it('outlives promises that a tool forgot, and drains before it ends after an exception that nobody caught', async () => {
    const server = await startServerProcess({ home: home.path, entry: join(folder, 'main.mjs') })
    const emails = ['john@company.com']
    const token = (await mintFromHome(home.path, { audience: server.url, emails })).get('john@company.com')
    const call = async (name: string): Promise<string | undefined> =>
      (await postMcp(server.url, token, 'tools/call', { name, arguments: {} })).body.result?.content?.[0]?.text
    expect(await call('forgets')).toBe('done')
    expect(await call('misreports')).toBe('done')
    expect(await call('hello')).toBe('hello')
    await until(() => server.stderr().includes('nobody waited for it'))
    expect(await call('explodes')).toBe('done')
    expect(await server.ended()).toBe(1)
    expect(server.stderr()).toContain('an exception that nobody caught')
  }, 60_000)

  it('lets the calls of every server end before it stops', async () => {
    const { href } = pathToFileURL('dist/index.js')
    const two = `
      import { createAuthSecApp, protectedByAuthSec } from ${JSON.stringify(href)}
      const slow = protectedByAuthSec('slow', {}, () => new Promise((done) => setTimeout(() => done('done'), 1500)))
      await createAuthSecApp({ tools: [slow], clientId: 'process', sessions: 'stateless' }).listen()
      const second = await createAuthSecApp({ tools: [slow], clientId: 'process', sessions: 'stateless' }).listen()
      console.log('second', second.url)
    `
    await writeFile(join(folder, 'two.mjs'), two)
    const server = await startServerProcess({ home: home.path, entry: join(folder, 'two.mjs') })
    await until(() => server.stdout().includes('second '))
    const url = /^second (\S+)$/m.exec(server.stdout())?.[1] ?? ''
    const emails = ['john@company.com']
    const token = (await mintFromHome(home.path, { audience: url, emails })).get('john@company.com')
    const answer = postMcp(url, token, 'tools/call', { name: 'slow', arguments: {} })
    await until(async () => (await openCalls(home.path)) > 0)
    const stopped = server.stop()
    expect((await answer).body.result?.content?.[0]?.text).toBe('done')
    expect(await stopped).toBe(0)
  }, 60_000)
})

async function openCalls(home: string): Promise<number> {
  const embedded = await attachEmbeddedPostgres({ home, log: { write: () => undefined } })
  const { host, port, user, password } = embedded.connection
  const client = new Client({ host, port, user, password, database: 'tenant_acme_corp' })
  await client.connect()
  const { rowCount } = await client.query(
    `select from audit_event where type = 'operation.allowed' and operation = 'slow'`,
  )
  await client.end()
  await embedded.close()
  return rowCount ?? 0
}
