import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { protectedByAuthSec } from '../../../src/index.js'
import type { TestServer } from '../../support/listening-app.js'
import { postMcp } from '../../support/mcp-post.js'
import { OutsideIssuer } from '../../support/outside-issuer.js'
import { TrustingSite } from '../../support/trusting-site.js'

let site: TrustingSite
let issuer: OutsideIssuer
let server: TestServer

const tools = [
  protectedByAuthSec('write_ledger', { scopes: ['write'] }, () => 'written'),
  protectedByAuthSec('close_ledger', { scopes: ['write', 'close'], elevatable: true }, () => 'closed'),
]

beforeAll(async () => {
  site = await TrustingSite.create()
  issuer = await OutsideIssuer.start()
  // One tenant knows the scope, the other does not.
  await site.database.tenantSql(site.acme, "insert into scope (name) values ('write')")
  await site.name(site.acme, issuer.issuer, 'knows')
  await site.name(site.globex, issuer.issuer, 'does not')
  const trust = { issuer: issuer.issuer, audience: 'resource', tenant: { claim: 'org' }, network: 'private' } as const
  server = await site.start([trust], { servers: [], tools, sessions: 'stateless' })
}, 60_000)
afterAll(async () => {
  await site?.close()
  await issuer?.close()
})

interface Cell {
  readonly org: 'knows' | 'does not'
  readonly scope: string
}

async function callWith({ org, scope }: Cell, name: string) {
  const token = await issuer.token({ audience: server.url, subject: 'ada', scope, claims: { org } })
  const { body, status } = await postMcp(server.url, token, 'tools/call', { name, arguments: {} })
  return body.result?.content?.[0]?.text ?? body.error?.message ?? status
}

describe('a scope (O15)', () => {
  it.each<[Cell, string]>([
    [{ org: 'knows', scope: 'mcp write' }, 'written'],
    [{ org: 'knows', scope: 'mcp' }, 'Unknown tool: write_ledger'],
    [{ org: 'does not', scope: 'mcp write' }, 'Unknown tool: write_ledger'],
    [{ org: 'does not', scope: 'mcp' }, 'Unknown tool: write_ledger'],
    [{ org: 'knows', scope: 'mcp writer write:all WRITE' }, 'Unknown tool: write_ledger'],
  ])('counts where the token and the tenant both have it: %j', async (cell, answer) => {
    expect(await callWith(cell, 'write_ledger')).toBe(answer)
  })

  it('is asked for where the tenant knows it and the token lacks it, and nowhere else', async () => {
    expect(await callWith({ org: 'knows', scope: 'mcp' }, 'close_ledger')).toMatch(/lacks scopes/)
    expect(await callWith({ org: 'knows', scope: 'mcp write' }, 'close_ledger')).toBe('closed')
    expect(await callWith({ org: 'does not', scope: 'mcp' }, 'close_ledger')).toBe('Unknown tool: close_ledger')
  })
})
