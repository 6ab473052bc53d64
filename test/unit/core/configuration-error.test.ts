import { describe, expect, it } from '@jest/globals'
import { AuthSecError } from '../../../src/core/error/auth-sec-error.js'
import { ConfigurationError } from '../../../src/core/error/configuration-error.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { OperationCatalogue } from '../../../src/core/operation/operation-catalogue.js'
import { sampleOperation } from '../../support/core-samples.js'

const first = new ConfigurationError('ERR_CONFIG_NAME', 'the name is bad', { declaredAt: 'a.ts:1:1', path: ['Server'] })
const second = new ConfigurationError('ERR_CONFIG_OPTION', 'the option is bad')

describe('joining faults', () => {
  it('gives nothing for none', () => {
    expect(ConfigurationError.join([])).toBeUndefined()
  })

  it('gives a single fault itself', () => {
    expect(ConfigurationError.join([first])).toBe(first)
  })

  it('lists several, numbered, with their codes', () => {
    const joined = ConfigurationError.join([first, second])
    expect(joined).toMatchObject({ code: 'ERR_CONFIG_GRAPH', name: 'ConfigurationError', faults: [first, second] })
    expect(joined?.message).toBe(
      '2 faults:\n  1. [ERR_CONFIG_NAME] the name is bad\n  2. [ERR_CONFIG_OPTION] the option is bad',
    )
  })
})

describe('errors', () => {
  it('carry where and through what they came', () => {
    expect(first).toMatchObject({ declaredAt: 'a.ts:1:1', path: ['Server'], faults: [] })
    expect(second).toMatchObject({ declaredAt: undefined, path: [], faults: [] })
    expect(first).toBeInstanceOf(AuthSecError)
  })

  it('of an outage name what is out of order', () => {
    const cause = new TypeError('x')
    expect(new UpstreamError('IDP_UNAVAILABLE', 'down', { cause })).toMatchObject({
      code: 'ERR_IDP_UNAVAILABLE',
      outage: 'IDP_UNAVAILABLE',
      retryable: true,
      cause,
    })
  })
})

describe('the catalogue', () => {
  it('keeps the order of declaration', () => {
    const catalogue = new OperationCatalogue(['c', 'a', 'b'].map((name) => sampleOperation({ name })))
    expect(catalogue.all().map((operation) => operation.name)).toEqual(['c', 'a', 'b'])
    expect(catalogue.find('a')?.name).toBe('a')
    expect(catalogue.find('A')).toBeUndefined()
    expect(catalogue.find('toString')).toBeUndefined()
  })

  it('refuses two operations of one name, naming both places', () => {
    const twice = [sampleOperation({ declaredAt: 'a.ts:1:1' }), sampleOperation({ declaredAt: 'b.ts:2:2' })]
    expect(() => new OperationCatalogue(twice)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_DUPLICATE_NAME',
        declaredAt: 'b.ts:2:2',
        message: expect.stringMatching(/a\.ts:1:1 and b\.ts:2:2/),
      }),
    )
  })
})
