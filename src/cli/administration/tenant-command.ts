import { Command } from 'commander'

/** What every command about one tenant takes. */
export interface TenantFlags {
  readonly tenant?: string
  readonly json?: true
}

/** A command about one tenant. */
export function tenantCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--tenant <slug>', 'the tenant, where there are several')
    .option('--json', 'print JSON')
}
