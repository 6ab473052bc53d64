import { ConfigurationError } from '../../core/error/configuration-error.js'
import { enginePathFault } from '../../core/external-service/engine-path.js'
import { EngineRoles, type AllowedRole } from '../../core/external-service/engine-roles.js'

/**
 * Which tenant may use which roles of Vault's secrets engines, from a list such as `acme=database/creds/reports`, one for each line or
 * parted by commas. Throws `ConfigurationError` for what is none.
 */
export function readEngineRoles(text = ''): EngineRoles {
  return new EngineRoles(
    text
      .split(/[\s,]+/)
      .filter((entry) => entry !== '')
      .map(parseEntry),
  )
}

function parseEntry(entry: string): AllowedRole {
  const [tenant = '', path = '', ...more] = entry.split('=')
  const faults = [enginePathFault(path, 'dynamic'), enginePathFault(path, 'static')]
  if (tenant !== '' && more.length === 0 && faults.includes(undefined)) return { tenant, path }
  throw new ConfigurationError(
    'ERR_CONFIG_ENVIRONMENT',
    `AUTHSEC_VAULT_ENGINE_ROLES has ${JSON.stringify(entry)}: each is a tenant and a role, such as ` +
      'acme=database/creds/reports or acme=database/static-creds/reports',
  )
}
