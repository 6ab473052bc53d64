import { describe, expect, it } from '@jest/globals'
import { wordsFor } from '../../../../src/adapter/issuer/consent/scope-words.js'

describe('the words for a scope', () => {
  it.each([
    ['openid', 'Know which account you use'],
    ['email', 'See your e-mail address'],
    ['profile', 'See your name'],
    ['offline_access', 'Stay connected while you are away'],
    ['read', 'See what you may see'],
    ['invoice:read', 'See invoice'],
    ['write:credit_notes', 'Change credit notes'],
    ['reports.run', 'Run reports'],
  ])('are a sentence: %s', (scope, words) => {
    expect(wordsFor(scope, {})).toBe(words)
  })

  it.each(['launch', 'a:b', 'a:b:read', 'https://example.com/read', 'constructor', '__proto__', 'read:<b>'])(
    'are none where the name says nothing: %s',
    (scope) => {
      expect(wordsFor(scope, {})).toBeUndefined()
    },
  )

  it('are those of the application, but for what OpenID Connect itself says', () => {
    const given = { launch: 'Launch the rocket', 'invoice:read': 'See your invoices', openid: 'Nothing at all' }
    expect(wordsFor('launch', given)).toBe('Launch the rocket')
    expect(wordsFor('invoice:read', given)).toBe('See your invoices')
    expect(wordsFor('openid', given)).toBe('Know which account you use')
  })
})
