import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { announceReady, announceStdio } from '../../../src/app/announce-ready.js'

const account = { email: 'john@company.com', password: 'hunter2', tenant: 'acme-corp' }
const running = {
  url: 'http://127.0.0.1:3005/mcp',
  oauthUrl: 'http://127.0.0.1:3005/mcp/oauth',
  metricsUrl: undefined,
  accountsFile: '/home/accounts.json',
  close: async () => undefined,
}
const stdio = {
  ...{ pagesUrl: 'http://127.0.0.1:4000', accountsFile: '/home/accounts.json', created: [account] },
  ...{ ended: Promise.resolve(), close: async () => undefined },
}

describe('the words of a server that is ready', () => {
  let output = ''
  let errors = ''
  beforeEach(() => {
    output = ''
    errors = ''
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output += String(text)
      return true
    })
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      errors += String(text)
      return true
    })
  })
  afterEach(() => {
    jest.restoreAllMocks()
  })

  it('name both addresses, and passwords once', () => {
    announceReady({ ...running, created: [account] })
    expect(output).toMatch(
      /^AuthSec ready: http:\/\/127\.0\.0\.1:3005\/mcp\nAuthSec OAuth: http:\/\/127\.0\.0\.1:3005\/mcp\/oauth\n/,
    )
    expect(output).toContain('john@company.com  hunter2  (acme-corp)')
    expect(errors).toBe('')
  })

  it('name one address where clients sign in with the five tools only', () => {
    announceReady({ ...running, oauthUrl: undefined, created: [] })
    expect(output).toBe('AuthSec ready: http://127.0.0.1:3005/mcp\n')
  })

  it('go to standard error on stdio, without passwords', () => {
    announceStdio(stdio)
    expect(output).toBe('')
    expect(errors).toBe(
      'AuthSec ready: stdio\nAuthSec sign-in pages: http://127.0.0.1:4000\n' +
        'Local accounts, with passwords in /home/accounts.json: john@company.com (acme-corp)\n',
    )
  })

  it('say nothing of accounts where none was made', () => {
    announceStdio({ ...stdio, created: [] })
    expect(errors).toBe('AuthSec ready: stdio\nAuthSec sign-in pages: http://127.0.0.1:4000\n')
  })
})
