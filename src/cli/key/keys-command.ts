import { Command } from 'commander'
import { listKeys, resealKeys, rotateKeys, type KeyRotation } from '../../app/administration/administer-keys.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'

interface RotateFlags {
  readonly wait: boolean
}

/** `authsec keys`: what seals the signing keys, tenants' passwords and everything else that is secret in the databases. */
export function keysCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('keys')
    .description('Looks after the keys that seal what is stored; the master key opens them')
    .addCommand(listCommand(env))
    .addCommand(rotateCommand(env))
    .addCommand(resealCommand(env))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('list')
    .description('Lists the keys and which master key opens them, by its fingerprint')
    .option('--json', 'print JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const keys = await listKeys(env)
      const rows = keys.map((key) => [key.id, key.purpose, key.state, key.masterKey, key.createdAt.toISOString()])
      await printResult(
        json === true ? printableJson(keys) : formatTable(['KEY', 'FOR', 'STATE', 'MASTER KEY', 'CREATED'], rows),
      )
    })
}

function rotateCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('rotate')
    .description('Puts all keys under the first key of AUTHSEC_MASTER_KEY, and seals everything with a new one')
    .option('--no-wait', 'leave the sealing for authsec keys reseal, a minute later')
    .action(async ({ wait }: RotateFlags) => {
      const resealed = await rotateKeys(env, { onRotated, reseal: wait ? 'after the wait' : 'later' })
      await printResult(resealed === undefined ? 'now run: authsec keys reseal' : `${resealed} rows are sealed anew`)
    })
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
