import { describe, expect, it } from '@jest/globals'
import { endedSessions, SessionsLeftError } from '../../../../src/app/sessions/sessions-left.js'
import { refuseLeft } from '../../../../src/cli/administration/signed-out.js'
import { exitCodeOf, exitCodes } from '../../../../src/cli/exit-code.js'
import { UpstreamError } from '../../../../src/core/error/upstream-error.js'
import { changeSecurity } from '../../../../src/core/identity/change-security.js'
import type { ListedSession, SessionDirectory } from '../../../../src/core/identity/session-directory.js'

const tenant = { id: 't-1', slug: 'acme', name: 'Acme' }
const session: ListedSession = {
  ...{ kind: 'grant', key: 'k', tenantId: tenant.id, owner: undefined, subject: 'ana', application: undefined },
  ...{ client: undefined, startedAt: undefined, usedAt: undefined, expiresAt: undefined, tenant, email: undefined },
}

/** Sessions of which each `end` goes as it is told; what happens is on the list, in its order. */
class Sessions implements Pick<SessionDirectory, 'end' | 'ownersOf'> {
  readonly happened: string[] = []
  readonly #ends: ('fails' | 'works')[]

  constructor(...ends: readonly ('fails' | 'works')[]) {
    this.#ends = [...ends]
  }

  async ownersOf(_tenant: typeof tenant, id: string) {
    this.happened.push(`owners of ${id}`)
    return [{ tenantId: tenant.id, issuer: undefined, subject: id }]
  }

  async end({ owners }: Parameters<SessionDirectory['end']>[0]) {
    if (this.#ends.shift() === 'fails') throw new UpstreamError('AUTH_UNAVAILABLE', 'out of reach')
    this.happened.push(`end of ${owners?.map(({ subject }) => subject).join(' ') ?? 'everybody'}`)
    return [session]
  }

  readonly change = async (): Promise<'done'> => {
    this.happened.push('change')
    return 'done'
  }
}

describe('a change of what accounts prove themselves with', () => {
  it('ends what they are signed in with before and afterwards, by who they were before', async () => {
    const sessions = new Sessions()
    const changed = await changeSecurity(sessions, { tenant, accounts: ['ana', 'bo'] }, sessions.change)
    expect(changed).toEqual({ value: 'done', ended: 2, sessions: 'ended' })
    const ends = 'end of ana bo'
    expect(sessions.happened).toEqual(['owners of ana', 'owners of bo', ends, 'change', ends])
  })

  it('of everybody ends what everybody is signed in with, and one of nobody ends nothing', async () => {
    const sessions = new Sessions()
    await changeSecurity(sessions, { tenant, accounts: 'everybody' }, sessions.change)
    await changeSecurity(sessions, { tenant, accounts: [] }, sessions.change)
    expect(sessions.happened).toEqual(['end of everybody', 'change', 'end of everybody', 'change'])
  })

  it('of very many is asked about in parts', async () => {
    const sessions = new Sessions()
    const accounts = Array.from({ length: 450 }, (_, index) => `a${index}`)
    await changeSecurity(sessions, { tenant, accounts }, sessions.change)
    const ends = sessions.happened.filter((what) => what.startsWith('end of '))
    expect(ends.map((what) => what.split(' ').length - 2)).toEqual([200, 200, 50, 200, 200, 50])
  })

  it('that was not made after all ends nothing afterwards', async () => {
    const sessions = new Sessions()
    const scope = { tenant, accounts: ['ana'], wasMade: () => false }
    const changed = await changeSecurity(sessions, scope, sessions.change)
    expect(changed).toEqual({ value: 'done', ended: 1, sessions: 'ended' })
    expect(sessions.happened).toEqual(['owners of ana', 'end of ana', 'change'])
  })

  it('is not made where nothing can be ended', async () => {
    const sessions = new Sessions('fails')
    const changed = changeSecurity(sessions, { tenant, accounts: ['ana'] }, sessions.change)
    await expect(changed).rejects.toMatchObject({ code: 'ERR_AUTH_UNAVAILABLE' })
    expect(sessions.happened).toEqual(['owners of ana'])
  })

  it('stands where not everything could be ended afterwards, and says what is left to do', async () => {
    const sessions = new Sessions('works', 'fails')
    const changed = await changeSecurity(sessions, { tenant, accounts: ['ana'] }, sessions.change)
    expect(changed).toEqual({ value: 'done', ended: 1, sessions: 'not all ended' })
    const ended = endedSessions(changed, { tenant: 'acme', users: ['ana@acme.test'] })
    expect(ended.left).toContain('run authsec session end --tenant acme --user ana@acme.test')
    expect(endedSessions(changed, { tenant: 'acme', users: 'everybody' }).left).toContain('--tenant acme --all')
    expect(() => refuseLeft(ended)).toThrow(SessionsLeftError)
    expect(exitCodeOf(new SessionsLeftError(ended.left))).toBe(exitCodes.dependency)
    expect(() => refuseLeft({ ended: 1, left: undefined })).not.toThrow()
  })
})
