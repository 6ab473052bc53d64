import { describe, expect, it } from '@jest/globals'
import { createAuthSecApp, publicTool } from '../../../src/index.js'

const tools = [publicTool('status', {}, () => 'up')]
const appWith = (scopeDescriptions: unknown) =>
  createAuthSecApp(Object.assign({ tools }, { scopeDescriptions: scopeDescriptions as Record<string, string> }))

describe('descriptions of scopes', () => {
  it('are sentences by scope', () => {
    expect(() => appWith({ 'invoice:read': 'See your invoices' })).not.toThrow()
  })

  it.each([
    ['no object', [], 'no object'],
    ['a name that is no scope', { 'two words': 'See' }, 'not one scope'],
    ['no sentence', { read: '  ' }, '"read" needs a sentence'],
    ['something else', { read: 7 }, '"read" needs a sentence'],
    ['too long a sentence', { read: 'a'.repeat(121) }, '"read" needs a sentence'],
  ])('are refused at the start where there is %s', (_what, given, words) => {
    expect(() => appWith(given)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_OPTION', message: expect.stringContaining(words) }),
    )
  })
})
