import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { Option, type Command } from 'commander'
import { generatePassword, hashPassword } from '../../app/administration/hash-password.js'
import { RefusedError } from '../../app/refused-error.js'

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

const mostBytes = 1024

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
export async function readPassword(flags: PasswordFlags): Promise<ReadPassword> {
  const { generatePassword: generate, password, passwordFile } = flags
  if (!password) {
    if (generate === undefined && passwordFile === undefined) return { hash: undefined, generated: undefined }
    throw new RefusedError('--no-password and a password contradict each other')
  }
  if (generate === true || (passwordFile === undefined && process.stdin.isTTY)) {
    const generated = generatePassword()
    return { hash: await hashPassword(generated), generated }
  }
  const text = passwordFile === undefined ? await read(process.stdin) : await readFile(passwordFile)
  if (text !== '') return { hash: await hashPassword(text), generated: undefined }
  const where = passwordFile === undefined ? 'there is no password on standard input' : `${passwordFile} is empty`
  throw new RefusedError(`${where}: write one there, or say --generate-password or --no-password`)
}

async function readFile(path: string): Promise<string> {
  try {
    return await read(createReadStream(path))
  } catch (error) {
    if (error instanceof RefusedError) throw error
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown'
    throw new RefusedError(`${path} cannot be read (${code})`, { cause: error })
  }
}

/** One line; the line end that editors and `echo` add is none of it. */
async function read(stream: Readable): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of stream) {
    const bytes = Buffer.from(part)
    size += bytes.length
    if (size > mostBytes) throw new RefusedError('a password has at most 128 characters')
    parts.push(bytes)
  }
  const text = Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (/[\r\n]/.test(text)) throw new RefusedError('a password is one line')
  return text
}
