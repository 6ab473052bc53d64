import type { PoolLimits } from './pool/connection-pool.js'

export interface ConnectionLimits {
  readonly masterLimits: PoolLimits
  readonly tenantLimits: PoolLimits
}

const waiting = 512
const mostForMaster = 8
const mostPerTenant = 6
/** One listens, and one is for whatever makes a database or changes a schema. */
const setAside = 2

/**
 * Shares out `connections` so that a process never holds more: whoever asks only master, such as a sign-in, does not wait for busy
 * tenants, and no tenant takes more than its part of the rest.
 */
export function limitsFor(connections: number): ConnectionLimits {
  const master = Math.max(2, Math.min(mostForMaster, Math.floor(connections / 5)))
  const tenants = Math.max(1, connections - setAside - master)
  const perTenant = Math.max(1, Math.min(mostPerTenant, Math.floor(tenants / 2)))
  return {
    masterLimits: { connections: master, perDatabase: master, waiting },
    tenantLimits: { connections: tenants, perDatabase: perTenant, waiting },
  }
}
