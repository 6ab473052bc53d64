import { Command } from 'commander'

export interface AppFlags {
  readonly app?: string
  readonly json?: true
}

export interface TenantFlags extends AppFlags {
  readonly tenant?: string
}

/** A command about an app that is read and not started. */
export function appCommand(name: string): Command {
  return new Command(name).option(
    '--app <file>',
    'the built file that exports the app (default: authsec.app in package.json, else dist/app.js)',
  )
}
