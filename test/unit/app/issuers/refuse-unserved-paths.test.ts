import { describe, expect, it } from '@jest/globals'
import { refuseUnservedPaths } from '../../../../src/app/issuers/refuse-unserved-paths.js'
import { readIssuer } from '../../../../src/core/trust/read-issuer-options.js'

const issuer = 'https://id.example.com'
const trusted = (audience: unknown) => readIssuer({ issuer, audience, tenant: { claim: 'org' } }, 'code')
const start = (...audiences: readonly unknown[]) => {
  refuseUnservedPaths(audiences.map(trusted), ['/mcp', '/mcp/oauth'])
}

describe('an audience for each path', () => {
  it.each(['resource', 'api://server', { '/mcp': 'one' }, { '/other': 'one', '/mcp/oauth': 'two' }])(
    'starts where a path of it is served: %j',
    (audience) => {
      expect(() => start(audience)).not.toThrow()
    },
  )

  it.each([{ '/mpc': 'one' }, { '/mcp/': 'one' }, { '/MCP': 'one', '/': 'two' }])(
    'stops the start where none of its paths is: %j',
    (audience) => {
      expect(() => start('resource', audience)).toThrow(`the issuer ${issuer} names none of the paths of this server`)
    },
  )
})
