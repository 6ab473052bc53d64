import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { IssuerLogout } from '../../../src/core/identity/logout-registry.js'
import { createLogoutEndpoint, logoutPath } from '../../../src/service/back-channel-logout/create-logout-endpoint.js'
import { IssuerBench } from '../../support/issuer-bench.js'
import { MemoryAuditLog } from '../../support/memory-audit-log.js'
import { listenHttp, type TestListener } from '../../support/test-listener.js'

const allowed = { logoutClientId: 'resource-server' }
let bench: IssuerBench
let other: IssuerBench
let listener: TestListener
let audit: MemoryAuditLog
let ended: IssuerLogout[]

beforeEach(async () => {
  bench = await IssuerBench.start()
  other = await IssuerBench.start()
  bench.book.trust(bench.trusted(allowed), other.trusted(allowed))
  audit = new MemoryAuditLog()
  ended = []
  const endpoint = createLogoutEndpoint({
    tokens: bench.verifier.logouts,
    logouts: {
      end: async (logout) => {
        if (ended.some(({ tokenId }) => tokenId === logout.tokenId)) return 'repeated'
        ended.push(logout)
        return 'ended'
      },
    },
    notices: { publish: () => Promise.resolve(true) },
    audit,
    log: { write: () => undefined },
  })
  listener = await listenHttp((request, response) => void endpoint(request, response))
})
afterEach(async () => {
  await listener.close()
  await other.close()
  await bench.close()
})

async function send(token: string): Promise<number> {
  const url = `http://127.0.0.1:${listener.port}${logoutPath}`
  const { status } = await fetch(url, { method: 'POST', body: new URLSearchParams({ logout_token: token }) })
  return status
}

describe('the endpoint for logout tokens (OpenID Connect Back-Channel Logout §2.5, §2.8)', () => {
  it('hears one issuer while the keys of another one are waited for', async () => {
    let asked = 0
    const { paths } = other.issuer
    other.issuer.behave(paths.jwks, () => {
      asked += 1
    })
    expect(await send(bench.issuer.signLogout())).toBe(200)
    const hanging = Array.from({ length: 20 }, () => send(other.issuer.signLogout({ header: { kid: randomUUID() } })))
    const first = await Promise.race([send(bench.issuer.signLogout()), ...hanging])
    expect(first).toBe(200)
    expect(new Set(await Promise.all(hanging))).toEqual(new Set([503]))
    expect(asked).toBeGreaterThan(0)
  })

  it('refuses what is no logout token of an issuer that is trusted', async () => {
    expect(await send('x')).toBe(400)
    expect(await send(bench.issuer.sign())).toBe(400)
    expect(await send(bench.issuer.signLogout({ claims: { iss: 'https://elsewhere.example' } }))).toBe(400)
    expect(ended).toEqual([])
    expect(audit.counted.map(({ reason }) => reason)).toEqual([
      'ERR_TOKEN_MALFORMED',
      'ERR_TOKEN_TYPE',
      'ERR_TOKEN_ISSUER',
    ])
  })
})
