import type { Application } from '../../src/core/identity/application.js'
import type { Caller } from '../../src/core/identity/caller.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { UserContext } from '../../src/core/identity/user-context.js'
import type { Operation } from '../../src/core/operation/operation.js'
import { grantsOf, type Grants } from '../../src/core/permission/grants.js'
import { holdingOfAll } from '../../src/core/permission/holding.js'
import { authenticated } from '../../src/core/permission/requirement/requirement.js'

export const acme: Tenant = { id: '0b8f7c1e-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme' }
export const globex: Tenant = { id: '0b8f7c1e-0000-4000-8000-000000000002', slug: 'globex', name: 'Globex' }

/** An application of Acme that admits its own tenant, unless said otherwise. */
export function sampleApplication(changes: Partial<Application> = {}): Application {
  return { clientId: 'client-1', name: 'Sample', tenant: acme, admits: 'own', ...changes }
}

/** Ada of Acme, with these grants. */
export function sampleCaller(grants: Partial<Grants> = {}): Caller {
  const holding = holdingOfAll(grantsOf(grants))
  const user = new UserContext({
    subject: 'ada',
    email: 'ada@acme.example',
    name: 'Ada',
    tenantId: acme.slug,
    grants: holding.effective,
  })
  return {
    user,
    tenant: acme,
    issuer: 'https://auth.acme.example',
    tenantClaim: acme.slug,
    clientId: 'client-1',
    grantDigest: 'grant-1',
    expiresAt: 2_000_000_000,
    credential: { kind: 'bearer', issuedAt: 0 },
    holding,
    policyVersion: '1',
    readAt: performance.now(),
  }
}

/** An operation that every authenticated user may call and that answers "done", unless said otherwise. */
export function sampleOperation(changes: Partial<Operation> = {}): Operation {
  return {
    name: 'sample',
    title: undefined,
    description: undefined,
    annotations: undefined,
    inputSchema: { type: 'object' },
    outputSchema: undefined,
    protection: { access: 'protected', requirement: authenticated },
    elicits: false,
    declaredAt: 'sample.ts:1:1',
    parseInput: (args) => ({ valid: true, value: args }),
    parseOutput: (value) => ({ valid: true, value }),
    invoke: () => 'done',
    ...changes,
  }
}
