import type { Grants } from '../../core/permission/grants.js'

export interface SeedAccount extends Partial<Grants> {
  readonly email: string
  readonly name?: string
}

/** A tenant that a development server creates with its accounts when it is not there yet. */
export interface SeedTenant {
  readonly slug: string
  readonly name: string
  readonly accounts: readonly SeedAccount[]
}

/** The sample tenants of a development server that names none of its own. */
export const sampleTenants: readonly SeedTenant[] = [
  {
    slug: 'acme-corp',
    name: 'Acme Corp',
    accounts: [
      {
        email: 'john@company.com',
        name: 'John',
        roles: ['admin', 'developer'],
        groups: ['engineering'],
        scopes: ['read', 'write'],
        resources: ['projects', 'analytics'],
      },
      { email: 'ana@company.com', name: 'Ana', roles: ['analyst'], scopes: ['read'] },
      { email: 'guest@company.com', name: 'Guest' },
    ],
  },
  {
    slug: 'globex',
    name: 'Globex',
    accounts: [{ email: 'eve@globex.test', name: 'Eve', roles: ['admin'] }],
  },
]
