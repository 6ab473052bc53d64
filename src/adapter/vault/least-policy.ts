/** What a token has to be allowed on one path of Vault. */
export interface NeededCapability {
  /** As policies write it. */
  readonly path: string
  /** A path that this is about, to ask Vault for. */
  readonly sample: string
  readonly capabilities: readonly string[]
}

const nobody = '00000000-0000-4000-8000-000000000000'

/** What this server does in the mount of the credentials. */
export function neededCapabilities(mount: string): readonly NeededCapability[] {
  const needed = {
    data: ['create', 'read', 'update'],
    delete: ['update'],
    metadata: ['delete', 'list', 'read'],
  }
  const places = Object.entries(needed).map(([part, capabilities]) => ({
    path: `${mount}/${part}/tenants/*`,
    sample: `${mount}/${part}/tenants/${nobody}/services/${nobody}`,
    capabilities,
  }))
  // How many versions are kept, for who looks whether all is well.
  return [...places, { path: `${mount}/config`, sample: `${mount}/config`, capabilities: ['read'] }]
}

/** The least that Vault has to let this server do, as a policy in its own language. `mount` is that of the credentials. */
export function leastPolicy(mount: string): string {
  const lines = [
    '# Credentials of services, those of each tenant below its own UUID.',
    ...neededCapabilities(mount).map(({ path, capabilities }) => rule(path, capabilities)),
    '# Its own token, which the policy "default" allows as well.',
    rule('auth/token/lookup-self', ['read']),
    rule('auth/token/renew-self', ['update']),
    rule('auth/token/revoke-self', ['update']),
    rule('sys/capabilities-self', ['update']),
    '# Only where a secrets engine makes credentials: its roles, one by one, and the leases.',
    ...[
      rule('database/creds/reports', ['read']),
      rule('database/static-creds/reports', ['read']),
      rule('database/rotate-role/reports', ['update']),
      rule('sys/leases/renew', ['update']),
      rule('sys/leases/revoke', ['update']),
    ].map((line) => `# ${line}`),
  ]
  return `${lines.join('\n')}\n`
}

function rule(path: string, capabilities: readonly string[]): string {
  return `path "${path}" { capabilities = [${capabilities.map((name) => `"${name}"`).join(', ')}] }`
}
