import { Secret } from '../../core/credential/secret.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { EngineRoles } from '../../core/external-service/engine-roles.js'
import { readEngineRoles } from './read-engine-roles.js'
import type { Environment, VariableName } from './environment.js'

/** Where HashiCorp Vault is, and how this server comes in. */
export interface VaultSettings {
  readonly address: string
  readonly namespace: string | undefined
  /** PEM certificates that Vault's may be of. */
  readonly ca: string | undefined
  /** Of the KV secrets engine. */
  readonly mount: string | undefined
  /** Which tenant may use which roles of its secrets engines. */
  readonly roles: EngineRoles
  readonly login: VaultLoginSettings
}

export type VaultLoginSettings =
  | {
      readonly method: 'approle'
      readonly roleId: string
      readonly secretId: Secret
      /** `wrapped`: it is in a wrapping token, which was made for the secret id of this role (its name) and nothing else. */
      readonly wrapping: { readonly kind: 'plain' } | { readonly kind: 'wrapped'; readonly role: string }
    }
  | { readonly method: 'kubernetes'; readonly role: string }
  | { readonly method: 'token'; readonly token: Secret }

const names = [
  ...(['AUTHSEC_VAULT_NAMESPACE', 'AUTHSEC_VAULT_CA', 'AUTHSEC_VAULT_MOUNT', 'AUTHSEC_VAULT_ROLE_ID'] as const),
  ...(['AUTHSEC_VAULT_SECRET_ID', 'AUTHSEC_VAULT_WRAPPED_SECRET_ID', 'AUTHSEC_VAULT_KUBERNETES_ROLE'] as const),
  ...(['AUTHSEC_VAULT_ROLE', 'AUTHSEC_VAULT_TOKEN', 'AUTHSEC_VAULT_ENGINE_ROLES'] as const),
] as const satisfies readonly VariableName[]

/**
 * The settings of Vault; `undefined` where nothing is said of it. Throws `ConfigurationError` for half of what it takes: nobody who
 * has meant Vault is to have the local store instead.
 */
export function readVaultSettings({ values }: Environment): VaultSettings | undefined {
  const address = values.get('AUTHSEC_VAULT_ADDR')
  if (address === undefined) {
    const said = names.find((name) => values.has(name))
    if (said === undefined) return undefined
    throw fault(`${said} is set, but not AUTHSEC_VAULT_ADDR, such as https://vault.example.com:8200`)
  }
  return {
    address,
    namespace: values.get('AUTHSEC_VAULT_NAMESPACE'),
    ca: values.get('AUTHSEC_VAULT_CA'),
    mount: values.get('AUTHSEC_VAULT_MOUNT'),
    roles: readEngineRoles(values.get('AUTHSEC_VAULT_ENGINE_ROLES')),
    login: readLogin(values),
  }
}

function readLogin(values: Environment['values']): VaultLoginSettings {
  const [plain, wrapped] = [values.get('AUTHSEC_VAULT_SECRET_ID'), values.get('AUTHSEC_VAULT_WRAPPED_SECRET_ID')]
  const [roleId, role] = [values.get('AUTHSEC_VAULT_ROLE_ID'), values.get('AUTHSEC_VAULT_KUBERNETES_ROLE')]
  const token = values.get('AUTHSEC_VAULT_TOKEN')
  const ways = [roleId ?? plain ?? wrapped, role, token].filter((way) => way !== undefined)
  if (ways.length !== 1) {
    const all = 'AUTHSEC_VAULT_ROLE_ID with a secret id, AUTHSEC_VAULT_KUBERNETES_ROLE or AUTHSEC_VAULT_TOKEN'
    throw fault(`AUTHSEC_VAULT_ADDR needs exactly one way to log in: ${all}`)
  }
  if (role !== undefined) return { method: 'kubernetes', role }
  if (token !== undefined) return { method: 'token', token: new Secret(token) }
  const secretId = plain ?? wrapped
  const name = values.get('AUTHSEC_VAULT_ROLE')
  if (roleId === undefined || secretId === undefined || (plain !== undefined && wrapped !== undefined)) {
    throw fault(
      'AppRole needs AUTHSEC_VAULT_ROLE_ID and one of AUTHSEC_VAULT_SECRET_ID and AUTHSEC_VAULT_WRAPPED_SECRET_ID',
    )
  }
  return {
    method: 'approle',
    roleId,
    secretId: new Secret(secretId),
    wrapping: plain === undefined ? { kind: 'wrapped', role: requireRole(name) } : { kind: 'plain' },
  }
}

/** By which a wrapped secret id is known to be the one that was meant. */
function requireRole(name: string | undefined): string {
  if (name !== undefined) return name
  throw fault('AUTHSEC_VAULT_WRAPPED_SECRET_ID needs AUTHSEC_VAULT_ROLE: the name of the AppRole that it is of')
}

function fault(message: string): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_ENVIRONMENT', message)
}
