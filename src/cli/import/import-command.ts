import { Option, type Command } from 'commander'
import { importWishes } from '../../app/administration/import-wishes.js'
import { printChanges } from '../administration/print-changes.js'
import { tenantCommand, type TenantFlags } from '../administration/tenant-command.js'
import { CheckFailedError } from '../exit-code.js'
import { formatTable } from '../format-table.js'
import { printResult } from '../print-result.js'
import { printableJson } from '../printable.js'
import type { ImportShape } from './import-shape.js'
import { readImportFile } from './read-import-file.js'
import type { ImportFormat, ReadRows } from './read-rows.js'
import type { LineFault } from './record.js'

interface ImportFlags extends TenantFlags {
  readonly format?: ImportFormat
  readonly dryRun?: true
}

/** `import` of one noun: adds and changes what a file lists, and takes nothing away. */
export function importCommand(env: NodeJS.ProcessEnv, shape: ImportShape): Command {
  const columns = [shape.key, ...shape.texts, ...shape.lists]
  const lists = shape.lists.length === 0 ? '' : '; names within a cell are separated by semicolons'
  return tenantCommand('import', 'Adds and changes what a file lists, all of it or nothing; takes nothing away')
    .argument('<file>', `CSV or JSON with ${columns.join(', ')}${lists}`)
    .addOption(
      new Option('--format <format>', 'what the file is written in, where its name does not say').choices([
        'csv',
        'json',
      ]),
    )
    .option('--dry-run', 'write nothing, but say what would be written')
    .action(async (path: string, flags: ImportFlags) => importFile(env, { ...flags, path }, shape))
}

async function importFile(
  env: NodeJS.ProcessEnv,
  flags: ImportFlags & { readonly path: string },
  shape: ImportShape,
): Promise<void> {
  const { faults: formFaults, rows } = await readImportFile(flags, shape)
  // Where lines are unsound, the database is asked all the same: all faults at once.
  const mode = flags.dryRun === true || formFaults.length > 0 ? 'rehearse' : 'apply'
  const outcome = await importWishes(
    { env, tenant: flags.tenant, mode },
    rows.map((row) => shape.wish(row)),
  )
  const faults = joinFaults({ faults: formFaults, rows }, outcome.faults)
  if (faults.length > 0) {
    await printResult(flags.json === true ? printableJson({ tenant: outcome.tenant, faults }) : formatFaults(faults))
    throw new CheckFailedError(`${flags.path}: ${countOf(faults.length)}; nothing was written`)
  }
  const { changes, sessions, tenant, warnings } = outcome
  await printChanges({ tenant, rehearsal: flags.dryRun, changes, warnings, sessions }, flags)
}

/** By line. What is said twice of one line is said once. */
function joinFaults(
  { faults, rows }: ReadRows,
  found: readonly { readonly wish: number; readonly fault: string }[],
): readonly LineFault[] {
  const all = [...faults, ...found.map(({ fault, wish }) => ({ line: rows[wish]?.line ?? 1, problem: fault }))]
  const distinct = new Map(all.map((fault) => [`${fault.line} ${fault.problem}`, fault]))
  return [...distinct.values()].toSorted((one, other) => one.line - other.line)
}

function formatFaults(faults: readonly LineFault[]): string {
  return formatTable(
    ['LINE', 'PROBLEM'],
    faults.map(({ line, problem }) => [String(line), problem]),
  )
}

function countOf(faults: number): string {
  return faults === 1 ? 'one fault' : `${faults} faults`
}
