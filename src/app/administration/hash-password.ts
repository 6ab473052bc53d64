import { randomBytes } from 'node:crypto'
import { PasswordHasher } from '../../adapter/issuer/password-hasher.js'
import { passwordFault } from '../../adapter/issuer/password/password-policy.js'
import { RefusedError } from '../refused-error.js'
import { readSettings } from '../settings/settings.js'
import { withTenant, type TenantPlace } from './with-tenant.js'

/** Whose password an administrator sets. */
export interface PasswordOwner extends TenantPlace {
  readonly email: string
  /** As it is to be shown; as it is on record, unless told. */
  readonly name?: string | undefined
}

/** The hash of a password that an administrator gives. Throws `RefusedError`, saying why, for one that nobody may have. */
export async function hashPassword(password: string, { email, name, ...place }: PasswordOwner): Promise<string> {
  const known = await withTenant(place, async ({ postgres, tenant }) => {
    const application = await postgres.applications.find(readSettings(place.env, {}, undefined).clientId)
    const account = await postgres.accounts.findByEmail(tenant, email)
    return { tenant, serverName: application?.name, name: name ?? account?.name }
  })
  const fault = await passwordFault(password, { email, ...known })
  if (fault !== undefined) throw new RefusedError(fault)
  return new PasswordHasher().hash(password)
}

/** A password that nobody can guess, and its hash. */
export async function generatePassword(): Promise<{ readonly generated: string; readonly hash: string }> {
  const generated = randomBytes(15).toString('base64url')
  return { generated, hash: await new PasswordHasher().hash(generated) }
}
