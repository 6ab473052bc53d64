import { describe, expect, it } from '@jest/globals'
import { grantedScopes } from '../../../src/adapter/issuer/provider/access-token-claims.js'

describe('the scopes of a token', () => {
  it('are those that were agreed to and are held, and the base scope', () => {
    expect(grantedScopes(['mcp', 'read', 'write', 'read'], ['read', 'admin'])).toEqual(['mcp', 'read'])
    expect(grantedScopes([], ['read'])).toEqual([])
  })

  it.each(['re"ad', 'read write', 'lesen\u00fc', 'a\\b', 'a\tb', ''])(
    'are without %j, which no token could hold',
    (name) => {
      expect(grantedScopes(['mcp', name, 'read'], [name, 'read'])).toEqual(['mcp', 'read'])
    },
  )
})
