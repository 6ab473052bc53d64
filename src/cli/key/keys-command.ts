import { Command } from 'commander'
import {
  listKeys,
  resealKeys,
  replaceSigningKeys,
  rotateKeys,
  rotateLocalVaultKey,
  rotateSigningKey,
  type KeyRotation,
  type LocalVaultRotation,
  type SigningKeyReplacement,
  type SigningKeyRotation,
} from '../../app/administration/administer-keys.js'
import { agreement } from '../administration/agree.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'

interface RotateFlags {
  readonly localVault?: true
  readonly signing?: true
  readonly compromised?: true
  readonly yes?: true
  readonly wait: boolean
}

type Keys = Awaited<ReturnType<typeof listKeys>>

/** `authsec keys`: what signs tokens, and what seals all that is secret in the databases. */
export function keysCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('keys')
    .description('Looks after the keys that sign tokens, and those that seal what is stored; the master key opens them')
    .addCommand(listCommand(env))
    .addCommand(rotateCommand(env))
    .addCommand(resealCommand(env))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('list')
    .description('Lists the keys that sign tokens, and those that seal with the master key that opens them')
    .option('--json', 'print JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const keys = await listKeys(env)
      await printResult(json === true ? printableJson(asList(keys)) : formatTable(columns, rowsOf(keys)))
    })
}

function asList({ sealing, signing }: Keys): readonly object[] {
  return [...signing.map(({ kid: id, ...key }) => ({ id, purpose: 'sign', ...key })), ...sealing]
}

const columns = ['KEY', 'FOR', 'STATE', 'MASTER KEY', 'CREATED', 'SIGNS', 'ENDS']

function rowsOf({ sealing, signing }: Keys): readonly (readonly string[])[] {
  const [signs, seals] = [
    signing.map((key) => [
      ...[key.kid, 'sign', key.state, '', key.createdAt.toISOString(), key.signsAt.toISOString()],
      key.endsAt?.toISOString() ?? '',
    ]),
    sealing.map((key) => [key.id, key.purpose, key.state, key.masterKey, key.createdAt.toISOString(), '', '']),
  ]
  return [...signs, ...seals]
}

function rotateCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('rotate')
  return command
    .description('Puts all keys under the first key of AUTHSEC_MASTER_KEY, and seals everything with a new one')
    .option('--no-wait', 'leave the sealing for authsec keys reseal, a minute later')
    .option('--signing', 'announce a new key for tokens instead; it signs when everybody can know it')
    .option(
      '--local-vault',
      'put the credentials of the local store under another key instead; may be cut off and run again',
    )
    .option(
      '--compromised',
      'with --signing: the keys for tokens are known to others; a new one signs at once, and no other counts',
    )
    .option('--yes', 'with --compromised: without asking')
    .action(async ({ compromised, localVault, signing, wait, ...flags }: RotateFlags) => {
      if (localVault === true) return printResult(localVaultWords(await rotateLocalVaultKey(env)))
      if (compromised === true && signing !== true) command.error('error: --compromised goes with --signing')
      if (compromised === true) return printResult(replaced(await replaceSigningKeys(env, agreement(flags))))
      if (signing === true) return printResult(announced(await rotateSigningKey(env)))
      const resealed = await rotateKeys(env, { onRotated, reseal: wait ? 'after the wait' : 'later' })
      return printResult(resealed === undefined ? 'now run: authsec keys reseal' : `${resealed} rows are sealed anew`)
    })
}

function announced({ kid, keptSeconds, secondsLeft }: SigningKeyRotation): string {
  return `${kid} is published and signs in ${secondsLeft / 60} minutes; the key before it is kept ${keptSeconds / 60} minutes longer`
}

function localVaultWords({ earlier, resealed }: LocalVaultRotation): string {
  const words = `${resealed} credentials of the local store are under the current key now`
  return earlier === 'forgotten' ? words : `${words}; once no server has only an earlier key, take those out`
}

function replaced({ kid, retired }: SigningKeyReplacement): string {
  return `${kid} signs from now on; retired: ${retired.join(', ')}`
}

function onRotated({ added, rewrapped, secondsLeft }: KeyRotation): void {
  console.error(`${rewrapped} keys are under the new master key; the new key ${added} seals in ${secondsLeft} seconds,`)
  console.error('when every running server knows it')
}

function resealCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('reseal')
    .description('Seals anew what an earlier key has sealed; may be cut off and run again')
    .action(async () => printResult(`${await resealKeys(env)} rows are sealed anew`))
}
