import { bearerOf, nobody } from '../../core/permission/asker.js'
import { accessMatrix, type AccessMatrix, type MatrixCaller } from '../../core/permission/graph/access-matrix.js'
import { grantsOf, noGrants, type Grants } from '../../core/permission/grants.js'
import { holdingOfAll } from '../../core/permission/holding.js'
import { bundledGrants } from '../../core/permission/standing.js'
import type { AuthSecApp } from '../create-auth-sec-app.js'
import { readTenants, type Place } from './read-tenants.js'

/**
 * Who may use what: nobody in particular, every authenticated user, each role and each of the app's `testCallers`. The roles are
 * those that the code names and nothing comes with them; of a tenant, those of its database with all they bring along. Throws
 * `RefusedError` for a tenant that is not there.
 */
export async function readMatrix(place: Place): Promise<AccessMatrix> {
  const roles = place.tenant === undefined ? namedRoles(place.app) : await tenantRoles(place)
  return accessMatrix(place.app.catalogue.permissions, [
    { label: 'anonymous', asker: nobody },
    caller('every authenticated user', noGrants),
    ...roles,
    ...[...place.app.testCallers].map(([name, grants]) => caller(`caller ${name}`, grants)),
  ])
}

function namedRoles({ catalogue }: AuthSecApp): readonly MatrixCaller[] {
  const { roles } = catalogue.permissions.names
  return roles.toSorted().map((name) => caller(`role ${name}`, grantsOf({ roles: [name] })))
}

async function tenantRoles(place: Place): Promise<readonly MatrixCaller[]> {
  return readTenants(place, async ({ postgres, tenants }) => {
    const lists = await Promise.all(
      tenants.map(async (tenant) => {
        const catalogue = await postgres.grants.readCatalogue(tenant)
        const { roles } = catalogue.names
        return roles.toSorted().map((name) => caller(`role ${name}`, bundledGrants(catalogue, [name])))
      }),
    )
    return lists.flat()
  })
}

function caller(label: string, grants: Grants): MatrixCaller {
  return { label, asker: bearerOf(holdingOfAll(grants)) }
}
