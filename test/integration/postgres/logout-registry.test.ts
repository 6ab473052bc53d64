import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { IssuerLogout, LoggedInToken } from '../../../src/core/identity/logout-registry.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres

beforeAll(async () => {
  test = await openTestPostgres()
})
beforeEach(() => test.sql('delete from issuer_logout'))
afterAll(() => test?.close())

const issuer = 'https://id.example.com'
const at = 1_800_000_000

const token = (changes: Partial<LoggedInToken> = {}): LoggedInToken => ({
  ...{ issuer, subject: 'ada', sessionId: 's-1', issuedAt: at },
  ...changes,
})
const end = (changes: Partial<IssuerLogout>) =>
  test.postgres.logouts.end({
    ...{ issuer, subject: undefined, sessionId: undefined, issuedAt: at, tokenId: randomUUID() },
    ...changes,
  })
const isOver = (changes?: Partial<LoggedInToken>) => test.postgres.logouts.isOver(token(changes))

describe('a logout that an issuer told us of (OpenID Connect Back-Channel Logout 1.0 §2.4)', () => {
  it('ends the session that it names, whoever its subject is, and no other', async () => {
    expect(await isOver()).toBe(false)
    await end({ sessionId: 's-1' })
    expect(await isOver()).toBe(true)
    expect(await isOver({ issuedAt: at + 60 })).toBe(true)
    expect(await isOver({ sessionId: 's-2' })).toBe(false)
    expect(await isOver({ sessionId: undefined })).toBe(false)
  })

  it('ends all that its subject had until then, and nobody else', async () => {
    await end({ subject: 'ada' })
    expect(await isOver()).toBe(true)
    expect(await isOver({ sessionId: undefined })).toBe(true)
    expect(await isOver({ subject: 'eve' })).toBe(false)
  })

  it('lets a token stand that came after the logout of its subject', async () => {
    await end({ subject: 'ada' })
    expect(await isOver({ issuedAt: at })).toBe(true)
    expect(await isOver({ issuedAt: at + 1 })).toBe(false)
  })

  it('ends one session only where it names subject and session, and whatever may have been of that session', async () => {
    await end({ subject: 'ada', sessionId: 's-1' })
    expect(await isOver()).toBe(true)
    expect(await isOver({ sessionId: 's-2' })).toBe(false)
    expect(await isOver({ sessionId: undefined })).toBe(true)
    expect(await isOver({ sessionId: undefined, issuedAt: at + 1 })).toBe(false)
  })

  it('says nothing about another issuer', async () => {
    await end({ subject: 'ada', sessionId: 's-1' })
    expect(await isOver({ issuer: 'https://other.example.com' })).toBe(false)
  })

  it('is taken once, and stays what it was', async () => {
    const logout = { subject: 'ada', tokenId: 'once' }
    expect(await end(logout)).toBe('ended')
    expect(await end(logout)).toBe('repeated')
    expect(await end({ ...logout, subject: 'eve' })).toBe('repeated')
    expect(await isOver({ subject: 'eve' })).toBe(false)
    expect(await end({ ...logout, issuer: 'https://other.example.com' })).toBe('ended')
  })

  it('is known to every process at once', async () => {
    const other = await test.reopen()
    await end({ subject: 'ada' })
    expect(await other.logouts.isOver(token())).toBe(true)
  })

  it('is kept for longer than any token from before could live, and swept then', async () => {
    await end({ subject: 'ada' })
    const [row] = await test.sql(`select expires_at > now() + interval '1 day' as longer from issuer_logout`)
    expect(row).toEqual({ longer: true })
    await test.postgres.sweep()
    expect(await isOver()).toBe(true)
    await test.sql(`update issuer_logout set expires_at = now() - interval '1 second'`)
    await test.postgres.sweep()
    expect(await test.sql('select * from issuer_logout')).toEqual([])
  })
})
