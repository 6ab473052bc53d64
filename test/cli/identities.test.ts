import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CliSite } from '../support/cli-site.js'
import { HostileIssuer } from '../support/hostile-issuer.js'
import type { Finished } from '../support/server-process.js'
import { until } from '../support/until.js'

let site: CliSite
let issuer: HostileIssuer
let other: HostileIssuer

beforeAll(async () => {
  site = await CliSite.start()
  ;[issuer, other] = await Promise.all([trusted(), trusted()])
  await cli('access-rule', 'set', '--grants', 'assigned', '--tenant', 'acme-corp')
}, 90_000)
afterAll(async () => {
  for (const one of [issuer, other]) await one?.close()
  await site?.close()
})

/** An issuer whose users are of both tenants, and whose tokens say nothing of roles that counts. */
async function trusted(): Promise<HostileIssuer> {
  const started = await HostileIssuer.start({ resource: site.server.url })
  const flags = ['--audience', 'resource', '--tenant-claim', 'tenant_id', '--private-network', '--claim', 'roles=']
  await cli('issuer', 'add', started.issuer, ...flags)
  for (const tenant of ['acme-corp', 'globex']) {
    await cli('tenant', 'claim', 'add', tenant, '--issuer', started.issuer, '--value', `${tenant}-there`)
  }
  return started
}

const cli = (...args: readonly string[]): Promise<Finished> => site.done(...args)
const refused = (code: number, ...args: readonly string[]): Promise<string> => site.refused(code, ...args)
const json = (...args: readonly string[]): Promise<unknown> => site.json(...args)

/** `authsec account identity … EMAIL --issuer … --subject …` on acme-corp. */
const identity = (verb: string, email: string, subject: string, by = issuer.issuer): readonly string[] => {
  return ['account', 'identity', verb, email, '--issuer', by, '--subject', subject, '--tenant', 'acme-corp']
}

/** A token that says in its claims that its user is John: that is a name, and no proof. */
const tokenOf = (subject: string, { by = issuer, tenant = 'acme-corp' } = {}): string =>
  by.sign({ claims: { sub: subject, tenant_id: `${tenant}-there`, email: 'john@company.com' } })

interface Asking {
  readonly body?: object
  readonly id?: string
}

/** Asks within a session, or for a new one; for its stream where nothing is asked. */
function ask(token: string, { body, id }: Asking): Promise<Response> {
  return fetch(site.server.url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...{ authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream' },
      ...{ 'content-type': 'application/json', 'mcp-protocol-version': '2025-11-25' },
      ...(id === undefined ? {} : { 'mcp-session-id': id }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }) }),
  })
}

/** The answer to whoever wants a session. */
async function enter(token: string): Promise<{ readonly id: string; readonly status: number }> {
  const clientInfo = { name: 'test', version: '1' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const answer = await ask(token, { body: { method: 'initialize', params } })
  await answer.text()
  return { status: answer.status, id: answer.headers.get('mcp-session-id') ?? '' }
}
const statusOf = async (token: string): Promise<number> => (await enter(token)).status
const toolsOf = async (token: string): Promise<string> =>
  (await ask(token, { id: (await enter(token)).id, body: { method: 'tools/list' } })).text()

describe('authsec account identity', () => {
  it('lets a user of another issuer in as an account with its roles, and nobody else, until it is removed', async () => {
    const john = tokenOf('sub-john')
    // The same subject in another tenant, and at another issuer (threat O13), and another subject with the same address.
    const twins = [tokenOf('sub-john', { tenant: 'globex' }), tokenOf('sub-john', { by: other }), tokenOf('sub-John')]
    const expectTwinsRefused = async () => {
      for (const twin of twins) expect(await statusOf(twin)).toBe(401)
    }
    expect(await statusOf(john)).toBe(401)
    const added = await cli(...identity('add', 'john@company.com', 'sub-john'))
    expect(added).toMatchObject({ stderr: '', stdout: expect.stringMatching(/changed +account +john@company\.com/) })
    expect(await toolsOf(john)).toContain('"admin_panel"')
    await expectTwinsRefused()
    await cli('grant', 'remove', '--user', 'john@company.com', '--role', 'admin', '--tenant', 'acme-corp')
    await until(async () => !(await toolsOf(john)).includes('"admin_panel"'), 3_000)
    const stream = await ask(john, { id: (await enter(john)).id })
    expect(stream.status).toBe(200)
    await cli(...identity('remove', 'john@company.com', 'sub-john'))
    // Its token is good for minutes: nothing else ends it.
    await stream.text()
    expect(await statusOf(john)).toBe(401)
    await expectTwinsRefused()
  }, 60_000)

  it('is on record with who did it', async () => {
    await cli(...identity('add', 'ana@company.com', 'recorded'))
    await cli(...identity('remove', 'ana@company.com', 'recorded'))
    const rows = (await site.audit.all()).filter(({ personal }) =>
      JSON.stringify(personal).includes('identity:recorded'),
    )
    const word = `identity:recorded of ${issuer.issuer}`
    expect(rows).toMatchObject([
      { type: 'admin.changed', reason: 'account_changed', personal: { before: [], after: [word] } },
      { type: 'admin.changed', reason: 'account_changed', personal: { before: [word], after: [] } },
    ])
    expect(rows.every(({ subject }) => /^cli:./.test(subject ?? ''))).toBe(true)
  })

  it('shows whom issuers know accounts as', async () => {
    await cli(...identity('add', 'ana@company.com', 'shown'))
    const known = { issuer: issuer.issuer, subject: 'shown' }
    const ofAna = ['ana@company.com', '--tenant', 'acme-corp']
    expect(await json('account', 'identity', 'list', ...ofAna)).toEqual([{ email: 'ana@company.com', ...known }])
    expect(await json('account', 'show', ...ofAna)).toMatchObject({ identities: [known] })
    expect((await cli('account', 'show', ...ofAna)).stdout).toMatch(/IDENTITIES +shown of http:/)
    const listed = await json('account', 'list', '--tenant', 'acme-corp')
    expect(listed).toContainEqual(expect.objectContaining({ email: 'ana@company.com', identities: [known] }))
    expect(listed).toContainEqual(expect.objectContaining({ email: 'guest@company.com', identities: [] }))
    await cli('account', 'remove', ...ofAna.slice(0, 1), '--yes', '--tenant', 'acme-corp')
    expect((await cli('account', 'identity', 'list', '--tenant', 'acme-corp')).stdout).toMatch(/- \(shut out\) .*shown/)
    expect(await refused(5, 'account', 'identity', 'list', ...ofAna)).toMatch(/no account ana@company\.com/)
  }, 60_000)

  it('shuts out whom it takes an account away from, where others enter without one, until that is forgotten', async () => {
    const rule = ['access-rule', 'set', '--tenant', 'acme-corp', '--sign-up'] as const
    const eve = tokenOf('sub-eve')
    const forget = ['account', 'identity', 'forget', ...identity('', '', 'sub-eve').slice(4)]
    await cli(...rule, 'everybody', '--yes')
    await until(async () => (await statusOf(eve)) === 200, 3_000)
    await cli(...identity('add', 'guest@company.com', 'sub-eve'))
    expect(await refused(5, ...forget, '--yes')).toMatch(/is the account guest@company\.com: take it away/)
    await cli(...identity('remove', 'guest@company.com', 'sub-eve'))
    await until(async () => (await statusOf(eve)) === 401, 3_000)
    expect(await statusOf(tokenOf('sub-other'))).toBe(200)
    expect(await refused(5, ...forget)).toMatch(/could enter without an account again/)
    expect(await statusOf(eve)).toBe(401)
    await cli(...forget, '--yes')
    await until(async () => (await statusOf(eve)) === 200, 3_000)
    await cli(...rule, 'nobody')
    await until(async () => (await statusOf(eve)) === 401, 3_000)
  }, 60_000)

  it('warns of an issuer whose tokens would not let the user in, and adds the identity all the same', async () => {
    const unknown = await cli(...identity('add', 'guest@company.com', 'g', 'https://typo.example'))
    expect(unknown.stderr).toMatch(/^warning: https:\/\/typo\.example is trusted neither by AUTHSEC_ISSUERS/)
    await cli('issuer', 'add', 'https://globex.example', '--audience', 'resource', '--tenant', 'globex')
    const fixed = await cli(...identity('add', 'guest@company.com', 'g', 'https://globex.example'), '--json')
    expect(fixed.stderr).toMatch(/all tokens of https:\/\/globex\.example are of the tenant globex/)
    expect(JSON.parse(fixed.stdout)).toEqual({ tenant: 'acme-corp', changes: [expect.anything()] })
  }, 60_000)

  it('refuses what is another account’s, what is none, and what cannot be', async () => {
    await cli(...identity('add', 'guest@company.com', 'taken'))
    const refusals: readonly (readonly [readonly string[], RegExp])[] = [
      [identity('add', 'john@company.com', 'taken'), /taken of .* is the account guest@company\.com/],
      [identity('remove', 'john@company.com', 'taken'), /taken of .* is the account guest@company\.com/],
      [identity('remove', 'guest@company.com', 'Taken'), /the account guest@company\.com is not Taken of/],
      [identity('add', 'nobody@company.com', 'x'), /no account nobody@company\.com/],
      [identity('add', 'john@company.com', ''), /the subject "" is not a text/],
      [identity('add', 'john@company.com', 'x', 'idp.example'), /not an absolute URL/],
      [identity('add', 'john@company.com', 'x').slice(0, -2), /several tenants/],
    ]
    for (const [args, fault] of refusals) expect(await refused(5, ...args)).toMatch(fault)
    expect(await refused(2, ...identity('add', 'john@company.com', 'x').slice(0, 6))).toMatch(/--subject/)
  }, 60_000)

  it('is refused for a tenant that is suspended', async () => {
    await cli('tenant', 'suspend', 'acme-corp')
    expect(await refused(5, ...identity('add', 'john@company.com', 'late'))).toMatch(/no tenant acme-corp/)
    await cli('tenant', 'resume', 'acme-corp')
    const listed = await json('account', 'identity', 'list', '--tenant', 'acme-corp')
    expect(JSON.stringify(listed)).not.toContain('late')
  })
})

describe('an import of accounts', () => {
  const importText = async (lines: readonly string[], ...flags: readonly string[]): Promise<Finished> => {
    const path = join(site.home.path, 'people.csv')
    await writeFile(path, ['email,issuer,subject', ...lines].join('\n'))
    return site.run('account', 'import', path, '--tenant', 'acme-corp', ...flags)
  }

  it('says whom their issuer knows them as', async () => {
    const lines = [`zoe@company.com,${issuer.issuer},sub-zoe`, 'max@company.com,,']
    expect(await importText(lines)).toMatchObject({ code: 0, stderr: '' })
    await until(async () => (await statusOf(tokenOf('sub-zoe'))) === 200, 3_000)
    expect(await statusOf(tokenOf('sub-max'))).toBe(401)
    expect((await importText(lines)).stdout).toMatch(/2 as it was/)
  }, 60_000)

  it('is refused whole where one subject is two accounts, or half of what names it is missing', async () => {
    const lines = [
      `one@company.com,${issuer.issuer},same`,
      `two@company.com,${issuer.issuer},same`,
      `three@company.com,${issuer.issuer},`,
      'four@company.com,idp,x',
    ]
    const { code, stdout } = await importText(lines, '--json')
    const { faults } = JSON.parse(stdout) as { faults: readonly { line: number; problem: string }[] }
    expect({ code, faults: faults.map(({ line, problem }) => `${line} ${problem}`) }).toEqual({
      code: 1,
      faults: [
        `3 same of ${issuer.issuer} is the account one@company.com`,
        '4 issuer and subject go together',
        '5 the issuer idp is not an absolute URL',
      ],
    })
    await expect(refused(5, 'account', 'show', 'one@company.com', '--tenant', 'acme-corp')).resolves.toBeDefined()
  }, 60_000)
})
