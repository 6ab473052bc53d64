import { describe, expect, it } from '@jest/globals'
import { RefusedError } from '../../../../src/app/refused-error.js'
import { credentialWarnings, readMembers } from '../../../../src/app/services/read-members.js'
import { readServiceOptions } from '../../../../src/core/external-service/read-service-options.js'

const tokenEndpoint = 'https://id.example.com/token'
const auths = {
  key: { type: 'api_key', name: 'X-Key' },
  bearer: { type: 'bearer_token' },
  basic: { type: 'basic_auth' },
  oauth: { type: 'oauth2', grant: 'client_credentials', tokenEndpoint },
} as const

const serviceWith = (auth: object, more: object = {}) => {
  const settings = readServiceOptions({ url: 'https://api.example.com', requirement: {}, auth, ...more })
  return { ...settings, id: '', name: 'Hub', credentialVersion: 0, revision: '' }
}
const read = (kind: keyof typeof auths, secret: string, shown: object = {}) =>
  readMembers(serviceWith(auths[kind]), { name: 'Hub', ...shown, readSecret: async () => secret })

describe('the credential that somebody gives a service', () => {
  it.each([
    ['key', {}, { api_key: 'a-secret' }],
    ['bearer', {}, { access_token: 'a-secret' }],
    ['basic', { username: 'bo' }, { username: 'bo', password: 'a-secret' }],
    ['oauth', { clientId: 'us' }, { client_id: 'us', client_secret: 'a-secret' }],
  ] as const)('has what a service of its kind takes: %s', async (kind, shown, members) => {
    expect(await read(kind, 'a-secret', shown)).toEqual(members)
  })

  it.each([
    ['basic', 'a-secret', {}, '--username is missing'],
    ['oauth', 'a-secret', {}, '--client-id is missing'],
    ['bearer', 'a-secret', { username: 'bo' }, '--username says nothing with bearer_token'],
    ['basic', 'a-secret', { username: 'bo', clientId: 'us' }, '--client-id says nothing'],
    ['basic', 'a-secret', { username: 'b:o' }, 'no colon (RFC 7617 §2)'],
    ['bearer', '', {}, 'is empty'],
    ['bearer', 'two\nlines', {}, 'one line without control characters'],
    ['key', 'a\0b', {}, 'one line without control characters'],
    ['key', 'ключ', {}, 'no header can carry'],
    ['bearer', 'ключ', {}, 'no header can carry'],
  ] as const)('is refused where it cannot be one: %s %j %j', async (kind, secret, shown, reason) => {
    const refused = read(kind, secret, shown)
    await expect(refused).rejects.toThrow(RefusedError)
    await expect(refused).rejects.toThrow(reason)
    if (secret !== '') await expect(refused).rejects.not.toThrow(secret)
  })

  it('is not asked for where it is not wanted', async () => {
    const asked = { name: 'Hub', readSecret: () => Promise.reject(new Error('asked')) }
    const made = serviceWith(auths.basic, { source: { from: 'dynamic', path: 'database/creds/x' } })
    await expect(readMembers(made, asked)).rejects.toThrow('made by a secrets engine')
    await expect(readMembers(serviceWith(auths.basic), asked)).rejects.toThrow('--username is missing')
    await expect(readMembers(serviceWith(auths.bearer), asked)).rejects.toThrow('asked')
  })

  it('comes with a warning where it is short, or has a blank that may not be meant', () => {
    const warnings = (text: string) => credentialWarnings({ access_token: text }, auths.bearer)
    expect(warnings('12345678')).toEqual([])
    expect(warnings('1234567')).toEqual([expect.stringContaining('fewer than 8 characters')])
    expect(warnings('12345678 ')).toEqual([expect.stringContaining('begins or ends with a blank')])
    const basic = { username: 'bo', password: 'long-enough' }
    expect(credentialWarnings(basic, auths.basic)).toEqual([])
  })
})
