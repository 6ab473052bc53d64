import { describe, expect, it } from '@jest/globals'
import { role } from '../../../../src/core/permission/requirement/builders.js'
import { codes, lint, operation, tenant } from './samples.js'

const uses = (...services: readonly string[]) => operation(role('a'), { services })
const has = (name: string, ...services: readonly string[]) => ({ ...tenant(name, { roles: ['a'] }), services })

describe('an external service that an operation uses', () => {
  it('is said to be missing where none of the tenants has it, with what was probably meant', () => {
    expect(lint(uses('GitHub API', 'Ledger'), [has('acme', 'Ledger'), has('globex', 'GitHub Api')])).toEqual([
      expect.objectContaining({
        ...{ code: 'unknown-service', severity: 'warning', service: 'GitHub API', tenants: ['acme', 'globex'] },
        message:
          'sample uses the external service "GitHub API", which does not exist in tenants acme and globex: its calls fail there. ' +
          'Did you mean "GitHub Api"? Add it (authsec service add), or correct the name.',
      }),
    ])
  })

  it('is said to be missing beside what keeps everybody out', () => {
    expect(codes(uses('Ledger'), [{ ...tenant('acme', {}), services: [] }])).toEqual([
      'unknown-name',
      'unknown-service',
    ])
  })

  it('is not where one of them has it, nothing is known of that, or there is none', () => {
    expect(lint(uses('Ledger'), [has('acme', 'Ledger'), has('globex')])).toEqual([])
    expect(lint(uses('Ledger'), [tenant('acme', { roles: ['a'] })])).toEqual([])
    expect(lint(uses('Ledger'))).toEqual([])
    expect(lint(uses(), [has('acme')])).toEqual([])
  })
})
