import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ann, eve, TenantBench, type McpRequest } from '../../support/tenant-bench.js'

let bench: TenantBench
beforeAll(async () => {
  bench = await TenantBench.open()
}, 60_000)
afterAll(() => bench?.close())

const note = (args: object, members: object = {}): McpRequest => ({
  params: { name: 'note', arguments: { text: 'hi', ...args }, ...members },
})
const header = (name: string, value = 'globex'): McpRequest => ({ ...note({}), headers: { [name]: value } })

describe('the tenant of a request', () => {
  it.each<[string, McpRequest]>([
    ...['x-tenant', 'x-tenant-id', 'tenant-id', 'x-authsec-tenant', 'x-forwarded-tenant', 'x-org-id'].map(
      (name): [string, McpRequest] => [`the header ${name}`, header(name)],
    ),
    ['a forwarded host', header('x-forwarded-host', 'globex.example')],
    ['a forwarded user', header('x-forwarded-user', eve)],
    ['a cookie', header('cookie', 'tenant=globex; tenant_id=globex')],
    ['the query', { ...note({}), suffix: '?tenant=globex&tenant_id=globex' }],
    ['_meta', note({}, { _meta: { tenant: 'globex', tenant_id: 'globex', user: eve } })],
    ['a member beside the arguments', note({}, { tenant: 'globex', tenant_id: 'globex', _user_info: { email: eve } })],
  ])('is that of the token, whatever is said by %s', async (_what, request) => {
    const { status, text } = await bench.send(bench.tokenOf(ann), request)
    expect({ status, text }).toEqual({ status: 200, text: expect.stringContaining('acme notes hi') })
    expect(text).not.toContain('globex')
  })

  it.each<[string, McpRequest]>([
    ['an argument', note({ tenant_id: 'globex', tenantId: 'globex', tenant: 'globex' })],
    ['an argument for what is injected', note({ user: { tenantId: 'globex', email: eve }, userContext: 'globex' })],
    ['an argument for every object', note({ ['__proto__']: { tenantId: 'globex' }, constructor: 'globex' })],
  ])('is that of the token or there is no answer, whatever is said by %s', async (_what, request) => {
    const { text } = await bench.send(bench.tokenOf(ann), request)
    expect(text).not.toContain('globex notes')
    const { error, result } = JSON.parse(text) as { error?: object; result?: { isError?: boolean } }
    if (error === undefined && result?.isError !== true) expect(text).toContain('acme notes hi')
  })

  it.each(['/globex', '/tenants/globex', '/..%2fglobex', ';tenant=globex'])(
    'is named by no path: %s after that of the server',
    async (suffix) => {
      const { status, text } = await bench.send(bench.tokenOf(ann), { suffix })
      expect(status).toBe(404)
      expect(text).not.toContain('acme')
    },
  )

  it.each(['/globex/mcp/oauth', '/tenants/globex/mcp/oauth', '//globex/mcp/oauth'])(
    'is named by no path: %s',
    async (path) => {
      const { status } = await bench.send(bench.tokenOf(ann), { url: new URL(bench.url).origin + path })
      expect(status).toBe(404)
    },
  )

  it('is no address of the server', async () => {
    const { status } = await bench.send(bench.tokenOf(ann), header('origin', 'https://globex.example'))
    expect(status).toBe(403)
  })

  it('is named by the token alone, so that a token in the query or the body is none', async () => {
    const token = bench.tokenOf(eve)
    expect((await bench.send(undefined, { suffix: `?access_token=${token}` })).status).toBe(401)
    expect((await bench.send(undefined, note({}, { access_token: token, _meta: { token } }))).status).toBe(401)
    const both = await bench.send(bench.tokenOf(ann), { ...note({}), suffix: `?access_token=${token}` })
    expect(both.text).toContain('acme notes hi')
  })
})
