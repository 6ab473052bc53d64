import { progress } from '@clack/prompts'
import { Command } from 'commander'
import { migrateInstallation, readMigrationStatus } from '../../app/administration/migrate-installation.js'
import type { MigrationProgress, MigrationResult, SchemaStatus } from '../../core/administration/schema-status.js'
import { CheckFailedError } from '../exit-code.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson, printableLine } from '../printable.js'

interface MigrateFlags {
  readonly tenant?: string
  readonly status?: true
  readonly json?: true
}

/** `authsec migrate`: the schemas of master and of every tenant's database. */
export function migrateCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('migrate')
    .description(
      'Brings the databases to the schema of this version, master first; older versions go on serving but for what it says',
    )
    .option('--tenant <slug>', 'master and this tenant only')
    .option('--status', 'change nothing: show what would be done, and exit with 1 where there is something')
    .option('--json', 'print JSON')
    .action(async ({ json, status, tenant }: MigrateFlags) => {
      if (status === true) await showStatus(await readMigrationStatus(env, tenant), json)
      else await showResults(await run(env, tenant), json)
    })
}

async function run(env: NodeJS.ProcessEnv, tenant: string | undefined): Promise<readonly MigrationResult[]> {
  const bar = process.stderr.isTTY ? progress({ max: 1, output: process.stderr }) : undefined
  let started = false
  const onProgress = ({ done, result, total }: MigrationProgress): void => {
    if (bar === undefined) {
      if (result.failure !== undefined) console.error(`${result.tenant}: ${printableLine(result.failure)}`)
      return
    }
    bar.advance(started ? 1 / total : 0, `${done} of ${total} tenants`)
    started = true
  }
  bar?.start('Migrating')
  try {
    return await migrateInstallation(env, { tenant, onProgress })
  } finally {
    bar?.stop('Done')
  }
}

async function showStatus(found: readonly SchemaStatus[], json: true | undefined): Promise<void> {
  const rows = found.map(({ database, missing, state, tenant }) => [
    tenant ?? '-',
    database,
    state,
    missing.join(' ') || '-',
  ])
  await printResult(
    json === true ? printableJson(found) : formatTable(['TENANT', 'DATABASE', 'STATE', 'MISSING'], rows),
  )
  warnOf(found)
  const open = found.filter(({ state }) => state === 'behind' || state === 'unreachable').length
  if (open > 0) throw new CheckFailedError(`${open} of ${found.length} databases are not up to date`)
}

async function showResults(results: readonly MigrationResult[], json: true | undefined): Promise<void> {
  const rows = results.map(({ database, failure, taken, tenant }) => [
    ...[tenant ?? '-', database],
    ...[failure === undefined ? 'current' : 'failed', failure ?? (taken.join(' ') || '-')],
  ])
  await printResult(
    json === true ? printableJson(results) : formatTable(['TENANT', 'DATABASE', 'STATE', 'STEPS'], rows),
  )
  warnOf(results)
  const failed = results.filter(({ failure }) => failure !== undefined).length
  if (failed > 0) throw new CheckFailedError(`${failed} of ${results.length} databases failed; run it again to go on`)
}

/** Whoever replaces servers one by one has to know. */
function warnOf(databases: readonly Pick<SchemaStatus, 'withheld'>[]): void {
  for (const sentence of new Set(databases.flatMap(({ withheld }) => withheld))) console.error(`warning: ${sentence}`)
}
