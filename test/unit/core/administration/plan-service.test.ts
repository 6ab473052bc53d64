import { describe, expect, it } from '@jest/globals'
import { planService } from '../../../../src/core/administration/plan-service.js'
import { readServiceOptions } from '../../../../src/core/external-service/read-service-options.js'

const options = { url: 'https://api.example.com', auth: { type: 'bearer_token' }, requirement: { roles: ['admin'] } }
const known = {
  ...{ id: 'an id', name: 'Hub', revision: 'one', credentialVersion: 3, credentialAt: undefined, users: 0 },
  settings: readServiceOptions(options),
}
const around = { others: [known], nameFault: () => undefined }
const change = (revision: string, changes: object, name = 'Hub') =>
  planService(around, { presence: 'changed', name, revision, settings: readServiceOptions({ ...options, ...changes }) })

describe('a change of a part of a service', () => {
  it('is made to the service as it was looked at, in the words of its options', () => {
    expect(change('one', { requirement: {}, network: 'private' })).toEqual({
      change: {
        ...{ action: 'changed', noun: 'service', name: 'Hub' },
        before: ['network:public', 'requirement:role admin'],
        after: ['network:private', 'requirement:everybody'],
      },
      credentials: 'kept',
    })
  })

  it('is refused where somebody else has decided something meanwhile, or the service is gone', () => {
    expect(change('two', { requirement: {} })).toEqual({
      fault: expect.stringContaining('changed or removed meanwhile'),
    })
    expect(change('one', { requirement: {} }, 'Hob')).toEqual({ fault: expect.stringContaining('removed meanwhile') })
  })
})
