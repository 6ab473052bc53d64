import { describe, expect, it } from '@jest/globals'
import { limitsFor } from '../../../src/adapter/postgres/connection-budget.js'

describe('the budget of connections', () => {
  it.each([5, 6, 10, 20, 50, 60, 1000])(
    'is kept with %i, the listener and one for administration included',
    (connections) => {
      const { masterLimits, tenantLimits } = limitsFor(connections)
      expect(masterLimits.connections + tenantLimits.connections + 2).toBeLessThanOrEqual(connections)
      for (const { connections: all, perDatabase } of [masterLimits, tenantLimits]) {
        expect(all).toBeGreaterThanOrEqual(1)
        expect(perDatabase).toBeGreaterThanOrEqual(1)
      }
    },
  )

  it.each([10, 50, 1000])('leaves half of it to other tenants than the busiest, with %i', (connections) => {
    const { tenantLimits } = limitsFor(connections)
    expect(tenantLimits.perDatabase).toBeLessThanOrEqual(tenantLimits.connections / 2)
  })
})
