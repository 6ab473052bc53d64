import { Command } from 'commander'
import type { VaultCheckName } from '../../adapter/vault/check-vault.js'
import { inspectVault, type InspectedVault } from '../../app/credentials/inspect-vault.js'
import { CheckFailedError } from '../exit-code.js'
import { printResult } from '../print-result.js'
import { printable, printableJson, printableLine } from '../printable.js'

/** `authsec vault`: where credentials of services are kept in production. */
export function vaultCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('vault')
    .description('Looks at HashiCorp Vault as a server would use it')
    .addCommand(doctorCommand(env))
}

function doctorCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('doctor')
    .description(
      'Checks address, TLS, login, policies and mount of Vault with a login of its own, and prints the least policy',
    )
    .option('--json', 'print JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const { used, ...found } = await inspectVault(env)
      if (used !== undefined) console.error(printableLine(`note: ${used}`))
      await printResult(json === true ? printableJson(found) : printable(formatVault(found)))
      const faults = found.findings.filter(({ fault }) => fault !== undefined)
      if (faults.length > 0)
        throw new CheckFailedError(
          `Vault is not as it should be: ${faults.length} of ${found.findings.length} checks failed`,
        )
    })
}

const words: Readonly<Record<VaultCheckName, string>> = {
  address: 'it answers, with a certificate that is trusted',
  seal: 'it is not sealed',
  login: 'it lets this server log in',
  policies: 'the token is no root token',
  lifetime: 'the token ends, and can be renewed',
  mount: 'the mount is a KV secrets engine of version 2',
  versions: 'the mount keeps more than one version',
  capabilities: 'the policies allow what is needed',
}

function formatVault({ address, findings, policy }: Omit<InspectedVault, 'used'>): string {
  const lines = findings.map(({ check, fault }) => (fault === undefined ? `✓ ${words[check]}` : `✗ ${check}: ${fault}`))
  return [`Vault at ${address}`, ...lines, '', 'The least policy that it needs:', '', policy].join('\n')
}
