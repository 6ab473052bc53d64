import { randomBytes } from 'node:crypto'
import { PasswordHasher } from '../../adapter/issuer/password-hasher.js'
import { RefusedError } from '../refused-error.js'

const shortest = 8
const longest = 128

/** The hash of a password that an administrator gives. Throws `RefusedError` for one that is too short or too long. */
export async function hashPassword(password: string): Promise<string> {
  if (password.length < shortest || password.length > longest) {
    throw new RefusedError(`a password has ${shortest} to ${longest} characters`)
  }
  return new PasswordHasher().hash(password)
}

/** A password that nobody can guess. */
export function generatePassword(): string {
  return randomBytes(15).toString('base64url')
}
