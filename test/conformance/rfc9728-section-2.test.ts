import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ResourceServer, type Answered } from '../support/resource-server.js'

let server: ResourceServer

beforeAll(async () => {
  server = await ResourceServer.start()
})

afterAll(() => server.close())

const wellKnown = '/.well-known/oauth-protected-resource'

const text = ({ text: said }: Answered): string => said

describe('RFC 9728 §2 Protected Resource Metadata', () => {
  it.each(['/mcp', '/mcp/oauth'])(
    '§2 names the resource at %s by its canonical URI, without fragment or slash',
    async (path) => {
      const { resource } = (await server.document(wellKnown + path)).json
      expect(resource).toBe(server.origin + path)
      expect(new URL(String(resource))).toMatchObject({ hash: '', search: '', pathname: path })
    },
  )

  it('§2 lists at least one authorization server, byte for byte as that calls itself', async () => {
    const { json } = await server.document(`${wellKnown}/mcp`)
    expect(json['authorization_servers']).toEqual([server.issuer])
    const described = await server.document('/.well-known/oauth-authorization-server/oauth')
    expect(described.json['issuer']).toBe(server.issuer)
  })

  it('§2 takes tokens in the header only', async () => {
    expect((await server.document(`${wellKnown}/mcp`)).json['bearer_methods_supported']).toEqual(['header'])
  })

  it('§2 lists the scopes to begin with: neither the catalogue, nor what can be stepped up to, nor offline_access', async () => {
    const { json } = await server.document(`${wellKnown}/mcp`)
    // `write` because a tool that nobody can step up to needs it; `launch` is for steps up only.
    expect(json['scopes_supported']).toEqual(['mcp', 'read', 'write'])
  })

  it('§2 says what people may call the resource', async () => {
    expect((await server.document(`${wellKnown}/mcp`)).json['resource_name']).toBe('Conformance')
  })

  it('§2 has no member that is empty, null or of another kind', async () => {
    const { json } = await server.document(`${wellKnown}/mcp`)
    for (const value of Object.values(json)) expect(['string', 'object']).toContain(typeof value)
    expect(Object.values(json).filter((value) => Array.isArray(value) && value.length === 0)).toEqual([])
    expect(text((await server.document(`${wellKnown}/mcp`)).answer)).not.toContain('null')
  })
})
