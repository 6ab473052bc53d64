import { describe, expect, it } from '@jest/globals'
import { routeOf } from '../../../src/app/observe/route-of.js'

describe('the route of a request', () => {
  it.each([
    ['/mcp', '/mcp'],
    ['/mcp/oauth?token=hunter2', '/mcp/oauth'],
    ['/oauth/token', '/oauth/token'],
    ['/authsec/login/callback?code=hunter2', '/authsec/login/callback'],
    ['/authsec/login/hunter2', '/authsec/login/*'],
    ['/authsec/signin/hunter2/submit', '/authsec/signin/*'],
    ['/oauth/authorize/hunter2', '/oauth/authorize/*'],
    ['/.well-known/oauth-protected-resource/mcp', '/.well-known/*'],
    ['/hunter2', 'other'],
    ['/mcp/hunter2', 'other'],
    ['/MCP', 'other'],
    ['', 'other'],
    [undefined, 'other'],
  ])('of %p is %s', (url, route) => {
    expect(routeOf(url)).toBe(route)
  })
})
