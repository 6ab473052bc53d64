import { InvalidArgumentError, Option, type Command } from 'commander'
import type { TrailChoice } from '../../app/audit/maintained-places.js'

export interface TrailFlags {
  readonly tenant?: string
  readonly master?: true
}

/** Adds what says whose trail is meant. */
export function withTrailFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--tenant <slug>', 'the trail of one tenant (default: all, and master)').argParser(parseNamed),
    )
    .addOption(new Option('--master', 'only what belongs to no tenant').conflicts('tenant'))
}

/** Whose trail the flags mean. */
export function trailOf({ master, tenant }: TrailFlags): TrailChoice {
  if (master === true) return 'master'
  return tenant === undefined ? 'everywhere' : { tenant }
}

/** For what names something. Throws `InvalidArgumentError` for nothing, which a script says whose variable is empty. */
export function parseNamed(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It is empty.')
}

/** The same, for JSON: `null` for what belongs to no tenant. */
export function namedOrNull<Found extends { readonly tenant: string | undefined }>(
  found: Found,
): Omit<Found, 'tenant'> & { readonly tenant: string | null } {
  return { ...found, tenant: found.tenant ?? null }
}
