import { describe, expect, it } from '@jest/globals'
import { formatContext } from '../../../src/adapter/issuer/federation/sign-in-context.js'
import { recordsMadeWith, type OpenedOwned } from '../../../src/adapter/issuer/record/made-with.js'

const provider = '0b8f7c1e-0000-4000-8000-000000000001'
const origin = { provider, subject: 'ada' }
const acrOf = (subject: string, signedInAt = 100): string =>
  formatContext({ provider, subject, signedInAt, authTime: 'unsaid' })

function opened(model: string, key: string, payload: object, grant?: string): OpenedOwned {
  return {
    record: {
      ...{ model, key, grant, owner: undefined, application: undefined, expiresAt: undefined },
      payload: new Uint8Array(),
    },
    payload: { ...payload },
  }
}

const grant = (key: string, iat: number): OpenedOwned => opened('Grant', key, { iat })
const session = (payload: object, ...grants: readonly string[]): OpenedOwned =>
  opened('Session', 'session', {
    ...payload,
    authorizations: Object.fromEntries(grants.map((grantId, index) => [`client-${index}`, { grantId }])),
  })
const ended = (...records: readonly OpenedOwned[]): readonly string[] =>
  recordsMadeWith(records, origin, (id) => id).map(({ key }) => key)

describe('what was made with a sign-in at a provider', () => {
  it('is the browser, and the grants of which codes, tokens or the browser say so', () => {
    const token = opened('RefreshToken', 'token', { acr: acrOf('ada') }, 'by token')
    const browser = session({ acr: acrOf('ada') }, 'by browser')
    expect(ended(grant('by token', 200), grant('by browser', 200), token, browser)).toEqual([
      ...['by token', 'by browser', 'session'],
    ])
  })

  it('is no grant of a password, of another provider or of another user of this one', () => {
    const token = opened('RefreshToken', 'token', {}, 'by password')
    const other = opened('AuthorizationCode', 'code', { acr: acrOf('bo') }, 'of bo')
    expect(ended(grant('by password', 200), grant('of bo', 200), token, other)).toEqual([])
    expect(ended(grant('given since', 200), session({ loginTs: 150 }, 'given since'))).toEqual([])
  })

  it('is a grant that was given before its browser signed in anew, in another way', () => {
    expect(ended(grant('before', 120), grant('since', 160), session({ loginTs: 150 }, 'before', 'since'))).toEqual([
      'before',
    ])
    expect(ended(grant('before', 120), session({ acr: acrOf('bo', 150) }, 'before'))).toEqual(['before'])
  })

  it('is a grant of which nothing can tell', () => {
    expect(ended(grant('silent', 200))).toEqual(['silent'])
  })

  it('is a sign-in that was decided and has not gone on yet', () => {
    const decided = (subject: string): OpenedOwned =>
      opened('Interaction', subject, { result: { login: { acr: acrOf(subject) } } })
    expect(ended(decided('ada'), decided('bo'), opened('Interaction', 'undecided', {}))).toEqual(['ada'])
  })
})
