import { extname } from 'node:path'
import { Option, type Command } from 'commander'
import { readMatrix } from '../../app/access/read-matrix.js'
import type { AccessMatrix } from '../../core/permission/graph/access-matrix.js'
import { formatAccessMatrix } from '../../core/permission/matrix/matrix-file.js'
import { appCommand, type TenantFlags } from '../app/app-command.js'
import { withApp } from '../app/with-app.js'
import { checkMatrix } from './check-matrix.js'
import { formatMatrix, matrixRecords } from './format-matrix.js'
import { formatCsv } from '../../core/text/format-csv.js'
import { renderMatrixPage } from './matrix-page.js'

const formats = ['table', 'csv', 'json', 'html'] as const
type Format = (typeof formats)[number]

interface MatrixFlags extends TenantFlags {
  readonly format?: Format
  readonly out?: string
  readonly check?: string
}

/** `authsec matrix`: who may use what, printed, written, or compared with what it is to be. */
export function matrixCommand(env: NodeJS.ProcessEnv): Command {
  return appCommand('matrix')
    .description('Shows who may use what: nobody, any user, each role and each of the testCallers')
    .option('--tenant <slug>', "the roles of this tenant's database, with all they bring along (default: bare roles)")
    .addOption(new Option('--format <format>', 'default: by the ending of --out, else a table').choices(formats))
    .addOption(new Option('--json', 'the same as --format json').conflicts('format'))
    .addOption(new Option('--out <file>', 'write it to a file'))
    .addOption(
      new Option('--check <file>', 'fail where access is not as in this file, written with --out FILE.json').conflicts([
        'format',
        'out',
      ]),
    )
    .action(async (flags: MatrixFlags) =>
      withApp(flags.app, async ({ app, file }) => {
        const matrix = await readMatrix({ app, file, env, tenant: flags.tenant })
        const { check, out } = flags
        if (check !== undefined)
          return checkMatrix(matrix, { file: check, form: flags.json === true ? 'json' : 'text' })
        return { text: render(matrix, formatOf(flags), app.name), out }
      }),
    )
}

function formatOf({ format, json, out }: MatrixFlags): Format {
  if (json === true) return 'json'
  const ending = out === undefined ? '' : extname(out).slice(1).toLowerCase()
  return format ?? formats.find((one) => one === ending) ?? 'table'
}

function render(matrix: AccessMatrix, format: Format, title: string): string {
  switch (format) {
    case 'table':
      return `${formatMatrix(matrix, terminalWidth())}\n`
    case 'csv':
      return formatCsv(matrixRecords(matrix))
    case 'json':
      return formatAccessMatrix(matrix)
    case 'html':
      return renderMatrixPage(matrix, title)
  }
}

/** What is not shown on a terminal may be as wide as it likes. */
function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : Infinity
}
