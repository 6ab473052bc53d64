import { join } from 'node:path'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { readOptionalFile, writePrivateFile } from '../settings/private-file.js'

/** A local account with its password in clear, as in `accounts.json` and nowhere else. */
export interface LocalAccount {
  readonly email: string
  readonly password: string
  readonly tenant: string
}

export function accountsFile(home: string): string {
  return join(home, 'accounts.json')
}

/** Adds accounts to `accounts.json`, in place of those of the same address and tenant. Throws `ConfigurationError` for a file that lists none. */
export async function keepAccounts(home: string, accounts: readonly LocalAccount[]): Promise<void> {
  const path = accountsFile(home)
  const text = await readOptionalFile(path)
  const kept = text === undefined ? [] : parseAccounts(text, path)
  const others = kept.filter(
    (old) => !accounts.some((added) => added.email === old.email && added.tenant === old.tenant),
  )
  await writePrivateFile(path, `${JSON.stringify([...others, ...accounts], undefined, 2)}\n`)
}

function parseAccounts(text: string, path: string): readonly LocalAccount[] {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value) && value.every(isLocalAccount)) return value
  } catch (cause) {
    throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `${path} is not JSON; repair it or move it away`, { cause })
  }
  throw new ConfigurationError('ERR_CONFIG_ENVIRONMENT', `${path} does not list accounts; repair it or move it away`)
}

function isLocalAccount(value: unknown): value is LocalAccount {
  if (typeof value !== 'object' || value === null) return false
  return ['email', 'password', 'tenant'].every((member) => typeof Reflect.get(value, member) === 'string')
}
