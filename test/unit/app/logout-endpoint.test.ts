import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { AuthenticationError } from '../../../src/core/error/authentication-error.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { IssuerLogout } from '../../../src/core/identity/logout-registry.js'
import { createLogoutEndpoint } from '../../../src/service/back-channel-logout/create-logout-endpoint.js'
import { MemoryAuditLog } from '../../support/memory-audit-log.js'
import { MemorySessionFeed } from '../../support/memory-session-feed.js'

const logout: IssuerLogout = {
  ...{ issuer: 'https://id.example.com', subject: 'ada', sessionId: 's-1', issuedAt: 1, tokenId: 'j-1' },
}
const down = new UpstreamError('AUTH_UNAVAILABLE', 'down')

let server: Server
let place = ''
let taken: IssuerLogout[]
let audit: MemoryAuditLog
let notices: MemorySessionFeed
let verify: (token: string) => Promise<IssuerLogout>
let end: (logout: IssuerLogout) => Promise<'ended' | 'repeated'>

beforeEach(async () => {
  taken = []
  audit = new MemoryAuditLog()
  notices = new MemorySessionFeed()
  verify = () => Promise.resolve(logout)
  end = (ended) => Promise.resolve(taken.push(ended) === 1 ? 'ended' : 'repeated')
  const handle = createLogoutEndpoint({
    ...{ audit, notices, logouts: { end: (ended) => end(ended) } },
    tokens: { issuerOf: () => Promise.resolve(logout.issuer), verify: (token) => verify(token) },
    log: { write: () => undefined },
  })
  server = createServer(
    (request, response) => void handle(request, response).then((done) => done || response.end('other')),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  place = `http://127.0.0.1:${Object(server.address()).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const post = (path = '/authsec/backchannel-logout') =>
  fetch(place + path, { method: 'POST', body: new URLSearchParams({ logout_token: 'a.b.c' }) })

describe('the endpoint for logout tokens', () => {
  it('tells every process of a logout that it has written down, and puts it on record', async () => {
    expect((await post()).status).toBe(200)
    expect(taken).toEqual([logout])
    expect(notices.published).toEqual([{ about: 'logout', issuer: logout.issuer, subject: 'ada', sessionId: 's-1' }])
    expect(audit.rows).toMatchObject([
      { type: 'session.ended', reason: 'issuer_logout', subject: 'ada', tenant: undefined },
    ])
  })

  it('answers the same token a second time with 200, and tells nobody again', async () => {
    await post()
    expect((await post()).status).toBe(200)
    expect(notices.published).toHaveLength(1)
    expect(audit.rows).toHaveLength(1)
  })

  it('writes nothing for a token that does not hold, and says no more than that to whoever sent it', async () => {
    verify = () => Promise.reject(new AuthenticationError('ERR_TOKEN_SIGNATURE', 'the signature is wrong'))
    const answer = await post()
    expect(answer.status).toBe(400)
    expect(await answer.text()).not.toContain('signature')
    expect(taken).toEqual([])
    expect(notices.published).toEqual([])
    expect(audit.counted).toMatchObject([{ type: 'token.refused', reason: 'ERR_TOKEN_SIGNATURE' }])
  })

  it('answers 503 while keys or database are out of reach, so that the issuer comes again', async () => {
    verify = () => Promise.reject(down)
    expect((await post()).status).toBe(503)
    verify = () => Promise.resolve(logout)
    end = () => Promise.reject(down)
    const answer = await post()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(notices.published).toEqual([])
  })

  it('has the logout on record later where that cannot be done at once: it has happened', async () => {
    audit.refuse('session.ended')
    expect((await post()).status).toBe(200)
    expect(audit.retained).toMatchObject([{ type: 'session.ended' }])
  })

  it('is at one path, to the byte', async () => {
    for (const path of [
      '/authsec/backchannel-logout/',
      '/authsec/Backchannel-Logout',
      '/authsec/backchannel-logout/x',
    ]) {
      expect(await (await post(path)).text()).toBe('other')
    }
    expect((await post('/authsec/backchannel-logout?a=b')).status).toBe(200)
  })
})
