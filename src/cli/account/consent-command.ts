import { Command } from 'commander'
import { listConsents, revokeConsents } from '../../app/consents/administer-consents.js'
import type { ShownConsent } from '../../app/consents/shown-consent.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'

type ConsentFlags = TenantFlags & { readonly client?: string }

/** `authsec account consent`: what users have allowed which clients. */
export function consentCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('consent')
    .description('Looks after what accounts have allowed clients that signed in by themselves')
    .addCommand(listCommand(env))
    .addCommand(revokeCommand(env))
}

function listCommand(env: NodeJS.ProcessEnv): Command {
  return accountCommand('list', 'Lists the clients that an account has allowed something').action(
    async (user: string, flags: ConsentFlags) => {
      const consents = await listConsents(env, { ...flags, user })
      await printResult(flags.json === true ? printableJson(consents) : formatTable(header, consents.map(row)))
    },
  )
}

function revokeCommand(env: NodeJS.ProcessEnv): Command {
  const description = 'Takes back what an account has allowed, and ends its tokens; at every server at once'
  return accountCommand('revoke', description).action(async (user: string, flags: ConsentFlags) => {
    const ended = await revokeConsents(env, { ...flags, user })
    await printResult(flags.json === true ? printableJson(ended) : summaryOf(ended))
  })
}

function accountCommand(verb: string, description: string): Command {
  return tenantCommand(verb, description).argument('<email>').option('--client <id>', 'of one client only, by its id')
}

const header = ['ID', 'CLIENT ID', 'CLIENT', 'HANDED TO', 'SCOPES', 'APPLICATION', 'SINCE', 'USED', 'EXPIRES']

function row({ application, client, clientId, destination, expires, id, scopes, since, state, used }: ShownConsent) {
  const name = state === 'unreadable' ? '(cannot be read)' : client
  const cells = [id, clientId, name, destination, scopes.join(' '), application, since, used, expires]
  return cells.map((cell) => cell ?? '-')
}

function summaryOf(ended: readonly ShownConsent[]): string {
  const clients = ended.map(({ client, clientId, id }) =>
    clientId === undefined ? `one that cannot be read (${id})` : `${client ?? 'a client without a name'} (${clientId})`,
  )
  return ended.length === 0 ? 'nothing to take back' : `took back ${ended.length}: ${clients.join(', ')}`
}
