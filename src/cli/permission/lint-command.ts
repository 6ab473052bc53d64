import type { Command } from 'commander'
import { lintAccess, type LintedAccess } from '../../app/access/lint-access.js'
import { appCommand, type TenantFlags } from '../app/app-command.js'
import { withApp } from '../app/with-app.js'
import { printableJson } from '../printable.js'
import { countFindings, formatFindings } from './format-findings.js'

interface LintFlags extends TenantFlags {
  readonly database: boolean
  readonly strict?: true
}

/** `authsec lint`: what somebody should look at in the protections of an app. */
export function lintCommand(env: NodeJS.ProcessEnv): Command {
  return appCommand('lint')
    .description(
      'Finds protections that are mistakes: unknown names, tools that nobody can use, tools that everybody can',
    )
    .option('--tenant <slug>', "look at this tenant's database only")
    .option('--no-database', 'look at no database, so that names are not checked')
    .option('--strict', 'fail for warnings too')
    .option('--json', 'print JSON')
    .action(async (flags: LintFlags) =>
      withApp(flags.app, async ({ app, file }) => {
        const database = flags.database ? 'look' : 'ignore'
        const linted = await lintAccess({ app, file, env, database, tenant: flags.tenant })
        const { errors, warnings } = countFindings(linted.findings)
        const failing = flags.strict === true ? errors + warnings : errors
        return {
          text: flags.json === true ? toJson(linted) : formatFindings(linted),
          ...(failing > 0 && { failure: `lint found ${failing} ${failing === 1 ? 'fault' : 'faults'}` }),
        }
      }),
    )
}

function toJson({ findings, tenants, uncounted }: LintedAccess): string {
  return printableJson({ findings, tenants: tenants ?? null, uncounted })
}
