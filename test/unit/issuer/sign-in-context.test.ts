import { describe, expect, it } from '@jest/globals'
import { formatContext, parseContext } from '../../../src/adapter/issuer/federation/sign-in-context.js'

const context = {
  ...{ provider: '0b8f7c1e-0000-4000-8000-000000000001', subject: 'ada', signedInAt: 1_700_000_000 },
  authTime: 'unsaid',
} as const

describe('how somebody has signed in with a provider', () => {
  it.each(['ada', 'a:b c/d', 'ä'.repeat(255), '\u{1f600}'.repeat(255)])('is read as it was written: %s', (subject) => {
    expect(parseContext(formatContext({ ...context, subject }))).toEqual({ ...context, subject })
  })

  it.each([undefined, 7, '', 'urn:mace:incommon:iap:silver', `${formatContext(context)}x`])('is not %p', (acr) => {
    expect(parseContext(acr)).toBeUndefined()
  })
})
