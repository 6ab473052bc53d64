/** Who sees what in the quickstart: the table of the README. */
export const expectedAccess = {
  'john@company.com': [
    'hello',
    'calculator',
    'admin_panel',
    'create_resource',
    'admin_dashboard',
    'view_analytics',
    'view_reports',
    'engineering_tools',
  ],
  'ana@company.com': ['hello', 'calculator', 'view_reports'],
  'guest@company.com': ['hello', 'calculator'],
  'eve@globex.test': ['hello', 'calculator', 'admin_panel', 'admin_dashboard', 'view_reports'],
} as const

export type QuickstartUser = keyof typeof expectedAccess

export const quickstartUsers = Object.keys(expectedAccess) as readonly QuickstartUser[]

export const quickstartTools = [
  'hello',
  'calculator',
  'admin_panel',
  'create_resource',
  'admin_dashboard',
  'view_analytics',
  'view_reports',
  'deploy_production',
  'engineering_tools',
  'sensitive_operations',
] as const
