import type { Protection } from '../../../src/core/permission/protection.js'
import {
  allOf,
  anyOf,
  group,
  not,
  permission,
  resource,
  role,
  scope,
} from '../../../src/core/permission/requirement/builders.js'
import { policy } from '../../../src/core/permission/requirement/policy.js'
import {
  authenticated,
  requirementOf,
  type Demand,
  type Requirement,
} from '../../../src/core/permission/requirement/requirement.js'
import type { PicturedItem } from '../../../src/service/permission-graph/picture.js'

/** A policy for pictures, which ask nobody. */
export class OwnInvoices {
  decide(): 'deny' {
    return 'deny'
  }
}

class WorkingHours extends OwnInvoices {}

/** An operation for whoever meets the requirement. */
export function guarded(
  name: string,
  requirement: Requirement,
  more: Omit<Partial<PicturedItem>, 'name'> = {},
): PicturedItem {
  return { name, protection: { access: 'protected', requirement }, ...more }
}

/** An operation for everybody, or for sessions that can be signed in. */
export function open(name: string, access: Exclude<Protection['access'], 'protected'>): PicturedItem {
  return { name, protection: { access } }
}

function listed(demand: Demand['listed'], requireAll: 'any' | 'all' = 'any'): Requirement {
  return requirementOf({ requireAll: requireAll === 'all', listed: demand })
}

/** The operations of samples/quickstart. */
export const quickstart: readonly PicturedItem[] = [
  guarded('hello', authenticated, { description: 'Says hello to whoever is signed in' }),
  guarded('calculator', authenticated, { description: 'Computes with two numbers' }),
  guarded('admin_panel', listed({ roles: ['admin'] }), { description: 'Opens the admin panel' }),
  guarded('create_resource', listed({ scopes: ['write'] }), { description: 'Creates a resource' }),
  guarded('admin_dashboard', listed({ roles: ['admin'] }), { description: 'Shows the admin dashboard' }),
  guarded('view_analytics', listed({ scopes: ['read'], resources: ['analytics'] }, 'all'), {
    description: 'Shows analytics',
  }),
  guarded('view_reports', listed({ roles: ['admin', 'manager', 'analyst'] }), {
    description: 'Shows business reports',
  }),
  guarded(
    'deploy_production',
    listed({ roles: ['admin', 'deployer'], scopes: ['write'], resources: ['production'] }, 'all'),
    { description: 'Deploys to production', annotations: { destructiveHint: true } },
  ),
  guarded('engineering_tools', listed({ groups: ['engineering', 'devops'] }), {
    description: 'Opens the tools of engineering',
  }),
  guarded(
    'sensitive_operations',
    listed(
      {
        roles: ['admin', 'superuser'],
        groups: ['security-team'],
        scopes: ['write', 'admin'],
        resources: ['production', 'sensitive-data'],
      },
      'all',
    ),
    { description: 'Runs a sensitive operation', annotations: { destructiveHint: true } },
  ),
]

const reads = (thing: string): Requirement => listed({ permissions: [`${thing}:read`], roles: ['auditor'] })
const writes = (thing: string): Requirement => allOf(permission(`${thing}:write`), not(role('suspended')))

function operationsOn(thing: string, title: string): readonly PicturedItem[] {
  return [
    guarded(`${thing}s_list`, reads(thing), { title: `List ${title}` }),
    guarded(`${thing}s_get`, reads(thing)),
    guarded(`${thing}s_search`, reads(thing)),
    guarded(`${thing}s_create`, writes(thing), { title: `Create ${title}` }),
    guarded(`${thing}s_update`, writes(thing)),
    guarded(`${thing}s_delete`, allOf(anyOf(role('admin'), role('manager')), permission(`${thing}:delete`)), {
      annotations: { destructiveHint: true },
    }),
  ]
}

const payroll = allOf(
  group('finance'),
  scope('payroll'),
  policy(WorkingHours),
  not(anyOf(role('suspended'), group('contractors'))),
)

/** About sixty operations with everything that a requirement can be. */
export const company: readonly PicturedItem[] = [
  open('status', 'public'),
  open('oauth_start', 'login'),
  open('oauth_authenticate', 'login'),
  guarded('whoami', authenticated),
  ...operationsOn('invoice', 'invoices'),
  ...operationsOn('customer', 'customers'),
  ...operationsOn('order', 'orders'),
  ...operationsOn('product', 'products'),
  ...operationsOn('shipment', 'shipments'),
  ...operationsOn('contract', 'contracts'),
  ...operationsOn('employee', 'employees'),
  ...operationsOn('ticket', 'tickets'),
  guarded('invoice_pay', allOf(permission('invoice:pay'), policy(OwnInvoices)), {
    title: 'Pay an invoice of your own',
    annotations: { destructiveHint: true },
  }),
  guarded('invoice_own', policy(OwnInvoices)),
  {
    name: 'payroll_run',
    title: 'Run the payroll of the month',
    protection: { access: 'protected', requirement: payroll, bearerOnly: true },
  },
  guarded('production_deploy', anyOf(allOf(role('deployer'), resource('production')), role('admin')), {
    annotations: { destructiveHint: true },
  }),
  guarded('community_post', not(role('suspended'))),
  guarded('a_name_that_is_so_long_that_nobody_would_like_to_read_all_of_it_in_a_picture', authenticated),
]

/** What must stay text wherever it is put. */
export const hostileNames: readonly string[] = [
  '</script><script>globalThis.hacked = 1</script>',
  '</style></svg><img src=x onerror="globalThis.hacked = 1">',
  `" onfocus="globalThis.hacked = 1" x='`,
  '"]-->x["',
  '%%{init: {"securityLevel": "loose"}}%%',
  ']]>&lt;&#60;<!--',
  '`${globalThis.hacked = 1}`\\',
  'end\n  click o1 "javascript:globalThis.hacked = 1"',
  '---\nstyle o1 fill:#f00;',
  'a\u0000\u0008\u001b\u007f\ufffe\ud800b',
  '\u202egnp.exe',
]

/** An operation for each hostile name, which also asks for a role of that name. */
export const hostile: readonly PicturedItem[] = hostileNames.map((name) =>
  guarded(name, role(name), { title: `${name} title`, description: name }),
)
