import { describe, expect, it } from '@jest/globals'
import { heldCredential, secretTexts } from '../../../../src/core/external-service/service-credential.js'

const secrets = (members: Readonly<Record<string, string>>) => secretTexts(heldCredential(1, members))

describe('of a credential, no answer shows', () => {
  it('what is secret of it; who it is may be seen', () => {
    expect(secrets({ username: 'ada', password: 'pass-word' })).toEqual(['pass-word'])
    expect(secrets({ client_id: 'us', client_secret: 'a-secret', token_type: 'Bearer' })).toEqual(['a-secret'])
  })

  it('a username that is the key, with no password', () => {
    expect(secrets({ username: 'sk_live_51Hx', password: '' })).toContain('sk_live_51Hx')
  })

  it('any member that nobody knows here, but for what a secrets engine says about it', () => {
    const said = { ttl: '86400', last_vault_rotation: '2026-11-26T19:00:00Z', rotation_period: '24h' }
    expect(secrets({ username: 'v-reports-1', password: 'made', security_token: 'of a cloud', ...said })).toEqual([
      ...['made', 'of a cloud'],
    ])
  })
})

describe('the record', () => {
  it('names a credential that was made for a while by a digest of its lease, which leads nowhere', () => {
    const lease = 'database/creds/reports/2f6a614c'
    const [one, same] = [heldCredential(1, {}, lease), heldCredential(1, {}, lease)]
    expect(one.lease).toMatch(/^[\w-]{16}$/)
    expect([same.lease, heldCredential(1, {}, `${lease}5`).lease === one.lease]).toEqual([one.lease, false])
    expect(heldCredential(1, {}).lease).toBeUndefined()
  })
})
