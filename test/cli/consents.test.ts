import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { attachEmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import { statusFor as statusOf } from '../support/connected-user.js'
import { CliSite } from '../support/cli-site.js'
import { HeadlessClient } from '../support/headless-client.js'
import { listenHttp } from '../support/test-listener.js'
import { oauthClients } from '../support/oauth-clients.js'

const john = 'john@company.com'
const [, [, connect]] = oauthClients

let site: CliSite

beforeAll(async () => {
  site = await CliSite.start()
}, 90_000)
afterAll(() => site?.close())

const consent = (...args: readonly string[]) => site.run('account', 'consent', ...args)

const listed = (email: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  site.json('account', 'consent', 'list', email, '--tenant', 'acme-corp')

async function allowed(email: string, metadata: object = {}): Promise<HeadlessClient> {
  const account = (await site.home.accounts()).find((one) => one.email === email)
  const user = new HeadlessClient(async (jar, url) =>
    jar.press(await jar.open(url), 'sign-in', { fields: { ...account } }),
  )
  Object.assign(user.alsoRegisters, metadata)
  const client = await connect(new URL(site.server.oauthUrl), user)
  await client.close()
  return user
}

const statusFor = (client: HeadlessClient): Promise<number> => statusOf(site.server, client)

/** Alters a grant in the database, as a fault would. */
async function spoil(key: string): Promise<void> {
  const { connection, close } = await attachEmbeddedPostgres({ home: site.home.path, log: { write: () => undefined } })
  const { host, password, port, user } = connection
  const client = new Client({ host, password, port, user, database: 'authsec' })
  await client.connect()
  const query = `update issuer_record set payload = payload || '\\x00' where model = 'Grant' and key = $1`
  expect((await client.query(query, [key])).rowCount).toBe(1)
  await client.end()
  await close()
}

describe('authsec account consent', () => {
  it('lists what an account has allowed, and takes it back from one client or from all, at once', async () => {
    const [first, second, other] = [await allowed(john), await allowed(john), await allowed('ana@company.com')]
    const [one, two, ...more] = await listed(john)
    expect(more).toEqual([])
    expect(one).toEqual({
      ...{
        id: expect.stringMatching(/^g_/),
        state: 'known',
        clientId: first.clientInformation()?.client_id,
        client: 'Headless',
      },
      ...{ destination: first.redirectUrl, scopes: expect.arrayContaining(['mcp', 'read']), application: 'quickstart' },
      ...{ since: expect.any(String), used: expect.any(String), expires: expect.any(String) },
    })
    const revoked = await consent('revoke', john, '--tenant', 'acme-corp', '--client', String(one?.['clientId']))
    expect(revoked).toMatchObject({ code: 0, stdout: expect.stringContaining('took back 1: Headless') })
    expect(await statusFor(first)).toBe(401)
    for (const stays of [second, other]) expect(await statusFor(stays)).not.toBe(401)
    expect(await listed(john)).toEqual([two])
    const again = await consent('revoke', john, '--client', String(one?.['clientId']))
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining('has allowed') })
    expect(await consent('revoke', john, '--json')).toMatchObject({ code: 0 })
    expect(await statusFor(second)).toBe(401)
    expect(await statusFor(other)).not.toBe(401)
    expect(await consent('revoke', john)).toMatchObject({ code: 0, stdout: 'nothing to take back\n' })
    expect((await consent('list', 'ana@company.com')).stdout).toContain('http://127.0.0.1:8976/callback')
  }, 60_000)

  it('shows one that cannot be read as such beside the others, and takes it back', async () => {
    const guest = 'guest@company.com'
    const [spoilt, good] = [await allowed(guest), await allowed(guest)]
    const [{ id } = { id: '' }] = await listed(guest)
    await spoil(String(id).slice(2))
    const [first, second, ...more] = await listed(guest)
    expect(more).toEqual([])
    expect(first).toMatchObject({ state: 'known', clientId: good.clientInformation()?.client_id })
    expect(second).toEqual({
      id,
      state: 'unreadable',
      scopes: [],
      expires: expect.any(String),
      application: 'quickstart',
    })
    expect((await consent('list', guest)).stdout).toMatch(new RegExp(`^${String(id)} +- +\\(cannot be read\\)`, 'm'))
    expect(await statusFor(spoilt)).not.toBe(401)
    const revoked = await consent('revoke', guest)
    expect(revoked).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`one that cannot be read (${String(id)})`),
    })
    for (const client of [spoilt, good]) expect(await statusFor(client)).toBe(401)
  }, 60_000)

  it('lets the clients hear of it, also of accounts that are disabled, and where no server runs', async () => {
    const told: string[] = []
    const listener = await listenHttp((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const token = new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? ''
        told.push(String(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())['aud']))
        response.end()
      })
    }, '127.0.0.1')
    const backchannel_logout_uri = `http://127.0.0.1:${listener.port}/hear`
    const clients: HeadlessClient[] = []
    const [ana, guest] = ['ana@company.com', 'guest@company.com']
    for (const email of [john, ana, guest]) clients.push(await allowed(email, { backchannel_logout_uri }))
    const ids = clients.map((client) => client.clientInformation()?.client_id)
    expect((await consent('revoke', john)).code).toBe(0)
    expect(told).toEqual([ids[0]])
    const again = await allowed(john, { backchannel_logout_uri })
    ids.splice(1, 0, again.clientInformation()?.client_id)
    expect((await site.run('account', 'factor', 'require', john, '--tenant', 'acme-corp')).code).toBe(0)
    expect(told).toEqual([ids[0], ids[1]])
    expect((await site.run('account', 'factor', 'waive', john, '--tenant', 'acme-corp')).code).toBe(0)
    expect((await site.run('account', 'disable', ana, '--tenant', 'acme-corp')).code).toBe(0)
    expect(told).toEqual([ids[0], ids[1], ids[2]])
    expect((await site.run('account', 'enable', ana, '--tenant', 'acme-corp')).code).toBe(0)
    ids.splice(3, 0, (await allowed(ana, { backchannel_logout_uri })).clientInformation()?.client_id)
    const list = join(site.home.path, 'leavers.csv')
    await writeFile(list, `email,status\n${ana},disabled\n${john},active\n`)
    const imported = await site.json('account', 'import', list, '--tenant', 'acme-corp')
    expect(imported).toMatchObject({ sessions: { ended: expect.any(Number) } })
    expect(told).toEqual([ids[0], ids[1], ids[2], ids[3]])
    await site.server.stop()
    const ended = await site.run('session', 'end', '--user', guest, '--tenant', 'acme-corp', '--yes')
    expect(ended.code).toBe(0)
    expect(told).toEqual(ids)
    await listener.close()
  }, 90_000)

  it('refuses an account that is not there, and a tenant that does not have it', async () => {
    for (const args of [['nobody@company.com'], [john, '--tenant', 'globex']]) {
      for (const verb of ['list', 'revoke']) expect((await consent(verb, ...args)).code).toBe(5)
    }
  })
})
