import { isCancel, password } from '@clack/prompts'
import { Option, type Command } from 'commander'
import { RefusedError } from '../../app/refused-error.js'
import { InterruptedError } from '../exit-code.js'
import { readSecretText } from '../read-secret-text.js'

const bound = { bytes: 16 * 1024, tooLong: 'a credential has at most 16 KB' }

/** What people would call an option with a secret in it. */
const secretOptions = [
  ...['value', 'secret', 'password', 'pass', 'token', 'key', 'api-key', 'access-token', 'bearer-token', 'credential'],
  ...['client-secret', 'api_key', 'access_token', 'client_secret'],
]

const advice =
  'a credential on the command line is seen by other users of this computer and stays in the history of the shell: ' +
  'change it where it is from, and write the new one to standard input, or into a file for --from-file'

/** Refuses every way to say a secret on the command line. */
export function refuseSecretOptions(command: Command): Command {
  for (const name of secretOptions) {
    const refuse = (): never => {
      throw new RefusedError(`there is no --${name}: ${advice}`)
    }
    command.addOption(new Option(`--${name} [value]`).hideHelp().argParser(refuse))
    // Without a value, parsers are not asked.
    command.on(`option:${name}`, refuse)
  }
  return command
}

/** Refuses what stands behind the name. */
export function refuseSecretArguments(more: readonly string[]): void {
  if (more.length > 0) throw new RefusedError(`there is something behind the name of the service: ${advice}`)
}

/**
 * What a file holds, or standard input; on a terminal it is asked for and not shown. The line end that editors and `echo` add is none
 * of it.
 */
export async function readCredential(file: string | undefined, member: string): Promise<string> {
  if (file === undefined && process.stdin.isTTY && process.stderr.isTTY) return askFor(member)
  const text = (await readSecretText(file === '-' ? undefined : file, bound)).replace(/\r?\n$/, '')
  if (text !== '') return text
  const where = file === undefined || file === '-' ? 'there is nothing on standard input' : `${file} is empty`
  throw new RefusedError(`${where}: write the ${wordOf(member)} there`)
}

async function askFor(member: string): Promise<string> {
  const answer = await password({ message: `The ${wordOf(member)}`, output: process.stderr })
  if (isCancel(answer)) throw new InterruptedError('interrupted')
  return answer
}

function wordOf(member: string): string {
  return member.replaceAll('_', ' ')
}
