import { getEventListeners } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { ServiceAccess } from '../../../../src/core/external-service/service-access.js'
import { ServiceDesk } from '../../../../src/core/external-service/service-desk.js'
import { acme, sampleCaller } from '../../../support/core-samples.js'
import { MemoryAuditLog } from '../../../support/memory-audit-log.js'
import { MemoryServices, sampleService } from '../../../support/memory-services.js'
import { until } from '../../../support/until.js'

describe('requests to services of one call', () => {
  it('wait for its end with one listener together, however many there are, and all end with it', async () => {
    const services = new MemoryServices()
    services.put(acme, sampleService())
    let reading = 0
    const held: ((error: Error) => void)[] = []
    const desk = new ServiceDesk({
      services,
      credentials: {
        read: () => {
          reading += 1
          return new Promise((_resolve, reject) => held.push(reject))
        },
        drop: () => undefined,
      },
      fetcher: { fetch: () => Promise.reject(new TypeError('nothing is sent')) },
      audit: new MemoryAuditLog(),
    })
    const caller = sampleCaller()
    const ending = new AbortController()
    const visit = { caller, current: async () => caller, operation: 'list', services: ['GitHub'], requestId: '1' }
    const access = new ServiceAccess({
      desk,
      visit,
      signal: ending.signal,
      handedOut: () => undefined,
      met: () => undefined,
    })
    const requests = Array.from({ length: 30 }, () => access.fetch('GitHub', '/user'))
    const ended = Promise.allSettled(requests)
    await until(() => reading === 30)
    expect(getEventListeners(ending.signal, 'abort')).toHaveLength(1)
    ending.abort(new TypeError('the call is over'))
    for (const end of held) end(new TypeError('not read'))
    expect(new Set((await ended).map(({ status }) => status))).toEqual(new Set(['rejected']))
    await expect(access.fetch('GitHub', '/user')).rejects.toThrow('the call is over')
  })
})
