import { describe, expect, it } from '@jest/globals'
import { decideLogin, loginWays, type LoginQuestion } from '../../../src/app/settings/login-way.js'
import { isLocal, isLoopback } from '../../../src/app/settings/loopback.js'

const loopback = { host: '127.0.0.1', publicUrl: undefined }
const https = 'https://mcp.example.com'

const decide = (question: Partial<LoginQuestion>) => decideLogin({ ...loopback, asked: undefined, ...question })
const refusal = (question: Partial<LoginQuestion>): unknown => {
  try {
    return decide(question)
  } catch (error) {
    return error
  }
}

describe('the way of signing in', () => {
  it.each<[string, string, Partial<LoginQuestion>]>([
    ['on loopback', 'both', {}],
    ['on localhost', 'both', { host: 'localhost' }],
    ['on IPv6 loopback', 'both', { host: '[::1]', publicUrl: 'http://[::1]:3005' }],
    ['on loopback with a URL there', 'both', { publicUrl: 'http://localhost:3005' }],
    ['on loopback behind an https name', 'oauth', { publicUrl: https }],
    ['on every address', 'oauth', { host: '0.0.0.0', publicUrl: https }],
    ['on every address, known by a loopback URL', 'oauth', { host: '0.0.0.0', publicUrl: 'http://127.0.0.1:3005' }],
    ['on another address', 'oauth', { host: '192.168.1.5', publicUrl: https }],
    [
      'on every address, where session login is allowed',
      'oauth',
      { host: '0.0.0.0', publicUrl: https, sessionLogin: 'allowed' },
    ],
    ['without sessions', 'oauth', { sessions: 'stateless' }],
  ])('is by default, %s, %s', (_name, way, question) => {
    expect(decide(question)).toBe(way)
  })

  it.each(loginWays)('is %s on loopback for whoever asks for it', (asked) => {
    expect(decide({ asked })).toBe(asked)
  })

  it.each(['tools', 'both'] as const)('is %s beyond loopback only on demand and over https', (asked) => {
    const beyond = { asked, host: '0.0.0.0', publicUrl: https }
    expect(decide({ ...beyond, sessionLogin: 'allowed' })).toBe(asked)
    expect(refusal(beyond)).toMatchObject({
      code: 'ERR_CONFIG_LOGIN',
      message: expect.stringContaining('[allowSessionLogin]: true'),
    })
    for (const publicUrl of ['http://127.0.0.1:3005', undefined]) {
      expect(refusal({ ...beyond, publicUrl, sessionLogin: 'allowed' })).toMatchObject({
        code: 'ERR_CONFIG_LOGIN',
        message: expect.stringContaining('needs https'),
      })
    }
    expect(refusal({ asked, publicUrl: https })).toMatchObject({ code: 'ERR_CONFIG_LOGIN' })
  })

  it.each(['tools', 'both'] as const)('is never %s without sessions', (asked) => {
    for (const more of [{}, { host: '0.0.0.0', publicUrl: https, sessionLogin: 'allowed' as const }]) {
      expect(refusal({ asked, sessions: 'stateless', ...more })).toMatchObject({
        code: 'ERR_CONFIG_LOGIN',
        message: expect.stringContaining("Leave out sessions: 'stateless'"),
      })
    }
    expect(decide({ asked: 'oauth', sessions: 'stateless' })).toBe('oauth')
  })
})

describe('loopback', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]'])('is %s', (host) => {
    expect(isLoopback(host)).toBe(true)
    expect(isLocal({ host, publicUrl: `http://${host}:1` })).toBe(true)
    expect(isLocal({ host, publicUrl: undefined })).toBe(true)
  })

  it.each(['0.0.0.0', '[::]', '::1', '127.0.0.1.example.com', 'localhost.', '127.0.0.2', '10.0.0.1', ''])(
    'is not %j',
    (host) => {
      expect(isLoopback(host)).toBe(false)
      expect(isLocal({ host, publicUrl: undefined })).toBe(false)
    },
  )
})
