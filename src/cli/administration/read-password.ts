import { Option, type Command } from 'commander'
import { generatePassword, hashPassword, type PasswordOwner } from '../../app/administration/hash-password.js'
import { RefusedError } from '../../app/refused-error.js'
import { readSecretText } from '../read-secret-text.js'

export interface PasswordFlags {
  readonly passwordFile?: string
  readonly generatePassword?: true
  /** `false` for `--no-password`. */
  readonly password: boolean
}

/** A password as it is stored, and in clear where somebody has to be told. */
export interface ReadPassword {
  readonly hash: string | undefined
  readonly generated: string | undefined
}

const bound = { bytes: 1024, tooLong: 'a password has at most 128 characters' }

/** Adds the ways to give a password; never one by which other users of the machine could read it. */
export function addPasswordOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--password-file <file>', 'the password is what the file holds').conflicts('generatePassword'),
    )
    .option('--generate-password', 'make a password and print it once (also where none comes from a pipe)')
    .option('--no-password', 'no password: for who signs in elsewhere')
}

/** The password that was asked for. Throws `RefusedError` for none, and for one that cannot be. */
export async function readPassword(flags: PasswordFlags, owner: PasswordOwner): Promise<ReadPassword> {
  const { generatePassword: generate, password, passwordFile } = flags
  if (!password) {
    if (generate === undefined && passwordFile === undefined) return { hash: undefined, generated: undefined }
    throw new RefusedError('--no-password and a password contradict each other')
  }
  if (generate === true || (passwordFile === undefined && process.stdin.isTTY)) {
    return generatePassword()
  }
  const text = await readLine(passwordFile)
  if (text !== '') return { hash: await hashPassword(text, owner), generated: undefined }
  const where = passwordFile === undefined ? 'there is no password on standard input' : `${passwordFile} is empty`
  throw new RefusedError(`${where}: write one there, or say --generate-password or --no-password`)
}

/** The line end that editors and `echo` add is none of it. */
async function readLine(file: string | undefined): Promise<string> {
  const text = (await readSecretText(file, bound)).replace(/\r?\n$/, '')
  if (/[\r\n]/.test(text)) throw new RefusedError('a password is one line')
  return text
}
