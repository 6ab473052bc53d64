import type { VaultOptions } from '../../adapter/vault/vault-options.js'
import type { Log } from '../../core/runtime/log.js'
import type { VaultLoginSettings, VaultSettings } from '../settings/read-vault-settings.js'
import type { Settings } from '../settings/settings.js'

/** What the settings say of Vault. Plain http is for development, on this computer. */
export function vaultOptions(
  { ca, login, mount, namespace, ...settings }: Omit<VaultSettings, 'roles'>,
  mode: Settings['mode'],
  log: Log,
): VaultOptions {
  return {
    address: settings.address,
    ...(namespace === undefined ? {} : { namespace }),
    ...(ca === undefined ? {} : { ca: [ca] }),
    ...(mount === undefined ? {} : { mount }),
    login: loginOptions(login),
    plainHttp: mode === 'development' ? 'loopback' : 'nowhere',
    log,
  }
}

function loginOptions(login: VaultLoginSettings): VaultOptions['login'] {
  if (login.method !== 'approle') return login
  const { method, roleId, secretId, wrapping } = login
  return { method, roleId, secretId, ...(wrapping.kind === 'plain' ? {} : { wrappedFor: wrapping.role }) }
}
