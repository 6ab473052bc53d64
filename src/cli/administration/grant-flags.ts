import type { Command } from 'commander'
import { eachCategory, nounOf, type Category, type Grants } from '../../core/permission/grants.js'

/** What `--role` and the like were given, each as often as wanted. */
export type GrantFlags = Readonly<Partial<Record<ReturnType<typeof nounOf>, readonly string[]>>>

/** Adds `--role` and the like. */
export function addGrantOptions(command: Command, categories: readonly Category[]): Command {
  for (const category of categories) {
    const noun = nounOf(category)
    command.option(`--${noun} <name>`, `a ${noun}; again for each further one`, collect)
  }
  return command
}

/** What the options name. */
export function grantsIn(flags: GrantFlags): Grants {
  return eachCategory((category) => flags[nounOf(category)] ?? [])
}

/** For an option that can be given more than once. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}
