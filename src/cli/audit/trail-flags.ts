import { Option, type Command } from 'commander'
import type { TrailChoice } from '../../app/audit/maintained-places.js'

export interface TrailFlags {
  readonly tenant?: string
  readonly master?: true
}

/** Adds what says whose trail is meant. */
export function withTrailFlags(command: Command): Command {
  return command
    .addOption(new Option('--tenant <slug>', 'the trail of one tenant (default: all, and master)'))
    .addOption(new Option('--master', 'only what belongs to no tenant').conflicts('tenant'))
}

/** Whose trail the flags mean. */
export function trailOf({ master, tenant }: TrailFlags): TrailChoice {
  if (master === true) return 'master'
  return tenant === undefined ? 'everywhere' : { tenant }
}
