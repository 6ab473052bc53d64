import { describe, expect, it } from '@jest/globals'
import { readBearer } from '../../../src/adapter/mcp/http/bearer.js'
import { challengeOf } from '../../../src/adapter/mcp/http/challenge.js'
import { nestsDeeperThan } from '../../../src/adapter/mcp/http/json-depth.js'

describe('readBearer', () => {
  it('takes a token of 16 KiB and none that is longer', () => {
    expect(readBearer(`Bearer ${'a'.repeat(16_384)}`)).toMatchObject({ kind: 'token' })
    expect(readBearer(`Bearer ${'a'.repeat(16_385)}`)).toEqual({ kind: 'malformed' })
  })

  it('takes the whole alphabet of RFC 6750', () => {
    expect(readBearer('bearer aZ09-._~+/==')).toEqual({ kind: 'token', token: 'aZ09-._~+/==' })
  })
})

describe('challengeOf', () => {
  const resourceMetadata = 'https://mcp.test/.well-known/oauth-protected-resource/mcp'

  it('lets no value end its quotes or its line', () => {
    const description = 'a", resource_metadata="https://evil.test\\\r\nX-Evil: 1\u00e9'
    const challenge = challengeOf({ resourceMetadata, scopes: [], error: { code: 'invalid_token', description } })
    expect(challenge).toBe(
      'Bearer error="invalid_token", error_description="a\\", resource_metadata=\\"https://evil.test\\\\X-Evil: 1", ' +
        `resource_metadata="${resourceMetadata}"`,
    )
  })

  it('names no scope where there is none', () => {
    expect(challengeOf({ resourceMetadata, scopes: [] })).toBe(`Bearer resource_metadata="${resourceMetadata}"`)
  })
})

describe('nestsDeeperThan', () => {
  it.each([
    ['[[1]]', 2, false],
    ['[[[1]]]', 2, true],
    ['{"a":{"b":[]}}', 3, false],
    ['{"a":{"b":[]}}', 2, true],
    ['[],[],[],[]', 1, false],
    [String.raw`["[[[[","\"[[[[","\\",[]]`, 2, false],
    [String.raw`["\\",[[]]]`, 2, true],
    ['"[[[[', 0, false],
    ['"\\', 0, false],
    ['', 0, false],
  ])('says of %s whether it is deeper than %d: %s', (text, limit, deeper) => {
    expect(nestsDeeperThan(Buffer.from(text), limit)).toBe(deeper)
  })
})
