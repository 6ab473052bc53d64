import { describe, expect, it } from '@jest/globals'
import { faultOf, whereOf } from '../../../src/adapter/audit-stream/delivery-fault.js'
import { FetchError } from '../../../src/core/runtime/fetcher.js'

describe('what keeps the trail from a receiver', () => {
  it.each([
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'logs:1: it cannot be reached (ECONNREFUSED)'],
    [new FetchError('timeout', 'logs:1: it does not answer'), 'logs:1: it does not answer'],
    [
      new FetchError('unreachable', 'logs:1: it cannot be reached (CERT_HAS_EXPIRED)', { code: 'CERT_HAS_EXPIRED' }),
      'logs:1: it cannot be reached (CERT_HAS_EXPIRED)',
    ],
    [
      new FetchError('unreachable', 'x', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      'logs:1: its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): say whose it is with AUTHSEC_AUDIT_CA',
    ],
  ])('is said with what helps: %s', (error, message) => {
    expect(faultOf('logs:1', error)).toMatchObject({ message, cause: error })
  })

  it('is told by host and port', () => {
    expect(whereOf({ host: 'logs.example', port: 6514 })).toBe('logs.example:6514')
    expect(whereOf({ host: '::1', port: 6514 })).toBe('[::1]:6514')
  })
})
