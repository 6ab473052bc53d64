import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { initialize, McpHarness } from '../../support/mcp-harness.js'
import { sendRaw, statusesOf } from '../../support/raw-http.js'

let local: McpHarness
let remote: McpHarness

beforeAll(async () => {
  local = await McpHarness.start({ sessions: 'stateless' })
  remote = await McpHarness.start({
    sessions: 'stateless',
    publicUrl: 'https://mcp.acme.test',
    allowedOrigins: ['https://app.acme.test'],
  })
})

afterAll(() => Promise.all([local.close(), remote.close()]))

async function statusAt(harness: McpHarness, headers: Record<string, string>): Promise<number> {
  return (await harness.send({ body: initialize(), headers })).status
}

describe('a server on loopback', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]'])('goes by %s and its port', async (name) => {
    expect(await statusAt(local, { host: `${name}:${local.port}` })).toBe(200)
  })

  it.each([
    'evil.test',
    'localhost.evil.test:PORT',
    '127.0.0.1.nip.io:PORT',
    'evil.test:PORT',
    '[::]:PORT',
    '0.0.0.0:PORT',
    'LOCALHOST:PORT',
    'localhost.:PORT',
    'localhost',
    '127.0.0.1',
    'localhost:1',
    '127.1:PORT',
    '2130706433:PORT',
    'localhost:PORT@evil.test',
    'localhost:PORT, evil.test',
    'localhost:0PORT',
  ])('refuses the Host %j', async (host) => {
    const started = local.people.verified
    expect(await statusAt(local, { host: host.replace('PORT', String(local.port)) })).toBe(403)
    expect(local.people.verified).toBe(started)
  })

  it('refuses a request without Host, or with an empty one', async () => {
    const head = 'POST /mcp HTTP/1.1\r\nHost:\r\nAuthorization: Bearer alice\r\nContent-Length: 0\r\n\r\n'
    expect(statusesOf(await sendRaw(local.port, head))).toEqual([403])
    const text = await sendRaw(
      local.port,
      'POST /mcp HTTP/1.0\r\nAuthorization: Bearer alice\r\nContent-Length: 0\r\n\r\n',
    )
    expect(text).toMatch(/^HTTP\/1\.1 403/)
    expect(statusesOf(await sendRaw(local.port, 'POST /mcp HTTP/1.1\r\nContent-Length: 0\r\n\r\n'))).toEqual([400])
  })

  it.each(['http://localhost:6274', 'http://127.0.0.1', 'http://[::1]:1', 'http://localhost'])(
    'lets the origin %s in',
    async (origin) => {
      expect(await statusAt(local, { origin })).toBe(200)
    },
  )

  it.each([
    'null',
    'https://evil.test',
    'http://localhost.evil.test',
    'http://localhost:1.evil.test',
    'http://127.0.0.1.nip.io',
    'http://evil.test:6274',
    'http://localhost@evil.test',
    'http://LOCALHOST',
    'http://localhost.',
    'https://localhost:6274',
    'http://0.0.0.0',
    'http://[::]',
    'file://',
    'http://localhost, https://evil.test',
    '',
  ])('refuses the origin %j', async (origin) => {
    expect(await statusAt(local, { origin })).toBe(403)
  })
})

describe('a server with a public name', () => {
  const host = 'mcp.acme.test'

  it('goes by that name, and lets in its own and the allowed origin', async () => {
    expect(await statusAt(remote, { host })).toBe(200)
    expect(await statusAt(remote, { host, origin: 'https://mcp.acme.test' })).toBe(200)
    expect(await statusAt(remote, { host, origin: 'https://app.acme.test' })).toBe(200)
  })

  it.each(['mcp.acme.test:443', 'acme.test', 'MCP.acme.test', 'mcp.acme.test.', '127.0.0.1', 'localhost'])(
    'refuses the Host %j',
    async (other) => {
      expect(await statusAt(remote, { host: other })).toBe(403)
    },
  )

  it.each(['http://mcp.acme.test', 'http://localhost:6274', 'https://app.acme.test:444', 'https://acme.test', 'null'])(
    'refuses the origin %j',
    async (origin) => {
      expect(await statusAt(remote, { host, origin })).toBe(403)
    },
  )

  it('does not repeat what it refused', async () => {
    const answer = await remote.send({ body: initialize(), headers: { host, origin: 'https://marker.test' } })
    expect(answer.text).not.toContain('marker')
  })
})
