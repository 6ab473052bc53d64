import { isPlainPath } from '../connection/vault-path.js'

/** A role of a secrets engine. */
export interface EngineRole {
  readonly mount: string
  readonly role: string
}

// Nobody reads Vault itself, or the credentials of others, by calling them a role of an engine.
const ownMounts: ReadonlySet<string> = new Set(['auth', 'cubbyhole', 'identity', 'sys'])

/**
 * Reads a path such as `database/creds/reports`, where `creds` is one of `kinds`. Throws `TypeError` for anything else, and for what
 * lies in the mount of the credentials.
 */
export function engineRole(path: string, kinds: readonly string[], credentialMount: string): EngineRole {
  const segments = path.split('/')
  const [role = '', kind = '', ...before] = segments.toReversed()
  const mount = before.toReversed().join('/')
  const inCredentials = `${mount}/`.startsWith(`${credentialMount}/`)
  const plain = isPlainPath(path) && mount !== '' && kinds.includes(kind)
  if (!plain || inCredentials || ownMounts.has(segments[0] ?? '')) {
    throw new TypeError(`the path of a role is one such as database/${kinds[0] ?? 'creds'}/reports`)
  }
  return { mount, role }
}
