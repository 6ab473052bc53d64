import { VaultAnswer } from '../connection/vault-answer.js'
import type { VaultConnection } from '../connection/vault-connection.js'
import { isVaultError, VaultError } from '../connection/vault-error.js'

/** What is mounted somewhere, such as `kv` in version `2`. */
interface Mount {
  readonly type: string
  readonly version: string
}

/**
 * Throws `VaultError` unless there is a KV secrets engine of version 2 at `mount`. One of version 1 takes the requests of version 2 as
 * well, without looking at versions: secrets would be written over, and end up where nobody looks for them.
 */
export async function requireVersionedMount(connection: VaultConnection, mount: string, token: string): Promise<void> {
  const found = await findMount(connection, mount, token)
  if (found.type === 'kv' && found.version === '2') return
  const what =
    found.type === 'kv' ? `a KV secrets engine of version ${found.version}` : `an engine of type ${found.type}`
  const advice = `enable one of version 2 (vault secrets enable -path=${mount} -version=2 kv)`
  throw new VaultError({ kind: 'misconfigured' }, `the mount ${mount} of Vault is ${what}: ${advice}`)
}

/** Of Vault, where nobody has said how many. */
const usualVersions = 10

/** How many versions of a secret the mount keeps. Throws `VaultError`. */
export async function mostVersionsOf(connection: VaultConnection, mount: string, token: string): Promise<number> {
  try {
    const answer = await connection.request({ method: 'GET', path: `${mount}/config`, token })
    const said = VaultAnswer.of(answer).part('data').count('max_versions')
    return said === 0 ? usualVersions : said
  } catch (error) {
    if (!isVaultError(error, 'forbidden')) throw error
    const message = `the policies do not let the token see how many versions are kept (${mount}/config): authsec vault doctor shows what they need`
    throw new VaultError(error, message)
  }
}

async function findMount(connection: VaultConnection, mount: string, token: string): Promise<Mount> {
  try {
    const answer = await connection.request({ method: 'GET', path: `sys/internal/ui/mounts/${mount}`, token })
    const data = VaultAnswer.of(answer).part('data')
    const options = data.has('options') ? data.part('options') : undefined
    return { type: data.text('type'), version: options?.has('version') === true ? options.text('version') : '1' }
  } catch (error) {
    if (!isVaultError(error, 'forbidden')) throw error
    const message = `Vault has no mount ${mount}, or the token of this server has no policy for it`
    throw new VaultError(error, message)
  }
}
