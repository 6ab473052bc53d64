import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CliSite } from '../support/cli-site.js'
import { HeadlessClient } from '../support/headless-client.js'
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

async function allowed(email: string): Promise<HeadlessClient> {
  const account = (await site.home.accounts()).find((one) => one.email === email)
  const user = new HeadlessClient(async (jar, url) =>
    jar.press(await jar.open(url), 'sign-in', { fields: { ...account } }),
  )
  const client = await connect(new URL(site.server.oauthUrl), user)
  await client.close()
  return user
}

const statusFor = async ({ saved }: HeadlessClient): Promise<number> => {
  const headers = { authorization: `Bearer ${saved?.access_token}`, 'content-type': 'application/json' }
  return (await fetch(site.server.oauthUrl, { method: 'POST', headers, body: '{}' })).status
}

describe('authsec account consent', () => {
  it('lists what an account has allowed, and takes it back from one client or from all, at once', async () => {
    const [first, second, other] = [await allowed(john), await allowed(john), await allowed('ana@company.com')]
    const [one, two, ...more] = await listed(john)
    expect(more).toEqual([])
    expect(one).toEqual({
      ...{ id: expect.stringMatching(/^g_/), clientId: first.clientInformation()?.client_id, client: 'Headless' },
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

  it('refuses an account that is not there, and a tenant that does not have it', async () => {
    for (const args of [['nobody@company.com'], [john, '--tenant', 'globex']]) {
      for (const verb of ['list', 'revoke']) expect((await consent(verb, ...args)).code).toBe(5)
    }
  })
})
